"""The options in S3REWRITE, each by itself."""

import re
from collections.abc import Mapping

from pathspec import GitIgnoreSpec

from s3rewrite import conf
from s3rewrite.checks.rules import (
    Messages,
    Options,
    error,
    meant,
    mistyped,
    on_all,
    on_mount,
    on_options,
    warning,
    where,
)
from s3rewrite.core.kept_local import ALLOW_WORDS
from s3rewrite.core.mounts import OPTIONS, REQUIRED, Mount, resolve_limit
from s3rewrite.core.presets import PRESETS
from s3rewrite.rewriters.table.conditions import cors
from s3rewrite.rewriters.table.contexts import TABLE
from s3rewrite.rewriters.table.lookup import OPTIONAL_CONTEXTS, is_context

KEYS = ("mirror", "fingerprint")
LOWEST = {
    "THREADS": 1,
    "RATE": 0,
    "BANDWIDTH": 0,
    "FREE_AFTER": 0,
    "SETTLE": 0,
    "MAX_DELETE": 0,
    "POLL_SECONDS": 0,
    "PROBE_SECONDS": 0,
    "REDIS_TIMEOUT": 0.001,
}

_ALIAS = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*")
_HOST = re.compile(r"(?:[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*|\[[0-9A-Fa-f:.]+\])(?::[0-9]+)?")


@on_all
def shape(mounts: dict[str, Options]) -> Messages:
    """E001: a dict of dicts, or of URLs."""
    raw = conf.raw()
    hint = f'Write {conf.SETTING} = {{"media": {{"BUCKET": "…"}}}}.'
    if not isinstance(raw, Mapping):
        yield error(1, f"{conf.SETTING} is not a dict of mounts.", hint)
    elif flat := [str(key) for key in raw if key in OPTIONS]:
        message = f"{conf.SETTING} has the options of a mount itself ({', '.join(flat)})."
        yield error(1, message, f'Put them into a mount: {conf.SETTING} = {{"media": {{…}}}}.')
    else:
        hint += ' A URL is "s3://bucket/prefix/?region=…", without keys.'
        for alias in raw.keys() - mounts.keys():
            yield error(1, f"{conf.SETTING}[{alias!r}] is not a dict or URL with a name.", hint)


@on_options
def required_keys(alias: str, options: Options) -> Messages:
    """E002: a mount without a bucket."""
    for key in REQUIRED:
        if not options.get(key):
            hint = f'Name the bucket: {where(alias, key)} = "uploads-example".'
            yield error(2, f"{where(alias, key)} is missing or empty.", hint)


@on_options
def unknown_keys(alias: str, options: Options) -> Messages:
    """E003: a key that is not an option."""
    for key in options:
        if key not in OPTIONS:
            hint = meant(str(key).upper(), OPTIONS, cutoff=0.5)
            yield error(3, f"{where(alias, key)}: there is no such option.", hint)


@on_options
def types(alias: str, options: Options) -> Messages:
    """E004: a value of another type than the option's."""
    for key, problem, hint in mistyped(options):
        yield error(4, f"{where(alias, key)} {problem}.", hint)


@on_mount
def preset(mount: Mount, options: Options) -> Messages:
    """E034: an unknown preset, or one for a service whose region is not said."""
    place = f"{where(mount.alias, 'PRESET')} is {mount.preset!r}"
    if mount.preset and mount.preset not in PRESETS:
        yield error(34, f"{place}.", meant(mount.preset, PRESETS))
    if "{region}" in conf.endpoint(mount):
        hint = f'Give it as "region_name" in {where(mount.alias, "CLIENT")}.'
        yield error(34, f"{place}, which needs a region.", hint)


@on_mount
def registry_url(mount: Mount, options: Options) -> Messages:
    """E035: a REDIS that is no URL of a Redis."""
    if mount.redis and not mount.redis.startswith(("redis://", "rediss://", "unix://")):
        hint = 'Write it as "redis://127.0.0.1:6379/1": host, port, number of the database.'
        yield error(35, f"{where(mount.alias, 'REDIS')} is not a URL of a Redis.", hint)


