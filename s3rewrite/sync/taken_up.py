"""What a worker does with a batch: uploads it under the lease of the pass that handed it out."""

import threading
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from s3rewrite import conf
from s3rewrite.entries import split
from s3rewrite.mounts import Mount
from s3rewrite.registry import Registry, loop_registry
from s3rewrite.registry.desk import Desk
from s3rewrite.registry.lease import Lease, look_again, looked_at
from s3rewrite.sync.adopt import known_objects
from s3rewrite.sync.attempt import Known
from s3rewrite.sync.handouts import Handout, task_of
from s3rewrite.sync.job import Choices, Job
from s3rewrite.sync.lent import lent
from s3rewrite.sync.objects import nothing
from s3rewrite.sync.plan import Task
from s3rewrite.sync.pool import Pool
from s3rewrite.sync.rules import rules
from s3rewrite.sync.teller import Teller, alive
from s3rewrite.sync.upload import Wanted

OTHER_SETTINGS = "a worker has other settings than this pass: start it anew, where they changed"


def take_up(mount: Mount, batch: Handout) -> None:
    """Upload the files of a batch, and tell its pass what became of each.

    Does nothing where the pass has ended, or another worker has taken the batch up.
    Raises redis.RedisError.
    """
    registry = loop_registry(mount)
    desk = Desk(registry, batch.lease)
    lease = looked_at(registry, batch.lease)
    if not (lease.stands() and desk.take_up(batch.id)):
        return
    stop = threading.Event()
    tasks = [task_of(row) for row in batch.rows]
    teller = Teller(desk, batch.id, [task.name for task in tasks], stop)
    if batch.rules != rules(mount, list(conf.mounts().values())):
        teller.stop(OTHER_SETTINGS)
        return
    with lent(mount) as bucket:
        job = Job(mount, Choices(force=batch.force), stop=stop).with_lease(lease, bucket)
        with alive(teller, lambda: _stands(registry, lease), stop):
            _upload(job, teller, tasks)
            teller.closed()


def _stands(registry: Registry, lease: Lease) -> bool:
    look_again(registry, lease)
    return lease.stands()


def _upload(job: Job, teller: Teller, tasks: Sequence[Task]) -> None:
    with _stopped_by_errors(job), Pool(job, teller) as pool, _stopped_by_errors(job):
        for wanted in _wanted(job, tasks):
            pool.submit(wanted)


@contextmanager
def _stopped_by_errors(job: Job) -> Iterator[None]:
    """No more uploads are begun after an error, such as the engine's own when time is up."""
    try:
        yield
    except BaseException:
        job.stop.set()
        raise


def _wanted(job: Job, tasks: Sequence[Task]) -> Iterator[Wanted]:
    """The files, each with how to find out about its object, as a pass in the loop would."""
    unknown = Counter(split(task.name)[0] for task in tasks if task.entry is None)
    lookups = {directory: _lookup(job, directory, count) for directory, count in unknown.items()}
    for task in tasks:
        yield Wanted(task, nothing if task.entry else lookups[split(task.name)[0]])


def _lookup(job: Job, directory: str, unknown: int) -> Known:
    if unknown == 1:
        return job.bucket.head
    published = job.registry.count(directory)
    return known_objects(job.bucket, directory, unknown, published)
