"""Buckets of this process, lent to one batch at a time: a client is dear to make."""

import os
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager

from s3rewrite.mounts import Mount
from s3rewrite.sync.transfer import Bucket

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
