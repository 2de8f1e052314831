"""The lease of a mount: who may publish now. One pass at a time, on all hosts."""

import os
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any
from uuid import uuid4

import redis

from s3rewrite.registry.commands import Registry

DURATION = 15.0
"""Seconds for which a lease stands if its holder does not renew it."""


class LeaseTaken(Exception):
    """Another pass holds the lease; `holder` is its `host:pid`."""

    def __init__(self, holder: str) -> None:
        super().__init__(f"another pass is running ({holder})")
        self.holder = holder


@contextmanager
def held(registry: Registry, duration: float = DURATION) -> Iterator[str]:
    """Hold the mount's lease; yields what `claim`, `publish` and `refresh` want as `lease`.

    Renewed by a thread until the end of the block. A holder that was frozen for longer than
    `duration` seconds has lost it, and finds all it tries to publish fenced.
    Raises LeaseTaken, redis.RedisError.
    """
    lease = _acquire(registry, duration)
    done = threading.Event()
    renewer = threading.Thread(
        target=_keep, args=(registry, lease, duration, done), name="s3rewrite-lease", daemon=True
    )
    renewer.start()
    try:
        yield lease
    finally:
        done.set()
        renewer.join()
        with suppress(redis.RedisError):
            _renew(registry, lease, 0)


def _acquire(registry: Registry, duration: float) -> str:
    owner = f"{socket.gethostname()}:{os.getpid()} {uuid4().hex}"
    script = registry.script("acquire")
    keys = [registry.keys.lease, registry.keys.fence]
    found, is_new = script(keys=keys, args=[owner, int(duration * 1000)])
    lease = found.decode()
    if not is_new:
        raise LeaseTaken(lease.split(" ")[1])
    return str(lease)


def _renew(registry: Registry, lease: str, duration: float) -> Any:
    script = registry.script("renew")
    return script(keys=[registry.keys.lease], args=[lease, int(duration * 1000)])


def _keep(registry: Registry, lease: str, duration: float, done: threading.Event) -> None:
    while not done.wait(duration / 3):
        # A failure here needs no report: what is published next is fenced, or fails itself.
        with suppress(redis.RedisError):
            _renew(registry, lease, duration)
