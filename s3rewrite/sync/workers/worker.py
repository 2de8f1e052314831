"""What a worker does with a batch: uploads it under the lease of the pass that handed it out."""

import os
import threading
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress

import redis

from s3rewrite import conf
from s3rewrite.core.entries import split
from s3rewrite.core.mounts import Mount
from s3rewrite.registry import Registry, loop_registry
from s3rewrite.registry.lease import DURATION, Lease, lease_of_another, renew_by_registry
from s3rewrite.registry.task_channel import Message, TaskChannel
from s3rewrite.s3.bucket import Bucket
from s3rewrite.s3.lookup import known_objects
from s3rewrite.s3.objects import no_object
from s3rewrite.sync.context import SyncContext, SyncOptions
from s3rewrite.sync.plan import Task
from s3rewrite.sync.upload.attempt import End, Known
from s3rewrite.sync.upload.batch import UploadRequest
from s3rewrite.sync.upload.content_rules import rules
from s3rewrite.sync.upload.recorder import HOPELESS
from s3rewrite.sync.upload.threads import Pool
from s3rewrite.sync.workers.messages import UploadBatch, message_of, task_of

_idle: dict[Mount, list[Bucket]] = defaultdict(list)


@contextmanager
def lent(mount: Mount) -> Iterator[Bucket]:
    """The mount's bucket for this block alone, with the connections of whoever had it before."""
    idle = _idle[mount]
    try:
        bucket = idle.pop()
    except IndexError:
        bucket = Bucket(mount)
    yield bucket
    idle.append(bucket)


# A client's connections belong to the process that made it.
os.register_at_fork(after_in_child=_idle.clear)


SIGN = DURATION / 3
"""Seconds between two signs of life."""


class BatchReporter:
    """Listens to the pool of a worker. Every method but `stop` may raise redis.RedisError."""

    def __init__(
        self, desk: TaskChannel, batch: str, names: Iterable[str], stop: threading.Event
    ) -> None:
        self._desk = desk
        self._batch = batch
        self._untold = set(names)
        self._stop = stop

    @property
    def is_over(self) -> bool:
        """Whether no more uploads are to begin."""
        return self._stop.is_set()

    def record_ends(self, ends: Sequence[tuple[UploadRequest, End]]) -> None:
        """Some files, and what became of each. Stops at what every other file would meet too."""
        if any(isinstance(end, HOPELESS) for _, end in ends):
            self._stop.set()
        self._tell({"ends": [[wanted.task.name, message_of(end)] for wanted, end in ends]})
        self._untold.difference_update([wanted.task.name for wanted, _ in ends])

    def stop(self, reason: str) -> None:
        """Something happened that nobody expects: the pass is to stop, if it can be told."""
        self._stop.set()
        with suppress(redis.RedisError):  # then this worker is lost, which is as good
            self._tell({"stop": reason})

    def sign(self) -> None:
        """The worker lives."""
        self._tell({})

    def closed(self) -> None:
        """No more ends will come, though some are missing."""
        if self._untold:
            self._tell({"closed": True})

    def _tell(self, message: Message) -> None:
        self._desk.send([{"batch": self._batch, **message}])


@contextmanager
def alive(teller: BatchReporter, look: Callable[[], bool], stop: threading.Event) -> Iterator[None]:
    """Give signs of life until the end of the block, each followed by a `look` at the lease.

    No sign, no look: a worker that the pass hears no more sends nothing any more. The stop flag
    is set where the look finds that the lease is lost.
    """
    teller.sign()
    done = threading.Event()

    def keep() -> None:
        while not done.wait(SIGN):
            with suppress(redis.RedisError):
                teller.sign()
                if not look():
                    stop.set()

    thread = threading.Thread(target=keep, name="s3rewrite-signs", daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()


OTHER_SETTINGS = "a worker has other settings than this pass: start it anew, where they changed"


def take_up(mount: Mount, batch: UploadBatch) -> None:
    """Upload the files of a batch, and tell its pass what became of each.

    Does nothing where the pass has ended, or another worker has taken the batch up.
    Raises redis.RedisError.
    """
    registry = loop_registry(mount)
    desk = TaskChannel(registry, batch.lease)
    lease = lease_of_another(registry, batch.lease)
    if not (lease.stands() and desk.claim(batch.id)):
        return
    stop = threading.Event()
    tasks = [task_of(row) for row in batch.rows]
    teller = BatchReporter(desk, batch.id, [task.name for task in tasks], stop)
    if batch.rules != rules(mount, list(conf.mounts().values())):
        teller.stop(OTHER_SETTINGS)
        return
    with lent(mount) as bucket:
        job = SyncContext(mount, SyncOptions(force=batch.force), stop=stop).with_lease(
            lease, bucket
        )
        with alive(teller, lambda: _stands(registry, lease), stop):
            _upload(job, teller, tasks)
            teller.closed()


def _stands(registry: Registry, lease: Lease) -> bool:
    renew_by_registry(registry, lease)
    return lease.stands()


def _upload(job: SyncContext, teller: BatchReporter, tasks: Sequence[Task]) -> None:
    with _stopped_by_errors(job), Pool(job, teller) as pool, _stopped_by_errors(job):
        for wanted in _wanted(job, tasks):
            pool.submit(wanted)


@contextmanager
def _stopped_by_errors(job: SyncContext) -> Iterator[None]:
    """No more uploads are begun after an error, such as the engine's own when time is up."""
    try:
        yield
    except BaseException:
        job.stop.set()
        raise


def _wanted(job: SyncContext, tasks: Sequence[Task]) -> Iterator[UploadRequest]:
    """The files, each with how to find out about its object, as a pass in the loop would."""
    unknown = Counter(split(task.name)[0] for task in tasks if task.entry is None)
    lookups = {directory: _lookup(job, directory, count) for directory, count in unknown.items()}
    for task in tasks:
        yield UploadRequest(task, no_object if task.entry else lookups[split(task.name)[0]])


def _lookup(job: SyncContext, directory: str, unknown: int) -> Known:
    if unknown == 1:
        return job.bucket.head
    published = job.registry.count(directory)
    return known_objects(job.bucket, directory, unknown, published)
