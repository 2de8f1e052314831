"""Why a file is linked locally: what the registry, the settings and the disk say of its name."""

from collections.abc import Sequence

import redis
from django.core.exceptions import SuspiciousOperation

from s3rewrite import conf
from s3rewrite.core.entries import Entry, is_name
from s3rewrite.core.mounts import Mount
from s3rewrite.core.patterns import is_excluded
from s3rewrite.disk.ground import kept_local
from s3rewrite.disk.signatures import signature_of
from s3rewrite.explain import Reason
from s3rewrite.linking.resolver import Resolver, is_current, local_root
from s3rewrite.registry import loop_registry

AMBIGUOUS = Reason("ambiguous", "browser, site and S3 may read its path or its query differently")
CHANGED = Reason("changed", "changed since it was uploaded")
EMPTY = Reason("empty", "nothing is published of this mount: has s3rewrite_loop or _sync run?")
EXCLUDED = Reason("excluded", "EXCLUDE keeps it local, or INCLUDE does not name it")
MISSING = Reason("missing", "there is no such file")
PENDING = Reason("pending", "being uploaded, or its upload failed")
RECENT = Reason("recent", "published, but this process has not heard of it yet")
REDIS = Reason("redis", "Redis does not answer")
UNPUBLISHED = Reason("unpublished", "not uploaded yet")


def why_local(resolver: Resolver, urls: Sequence[bytes]) -> list[Reason]:
    """For each URL that was not linked, the reason; a few round trips to Redis a mount."""
    wanted = [resolver.match(url) for url in urls]
    found: dict[tuple[str, str], Reason | None] = {}
    for mount in {item.mount.alias: item.mount for item in wanted if item}.values():
        names = [item.name for item in wanted if item and item.mount.alias == mount.alias]
        found |= {(mount.alias, name): why for name, why in reasons_by_name(mount, names).items()}
    return [
        (found[item.mount.alias, item.name] or RECENT) if item else AMBIGUOUS for item in wanted
    ]


def reasons_by_name(mount: Mount, names: Sequence[str]) -> dict[str, Reason | None]:
    """Why each name of a mount is not linked; None for one that is published and current."""
    registry = loop_registry(mount)
    possible = [name for name in names if is_name(name)]
    try:
        entries, claimed = registry.get(possible), registry.claimed(possible)
        is_empty = not entries and registry.is_empty()
    except redis.RedisError:
        return dict.fromkeys(names, REDIS)
    return {
        name: of_entry(mount, name, entries[name])
        if name in entries
        else of_unpublished(mount, name, EMPTY if is_empty else _waiting(name, claimed))
        for name in names
    }


def of_entry(mount: Mount, name: str, entry: Entry) -> Reason | None:
    """Why a published name is not linked: its file is another one by now. None if it is not."""
    if is_current(local_root(mount), name, entry.signature):
        return None
    return CHANGED if _exists(mount, name) else MISSING


def of_unpublished(mount: Mount, name: str, otherwise: Reason) -> Reason:
    """Why a name is not published, as far as the settings and the disk tell."""
    if not is_name(name):
        return MISSING
    if is_excluded(name, mount.exclude, mount.include):
        return EXCLUDED
    if not _exists(mount, name):
        return MISSING
    why = kept_local(conf.storage_of(mount), mount, name)
    return Reason(*why) if why else otherwise


def _waiting(name: str, claimed: set[str]) -> Reason:
    return PENDING if name in claimed else UNPUBLISHED


def _exists(mount: Mount, name: str) -> bool:
    try:
        return signature_of(conf.storage_of(mount), name) is not None
    except (OSError, SuspiciousOperation, ValueError):
        return False
