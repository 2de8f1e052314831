"""Uploads by workers, on this machine or others: offers batches, and receives their outcomes."""

import time
from contextlib import suppress
from typing import Self

import redis

from s3rewrite import conf
from s3rewrite.registry.task_channel import READ_SIZE, Message, TaskChannel
from s3rewrite.sync.context import LeaseLost, SyncContext
from s3rewrite.sync.plan import Task
from s3rewrite.sync.reporting.report import Report
from s3rewrite.sync.upload.attempt import ObjectLookup
from s3rewrite.sync.upload.batch import UploadRequest
from s3rewrite.sync.upload.content_rules import rules
from s3rewrite.sync.upload.recorder import UploadRecorder
from s3rewrite.sync.workers.batches import PATIENCE, PendingBatch, PendingBatches
from s3rewrite.sync.workers.django_tasks import queue_of
from s3rewrite.sync.workers.messages import UploadBatch, decode_outcomes, row_of
from s3rewrite.sync.workers.tasks import enqueue

BATCH_FILES = 100
"""Most files of a batch,"""

BATCH_BYTES = 64 * 1024 * 1024
"""and most of their bytes, so that several workers share them; a single file may have more."""

MAX_PENDING = 32
"""Batches that are offered at a time, once a worker has answered; until then it is one."""

MAX_OFFERS = 3
"""Times that the same files are offered, if their workers are lost."""

WAIT = 1.0
"""Seconds for which one read waits, so that a stop is noticed soon."""

NO_WORKER = (
    "no worker took uploads up within {seconds:.0f} s: does one run for {queue!r}, the queue of "
    'TASKS["{alias}"], and is it free?'
)
LOST = "{count} {files} left for the next pass: their workers were lost {times} times"


class TaskUploader(UploadRecorder):
    """The Uploader whose uploads are done by the workers of a task queue.

    If the pass is to stop, the block does not wait for them: as soon as the lease is given back,
    they can publish nothing more.
    """

    def __init__(self, context: SyncContext, report: Report) -> None:
        super().__init__(context, report)
        self._channel = TaskChannel(context.registry, context.lease)
        self._rules = rules(context.mount, list(conf.mounts().values()))
        self._pending = PendingBatches()
        self._next: dict[str, UploadRequest] = {}
        self._next_bytes = 0

    def submit(self, task: Task, lookup: ObjectLookup) -> None:
        """Upload a file soon, as `Uploader.submit` says."""
        if task.name in self._next:
            return
        self.record_planned()
        size = task.signature.size
        if len(self._next) >= BATCH_FILES or self._next_bytes + size > BATCH_BYTES:
            self._flush()
        self._next[task.name] = UploadRequest(task, lookup)
        self._next_bytes += size

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: object, error: object, traceback: object) -> None:
        if error is None:
            self._flush()
            while self._pending and not self.is_over:
                self._receive(WAIT)
        for request in [*self._pending.requests(), *self._next.values()]:
            self.skip(request)
        self.close()
        with suppress(redis.RedisError):  # then the keys expire
            self._channel.clear()

    def _flush(self) -> None:
        """Offer the files that have come together, as soon as there is room."""
        if not self._next:
            return
        self._receive(0)
        # While no worker answers, more batches would only fill the queue.
        while not self.is_over and len(self._pending) >= (
            MAX_PENDING if self._pending.has_workers else 1
        ):
            self._receive(WAIT)
        if not self.is_over:
            requests, self._next, self._next_bytes = self._next, {}, 0
            self._offer(PendingBatch(requests, time.monotonic()))

    def _offer(self, batch: PendingBatch) -> None:
        context = self._context
        # First, so that its files are counted as pending if `enqueue` fails.
        self._pending.add(batch)
        rows = [row_of(request.task) for request in batch.requests.values()]
        force = context.options.force
        try:
            self._channel.offer(batch.id)
            enqueue(context.mount, UploadBatch(context.lease, batch.id, self._rules, rows, force))
        except Exception as error:  # task backends raise errors of any class
            self.stop(f'TASKS["{context.mount.tasks}"]: {type(error).__name__}: {error}')

    def _receive(self, wait: float) -> None:
        """Handle the messages of workers, and offer lost batches again."""
        try:
            messages = self._channel.receive(wait)
            for message in messages:
                self._handle(message)
            # After a full read there may be more: a batch that seems lost may be in the rest.
            if len(messages) < READ_SIZE:
                self._handle_lost()
        except redis.RedisError as error:
            self.stop(f"Redis: {error}")
        # Another pass may have begun, and nothing can be published under this lease any more.
        if not self._context.lease.is_valid():
            self.stop(str(LeaseLost()))

    def _handle(self, message: Message) -> None:
        self._context.progress.moved()
        batch = self._pending.record_message(message["batch"], time.monotonic())
        outcomes = decode_outcomes(message)
        if batch is None or outcomes is None:
            return
        for name, outcome in outcomes:
            # Only the first outcome of a file counts.
            if request := batch.requests.pop(name, None):
                self.record_outcomes([(request, outcome)])
        if "stop" in message:
            self.stop(str(message["stop"]))
        if not batch.requests:
            self._pending.remove(batch)
        elif "closed" in message:
            self._offer_again(batch)

    def _handle_lost(self) -> None:
        now = time.monotonic()
        for batch in self._pending.find_lost(now):
            if batch.heard_at is not None:
                self._offer_again(batch)
            # Claiming it here keeps a late worker from it; if that fails, one has just claimed it.
            elif not self._channel.claim(batch.id):
                batch.heard_at = now
            elif self._pending.has_workers:
                self._offer_again(batch)
            else:
                alias = self._context.mount.tasks
                queue = queue_of(alias)
                self.stop(NO_WORKER.format(seconds=PATIENCE, queue=queue, alias=alias))

    def _offer_again(self, batch: PendingBatch) -> None:
        self._pending.remove(batch)
        if batch.offers < MAX_OFFERS:
            # With a new id: what the lost worker may still send is not taken for the new one's.
            self._offer(PendingBatch(batch.requests, time.monotonic(), batch.offers + 1))
            return
        for request in batch.requests.values():
            self.skip(request)
        count = len(batch.requests)
        files = "file is" if count == 1 else "files are"
        self._report.notices.append(LOST.format(count=count, files=files, times=MAX_OFFERS))
