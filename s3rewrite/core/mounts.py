"""A mount: its options, their types and their defaults. Pure."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any, Literal

from s3rewrite.core.paths import Paths

_WRITTEN = re.compile(r"([0-9]{1,18})(?:\.([0-9]{1,6}))?%|([0-9]{1,18})")
_MILLION = 1_000_000


def parse_limit(written: str) -> int | str:
    """What a command line says: "5" is 5 objects, "10%" stays. Raises ValueError otherwise."""
    resolve_limit(written, 0)
    return written if written.endswith("%") else int(written)


def resolve_limit(limit: int | str, total: int) -> int:
    """How many of `total` objects a limit allows; of a percentage rounded down, at most `total`.

    Raises ValueError where a string is neither a number nor a percentage from 0% to 100%.
    """
    if isinstance(limit, int):
        return limit
    match = _WRITTEN.fullmatch(limit)
    if match is None:
        raise ValueError(f"{limit!r} is neither a number nor a percentage like 10%")
    whole, fraction, number = match.groups()
    if number:
        return int(number)
    millionths = int(whole) * _MILLION + int((fraction or "").ljust(6, "0"))
    if millionths > 100 * _MILLION:
        raise ValueError(f"{limit!r} is above 100%")
    return total * millionths // (100 * _MILLION)


@dataclass(frozen=True, slots=True, kw_only=True)
class Mount:
    """One storage offloaded to one bucket. Each field is the setting of that name, in capitals."""

    alias: str
    bucket: str
    storage: str = "default"
    cache: str = "default"
    prefix: str
    public_url: str
    # These may have keys in them: neither a log nor a debug page shows them.
    client: Mapping[str, Any] = field(default_factory=dict, hash=False, repr=False)
    object_parameters: Mapping[str, Any] = field(default_factory=dict, hash=False, repr=False)
    compress: str = ""  # a content coding
    keys: Literal["mirror", "fingerprint"] = "mirror"
    exclude: tuple[str, ...] = ()
    include: tuple[str, ...] = ()
    allow: tuple[str, ...] = ()  # words of `meant`
    settle: float = 2.0  # seconds
    contexts: tuple[str, ...] = ()
    hosts: tuple[str, ...] = ()
    site_url: str = ""
    cors: bool = False
    checksums: bool = True
    threads: int = 16
    uploads: Literal["loop", "tasks"] = "loop"
    tasks: str = "default"  # an alias in TASKS
    rate: float = 0.0  # uploads a second, 0 for as many as can be
    delete_missing: bool = False
    delete_grace: float = 3600.0  # seconds
    max_delete: int | str = 1000  # objects a pass, or "10%" of them
    quarantine: str = ""  # a key prefix
    keep_local: bool = True
    free_after: float = 86_400.0  # seconds
    max_staleness: float = 5.0  # seconds
    poll_seconds: float = 1.0
    redis_timeout: float = 0.25  # seconds, of a web process
    check_local: bool = True

    @property
    def paths(self) -> Paths:
        """The mount's rules from names to keys and public URLs."""
        return Paths(self.prefix, self.public_url, self.keys == "fingerprint")


OPTIONS: dict[str, type | tuple[type, ...]] = {
    "BUCKET": str,
    "STORAGE": str,
    "CACHE": str,
    "PREFIX": str,
    "PUBLIC_URL": str,
    "CLIENT": Mapping,
    "OBJECT_PARAMETERS": Mapping,
    "COMPRESS": str,
    "KEYS": str,
    "EXCLUDE": (list, tuple),
    "INCLUDE": (list, tuple),
    "ALLOW": (list, tuple),
    "SETTLE": (int, float),
    "CONTEXTS": (list, tuple),
    "HOSTS": (list, tuple),
    "SITE_URL": str,
    "CORS": bool,
    "CHECKSUMS": bool,
    "THREADS": int,
    "RATE": (int, float),
    "UPLOADS": str,
    "TASKS": str,
    "DELETE_MISSING": bool,
    "DELETE_GRACE": (int, float),
    "MAX_DELETE": (int, str),
    "QUARANTINE": str,
    "KEEP_LOCAL": bool,
    "FREE_AFTER": (int, float),
    "MAX_STALENESS": (int, float),
    "POLL_SECONDS": (int, float),
    "REDIS_TIMEOUT": (int, float),
    "CHECK_LOCAL": bool,
}
"""Every key of a mount in S3REWRITE, with the type of its value."""

REQUIRED = ("BUCKET",)

assert set(OPTIONS) == {f.name.upper() for f in fields(Mount)} - {"ALIAS"}  # noqa: S101
