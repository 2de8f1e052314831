"""Uploads by threads of this process. A failed file does not stop the others; a lost S3 does."""

import threading
from collections import OrderedDict
from collections.abc import Sequence
from typing import Protocol, Self

from s3rewrite.sync.context import SyncContext
from s3rewrite.sync.plan import Task
from s3rewrite.sync.reporting.report import Report
from s3rewrite.sync.upload.attempt import PENDING, ObjectLookup, UploadOutcome
from s3rewrite.sync.upload.batch import UploadRequest, upload
from s3rewrite.sync.upload.recorder import UploadRecorder

BATCH_FILES = 8
"""Most files that one thread uploads together,"""

BATCH_BYTES = 1024 * 1024
"""and most of their bytes, which are in memory; a single file may have more."""

under_way: dict[int, int] = {}
"""Thread -> how many files it is uploading, of all uploads of this process."""


class UploadListener(Protocol):
    """Receives the outcomes of uploads, from any thread."""

    @property
    def is_over(self) -> bool:
        """Whether no more uploads are to begin."""

    def record_outcomes(self, outcomes: Sequence[tuple[UploadRequest, UploadOutcome]]) -> None:
        """Record what became of some files."""

    def stop(self, reason: str) -> None:
        """Begin no more uploads, after an unexpected error."""


def batch_size(waiting: int, threads: int) -> int:
    """How many files a thread takes: a few waiting ones go at once, many share round trips.

    | files that wait, for each thread | files       |
    |----------------------------------|-------------|
    | fewer than 2                     | 1           |
    | 2 to BATCH_FILES                 | as many     |
    | more                             | BATCH_FILES |
    """
    return max(1, min(BATCH_FILES, waiting // threads))


class UploadThreads:
    """Uploads files in parallel, and reports each outcome to a listener.

    Leaving the block waits for the uploads; none begins once the listener is over.
    """

    def __init__(self, context: SyncContext, listener: UploadListener) -> None:
        self._context = context
        self._listener = listener
        self._threads: list[threading.Thread] = []
        self._queue: OrderedDict[str, UploadRequest] = OrderedDict()
        # Bounds the memory for waiting files, however many there are.
        self._capacity = 2 * BATCH_FILES * context.mount.threads
        self._is_closed = False
        lock = threading.Lock()
        self._not_empty, self._not_full = threading.Condition(lock), threading.Condition(lock)

    def is_queued(self, name: str) -> bool:
        """Whether a file waits to be uploaded."""
        with self._not_full:
            return name in self._queue

    def submit(self, request: UploadRequest) -> None:
        """Upload a file soon; waits while too many others are waiting."""
        # Threads start as files come: a pass without uploads has none.
        if len(self._threads) < self._context.mount.threads:
            thread = threading.Thread(target=self._work, name="s3rewrite-upload")
            thread.start()
            self._threads.append(thread)
        with self._not_full:
            self._not_full.wait_for(lambda: len(self._queue) < self._capacity)
            self._queue[request.task.name] = request
            self._not_empty.notify()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        with self._not_empty:
            self._is_closed = True
            self._not_empty.notify_all()
        for thread in self._threads:
            thread.join()

    def _work(self) -> None:
        while batch := self._next_batch():
            try:
                outcomes = self._upload(batch)
                self._listener.record_outcomes(list(zip(batch, outcomes, strict=True)))
            except BaseException as error:  # nobody else would see an unexpected one
                self._listener.stop(f"{type(error).__name__}: {error}")

    def _upload(self, batch: Sequence[UploadRequest]) -> list[UploadOutcome]:
        if self._listener.is_over:
            return [PENDING for _ in batch]
        under_way[threading.get_ident()] = len(batch)
        try:
            return upload(self._context, batch)
        finally:
            del under_way[threading.get_ident()]

    def _next_batch(self) -> list[UploadRequest]:
        """Wait for files; returns none once there will be no more."""
        with self._not_empty:
            self._not_empty.wait_for(lambda: self._queue or self._is_closed)
            count = batch_size(len(self._queue), self._context.mount.threads)
            batch: list[UploadRequest] = []
            size = 0
            while self._queue and len(batch) < count:
                name, request = next(iter(self._queue.items()))
                size += request.task.signature.size
                # The bytes of a batch are in memory together.
                if batch and size > BATCH_BYTES:
                    break
                batch.append(request)
                del self._queue[name]
            # One is enough: only the thread of the pass submits files.
            self._not_full.notify()
            return batch


class ThreadUploader(UploadRecorder):
    """The Uploader whose uploads are done by threads of this process."""

    def __init__(self, context: SyncContext, report: Report) -> None:
        super().__init__(context, report)
        self._threads = UploadThreads(context, self)

    def submit(self, task: Task, lookup: ObjectLookup) -> None:
        """Upload a file soon, as `Uploader.submit` says."""
        if not self._threads.is_queued(task.name):
            self.record_planned()
            self._threads.submit(UploadRequest(task, lookup))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self._threads.__exit__(*error)
        self.close()
