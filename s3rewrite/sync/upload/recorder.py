"""Records the outcomes of uploads in the report of a pass, as they come."""

import threading
from collections.abc import Sequence
from contextlib import suppress
from typing import NamedTuple

import redis

from s3rewrite.disk.signatures import signature_of
from s3rewrite.registry import Withdrawn
from s3rewrite.s3.errors import S3Error, S3Unavailable, kind_of_failure
from s3rewrite.sync.context import LeaseLost, SyncContext
from s3rewrite.sync.plan import Task
from s3rewrite.sync.reporting.report import Report, Result
from s3rewrite.sync.upload.attempt import PENDING, ObjectLookup, UploadOutcome, UploadResult
from s3rewrite.sync.upload.batch import UploadRequest
from s3rewrite.sync.upload.references import KeptLocal

MAX_REFUSALS = 20
"""Files in a row that S3 refuses, after which the rest is left for a later pass."""

FATAL = (S3Unavailable, LeaseLost, redis.RedisError)
"""Errors that every other file would meet too."""

UNCONFIRMED = (
    "{count} {files} kept local for at most 16 minutes: an earlier upload of other bytes, whose "
    "end was not seen, might still arrive at S3"
)


class WaitingFile(NamedTuple):
    """A file that refers to one which is not on S3 yet."""

    task: Task
    lookup: ObjectLookup
    waits_for: str


class UploadRecorder:
    """Records outcomes; the base of both uploaders. Threads may share it.

    A file that failed does not stop the others.
    """

    def __init__(self, context: SyncContext, report: Report) -> None:
        self._context = context
        self._report = report
        self._lock = threading.Lock()
        self._refusals = 0
        self._unconfirmed = 0
        self.waiting: list[WaitingFile] = []
        self.replacing: list[tuple[Task, ObjectLookup]] = []

    @property
    def is_over(self) -> bool:
        """Whether no more uploads are to begin: all would fail, or the pass is to stop."""
        return bool(self._report.stopped) or self._context.stop.is_set()

    def record_planned(self) -> None:
        """Count one more file that is to be uploaded."""
        self._context.progress.planned(1)

    def record_outcomes(self, outcomes: Sequence[tuple[UploadRequest, UploadOutcome]]) -> None:
        """Record what became of some files. Raises redis.RedisError."""
        for request, outcome in outcomes:
            self._record(request, outcome)

    def skip(self, request: UploadRequest) -> None:
        """Leave a file for the next pass."""
        self._record_result(request.task.name, PENDING)

    def stop(self, reason: str) -> None:
        """Begin no more uploads: every other file would fail for the same reason."""
        with self._lock:
            self._report.stopped = self._report.stopped or reason

    def close(self) -> None:
        """Finish the report: no more outcomes follow."""
        if count := self._unconfirmed:
            files = "file is" if count == 1 else "files are"
            self._report.notices.append(UNCONFIRMED.format(count=count, files=files))

    def _record(self, request: UploadRequest, outcome: UploadOutcome) -> None:
        name = request.task.name
        if isinstance(outcome, UploadResult) and outcome.would_replace:
            # It is planned again, once it is known whether a freed file needs those bytes.
            with self._lock:
                self._context.progress.planned(-1)
            self.replacing.append(request)
        elif isinstance(outcome, UploadResult):
            self._record_result(name, outcome)
        elif isinstance(outcome, KeptLocal):
            self._record_kept_local(request, outcome)
        elif isinstance(outcome, FileNotFoundError) and self._is_gone(name):
            self._record_gone(request.task)
        elif isinstance(outcome, FATAL):
            self.skip(request)
            self.stop(str(outcome))
        else:
            self._record_failure(name, outcome)

    def _record_result(self, name: str, uploaded: UploadResult) -> None:
        # The lock is for the progress too, which one thread at a time may call.
        with self._lock:
            self._refusals = 0
            self._unconfirmed += uploaded.has_unconfirmed_write
            self._report.skipped.pop(name, None)
            if uploaded.result is not Result.PENDING:
                self._report.unsettled.pop(name, None)
            if not uploaded.orphans:  # these are counted at the end of the pass
                self._report.add(uploaded.result)
            self._report.bytes_uploaded += uploaded.bytes_sent
            self._report.leftovers += self._orphans(name, uploaded.orphans)
            self._context.progress.done(name, uploaded.result)

    def _orphans(self, name: str, fingerprints: Sequence[str]) -> list[Withdrawn]:
        """The objects of a removed file; one, where all bytes of a name have the same key."""
        if fingerprints and not self._context.mount.paths.fingerprinted:
            return [Withdrawn(name)]
        return [Withdrawn(name, fingerprint) for fingerprint in fingerprints]

    def _record_kept_local(self, request: UploadRequest, error: KeptLocal) -> None:
        name = request.task.name
        # An earlier version may be published, which pages must not link any more.
        self._context.registry.withdraw([name], is_found=True)
        with self._lock:
            self._report.skipped[name] = str(error)
            if error.waits_for:
                self.waiting.append(WaitingFile(*request, error.waits_for))
            self._context.progress.planned(-1)

    def _is_gone(self, name: str) -> bool:
        with suppress(OSError):
            return signature_of(self._context.storage, name) is None
        return False

    def _record_gone(self, task: Task) -> None:
        """Somebody removed the file since the scan, which is no failure."""
        self._context.registry.withdraw([task.name], is_found=True)
        with self._lock:
            self._context.progress.planned(-1)
            if task.entry:
                self._report.add(Result.WITHDRAWN)
                self._context.progress.done(task.name, Result.WITHDRAWN)

    def _record_failure(self, name: str, error: Exception) -> None:
        with self._lock:
            self._refusals += isinstance(error, S3Error)
            is_hopeless = self._refusals >= MAX_REFUSALS
            self._context.fail(self._report, name, str(error), kind_of_failure(error))
        if is_hopeless:
            self.stop(f"{self._refusals} files in a row failed, the last with: {error}")