@on_mount
def keys(mount: Mount, options: Options) -> Messages:
    """E011: an unknown kind of keys."""
    if mount.keys not in KEYS:
        yield error(11, f"{where(mount.alias, 'KEYS')} is {mount.keys!r}.", meant(mount.keys, KEYS))


@on_mount
def contexts(mount: Mount, options: Options) -> Messages:
    """E012: a context that is not an optional one. W004: one that needs CORS, without CORS."""
    place = where(mount.alias, "CONTEXTS")
    for name in mount.contexts:
        if not is_context(name):
            hint = meant(name, OPTIONAL_CONTEXTS)
            hint += " A place of your own is written like my-card[image] or *[data-hero]."
            yield error(12, f"{place} has {name!r}, which is not one.", hint)
        elif not mount.cors and name in OPTIONAL_CONTEXTS and _needs_cors(name):
            message = f"{place} has {name!r}, which is fetched with CORS: nothing will be linked."
            hint = 'Let the bucket answer with CORS headers, and say so: "CORS": True.'
            yield warning(4, message, hint)


def _needs_cors(name: str) -> bool:
    return all(cors in row.needs for row in TABLE if row.name == name)


@on_mount
def numbers(mount: Mount, options: Options) -> Messages:
    """E016: a number that cannot work. `not value >= least` is true of NaN, too."""
    for key, least in LOWEST.items():
        value = getattr(mount, key.lower())
        if not isinstance(value, str) and not value >= least:
            message = f"{where(mount.alias, key)} is {value!r}, which is below {least}."
            yield error(16, message, "Leave it out, or give a higher number.")
    yield from _max_delete(mount)
    if not mount.max_staleness > mount.poll_seconds:
        place = where(mount.alias, "MAX_STALENESS")
        message = f"{place} is not above POLL_SECONDS: nothing is linked."
        yield error(16, message, "Make MAX_STALENESS a few times POLL_SECONDS.")
    if not mount.delete_grace >= 2 * mount.max_staleness:
        message = f"{where(mount.alias, 'DELETE_GRACE')} is below twice MAX_STALENESS."
        yield error(16, message, "Pages may link an object for that long: make the grace longer.")


def _max_delete(mount: Mount) -> Messages:
    """A limit that is neither a number nor a percentage."""
    try:
        resolve_limit(mount.max_delete, 0)
    except ValueError as problem:
        message = f"{where(mount.alias, 'MAX_DELETE')}: {problem}."
        yield error(16, message, 'Give it a number, or a percentage like "10%".')


@on_options
def alias_name(alias: str, options: Options) -> Messages:
    """E018: an alias that cannot be a part of Redis keys, PREFIX and commands."""
    if not _ALIAS.fullmatch(alias):
        message = f"The mount {alias!r} has a name with other than letters, digits, -, _ and dots."
        yield error(18, message, 'Name it as in STORAGES, like "media" or "static".')


@on_mount
def hosts(mount: Mount, options: Options) -> Messages:
    """E022: a text that is no host as in a browser's `Host` header."""
    for host in mount.hosts:
        if not _HOST.fullmatch(host):
            message = f"{where(mount.alias, 'HOSTS')} has {host!r}, which is not a host."
            hint = 'Write the host alone: "www.example.com", with ":8000" if it has a port.'
            yield error(22, message, hint)


@on_mount
def allow(mount: Mount, options: Options) -> Messages:
    """E032: an unknown word in ALLOW."""
    for word in mount.allow:
        if word not in ALLOW_WORDS and not (mount.is_private and word == mount.access_rule):
            message = f"{where(mount.alias, 'ALLOW')} has {word!r}, which allows nothing."
            yield error(32, message, meant(word, ALLOW_WORDS))


@on_mount
def exclude(mount: Mount, options: Options) -> Messages:
    """E023: a pattern that cannot be read."""
    patterns = [("EXCLUDE", text) for text in mount.exclude]
    patterns += [("INCLUDE", text) for text in mount.include]
    for key, text in patterns:
        try:
            GitIgnoreSpec.from_lines([text])
        except Exception as problem:  # of several libraries
            message = f"{where(mount.alias, key)} has {text!r}, which is no pattern: {problem}"
            yield error(23, message, "Write patterns as in a .gitignore file.")
