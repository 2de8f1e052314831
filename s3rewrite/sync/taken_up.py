"""What a worker does with a batch: uploads it under the lease of the pass that handed it out."""

import threading
from collections import Counter
from collections.abc import Iterator, Sequence

from s3rewrite.entries import split
from s3rewrite.mounts import Mount
from s3rewrite.registry import Registry, loop_registry
from s3rewrite.registry.desk import Desk
from s3rewrite.registry.lease import Lease, look_again, looked_at
from s3rewrite.sync.adopt import known_objects
from s3rewrite.sync.attempt import Known
from s3rewrite.sync.handouts import Row, task_of
from s3rewrite.sync.job import Choices, Job
from s3rewrite.sync.lent import lent
from s3rewrite.sync.objects import nothing
from s3rewrite.sync.plan import Task
from s3rewrite.sync.pool import Pool
from s3rewrite.sync.teller import Teller, alive
from s3rewrite.sync.upload import Wanted


def take_up(mount: Mount, lease: str, batch: str, rows: Sequence[Row], *, force: bool) -> None:
    """Upload the files of a batch, and tell its pass what became of each.

    Does nothing where the pass has ended, or another worker has taken the batch up.
    Raises redis.RedisError.
    """
    registry = loop_registry(mount)
    desk = Desk(registry, lease)
    standing = looked_at(registry, lease)
    if not (standing.stands() and desk.take_up(batch)):
        return
    stop = threading.Event()
    tasks = [task_of(row) for row in rows]
    teller = Teller(desk, batch, [task.name for task in tasks], stop)
    with lent(mount) as bucket:
        job = Job(mount, Choices(force=force), stop=stop).with_lease(standing, bucket)
        with alive(teller, lambda: _stands(registry, standing), stop):
            _upload(job, teller, tasks)
            teller.closed()


def _stands(registry: Registry, lease: Lease) -> bool:
    look_again(registry, lease)
    return lease.stands()


def _upload(job: Job, teller: Teller, tasks: Sequence[Task]) -> None:
    with Pool(job, teller) as pool:
        try:
            for wanted in _wanted(job, tasks):
                pool.submit(wanted)
        except BaseException:  # such as the engine's own, after its time for a task
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
