"""The daemon: a pass at once and then every interval; hints as they come. One thread per mount."""

import logging
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
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
from s3rewrite.sync.edge import clear_edge
from s3rewrite.sync.health import MountHealth
from s3rewrite.sync.hints import WHOLE
from s3rewrite.sync.passes import pass_over, whole_pass
from s3rewrite.sync.reporting.console import Console, Say
from s3rewrite.sync.reporting.journal import JournalProgress, heartbeat, record_report
from s3rewrite.sync.reporting.log import PassLog
from s3rewrite.sync.reporting.progress import Progress
from s3rewrite.sync.reporting.report import Observer, Report, Result

logger = logging.getLogger("s3rewrite.loop")

PAUSES = (1.0, 2.0, 5.0, 10.0, 30.0)
"""Seconds before the next try after the first failure in a row, the second, and so on."""

LEASE_PAUSE = 0.5
"""Seconds before the next try while another pass holds the lease."""

HINT_WAIT = 1.0
"""Seconds for which one read waits for hints; short, so that a stop is noticed soon."""

HINT_PERIOD = 0.1
"""Seconds between two reads of hints during a pass."""

MAX_UNFREEABLE = 100_000
"""Files known not to be freeable; when there are more, all are forgotten and examined again."""


@dataclass
class MountLoop:
    """The loop over one mount. `step` does one thing; `run` repeats it until the stop flag."""

    mount: Mount
    interval: float
    stop: threading.Event
    say: Say = print
    progress: Progress = field(default_factory=Progress)
    clock: Callable[[], float] = time.monotonic
    observers: Sequence[Observer] = ()
    """Called after each pass, besides the journal, the log and the console."""

    def __post_init__(self) -> None:
        self._progress = JournalProgress(self.mount, self.progress)
        self._context = SyncContext(self.mount, progress=self._progress, stop=self.stop)
        self._context.take_hints, self._context.settle = self._take_hints, self.mount.settle
        self._context.edge_wait = 0.0
        self._log = PassLog()
        self._console = Console(self.mount.alias, self.say)
        journal: Observer = partial(record_report, self.mount, "loop")
        self._observers = (journal, self._log.log, *self.observers, self._console.show)
        self._unsettled = Debouncer(self.mount.settle)
        self._postponed = Debouncer(PAUSES[0])
        self._last_pass: float | None = None
        self._problem = ""
        self._failed = 0
        self._cursor: str | None = None
        self._next_pass = float("-inf")
        self._next_read = float("-inf")
        self._is_pass_requested = False
        self._failures = 0

    def run(self) -> None:
        """Repeat steps until the stop flag is set."""
        while not self.stop.is_set():
            self.stop.wait(self.step())

    def health(self) -> MountHealth:
        """The health of this loop now; any thread may ask."""
        now = time.monotonic()
        passed = None if self._last_pass is None else now - self._last_pass
        moved = now - self._progress.moved_at
        alias = self.mount.alias
        return MountHealth(alias, moved, self.interval, passed, self._problem, self._failed)

    def step(self) -> float:
        """Run a pass if one is due, otherwise answer hints. Returns seconds to wait after it."""
        self._progress.moved()
        try:
            return self._step()
        except LeaseTaken as error:
            # Hints that were read will not come again: only a whole pass can answer them.
            self._next_pass = self.clock()
            self._console.warn("lease", f"waiting, as {error}")
            return LEASE_PAUSE
        except redis.RedisError as error:
            reason = f"Redis: {error}"
            # Only for the log: no pass has run that the journal or the metrics could count.
            self._log.log(Report(self.mount.alias, names=(), stopped=reason))
        except Exception as error:
            logger.exception("A bug in s3rewrite stopped a pass over mount %r.", self.mount.alias)
            reason = f"a bug in s3rewrite, which the log shows: {error!r}"
        return self._pause(reason)

    def _step(self) -> float:
        if self._cursor is None or self.clock() >= self._next_pass:
            end = loop_registry(self.mount).hints.last_id()
            # The next pass sees all that earlier hints named. A stream that is new begins again.
            if self._cursor is None or is_before(end, self._cursor):
                self._cursor = end
        if self.clock() >= self._next_pass:
            if len(self._context.unfreeable) > MAX_UNFREEABLE:
                self._context.unfreeable.clear()
            return self._finish(whole_pass(self._context))
        is_clearing = self._context.memory.clearing is not None
        wait = HINT_PERIOD if is_clearing else HINT_WAIT
        hints = self._read_hints(min(wait, self._next_pass - self.clock()))
        hints += self._settled_names() + self._postponed.pop_settled(self.clock())
        hints += clear_edge(self._context)
        if WHOLE in hints or not loop_registry(self.mount).has_epoch():
            self._next_pass = self.clock()
        elif hints and not self.stop.is_set():
            return self._finish(pass_over(self._context, hints))
        return 0

    def _finish(self, report: Report) -> float:
        for observer in self._observers:
            observer(report)
        if report.stopped:
            return self._pause(report.stopped)
        self._failures = 0
        for name in report.unsettled:
            self._unsettled.record_change(name, self.clock())
        for name in report.postponed:
            self._postponed.record_change(name, self.clock())
        if report.is_whole:
            self._last_pass = time.monotonic()
            self._problem = "" if report.is_scan_complete else "not all files could be read"
            self._failed = len(report.failures)
            pause = min(self.interval, report.next_look or self.interval)
            self._next_pass = self.clock() + (0 if self._is_pass_requested else pause)
            self._is_pass_requested = False
        elif report.counts[Result.PENDING] or report.failures:
            self._next_pass = min(self._next_pass, self.clock() + PAUSES[0])
        return 0

    def _pause(self, reason: str) -> float:
        pause = PAUSES[min(self._failures, len(PAUSES) - 1)]
        self._failures += 1
        self._problem = reason
        self._next_pass = self.clock() + pause
        self._console.warn("stopped", f"stopped, and will try again. {reason}")
        return pause

    def _settled_names(self) -> list[str]:
        """Names that passes left because they were just changed, and that are no longer written."""
        names = []
        for name in self._unsettled.pop_settled(self.clock()):
            if self._is_unsettled(name):
                self._unsettled.record_change(name, self.clock())
            else:
                names.append(name)
        return names

    def _is_unsettled(self, name: str) -> bool:
        """Whether the file was changed just now; a pass reports one that cannot be looked at."""
        with suppress(OSError):
            signature = signature_of(self._context.storage, name)
            return signature is not None and is_young(signature, self.mount.settle, time.time())
        return False

    def _read_hints(self, wait: float) -> list[str]:
        registry = loop_registry(self.mount)
        self._cursor, hints = registry.hints.read(self._cursor or "0-0", wait)
        return hints

    def _take_hints(self) -> list[str]:
        """Hints that came during a pass; a request for a whole pass has to wait for its end."""
        if self.clock() < self._next_read:
            return []
        self._next_read = self.clock() + HINT_PERIOD
        hints = self._read_hints(0)
        self._is_pass_requested |= WHOLE in hints
        return [hint for hint in hints if hint != WHOLE]


