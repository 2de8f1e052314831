"""Uploads by workers, on this machine or others: batches are handed out, and their ends heard."""

import time
from contextlib import suppress
from types import TracebackType
from typing import Self

import redis

from s3rewrite import conf
from s3rewrite.registry.task_channel import AT_ONCE, Message, TaskChannel
from s3rewrite.sync.context import LeaseLost, SyncContext
from s3rewrite.sync.plan import Task
from s3rewrite.sync.reporting.report import Report
from s3rewrite.sync.upload.attempt import ObjectLookup
from s3rewrite.sync.upload.batch import UploadRequest
from s3rewrite.sync.upload.content_rules import rules
from s3rewrite.sync.upload.recorder import UploadRecorder, Waiting
from s3rewrite.sync.workers.batches import PATIENCE, Batch, PendingBatches
from s3rewrite.sync.workers.django_tasks import queue_of
from s3rewrite.sync.workers.messages import UploadBatch, ends_of, row_of
from s3rewrite.sync.workers.tasks import enqueue

NAMES = 100
"""Files of a batch, at the most,"""

NAMES_BYTES = 64 * 1024 * 1024
"""and their bytes, so that several workers share them; one file may have more."""

OUTSTANDING = 32
"""Batches that are handed out at a time, once a worker was heard; until then it is one."""

TIMES = 3
"""Times that a batch is handed out, where its workers are lost."""

WAIT = 1.0
"""Seconds for which one read waits, so that a stop is seen soon."""

NOBODY = (
    "no worker took uploads up within {seconds:.0f} s: does one run for {queue!r}, the queue of "
    'TASKS["{alias}"], and is it free?'
)
LOST = "{count} files are left for the next pass: their workers were lost {times} times"


class TaskUploader:
    """Uploads by the workers of a task framework, as `Uploader` says.

    Used by the thread of the pass alone. Leaving the block waits for all that was handed out,
    unless the pass is to stop: then that is left, and fenced off once the lease is given back.
    """

    def __init__(self, job: SyncContext, report: Report) -> None:
        self._job = job
        self._report = report
        self._books = UploadRecorder(job, report)
        self._desk = TaskChannel(job.registry, job.lease)
        self._rules = rules(job.mount, list(conf.mounts().values()))
        self._outstanding = PendingBatches()
        self._next: dict[str, UploadRequest] = {}
        self._bytes = 0

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
        if task.name in self._next:
            return
        self._books.record_planned()
        size = self._bytes + task.signature.size
        if len(self._next) >= NAMES or size > NAMES_BYTES:
            self._flush()
        self._next[task.name] = UploadRequest(task, known)
        self._bytes += task.signature.size

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if error is None:
            self._flush()
            while self._outstanding and not self.is_over:
                self._listen(WAIT)
        for wanted in [*self._outstanding.left(), *self._next.values()]:
            self._books.skip(wanted)
        self._books.close()
        with suppress(redis.RedisError):
            self._desk.clear()

    def _flush(self) -> None:
        """Hand out the files that have come together, as soon as there is room."""
        if not self._next:
            return
        self._listen(0)
        while len(self._outstanding) >= self._room and not self.is_over:
            self._listen(WAIT)
        if not self.is_over:
            left, self._next, self._bytes = self._next, {}, 0
            self._hand_out(Batch(left, time.monotonic()))

    @property
    def _room(self) -> int:
        return OUTSTANDING if self._outstanding.was_heard else 1

    def _hand_out(self, batch: Batch) -> None:
        job = self._job
        self._outstanding.add(batch)
        rows = [row_of(wanted.task) for wanted in batch.left.values()]
        handed = UploadBatch(job.lease, batch.id, self._rules, rows, job.choices.force)
        try:
            self._desk.offer(batch.id)
            enqueue(job.mount, handed)
        except Exception as error:  # of any backend's class
            self._books.stop(f'TASKS["{job.mount.tasks}"]: {type(error).__name__}: {error}')

    def _listen(self, wait: float) -> None:
        """Hear what was told, and look after what was not."""
        try:
            messages = self._desk.receive(wait)
            for message in messages:
                self._hear(message)
            if len(messages) < AT_ONCE:  # otherwise there may be signs among the rest
                self._look_after_lost()
        except redis.RedisError as error:
            self._books.stop(f"Redis: {error}")
        if not self._job.lease.stands():
            self._books.stop(str(LeaseLost()))

    def _hear(self, message: Message) -> None:
        self._job.progress.moved()
        batch = self._outstanding.heard(message["batch"], time.monotonic())
        ends = ends_of(message)
        if batch is None or ends is None:
            return
        for name, end in ends:
            if wanted := batch.left.pop(name, None):
                self._books.record_ends([(wanted, end)])
        if "stop" in message:
            self._books.stop(str(message["stop"]))
        if not batch.left:
            self._outstanding.remove(batch)
        elif "closed" in message:
            self._hand_out_again(batch)

    def _look_after_lost(self) -> None:
        now = time.monotonic()
        for batch in self._outstanding.lost(now):
            if batch.heard_at is not None:
                self._hand_out_again(batch)
            elif not self._desk.claim(batch.id):
                batch.heard_at = now  # a worker has just done so
            elif self._outstanding.was_heard:
                self._hand_out_again(batch)
            else:
                alias = self._job.mount.tasks
                queue = queue_of(alias)
                self._books.stop(NOBODY.format(seconds=PATIENCE, queue=queue, alias=alias))

    def _hand_out_again(self, batch: Batch) -> None:
        self._outstanding.remove(batch)
        if batch.times < TIMES:
            self._hand_out(Batch(batch.left, time.monotonic(), batch.times + 1))
            return
        for wanted in batch.left.values():
            self._books.skip(wanted)
        self._report.notices.append(LOST.format(count=len(batch.left), times=TIMES))
