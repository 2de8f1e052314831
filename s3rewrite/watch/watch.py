"""Watches a mount's files with the kernel's help and leaves hints; passes find what it misses.

The kernel's events are not complete: a directory that is moved in has no events for its files,
files in a new directory may come before it is watched, and an overflow is lost silently. So a
changed directory is hinted at as a whole, twice, and a cookie proves that events still come.
"""

import logging
import os
import threading
import time
from collections.abc import Generator, Iterable
from contextlib import closing
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import redis
from django.core.files.storage import FileSystemStorage

from s3rewrite.core.debounce import Debouncer
from s3rewrite.core.kept_local import why_kept_local
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
"""Seconds after which a directory is hinted at a second time."""

TICK = 100
"""Milliseconds between two looks at the clock."""

STEP = 20
"""Milliseconds in which events are collected."""

PAUSE = 10.0
"""Seconds before a watch that ended is started again."""

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

    def __post_init__(self) -> None:
        self._context = SyncContext(self.mount)
        self._label = f"{self.mount.alias}: changes of files are"
        self._repeats = Repeats()
        self._paths, self._directories = Debouncer(self.mount.settle), Debouncer(AGAIN)

    def run(self) -> None:
        """Watch until the stop flag is set; return at once if the files cannot be watched."""
        storage = self._context.storage
        if not isinstance(storage, FileSystemStorage):
            self._say_unwatched(f"they are kept by {type(storage).__name__}")
            return
        root = str(storage.location)
        if kind := _remote_type(root):
            self._say_unwatched(f"other machines may change what lies on {kind}")
            return
        while not self.stop.is_set():
            self._watch_once(root)

    def _say_unwatched(self, reason: str) -> None:
        self.say(f"{self._label} not watched, as {reason}; the passes find them")

    def _watch_once(self, root: str) -> None:
        """Watch until that ends, for whatever reason."""
        self._paths.clear()
        self._directories.clear()
        try:
            with closing(_events(root, self.stop)) as events:
                self._watch(root, events)
        # watchfiles raises RuntimeError, also for a name that is not UTF-8.
        except (OSError, RuntimeError, WatchLost) as error:
            self._warn("lost", f"not watched now: {_sentence(error)}")
            self.stop.wait(self.pause)

    def _watch(self, root: str, events: Iterable[set[str]]) -> None:
        cookie = Cookie(root)
        for paths in events:
            now = time.monotonic()
            if cookie.path in paths:
                self._confirm(cookie, now)
            for path in paths - {cookie.path}:
                self._paths.record_change(path, now)
            cookie.tick(now)
            if cookie.problem:
                reason = f"no file can be written there ({cookie.problem})"
                self._warn("proof", f"watched, without a proof that events come: {reason}")
            self._leave(self._hints(root, now))

    def _confirm(self, cookie: Cookie, now: float) -> None:
        if not cookie.is_confirmed:
            # No event has reported the changes before: a pass has to find them.
            self._leave([WHOLE])
            self.say(f"{self._label} watched")
        self._repeats.resolve("problem")
        cookie.confirm(now)

    def _hints(self, root: str, now: float) -> list[str]:
        """Hints for the paths that have settled."""
        settled = self._paths.pop_settled(now)
        if len(settled) + len(self._paths) > MANY:
            self._paths.clear()
            return [WHOLE]
        hints: list[str] = []
        for path in settled:
            name = _name(root, path)
            is_directory = os.path.isdir(path)  # noqa: PTH112
            if why_kept_local(name + "/" * (is_directory and name != ""), allow=self.mount.allow):
                continue  # a pass reports the reason
            if is_directory:
                self._directories.record_change(path, now)
                hints.append(tree(name))
            elif not self._context.is_excluded(name):
                # What is gone may have been a directory.
                hints += [name] if os.path.lexists(path) else [name, tree(name)]
        hints += [tree(_name(root, path)) for path in self._directories.pop_settled(now)]
        return condensed(hints)

    def _leave(self, hints: list[str]) -> None:
        if not hints:
            return
        try:
            loop_registry(self.mount).hints.add(hints)
        except redis.RedisError as error:
            # The loop meets that error too, and runs a whole pass afterwards.
            logger.debug("%d hints of mount %r were lost: %s", len(hints), self.mount.alias, error)

    def _warn(self, problem: str, message: str) -> None:
        if self._repeats.is_new("problem", problem):
            self.say(f"{self._label} {message}")


def _events(root: str, stop: threading.Event) -> Generator[set[str], None, None]:
    """The changed paths below a directory, as changes happen; often an empty set."""
    from watchfiles import watch  # noqa: PLC0415 - may not be there

    for changes in watch(
        root, watch_filter=None, debounce=TICK, step=STEP, rust_timeout=TICK,
        yield_on_timeout=True, stop_event=stop, raise_interrupt=False,
        force_polling=False, ignore_permission_denied=True,
    ):  # fmt: skip
        yield {path for _, path in changes}


def _name(root: str, path: str) -> str:
    relative = os.path.relpath(path, root)
    return "" if relative == "." else relative


def _remote_type(root: str) -> str:
    """The type of the root's file system if other machines may change it, otherwise ""."""
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
