"""The daemon: a pass at once and then every interval; hints as they come. One thread a mount."""

import logging
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Protocol

import redis

from s3rewrite.core.debounce import Debouncer, is_young
from s3rewrite.core.mounts import Mount
from s3rewrite.disk.signatures import signature_of
from s3rewrite.registry import loop_registry
from s3rewrite.registry.hint_stream import is_before
from s3rewrite.registry.lease import LeaseTaken
from s3rewrite.sync.context import SyncContext
from s3rewrite.sync.health import MountHealth
from s3rewrite.sync.hints import WHOLE
from s3rewrite.sync.passes import pass_over, whole_pass
from s3rewrite.sync.reporting.journal import JournalProgress, heartbeat, note
from s3rewrite.sync.reporting.log import PassLog, Say, TransitionLog
from s3rewrite.sync.reporting.progress import Progress
from s3rewrite.sync.reporting.report import Report, Result

logger = logging.getLogger("s3rewrite.loop")

PAUSES = (1.0, 2.0, 5.0, 10.0, 30.0)
"""Seconds before the next try after the first failure in a row, the second, and so on."""

LEASE_PAUSE = 0.5
"""Seconds between two looks at a lease that another pass holds."""

HINT_WAIT = 1.0
"""Seconds for which one read waits for hints, so that a stop is seen soon."""

HINT_PERIOD = 0.1
"""Seconds between two looks for hints during a pass."""

MAX_UNFREEABLE = 100_000
"""Files that were found not to be freeable, beyond which all are looked at anew."""


def _nobody(report: Report, *, is_whole: bool) -> None:
    pass


