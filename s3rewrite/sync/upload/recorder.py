"""What became of files, as it comes, into the report. A failed file does not stop the others."""

import threading
from collections.abc import Sequence
from typing import NamedTuple

import redis

from s3rewrite.registry import Withdrawn
from s3rewrite.s3.errors import S3Error, S3Unavailable, kind_of_failure
from s3rewrite.sync.context import LeaseLost, SyncContext
from s3rewrite.sync.plan import Task
from s3rewrite.sync.reporting.report import Report, Result
from s3rewrite.sync.upload.attempt import End, ObjectLookup, Uploaded
from s3rewrite.sync.upload.batch import UploadRequest
from s3rewrite.sync.upload.references import KeptLocal

FAILURES_IN_A_ROW = 20
"""After so many files in a row that S3 refused, the rest is left for a later pass."""

HOPELESS = (S3Unavailable, LeaseLost, redis.RedisError)
"""Ends that every other file would meet too."""

DOUBTFUL = (
    "{count} files stay local for at most 16 minutes: an earlier upload of other bytes, whose end "
    "was not seen, might still arrive at S3"
)


class Waiting(NamedTuple):
    """A file that refers to one which is not on S3 yet."""

    task: Task
    known: ObjectLookup
    waits_for: str


class UploadRecorder:
    """Enters ends into a report. Safe to share between threads."""

    def __init__(self, job: SyncContext, report: Report) -> None:
        self._job = job
        self._report = report
        self._lock = threading.Lock()
        self._refused = 0
        self._doubtful = 0
        self.waiting: list[Waiting] = []
        self.replacing: list[tuple[Task, ObjectLookup]] = []
        """Files under whose keys other bytes lie, which may be the only copies of freed files."""

    @property
    def is_over(self) -> bool:
        """Whether no more uploads are to begin: something met all of them, or a stop is wanted."""
        return bool(self._report.stopped) or self._job.stop.is_set()

    def record_planned(self) -> None:
        """One more file is to be uploaded."""
        self._job.progress.planned(1)

    def record_ends(self, ends: Sequence[tuple[UploadRequest, End]]) -> None:
        """Files have come to an end. Raises redis.RedisError."""
        for wanted, end in ends:
            self._enter(wanted, end)

    def skip(self, wanted: UploadRequest) -> None:
        """A file is left for the next pass."""
        self._done(wanted.task.name, Uploaded(Result.PENDING))

    def stop(self, reason: str) -> None:
        """Something would meet every other file too."""
        with self._lock:
            self._report.stopped = self._report.stopped or reason

    def close(self) -> None:
        """No more ends will come."""
        if self._doubtful:
            self._report.notices.append(DOUBTFUL.format(count=self._doubtful))

    def _enter(self, wanted: UploadRequest, end: End) -> None:
        name = wanted.task.name
        if isinstance(end, Uploaded) and end.would_replace:
            self._job.progress.planned(-1)
            self.replacing.append((wanted.task, wanted.known))
        elif isinstance(end, Uploaded):
            self._done(name, end)
        elif isinstance(end, KeptLocal):
            self._kept_local(*wanted, end)
        elif isinstance(end, HOPELESS):
            self.skip(wanted)
            self.stop(str(end))
        else:
            self._failed(name, end)

    def _done(self, name: str, uploaded: Uploaded) -> None:
        with self._lock:
            self._refused = 0
            self._doubtful += uploaded.is_doubtful
            self._report.skipped.pop(name, None)
            self._report.add(uploaded.result)
            self._report.bytes_uploaded += uploaded.sent
            self._report.left += self._objects(name, uploaded.left)
            self._job.progress.done(name, uploaded.result)

    def _objects(self, name: str, fingerprints: Sequence[str]) -> list[Withdrawn]:
        """The objects with these bytes of a name: one, where all have the same key."""
        if fingerprints and not self._job.mount.paths.fingerprinted:
            return [Withdrawn(name)]
        return [Withdrawn(name, fingerprint) for fingerprint in fingerprints]

    def _kept_local(self, task: Task, known: ObjectLookup, kept: KeptLocal) -> None:
        self._job.registry.withdraw([task.name], is_found=True)
        with self._lock:
            self._report.skipped[task.name] = str(kept)
            if kept.waits_for:
                self.waiting.append(Waiting(task, known, kept.waits_for))
            self._job.progress.done(task.name, Result.PENDING)

    def _failed(self, name: str, error: Exception) -> None:
        with self._lock:
            self._refused += isinstance(error, S3Error)
            is_hopeless = self._refused >= FAILURES_IN_A_ROW
            self._report.fail(name, str(error), kind_of_failure(error))
            self._job.progress.failed(name, str(error))
        if is_hopeless:
            self.stop(f"{self._refused} files in a row failed, the last with: {error}")
