"""A bounded pool of uploads. A failed file does not stop the others; S3 being away does."""

import threading
from collections import deque
from collections.abc import Sequence
from types import TracebackType
from typing import NamedTuple, Self

import redis

from s3rewrite.sync.attempt import End, Known, Uploaded
from s3rewrite.sync.errors import S3Error, S3Unavailable, kind_of_failure
from s3rewrite.sync.job import Job, LeaseLost
from s3rewrite.sync.plan import Task
from s3rewrite.sync.relink import KeptLocal
from s3rewrite.sync.report import Report, Result
from s3rewrite.sync.upload import Wanted, upload

FAILURES_IN_A_ROW = 20
"""After so many files in a row that S3 refused, the rest is left for a later pass."""

TOGETHER = 8
"""Files that one thread uploads together, at the most,"""

TOGETHER_BYTES = 1024 * 1024
"""and their bytes, which are in memory; one file may have more."""

DOUBTFUL = (
    "{count} files stay local for at most 16 minutes: an earlier upload of other bytes, whose end "
    "was not seen, might still arrive at S3"
)


class Waiting(NamedTuple):
    """A file that refers to one which is not on S3 yet."""

    task: Task
    known: Known
    waits_for: str


def share(waiting: int, threads: int) -> int:
    """How many files a thread takes: few wait for no other, many share their round trips.

    | waiting, for each thread | files    |
    |--------------------------|----------|
    | fewer than 2             | 1        |
    | 2 to TOGETHER            | so many  |
    | more                     | TOGETHER |
    """
    return max(1, min(TOGETHER, waiting // threads))


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
        self._threads: list[threading.Thread] = []
        self._queue: deque[Wanted] = deque()
        self._queued: set[str] = set()
        # Bounds the memory that waiting tasks take, however many files there are.
        self._room = 2 * TOGETHER * job.mount.threads
        self._is_closed = False
        turn = threading.Lock()
        self._filled, self._emptied = threading.Condition(turn), threading.Condition(turn)

    @property
    def is_over(self) -> bool:
        """Whether no more uploads are begun."""
        return bool(self._report.stopped) or self._job.stop.is_set()

    def submit(self, task: Task, known: Known) -> None:
        """Upload a file soon; waits while enough others are waiting.

        One that waits already is not queued again: it will be read as it is by then.
        """
        with self._emptied:
            if task.name in self._queued:
                return
        self._job.progress.planned(1)
        if len(self._threads) < self._job.mount.threads:
            self._add_thread()
        with self._emptied:
            self._emptied.wait_for(lambda: len(self._queue) < self._room)
            self._queue.append(Wanted(task, known))
            self._queued.add(task.name)
            self._filled.notify()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        with self._filled:
            self._is_closed = True
            self._filled.notify_all()
        for thread in self._threads:
            thread.join()
        if self._doubtful:
            self._report.notices.append(DOUBTFUL.format(count=self._doubtful))

    def _add_thread(self) -> None:
        thread = threading.Thread(target=self._work, name="s3rewrite-upload")
        self._threads.append(thread)
        thread.start()

    def _work(self) -> None:
        while taken := self._take():
            try:
                self._upload(taken)
            except BaseException as error:  # what is not expected must not vanish here
                self._stop(f"{type(error).__name__}: {error}")

    def _take(self) -> list[Wanted]:
        """The next files for a thread; none once there will be no more."""
        with self._filled:
            self._filled.wait_for(lambda: self._queue or self._is_closed)
            count = share(len(self._queue), self._job.mount.threads)
            taken: list[Wanted] = []
            size = 0
            while self._queue and len(taken) < count:
                size += self._queue[0].task.signature.size
                if taken and size > TOGETHER_BYTES:
                    break
                taken.append(self._queue.popleft())
            self._queued.difference_update(wanted.task.name for wanted in taken)
            self._emptied.notify()
            return taken

    def _upload(self, taken: Sequence[Wanted]) -> None:
        if self.is_over:
            for wanted in taken:
                self._done(wanted.task.name, Uploaded(Result.PENDING))
            return
        for wanted, end in zip(taken, upload(self._job, taken), strict=True):
            self._ended(wanted, end)

    def _ended(self, wanted: Wanted, end: End) -> None:
        name = wanted.task.name
        if isinstance(end, Uploaded):
            self._done(name, end)
        elif isinstance(end, KeptLocal):
            self._kept_local(*wanted, end)
        elif isinstance(end, (S3Unavailable, LeaseLost, redis.RedisError)):
            self._done(name, Uploaded(Result.PENDING))
            self._stop(str(end))
        else:
            self._failed(name, end)

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