@dataclass
class MountLoop:
    """The loop over one mount. `step` does one thing; `run` repeats it until the stop flag."""

    mount: Mount
    interval: float
    stop: threading.Event
    say: Say = print
    progress: Progress = field(default_factory=Progress)
    clock: Callable[[], float] = time.monotonic
    count: Callable[..., None] = _nobody
    """Told the report of each pass, and whether it `is_whole`."""

    def __post_init__(self) -> None:
        self._progress = progress = JournalProgress(self.mount, self.progress)
        settle = self.mount.settle
        self._job = SyncContext(
            self.mount,
            progress=progress,
            stop=self.stop,
            take_hints=self._take_hints,
            settle=settle,
        )
        self._young = Debouncer(settle)
        self._notices = TransitionLog(self.say)
        self._log = PassLog()
        self._passed_at: float | None = None
        self._trouble = ""
        self._failed = 0
        self._cursor: str | None = None
        self._next_pass = float("-inf")
        self._next_look = float("-inf")
        self._is_asked = False
        self._failures = 0

    def run(self) -> None:
        """Until the stop flag is set."""
        while not self.stop.is_set():
            self.stop.wait(self.step())

    def health(self) -> MountHealth:
        """How it is now; any thread may ask."""
        now = time.monotonic()
        passed = None if self._passed_at is None else now - self._passed_at
        moved = now - self._progress.moved_at
        return MountHealth(
            self.mount.alias, moved, self.interval, passed, self._trouble, self._failed
        )

    def step(self) -> float:
        """A pass if one is due, otherwise the hints that come. Returns seconds to wait then."""
        self._progress.moved()
        try:
            return self._step()
        except LeaseTaken as error:
            self._notices.trouble("lease", f"{self.mount.alias}: waiting, as {error}")
            return LEASE_PAUSE
        except redis.RedisError as error:
            stopped = Report(self.mount.alias, stopped=f"Redis: {error}")
            self._log.log(stopped, is_whole=False)
            return self._pause(stopped.stopped)
        except Exception as error:
            logger.exception("A fault of ours stopped a pass over mount %r.", self.mount.alias)
            return self._pause(f"a fault of ours, which the log shows: {error!r}")

    def _step(self) -> float:
        if self._cursor is None or self.clock() >= self._next_pass:
            self._cursor = self._in_stream(self._cursor)
        if self.clock() >= self._next_pass:
            if len(self._job.unfreeable) > MAX_UNFREEABLE:
                self._job.unfreeable.clear()
            return self._finish(whole_pass(self._job))
        names = self._read(min(HINT_WAIT, self._next_pass - self.clock())) + self._grown_up()
        if WHOLE in names:
            self._next_pass = self.clock()
            return 0
        if names and not self.stop.is_set():
            return self._finish(self._over(names), names)
        return 0

    def _in_stream(self, cursor: str | None) -> str:
        """The cursor, or the end of a stream that has begun anew: a pass sees what was before."""
        end = loop_registry(self.mount).last_hint_id()
        return end if cursor is None or is_before(end, cursor) else cursor

    def _over(self, names: list[str]) -> Report:
        try:
            return pass_over(self._job, names)
        except LeaseTaken:
            # These hints are read: a pass has to look for what they spoke of.
            self._next_pass = self.clock()
            raise

    def _finish(self, report: Report, names: list[str] | None = None) -> float:
        note(self.mount, report, "loop", names)
        self._tell(report, is_whole=names is None)
        if report.stopped:
            return self._pause(report.stopped)
        self._failures = 0
        self._notices.recovered(f"{self.mount.alias}: goes on")
        if report.counts.total() > report.counts[Result.KEPT]:
            self.say(report.summary())
        for notice in report.notices:
            self.say(f"{self.mount.alias}: {notice}")
        for name in report.unsettled:
            self._young.changed(name, self.clock())
        if names is None:
            self._next_pass = self.clock() + (0 if self._is_asked else self.interval)
            self._is_asked = False
        elif report.counts[Result.PENDING] or report.failures:
            self._next_pass = min(self._next_pass, self.clock() + PAUSES[0])
        return 0

    def _tell(self, report: Report, *, is_whole: bool) -> None:
        """Tell those who watch this process."""
        self._log.log(report, is_whole=is_whole)
        self.count(report, is_whole=is_whole)
        if is_whole and not report.stopped:
            self._passed_at = time.monotonic()
            self._trouble = "" if report.is_scan_complete else "not all files could be read"
            self._failed = len(report.failures)

    def _pause(self, reason: str) -> float:
        self._trouble = reason
        pause = PAUSES[min(self._failures, len(PAUSES) - 1)]
        self._failures += 1
        self._next_pass = self.clock() + pause
        self._notices.trouble("away", f"{self.mount.alias}: stopped, and will try again. {reason}")
        return pause

    def _grown_up(self) -> list[str]:
        """Names whose files passes have left as too young, and that nobody writes to any more."""
        names = []
        for name in self._young.settled(self.clock()):
            found = signature_of(self._job.storage, name)
            if found and is_young(found, self.mount.settle, time.time()):
                self._young.changed(name, self.clock())
            else:
                names.append(name)
        return names

    def _read(self, wait: float) -> list[str]:
        registry = loop_registry(self.mount)
        self._cursor, names = registry.read_hints(self._cursor or "0-0", wait)
        return names

    def _take_hints(self) -> list[str]:
        """Hints that came during a pass."""
        if self.clock() < self._next_look:
            return []
        self._next_look = self.clock() + HINT_PERIOD
        hints = self._read(0)
        self._is_asked |= WHOLE in hints
        return [hint for hint in hints if hint != WHOLE]


class Runner(Protocol):
    """What has a thread of its own, over one mount, until the stop flag is set."""

    mount: Mount
    stop: threading.Event

    def run(self) -> None:
        """Return when the stop flag is set, or nothing is left to do."""


def run_loops(
    loops: list[MountLoop],
    stop: threading.Event,
    tick: Callable[[], None] = lambda: None,
    watches: Sequence[Runner] = (),
) -> None:
    """Run the loops side by side until the stop flag is set, and what is under way is ended.

    `tick` is called each second by the thread that runs this.
    """
    threads = [
        threading.Thread(target=partial(_guarded, runner), name=f"s3rewrite-{runner.mount.alias}")
        for runner in (*loops, *watches)
    ]
    interval = max((loop.interval for loop in loops), default=0.0)
    with heartbeat([loop.mount for loop in loops], interval):
        for thread in threads:
            thread.start()
        while any(thread.is_alive() for thread in threads):
            tick()
            stop.wait(1.0) if not stop.is_set() else threads[0].join(0.1)
        for thread in threads:
            thread.join()


def _guarded(runner: Runner) -> None:
    """A fault of ours in one mount is logged, and the mount's loop, or watch, begins anew."""
    while not runner.stop.is_set():
        try:
            runner.run()
        except Exception:
            kind, alias = type(runner).__name__, runner.mount.alias
            logger.exception("%s of mount %r failed; it begins anew.", kind, alias)
            runner.stop.wait(PAUSES[-1])
        else:
            return
