"""What a worker does with a batch: uploads it under the lease of the pass that offered it."""

import os
import threading
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress

import redis

from s3rewrite import conf
from s3rewrite.core.background import call_every
from s3rewrite.core.entries import split
from s3rewrite.core.mounts import Mount
from s3rewrite.registry import loop_registry
from s3rewrite.registry.lease import DURATION, load_lease, refresh_expiry
from s3rewrite.registry.task_channel import Message, TaskChannel
from s3rewrite.s3.bucket import Bucket
from s3rewrite.s3.lookup import known_objects
from s3rewrite.s3.objects import no_object
from s3rewrite.sync.context import SyncContext, SyncOptions
from s3rewrite.sync.plan import Task
from s3rewrite.sync.upload.attempt import ObjectLookup, UploadOutcome
from s3rewrite.sync.upload.batch import UploadRequest
from s3rewrite.sync.upload.content_rules import rules
from s3rewrite.sync.upload.recorder import FATAL
from s3rewrite.sync.upload.threads import UploadThreads
from s3rewrite.sync.workers.messages import UploadBatch, encode_outcome, task_of

HEARTBEAT = DURATION / 3
"""Seconds between two signs of life."""

OTHER_SETTINGS = (
    "a worker has other settings than this pass: restart the process that has the old settings"
)

_idle_buckets: dict[Mount, list[Bucket]] = defaultdict(list)
# A client's connections belong to the process that made it.
os.register_at_fork(after_in_child=_idle_buckets.clear)


@contextmanager
def borrow_bucket(mount: Mount) -> Iterator[Bucket]:
    """The mount's bucket for this block alone; its connections stay open for later batches."""
    idle = _idle_buckets[mount]
    try:
        bucket = idle.pop()
    except IndexError:
        bucket = Bucket(mount)
    yield bucket
    # Not after an error: the bucket may be in any state then.
    idle.append(bucket)


class BatchReporter:
    """Sends outcomes to the pass. Every method but `stop` may raise redis.RedisError."""

    def __init__(
        self, channel: TaskChannel, batch_id: str, names: Iterable[str], stop: threading.Event
    ) -> None:
        self._channel = channel
        self._batch_id = batch_id
        self._unreported = set(names)
        self._stop = stop

    @property
    def is_over(self) -> bool:
        """Whether no more uploads are to begin."""
        return self._stop.is_set()

    def record_outcomes(self, outcomes: Sequence[tuple[UploadRequest, UploadOutcome]]) -> None:
        """Report what became of some files. Stops after an error that all others would meet."""
        if any(isinstance(outcome, FATAL) for _, outcome in outcomes):
            self._stop.set()
        ends = [[request.task.name, encode_outcome(outcome)] for request, outcome in outcomes]
        # If Redis is away, this raises: the files stay unreported, and `close` says so.
        self._send({"ends": ends})
        self._unreported.difference_update([request.task.name for request, _ in outcomes])

    def stop(self, reason: str) -> None:
        """Stop after an unexpected error, and have the pass stop too, if Redis can be reached."""
        self._stop.set()
        with suppress(redis.RedisError):  # then the pass takes this worker for lost
            self._send({"stop": reason})

    def send_heartbeat(self) -> None:
        """Report that the worker is alive."""
        self._send({})

    def close(self) -> None:
        """Report that no more outcomes follow, if some are missing."""
        if self._unreported:
            self._send({"closed": True})

    def _send(self, message: Message) -> None:
        self._channel.send([{"batch": self._batch_id, **message}])


@contextmanager
def send_heartbeats(
    reporter: BatchReporter, check_lease: Callable[[], bool], stop: threading.Event
) -> Iterator[None]:
    """Send signs of life until the end of the block, and check the lease behind each.

    In this order: a worker whose signs do not arrive does not renew its copy of the lease, so it
    sends nothing to S3 after the pass has taken it for lost. A lost lease sets the stop flag.
    """

    def beat() -> None:
        with suppress(redis.RedisError):
            reporter.send_heartbeat()
            if not check_lease():
                stop.set()

    reporter.send_heartbeat()
    with call_every(HEARTBEAT, beat, thread_name="s3rewrite-signs"):
        yield


def run_batch(mount: Mount, batch: UploadBatch) -> None:
    """Upload the files of a batch, and report to its pass what became of each.

    Does nothing if the pass has ended, or another worker has claimed the batch.
    Raises redis.RedisError.
    """
    registry = loop_registry(mount)
    channel = TaskChannel(registry, batch.lease)
    lease = load_lease(registry, batch.lease)
    # Queues may deliver a task late or twice: only the first worker gets the batch.
    if not (lease.is_valid() and channel.claim(batch.id)):
        return
    stop = threading.Event()
    tasks = [task_of(row) for row in batch.rows]
    reporter = BatchReporter(channel, batch.id, [task.name for task in tasks], stop)
    if batch.rules != rules(mount, list(conf.mounts().values())):
        reporter.stop(OTHER_SETTINGS)
        return

    def check_lease() -> bool:
        refresh_expiry(registry, lease)
        return lease.is_valid()

    with borrow_bucket(mount) as bucket, send_heartbeats(reporter, check_lease, stop):
        context = SyncContext(mount, SyncOptions(force=batch.force), stop=stop)
        _upload(context.with_lease(lease, bucket), reporter, tasks)
        reporter.close()


def _upload(context: SyncContext, reporter: BatchReporter, tasks: Sequence[Task]) -> None:
    # An error may come while files are submitted, or while the end of the block waits for them.
    with (
        _stop_after_errors(context),
        UploadThreads(context, reporter) as threads,
        _stop_after_errors(context),
    ):
        for request in _requests(context, tasks):
            threads.submit(request)


@contextmanager
def _stop_after_errors(context: SyncContext) -> Iterator[None]:
    """Begin no more uploads after an error, such as the task queue's own when time is up."""
    try:
        yield
    except BaseException:
        context.stop.set()
        raise


def _requests(context: SyncContext, tasks: Sequence[Task]) -> Iterator[UploadRequest]:
    """The files, each with the lookup that the loop would use."""
    # Asked once: uploads that are under way change what is remembered.
    due = set(filter(context.is_lookup_due, tasks))
    unknown = Counter(split(task.name)[0] for task in due)
    lookups = {
        directory: _lookup(context, directory, count) for directory, count in unknown.items()
    }
    for task in tasks:
        yield UploadRequest(task, lookups[split(task.name)[0]] if task in due else no_object)


def _lookup(context: SyncContext, directory: str, unknown: int) -> ObjectLookup:
    if unknown == 1:  # saves the round trip for the count
        return context.bucket.head
    published = context.registry.count(directory)
    return known_objects(context.bucket, directory, unknown, published)
