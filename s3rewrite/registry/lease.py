"""The lease of a mount: who may publish now. One pass at a time, on all hosts."""

import os
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from uuid import uuid4

import redis

from s3rewrite.core.background import call_every
from s3rewrite.registry.commands import Registry

DURATION = 15.0
"""Seconds for which a lease stands if its holder does not renew it."""


LATE = 960.0
"""Seconds after the end of a lease in which a request of its holder may still arrive at S3.

A service refuses what was signed more than 15 minutes ago; a minute more for a lease that ended
before its holder knew.
https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html (RequestTimeTooSkewed)
"""

MAX_CLAIMS = 100_000
"""Claims of earlier leases that are kept."""


class Lease(str):
    """What `claim`, `publish` and `refresh` want as `lease`; knows how long it stands for sure."""

    until: float

    are_abandoned = False
    """Whether this process is to send and publish nothing more, whatever lease it has."""

    def stands(self) -> bool:
        """Whether it stands by this machine's clock, asleep or awake; asks nobody."""
        return not Lease.are_abandoned and now() < self.until


_held: dict[Lease, Registry] = {}
"""Those of this process."""


def now() -> float:
    """Seconds on a clock that nobody sets, and that goes on while the machine sleeps."""
    return time.clock_gettime(getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC))


class LeaseTaken(Exception):
    """Another pass holds the lease; `holder` is its `host:pid`."""

    def __init__(self, holder: str) -> None:
        super().__init__(f"another pass is running ({holder})")
        self.holder = holder


@contextmanager
def held(registry: Registry, duration: float = DURATION) -> Iterator[Lease]:
    """Hold the mount's lease.

    Renewed by a thread until the end of the block. A holder that was frozen for longer than
    `duration` seconds has lost it, and finds all it tries to publish fenced.
    Raises LeaseTaken, redis.RedisError.
    """
    lease = _acquire(registry, duration)

    def keep() -> None:
        # A failure here needs no report: what is published next is fenced, or fails itself.
        with suppress(redis.RedisError):
            _renew(registry, lease, duration)

    _held[lease] = registry
    try:
        with call_every(duration / 3, keep, thread_name="s3rewrite-lease"):
            yield lease
    finally:
        del _held[lease]
        with suppress(redis.RedisError):
            _renew(registry, lease, 0)


def abandoned() -> list[Callable[[], None]]:
    """No lease of this process stands any more; what gives each of them back in Redis.

    Those raise redis.RedisError.
    """
    Lease.are_abandoned = True
    return [partial(_renew, registry, lease, 0) for lease, registry in _held.items()]


def lease_of_another(registry: Registry, lease: str) -> Lease:
    """A lease that another process holds and renews; it stands as long as Redis says by now.

    Raises redis.RedisError.
    """
    found = Lease(lease)
    found.until = float("-inf")
    renew_by_registry(registry, found)
    return found


def renew_by_registry(registry: Registry, lease: Lease) -> None:
    """See for how long a lease that another process holds stands. Raises redis.RedisError.

    Counted from before the question, so that it never seems to stand for longer than it does.
    """
    asked = now()
    left = registry.scripts.run("lease_left", [registry.keys.lease], [lease])
    lease.until = asked + left / 1000 if left > 0 else float("-inf")


def _acquire(registry: Registry, duration: float) -> Lease:
    owner = f"{socket.gethostname()}:{os.getpid()} {uuid4().hex}"
    own, types = registry.keys, registry.keys.types
    keys = [own.lease, own.fence, own.unconfirmed_writes, own.claims, *types]
    arguments = [owner, int(duration * 1000), int(LATE), MAX_CLAIMS, *types.values()]
    until = now() + duration
    found, is_new, removed = registry.scripts.run("acquire", keys, arguments)
    for key in removed:
        registry.door.dropped(key.decode().removeprefix(f"{own.tag}:"), "another type")
    if own.directories.encode() in removed:
        registry.clear()  # nobody knows any more what is published
    lease = Lease(found.decode(errors="replace"))
    lease.until = until
    if not is_new:
        raise LeaseTaken(lease.split(" ")[1])
    return lease


def _renew(registry: Registry, lease: Lease, duration: float) -> None:
    until = now() + duration
    if registry.scripts.run("renew", [registry.keys.lease], [lease, int(duration * 1000)]):
        lease.until = until
