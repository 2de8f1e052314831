"""A bounded pool of uploads. A failed file does not stop the others; S3 being away does."""

import threading
from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType
from typing import NamedTuple, Self

import redis

from s3rewrite.sync.errors import S3Error, S3Unavailable, kind_of_failure
from s3rewrite.sync.job import Job, LeaseLost
from s3rewrite.sync.plan import Task
from s3rewrite.sync.relink import KeptLocal
from s3rewrite.sync.report import Report, Result
from s3rewrite.sync.upload import Known, Uploaded, upload

FAILURES_IN_A_ROW = 20
"""After so many files in a row that S3 refused, the rest is left for a later pass."""

DOUBTFUL = (
    "{count} files stay local for at most 16 minutes: an earlier upload of other bytes, whose end "
    "was not seen, might still arrive at S3"
)


class Waiting(NamedTuple):
    """A file that refers to one which is not on S3 yet."""

    task: Task
    known: Known
    waits_for: str


class Uploads:
    """Uploads files in parallel and reports what became of each.

    Leaving the block waits for those under way. No more are begun once the stop flag is set, or
    something has failed that would fail for every other file too.
    """

    def __init__(self, job: Job, report: Report) -> None:
        self._job = job
        self._report = report
        self._lock = threading.Lock()
        self._refused = 0
        self._doubtful = 0
        self.waiting: list[Waiting] = []
        self._pool = ThreadPoolExecutor(job.mount.threads, thread_name_prefix="s3rewrite-upload")
        # Bounds the memory that waiting tasks take, however many files there are.
        self._room = threading.BoundedSemaphore(2 * job.mount.threads)

    @property
    def is_over(self) -> bool:
        """Whether no more uploads are begun."""
        return bool(self._report.stopped) or self._job.stop.is_set()

    def submit(self, task: Task, known: Known) -> None:
        """Upload a file soon; waits while enough others are waiting."""
        self._job.progress.planned(1)
        self._room.acquire()
        future = self._pool.submit(self._upload, task, known)
        future.add_done_callback(self._finished)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._pool.shutdown(wait=True)
        if self._doubtful:
            self._report.notices.append(DOUBTFUL.format(count=self._doubtful))

    def _finished(self, future: Future[None]) -> None:
        self._room.release()
        # What is not expected must not vanish in the pool.
        if error := future.exception():
            self._stop(f"{type(error).__name__}: {error}")

    def _upload(self, task: Task, known: Known) -> None:
        if self.is_over:
            self._done(task.name, Uploaded(Result.PENDING))
            return
        try:
            self._done(task.name, upload(self._job, task, known))
        except KeptLocal as kept:
            self._kept_local(task, known, kept)
        except (S3Unavailable, LeaseLost, redis.RedisError) as error:
            self._done(task.name, Uploaded(Result.PENDING))
            self._stop(str(error))
        except (S3Error, OSError) as error:
            self._failed(task.name, error)

    def _done(self, name: str, uploaded: Uploaded) -> None:
        with self._lock:
            self._refused = 0
            self._doubtful += uploaded.is_doubtful
            self._report.skipped.pop(name, None)
            self._report.add(uploaded.result)
            self._report.bytes_uploaded += uploaded.sent
            self._job.progress.done(name, uploaded.result)

    def _kept_local(self, task: Task, known: Known, kept: KeptLocal) -> None:
        self._job.registry.withdraw([task.name])
        with self._lock:
            self._report.skipped[task.name] = str(kept)
            if kept.waits_for:
                self.waiting.append(Waiting(task._replace(entry=None), known, kept.waits_for))
            self._job.progress.done(task.name, Result.PENDING)

    def _failed(self, name: str, error: Exception) -> None:
        with self._lock:
            self._refused += isinstance(error, S3Error)
            is_hopeless = self._refused >= FAILURES_IN_A_ROW
            self._report.fail(name, str(error), kind_of_failure(error))
            self._job.progress.failed(name, str(error))
        if is_hopeless:
            self._stop(f"{self._refused} files in a row failed, the last with: {error}")

    def _stop(self, reason: str) -> None:
        with self._lock:
            self._report.stopped = self._report.stopped or reason
