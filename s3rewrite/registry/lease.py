"""The lease of a mount: only the pass that holds it may publish, on however many hosts."""

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
from s3rewrite.registry.process import has_ended, identity

DURATION = 15.0
"""Seconds for which a lease is valid if its holder does not renew it."""

LATE_WRITE_SECONDS = 960.0
"""Seconds after the end of a lease in which a request of its holder may still arrive at S3.

A service refuses what was signed more than 15 minutes ago; a minute more for a lease that ended
before its holder knew.
https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html (RequestTimeTooSkewed)
"""

TOKEN_LENGTH = 32
"""Digits that are random, at the end of a lease."""

MAX_CLAIMS = 100_000
"""Claims of earlier leases that are kept."""


class Lease(str):
    """The `lease` that `claim`, `publish` and `refresh` take: fencing number, host:pid, token.

    The token begins with the identity of the process, unless others may send under its lease.
    """

    valid_until: float
    """By `now`: until then no other pass can hold the lease."""

    are_abandoned = False
    """Whether this process may send and publish nothing more, whatever leases it has."""

    def is_valid(self) -> bool:
        """Whether it is still valid by this machine's clock. Does not ask Redis."""
        return not Lease.are_abandoned and now() < self.valid_until


_held: dict[Lease, Registry] = {}
"""The leases of this process, each with its registry."""


def now() -> float:
    """Seconds on a clock that nobody sets, and that goes on while the machine sleeps."""
    return time.clock_gettime(getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC))


class LeaseTaken(Exception):
    """Another pass holds the lease; `holder` is its `host:pid`."""

    def __init__(self, lease: Lease) -> None:
        _, self.holder, self._token = lease.split(" ")
        super().__init__(f"another pass is running ({self.holder})")
        self.lease = lease

    def has_holder_ended(self) -> bool:
        """Whether the process that took it surely runs no more."""
        pid = self.holder.rpartition(":")[2]
        process = self._token[:-TOKEN_LENGTH]
        return pid.isdecimal() and has_ended(int(pid), process)


@contextmanager
def held(
    registry: Registry, duration: float = DURATION, *, is_shared: bool = False
) -> Iterator[Lease]:
    """Hold the mount's lease.

    Renewed by a thread until the end of the block. A holder that was frozen for longer than
    `duration` seconds has lost it, and finds all it tries to publish fenced. The lease of a process
    that has ended on this machine is taken over at once, unless it `is_shared`: other processes
    may be sending under it. Raises LeaseTaken, redis.RedisError.
    """
    lease = _acquire(registry, duration, "" if is_shared else identity())

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


def abandon_all() -> list[Callable[[], None]]:
    """End all leases of this process. Returns functions that give them back to Redis.

    Those may raise redis.RedisError.
    """
    Lease.are_abandoned = True
    return [partial(_renew, registry, lease, 0) for lease, registry in _held.items()]


def load_lease(registry: Registry, lease: str) -> Lease:
    """A lease that another process holds and renews, as a worker uses it.

    Raises redis.RedisError.
    """
    loaded = Lease(lease)
    refresh_expiry(registry, loaded)
    return loaded


def refresh_expiry(registry: Registry, lease: Lease) -> None:
    """Ask Redis for how long another process's lease is valid. Raises redis.RedisError.

    Counted from before the question, so that it never seems to be valid for longer than it is.
    """
    asked = now()
    milliseconds = registry.scripts.run("lease_left", [registry.keys.lease], [lease])
    lease.valid_until = asked + milliseconds / 1000 if milliseconds > 0 else float("-inf")


def _acquire(registry: Registry, duration: float, process: str) -> Lease:
    owner = f"{socket.gethostname()}:{os.getpid()} {process}{uuid4().hex}"
    try:
        return _ask_for_lease(registry, duration, owner)
    except LeaseTaken as taken:
        if not taken.has_holder_ended():
            raise
        _renew(registry, taken.lease, 0)
        return _ask_for_lease(registry, duration, owner)


def _ask_for_lease(registry: Registry, duration: float, owner: str) -> Lease:
    names, types = registry.keys, registry.keys.types
    keys = [names.lease, names.fence, names.unconfirmed_writes, names.claims, *types]
    arguments = [owner, int(duration * 1000), int(LATE_WRITE_SECONDS), MAX_CLAIMS, *types.values()]
    valid_until = now() + duration  # counted from before the question, as in `refresh_expiry`
    current, is_new, removed = registry.scripts.run("acquire", keys, arguments)
    for key in removed:
        registry.replies.log_dropped(key.decode().removeprefix(f"{names.tag}:"), "another type")
    if names.directories.encode() in removed:
        registry.clear()  # the only list of what is published is lost
    lease = Lease(current.decode(errors="replace"))
    lease.valid_until = valid_until
    if not is_new:
        raise LeaseTaken(lease)
    return lease


def _renew(registry: Registry, lease: Lease, duration: float) -> None:
    until = now() + duration
    if registry.scripts.run("renew", [registry.keys.lease], [lease, int(duration * 1000)]):
        lease.valid_until = until
