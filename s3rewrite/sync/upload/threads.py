"""Uploads in this process. A failed file does not stop the others; S3 being away does."""

import threading
from collections import deque
from collections.abc import Sequence
from types import TracebackType
from typing import Protocol, Self

from s3rewrite.sync.context import SyncContext
from s3rewrite.sync.plan import Task
from s3rewrite.sync.reporting.report import Report, Result
from s3rewrite.sync.upload.attempt import End, ObjectLookup, Uploaded
from s3rewrite.sync.upload.batch import UploadRequest, upload
from s3rewrite.sync.upload.recorder import UploadRecorder, Waiting

TOGETHER = 8
"""Files that one thread uploads together, at the most,"""

TOGETHER_BYTES = 1024 * 1024
"""and their bytes, which are in memory; one file may have more."""

under_way: dict[int, int] = {}
"""Thread -> how many files it is uploading, of all pools of this process."""


class Listener(Protocol):
    """Who is told what became of files; by any thread."""

    @property
    def is_over(self) -> bool:
        """Whether no more uploads are to begin."""

    def record_ends(self, ends: Sequence[tuple[UploadRequest, End]]) -> None:
        """Some files, and what became of each."""

    def stop(self, reason: str) -> None:
        """No more uploads are to begin, as something happened that nobody expects."""


def share(waiting: int, threads: int) -> int:
    """How many files a thread takes: few wait for no other, many share their round trips.

    | waiting, for each thread | files    |
    |--------------------------|----------|
    | fewer than 2             | 1        |
    | 2 to TOGETHER            | so many  |
    | more                     | TOGETHER |
    """
    return max(1, min(TOGETHER, waiting // threads))


class Pool:
    """Uploads files in parallel, and tells what became of each.

    Leaving the block waits for those under way; no more are begun once the listener is over.
    """

    def __init__(self, job: SyncContext, listener: Listener) -> None:
        self._job = job
        self._listener = listener
        self._threads: list[threading.Thread] = []
        self._queue: deque[UploadRequest] = deque()
        self._queued: set[str] = set()
        # Bounds the memory that waiting tasks take, however many files there are.
        self._room = 2 * TOGETHER * job.mount.threads
        self._is_closed = False
        turn = threading.Lock()
        self._filled, self._emptied = threading.Condition(turn), threading.Condition(turn)

    def is_queued(self, name: str) -> bool:
        """Whether a file waits to be uploaded."""
        with self._emptied:
            return name in self._queued

    def submit(self, wanted: UploadRequest) -> None:
        """Upload a file soon; waits while enough others are waiting."""
        if len(self._threads) < self._job.mount.threads:
            self._add_thread()
        with self._emptied:
            self._emptied.wait_for(lambda: len(self._queue) < self._room)
            self._queue.append(wanted)
            self._queued.add(wanted.task.name)
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

    def _add_thread(self) -> None:
        thread = threading.Thread(target=self._work, name="s3rewrite-upload")
        self._threads.append(thread)
        thread.start()

    def _work(self) -> None:
        while taken := self._take():
            try:
                self._listener.record_ends(list(zip(taken, self._upload(taken), strict=True)))
            except BaseException as error:  # what is not expected must not vanish here
                self._listener.stop(f"{type(error).__name__}: {error}")

    def _upload(self, taken: Sequence[UploadRequest]) -> list[End]:
        if self._listener.is_over:
            return [Uploaded(Result.PENDING) for _ in taken]
        under_way[threading.get_ident()] = len(taken)
        try:
            return upload(self._job, taken)
        finally:
            del under_way[threading.get_ident()]

    def _take(self) -> list[UploadRequest]:
        """The next files for a thread; none once there will be no more."""
        with self._filled:
            self._filled.wait_for(lambda: self._queue or self._is_closed)
            count = share(len(self._queue), self._job.mount.threads)
            taken: list[UploadRequest] = []
            size = 0
            while self._queue and len(taken) < count:
                size += self._queue[0].task.signature.size
                if taken and size > TOGETHER_BYTES:
                    break
                taken.append(self._queue.popleft())
            self._queued.difference_update(wanted.task.name for wanted in taken)
            self._emptied.notify()
            return taken


class ThreadUploader:
    """Uploads by threads of this process, as `Uploader` says."""

    def __init__(self, job: SyncContext, report: Report) -> None:
        self._books = UploadRecorder(job, report)
        self._pool = Pool(job, self._books)

    @property
    def is_over(self) -> bool:
        """Whether no more uploads are begun."""
        return self._books.is_over

    @property
    def waiting(self) -> list[Waiting]:
        """The files that refer to others which are not on S3 yet."""
        return self._books.waiting

    @property
    def replacing(self) -> list[tuple[Task, ObjectLookup]]:
        """The files under whose keys other bytes lie, perhaps the only copies of freed files."""
        return self._books.replacing

    def submit(self, task: Task, known: ObjectLookup) -> None:
        """Upload a file soon; waits while enough others are waiting.

        One that waits already is not queued again: it will be read as it is by then.
        """
        if self._pool.is_queued(task.name):
            return
        self._books.record_planned()
        self._pool.submit(UploadRequest(task, known))

    def __enter__(self) -> Self:
        self._pool.__enter__()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._pool.__exit__(kind, error, traceback)
        self._books.close()
