"""Watches a mount's files with the kernel's help, and leaves hints: seldom late, never needed.

What the kernel tells is not complete. A directory that is moved in says nothing of what it holds,
files in a new one may come before it is watched, and what overflows is lost in silence. So a
directory is looked at as a whole, and twice; a cookie proves that events still come; and passes
find the rest.
"""

import logging
import os
import threading
import time
from collections.abc import Generator, Iterable
from contextlib import closing
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path

import redis
from django.core.files.storage import FileSystemStorage

from s3rewrite.core.debounce import Debouncer
from s3rewrite.core.meant import why_kept_local
from s3rewrite.core.mounts import Mount
from s3rewrite.core.repeats import Repeats
from s3rewrite.registry import loop_registry
from s3rewrite.sync.context import SyncContext
from s3rewrite.sync.hints import MANY, WHOLE, condensed, tree
from s3rewrite.sync.reporting.console import Say
from s3rewrite.watch.cookie import Cookie, WatchLost
from s3rewrite.watch.file_systems import file_system_of, is_remote

logger = logging.getLogger("s3rewrite.watch")

AGAIN = 2.0
"""Seconds after which a directory is looked at once more."""

TICK = 100
"""Milliseconds between two looks at the clock."""

STEP = 20
"""Milliseconds in which events are collected."""

PAUSE = 10.0
"""Seconds before a watch that ended begins anew."""

MOUNTINFO = Path("/proc/self/mountinfo")


def has_watchfiles() -> bool:
    """Whether the extra `watch` is installed."""
    return find_spec("watchfiles") is not None


@dataclass
class Watch:
    """The watch of one mount, in a thread of its own."""

    mount: Mount
    stop: threading.Event
    say: Say = print
    pause: float = PAUSE
    _job: SyncContext = field(init=False)

    def __post_init__(self) -> None:
        self._job = SyncContext(self.mount)
        self._repeats = Repeats()
        self._first, self._second = Debouncer(self.mount.settle), Debouncer(AGAIN)

    def run(self) -> None:
        """Until the stop flag is set; at once where the files cannot be watched."""
        storage = self._job.storage
        if not isinstance(storage, FileSystemStorage):
            self._say_that_not(f"they are kept by {type(storage).__name__}")
            return
        root = str(storage.location)
        if kind := _remote(root):
            self._say_that_not(f"other machines may change what lies on {kind}")
            return
        while not self.stop.is_set():
            self._watch_again(root)

    def _watch_again(self, root: str) -> None:
        """Until it ends, for whatever reason."""
        self._first.clear()
        self._second.clear()
        try:
            with closing(_events(root, self.stop)) as events:
                self._watch(root, events)
        # RuntimeError: what watchfiles raises, of a name that is not UTF-8 too.
        except (OSError, RuntimeError, WatchLost) as error:
            self._warn("lost", f"{self._changes} not watched now: {_sentence(error)}")
            self.stop.wait(self.pause)

    def _watch(self, root: str, events: Iterable[set[str]]) -> None:
        cookie = Cookie(root)
        for paths in events:
            now = time.monotonic()
            if cookie.path in paths:
                self._prove(cookie, now)
            for path in paths - {cookie.path}:
                self._first.changed(path, now)
            cookie.tick(now)
            if cookie.problem:
                self._warn("proof", self._unproved(cookie))
            self._leave(self._hints(root, now))

    def _prove(self, cookie: Cookie, now: float) -> None:
        if not cookie.is_seen:
            # What changed before, nobody has told.
            self._leave([WHOLE])
            self.say(f"{self._changes} watched")
        self._repeats.resolve("problem")
        cookie.noticed(now)

    def _hints(self, root: str, now: float) -> list[str]:
        """Hints of the paths that have settled."""
        found: list[str] = []
        settled = self._first.settled(now)
        if len(settled) + len(self._first) > MANY:
            self._first.clear()
            return [WHOLE]
        for path in settled:
            name = _name(root, path)
            is_directory = os.path.isdir(path)  # noqa: PTH112
            if why_kept_local(name + "/" * (is_directory and name != ""), allow=self.mount.allow):
                continue  # a pass says why
            if is_directory:
                self._second.changed(path, now)
                found.append(tree(name) if name else WHOLE)
            else:
                found += self._of_file(name, path)
        again = (_name(root, path) for path in self._second.settled(now))
        return condensed([*found, *(tree(name) if name else WHOLE for name in again)])

    def _of_file(self, name: str, path: str) -> list[str]:
        """Hints of what is no directory; what is gone may have been one."""
        if self._job.is_excluded(name):
            return []
        return [name] if os.path.lexists(path) else [name, tree(name)]

    def _leave(self, hints: Iterable[str]) -> None:
        hints = list(hints)
        if not hints:
            return
        try:
            loop_registry(self.mount).add_hints(hints)
        except redis.RedisError as error:
            # The loop meets that too, and looks at everything afterwards.
            logger.debug("%d hints of mount %r were lost: %s", len(hints), self.mount.alias, error)

    def _warn(self, problem: str, message: str) -> None:
        if self._repeats.is_new("problem", problem):
            self.say(message)

    def _unproved(self, cookie: Cookie) -> str:
        reason = f"no file can be written there ({cookie.problem})"
        return f"{self._changes} watched, without a proof that events come: {reason}"

    def _say_that_not(self, reason: str) -> None:
        self.say(f"{self._changes} not watched, as {reason}; the passes find them")

    @property
    def _changes(self) -> str:
        return f"{self.mount.alias}: changes of files are"


def _events(root: str, stop: threading.Event) -> Generator[set[str], None, None]:
    """The paths of what happens below a directory, as it happens; often none."""
    from watchfiles import watch  # noqa: PLC0415 - may not be there

    for changes in watch(
        root, watch_filter=None, debounce=TICK, step=STEP, rust_timeout=TICK,
        yield_on_timeout=True, stop_event=stop, raise_interrupt=False,
        force_polling=False, ignore_permission_denied=True,
    ):  # fmt: skip
        yield {path for _, path in changes}


def _name(root: str, path: str) -> str:
    found = os.path.relpath(path, root)
    return "" if found == "." else found


def _remote(root: str) -> str:
    """The type of the root's file system where others may change it, otherwise ""."""
    try:
        kind = file_system_of(os.path.realpath(root), MOUNTINFO.read_text())
    except OSError:
        return ""
    return kind if is_remote(kind) else ""


def _sentence(error: Exception) -> str:
    text = str(error)
    if "watch limit" in text:
        return f"{text}; raise it: sysctl fs.inotify.max_user_watches=1048576"
    return text or type(error).__name__
