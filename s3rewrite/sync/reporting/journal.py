"""Passes and loops write down what they do, for those who watch. Redis being away loses it only."""

import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

import redis

from s3rewrite.core.background import call_every
from s3rewrite.core.mounts import Mount
from s3rewrite.registry import loop_registry
from s3rewrite.registry.journal import LOOP_SECONDS, Journal
from s3rewrite.sync.reporting.progress import Progress
from s3rewrite.sync.reporting.report import Report, Result

PERIOD = 1.0
"""Seconds between two notes of how far a pass is."""

FAILED = "failed"
KEPT_LOCAL = "kept local"


def journal_of(mount: Mount) -> Journal:
    """The journal of a mount."""
    return Journal(loop_registry(mount))


class JournaledProgress(Progress):
    """Notes how far a pass is, and tells another progress the same."""

    def __init__(self, mount: Mount, inner: Progress) -> None:
        self._mount = mount
        self._inner = inner
        self._planned = self._done = 0
        self._began = self._noted = self.moved_at = time.monotonic()

    def moved(self) -> None:
        """The pass does not hang."""
        self.moved_at = time.monotonic()

    def planned(self, count: int) -> None:
        """So many more names are to be uploaded."""
        if self._done == self._planned:
            self._planned = self._done = 0
            self._began = time.monotonic()
        self._planned += count
        self._inner.planned(count)
        self._note()

    def done(self, name: str, result: Result) -> None:
        """A name is finished."""
        self._done += result not in (Result.WITHDRAWN, Result.DELETED)
        self._inner.done(name, result)
        self._note()

    def failed(self, name: str, reason: str) -> None:
        """A name could not be uploaded or deleted."""
        self._done += 1
        self._inner.failed(name, reason)
        self._note()

    def close(self) -> None:
        """The pass has ended."""
        self._inner.close()

    def _note(self) -> None:
        now = self.moved_at = time.monotonic()
        if now - self._noted < PERIOD:
            return
        self._noted = now
        told = {"planned": self._planned, "done": self._done, "seconds": now - self._began}
        with suppress(redis.RedisError):
            journal_of(self._mount).record_progress(told)


def note(mount: Mount, report: Report, by: str, names: Iterable[str] | None = None) -> None:
    """Write down what a pass did, over all files or over these names. `by` says who ran it."""
    is_whole = names is None
    eventful = not report.is_ok or report.counts.total() > report.counts[Result.KEPT]
    told: dict[str, Any] = {**report.as_dict(), "by": by, "eventful": eventful}
    for many in ("failures", "skipped"):
        told[many] = len(told[many])
    with suppress(redis.RedisError):
        journal = journal_of(mount)
        told["pending_since"] = _pending_since(journal, report)
        journal.record_pass(told, is_whole=is_whole)
        if not report.stopped or report.failures:
            seen = names if not report.stopped else report.failures
            journal.record_problems(_troubles(report), seen)


def _pending_since(journal: Journal, report: Report) -> float | None:
    """When what is pending or failed now began to be so, in seconds since 1970."""
    if not (report.counts[Result.PENDING] or report.failures or report.stopped):
        return None
    last = journal.last() or {}
    return last.get("pending_since") or time.time()


def _troubles(report: Report) -> dict[str, tuple[str, str]]:
    failed = {name: (FAILED, reason) for name, reason in report.failures.items()}
    kept = {name: (KEPT_LOCAL, reason) for name, reason in report.skipped.items()}
    return {**failed, **kept}


@contextmanager
def heartbeat(mounts: list[Mount], interval: float) -> Iterator[None]:
    """Say that loops over these mounts run here, until the end of the block."""

    def beat() -> None:
        for mount in mounts:
            with suppress(redis.RedisError):
                journal_of(mount).record_heartbeat(interval)

    _looped.extend(mounts)
    try:
        with call_every(LOOP_SECONDS / 4, beat, thread_name="s3rewrite-heartbeat", at_once=True):
            yield
    finally:
        _looped.clear()
        for mount in mounts:
            with suppress(redis.RedisError):
                journal_of(mount).clear_heartbeat()


_looped: list[Mount] = []


def farewells() -> list[Callable[[], None]]:
    """What takes back that loops run here. Each raises redis.RedisError."""
    return [journal_of(mount).clear_heartbeat for mount in _looped]
