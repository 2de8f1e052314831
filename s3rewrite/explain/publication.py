"""Why a file is linked locally: what the registry, the settings and the disk say of its name."""

import re
from collections.abc import Sequence
from urllib.parse import unquote

import redis
from django.core.exceptions import SuspiciousOperation

from s3rewrite import conf
from s3rewrite.core.entries import is_name
from s3rewrite.core.mounts import Mount
from s3rewrite.core.patterns import is_excluded
from s3rewrite.disk.access import find_local_reason
from s3rewrite.disk.signatures import kernel_id, signature_of
from s3rewrite.explain.reasons import Reason
from s3rewrite.linking.resolver import Resolver, is_current, local_root
from s3rewrite.registry import loop_registry
from s3rewrite.registry.journal import Journal
from s3rewrite.registry.suspension import Suspensions

AMBIGUOUS = Reason("ambiguous", "browser, site and S3 may read its path or its query differently")
CHANGED = Reason("changed", "changed since it was uploaded")
EMPTY = Reason("empty", "nothing of this mount is published: has s3rewrite_loop or _sync run?")
EXCLUDED = Reason("excluded", "EXCLUDE keeps it local, or INCLUDE does not name it")
DEBUG = Reason(
    "debug", "DEBUG is on: Django serves the finders' files, S3 has those of STATIC_ROOT"
)
MISSING = Reason("missing", "there is no such file")
PRIVATE = Reason(
    "private",
    "private: the response is not marked as one for one person (s3rewrite_private), or the rule in "
    "ALLOW does not show it to this visitor",
)
PENDING = Reason("pending", "being uploaded, or its upload failed")
RECENT = Reason("recent", "published, but this process does not know it yet")
REDIS = Reason("redis", "Redis does not answer")
UNPUBLISHED = Reason("unpublished", "not uploaded yet")


def name_at(mount: Mount, url: str) -> str:
    """The name whose object a URL shows, at PUBLIC_URL or the bucket's own; "" for another URL."""
    place = url.partition("//")[2]
    for base in (mount.visitor_url(mount.public_url), conf.bucket_url(mount)):
        _, _, begin = base.partition("//")
        if begin and place.startswith(begin):
            path = re.split("[?#]", place.removeprefix(begin), maxsplit=1)[0]
            found = mount.paths.name(mount.prefix + unquote(path))
            return found[0] if found else ""
    return ""


def why_local(resolver: Resolver, urls: Sequence[bytes]) -> list[Reason]:
    """For each URL that was not linked, the reason; a few round trips to Redis a mount."""
    matches = [resolver.match(url) for url in urls]
    reasons: dict[str, dict[str, Reason | None]] = {}
    for mount in {match.mount.alias: match.mount for match in matches if match}.values():
        names = [match.name for match in matches if match and match.mount.alias == mount.alias]
        reasons[mount.alias] = reasons_by_name(mount, names)
    return [
        (reasons[match.mount.alias][match.name] or RECENT) if match else AMBIGUOUS
        for match in matches
    ]


def reasons_by_name(mount: Mount, names: Sequence[str]) -> dict[str, Reason | None]:
    """Why each name of a mount is not linked; None for one that is published and current."""
    if conf.uses_finders(mount):
        return dict.fromkeys(names, DEBUG)
    registry = loop_registry(mount)
    possible = [name for name in names if is_name(name)]
    try:
        entries, claimed = registry.get(possible), registry.claimed(possible)
        is_empty, host = not entries and registry.is_empty(), registry.host()
        problems = Journal(registry).problems()
        suspended = _why_suspended(Suspensions(registry)) if entries else None
    except redis.RedisError:
        return dict.fromkeys(names, REDIS)
    reasons: dict[str, Reason | None] = {}
    for name in names:
        if name in entries:
            signature, is_exact = entries[name].signature, host == kernel_id() != ""
            is_same = is_current(local_root(mount), name, signature, is_exact=is_exact)
            if is_same:
                otherwise = PRIVATE if mount.is_private else None
                reasons[name] = otherwise if entries[name].freed else suspended or otherwise
            else:
                reasons[name] = CHANGED if _exists(mount, name) else MISSING
        else:
            waiting = PENDING if name in claimed else EMPTY if is_empty else UNPUBLISHED
            if problem := problems.get(name):
                text = f"{problem.kind}: {problem.reason}"
                waiting = Reason(problem.kind.replace(" ", "-"), text)
            reasons[name] = _why_unpublished(mount, name, waiting)
    return reasons


def _why_suspended(suspensions: Suspensions) -> Reason | None:
    sentences = [suspension.sentence for suspension in suspensions.current()]
    return Reason("suspended", "; ".join(sentences)) if sentences else None


def _why_unpublished(mount: Mount, name: str, otherwise: Reason) -> Reason:
    """Why a name is not published, as far as the settings and the disk tell, or `otherwise`."""
    if not is_name(name):
        return MISSING
    if is_excluded(name, mount.exclude, mount.include):
        return EXCLUDED
    if not _exists(mount, name):
        return MISSING
    why = find_local_reason(conf.storage_of(mount), mount, name)
    return Reason(*why) if why else otherwise


def _exists(mount: Mount, name: str) -> bool:
    try:
        return signature_of(conf.storage_of(mount), name) is not None
    except (OSError, SuspiciousOperation, ValueError):
        return False
