"""The published set in Redis, and all code that knows Redis."""

from functools import lru_cache

from django.core.signals import setting_changed

from s3rewrite.conf import SETTING, location_digest
from s3rewrite.core.entries import Entry, Signature
from s3rewrite.core.mounts import Mount
from s3rewrite.registry.commands import Registry
from s3rewrite.registry.connection import close_clients, get_client
from s3rewrite.registry.outcomes import Claim, Outcome, Withdrawn
from s3rewrite.registry.view import Times, View

__all__ = [
    "Claim",
    "Entry",
    "Outcome",
    "Registry",
    "Signature",
    "Times",
    "View",
    "Withdrawn",
    "loop_registry",
    "view_of",
    "web_registry",
]

LOOP_TIMEOUT = 5.0
"""Seconds that commands and the loop wait for an answer of Redis."""


def loop_registry(mount: Mount) -> Registry:
    """The registry of a mount for commands and the loop, which wait longer for Redis."""
    return _registry(mount, LOOP_TIMEOUT)


def web_registry(mount: Mount) -> Registry:
    """The registry of a mount for web processes, with short timeouts."""
    return _registry(mount, mount.redis_timeout)


def _registry(mount: Mount, timeout: float) -> Registry:
    overwrites = not mount.paths.fingerprinted
    return Registry(
        mount.alias, get_client(mount.cache, timeout), location_digest(mount), overwrites=overwrites
    )


def view_of(mount: Mount) -> View:
    """This process's view of a mount."""
    return _view(mount)


@lru_cache
def _view(mount: Mount) -> View:
    times = Times(mount.poll_seconds, mount.max_staleness, mount.redis_timeout)
    return View(web_registry(mount), times)


def _forget(*, setting: str, **_: object) -> None:
    """`override_settings` of the mounts or the caches begins with new clients and views."""
    if setting in (SETTING, "CACHES"):
        _view.cache_clear()
        close_clients()


setting_changed.connect(_forget)
