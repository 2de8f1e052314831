"""Passes and loops record in Redis what they do; if Redis is away, only that record is lost."""

import time
from collections.abc import Callable, Iterator
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
"""Seconds between two records of how far a pass is."""

FAILED = "failed"
KEPT_LOCAL = "kept local"
PUBLIC = "public"


def journal_of(mount: Mount) -> Journal:
    """The journal of a mount."""
    return Journal(loop_registry(mount))


class JournalProgress(Progress):
    """Records how far a pass is, and passes each event on to another progress."""

    def __init__(self, mount: Mount, inner: Progress) -> None:
        self._mount = mount
        self._inner = inner
        self._planned = self._done = 0
        self._began = self._recorded_at = self.moved_at = time.monotonic()

    def moved(self) -> None:
        """The pass made progress: it does not hang."""
        self.moved_at = time.monotonic()

    def planned(self, count: int) -> None:
        """So many more names are to be uploaded."""
        if self._done == self._planned:  # the names before are finished: a new run begins
            self._planned = self._done = 0
            self._began = time.monotonic()
        self._planned += count
        self._inner.planned(count)
        self._record()

    def done(self, name: str, result: Result) -> None:
        """A name is finished."""
        self._done += result not in (Result.WITHDRAWN, Result.DELETED)
        self._inner.done(name, result)
        self._record()

    def failed(self, name: str, reason: str) -> None:
        """A name could not be uploaded or deleted."""
        self._done += 1
        self._inner.failed(name, reason)
        self._record()

    def close(self) -> None:
        """The pass has ended."""
        self._inner.close()

    def _record(self) -> None:
        now = self.moved_at = time.monotonic()
        if now - self._recorded_at < PERIOD:
            return
        self._recorded_at = now
        progress = {"planned": self._planned, "done": self._done, "seconds": now - self._began}
        with suppress(redis.RedisError):
            journal_of(self._mount).record_progress(progress)


def record_report(mount: Mount, by: str, report: Report) -> None:
    """Record what a pass did. `by`: the command that ran it."""
    record: dict[str, Any] = {
        **report.as_dict(),
        "by": by,
        "eventful": report.is_eventful,
        "failures": len(report.failures),
        "skipped": len(report.skipped),
    }
    with suppress(redis.RedisError):
        journal = journal_of(mount)
        record["pending_since"] = _pending_since(journal, report)
        journal.record_pass(record, is_whole=report.is_whole)
        if not report.stopped or report.failures:
            problems = {name: (FAILED, reason) for name, reason in report.failures.items()}
            problems |= {name: (KEPT_LOCAL, reason) for name, reason in report.skipped.items()}
            problems |= {name: (PUBLIC, reason) for name, reason in report.exposed.items()}
            # A stopped pass cannot tell which problems of other names are over.
            examined = report.failures if report.stopped else report.names
            journal.record_problems(problems, examined)


def _pending_since(journal: Journal, report: Report) -> float | None:
    """Since when some names have been pending or failing, in seconds since 1970; None: none are."""
    if not (report.counts[Result.PENDING] or report.failures or report.stopped):
        return None
    last = journal.last() or {}
    return last.get("pending_since") or time.time()


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


def heartbeat_cleanups() -> list[Callable[[], None]]:
    """Functions that clear the heartbeats of this process. Each may raise redis.RedisError."""
    return [journal_of(mount).clear_heartbeat for mount in _looped]
