"""The published set in Redis, and all code that knows Redis.

Read keys (what lies in Redis), commands (`Registry`: what changes it) with lua/, and view (what a
web process knows of it, in an entry_cache) first. directories reads entries, lease says who may
publish (process: whether its holder still runs), hint_stream and task_channel carry messages to the
loop and its workers, journal and only_copies keep what people are shown. replies checks everything
that Redis answers; connection, cluster and scripts talk to the server.
"""

from functools import lru_cache

from django.core.signals import setting_changed

from s3rewrite.conf import SETTING, location_digest
from s3rewrite.core.mounts import Mount
from s3rewrite.registry.commands import Registry
from s3rewrite.registry.connection import close_clients, get_client
from s3rewrite.registry.outcomes import Claim, Outcome, Withdrawn, Write
from s3rewrite.registry.view import View

__all__ = ["Claim", "Outcome", "Registry", "View", "Withdrawn", "Write", "loop_registry", "view_of"]

LOOP_TIMEOUT = 5.0
"""Seconds that commands and the loop wait for an answer of Redis."""


def loop_registry(mount: Mount) -> Registry:
    """The registry of a mount for commands and the loop, which wait longer for Redis."""
    return _registry(mount, LOOP_TIMEOUT)


@lru_cache
def _registry(mount: Mount, timeout: float) -> Registry:
    # One for all threads, and for forked processes: it has no state but the client, whose pool
    # opens connections of its own in each process.
    overwrites = not mount.paths.fingerprinted
    client = get_client(mount.redis or mount.cache, timeout)
    return Registry(mount.alias, client, location_digest(mount), overwrites=overwrites)


@lru_cache
def view_of(mount: Mount) -> View:
    """This process's view of a mount, whose requests wait only shortly for Redis."""
    return View(
        _registry(mount, mount.redis_timeout),
        poll_seconds=mount.poll_seconds,
        max_staleness=mount.max_staleness,
        redis_timeout=mount.redis_timeout,
    )


def _forget(*, setting: str, **_: object) -> None:
    """Make new clients, registries and views after `override_settings` of what they are about."""
    if setting in (SETTING, "CACHES", "STORAGES"):
        view_of.cache_clear()
        _registry.cache_clear()
        close_clients()


setting_changed.connect(_forget)