class Runner(Protocol):
    """A task over one mount that has a thread of its own."""

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
    """Run the loops side by side until the stop flag is set and what they are doing has ended.

    Without a loop it waits for the flag: what supervises it would start it again and again. The
    calling thread calls `tick` each second.
    """
    threads = [
        threading.Thread(target=partial(_restarted, runner), name=f"s3rewrite-{runner.mount.alias}")
        for runner in (*loops, *watches)
    ]
    interval = max((loop.interval for loop in loops), default=0.0)
    with heartbeat([loop.mount for loop in loops], interval):
        for thread in threads:
            thread.start()
        while any(thread.is_alive() for thread in threads) or not (threads or stop.is_set()):
            tick()
            # Once the flag is set, waiting for it would return at once.
            if not stop.wait(1.0):
                continue
            for thread in threads[:1]:
                thread.join(0.1)
        for thread in threads:
            thread.join()


def _restarted(runner: Runner) -> None:
    """Run it; after a bug, which is logged, start it again. Other mounts are not affected."""
    while not runner.stop.is_set():
        try:
            runner.run()
        except Exception:
            kind, alias = type(runner).__name__, runner.mount.alias
            logger.exception("%s of mount %r failed; it will be restarted.", kind, alias)
            runner.stop.wait(PAUSES[-1])
        else:
            return
