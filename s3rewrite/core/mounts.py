"""A mount: its options, their types and their defaults. Pure."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from fractions import Fraction
from typing import Any, Literal

from s3rewrite.core.paths import Paths

_LIMIT = re.compile(r"[0-9]{1,18}(?:\.[0-9]{1,6})?%|[0-9]{1,18}")


def parse_limit(text: str) -> int | str:
    """The limit of a command line: "5" is 5 objects, "10%" stays. Raises ValueError otherwise."""
    resolve_limit(text, 0)
    return text if text.endswith("%") else int(text)


def resolve_limit(limit: int | str, total: int) -> int:
    """How many of `total` objects a limit allows; of a percentage rounded down, at most `total`.

    Raises ValueError where a string is neither a number nor a percentage from 0% to 100%.
    """
    if isinstance(limit, int):
        return limit
    if not _LIMIT.fullmatch(limit):
        raise ValueError(f"{limit!r} is neither a number nor a percentage like 10%")
    if not limit.endswith("%"):
        return int(limit)
    percentage = Fraction(limit[:-1])  # exact: a float would round some limits up
    if percentage > 100:
        raise ValueError(f"{limit!r} is above 100%")
    return int(total * percentage / 100)


@dataclass(frozen=True, slots=True, kw_only=True)
class Mount:
    """One storage offloaded to one bucket. Each field is the setting of that name, in capitals."""

    alias: str
    bucket: str
    preset: str = ""  # its options are in the others already
    storage: str = "default"
    cache: str = "default"
    redis: str = field(default="", hash=False, repr=False)  # a URL, in place of `cache`
    prefix: str
    public_url: str
    # These may have secret keys in them: neither a log nor a debug page shows them.
    client: Mapping[str, Any] = field(default_factory=dict, hash=False, repr=False)
    cdn: Mapping[str, Any] = field(default_factory=dict, hash=False, repr=False)
    object_parameters: Mapping[str, Any] = field(default_factory=dict, hash=False, repr=False)
    compress: str = ""  # a content coding
    keys: Literal["mirror", "fingerprint"] = "mirror"
    exclude: tuple[str, ...] = ()
    include: tuple[str, ...] = ()
    allow: tuple[str, ...] = ()  # ALLOW_WORDS of `kept_local`, and an `access_rule`
    settle: float = 2.0  # seconds
    contexts: tuple[str, ...] = ()
    preconnect: bool = True
    hosts: tuple[str, ...] = ()
    site_url: str = ""
    cors: bool = False
    corp: bool = False
    checksums: bool = True
    threads: int = 16
    uploads: Literal["loop", "tasks"] = "loop"
    tasks: str = "default"  # an alias in TASKS
    rate: float = 0.0  # uploads a second, 0 for as many as can be
    bandwidth: int = 0  # bytes a second, 0 for as many as can be
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
    link_in_debug: bool = False
    probe_seconds: float = 2.0  # 0 for no probes
    access: Literal["public", "private"] = "public"
    signing: Mapping[str, Any] = field(default_factory=dict, hash=False, repr=False)
    window: int = 3600  # seconds

    @property
    def is_private(self) -> bool:
        """Whether visitors get its objects by a signature alone."""
        return self.access == "private"

    @property
    def access_rule(self) -> str:
        """The dotted path in ALLOW of the function that says who may see which names, or ""."""
        return next((word for word in self.allow if "." in word), "")

    def visitor_url(self, url: str) -> str:
        """A public URL with a scheme and a host, for who is no page; "" where nothing says which.

        | `url`                  | SITE_URL | result                       |
        |------------------------|----------|------------------------------|
        | https://cdn.test/a.jpg | any      | the same                     |
        | //cdn.test/a.jpg       | any      | https://cdn.test/a.jpg       |
        | /s3/a.jpg              | set      | SITE_URL, and the path       |
        | /s3/a.jpg              | ""       | ""                           |
        """
        if url.startswith("//"):
            return f"https:{url}"
        if not url.startswith("/"):
            return url
        return self.site_url and self.site_url + url

    @property
    def paths(self) -> Paths:
        """The mount's rules from names to keys and public URLs."""
        return Paths(self.prefix, self.public_url, self.keys == "fingerprint")


# A list is as good as a tuple, and an int as a float.
_ACCEPTED: dict[Any, Any] = {
    float: (int, float),
    tuple[str, ...]: (list, tuple),
    int | str: (int, str),
    Mapping[str, Any]: Mapping,
    Literal["mirror", "fingerprint"]: str,
    Literal["public", "private"]: str,
    Literal["loop", "tasks"]: str,
}

OPTIONS: dict[str, type | tuple[type, ...]] = {
    option.name.upper(): _ACCEPTED.get(option.type, option.type)
    for option in fields(Mount)
    if option.name != "alias"
} | {"ALLOW": (str, list, tuple)}
"""Every key of a mount in S3REWRITE, with the type of its value."""

REQUIRED = ("BUCKET",)
