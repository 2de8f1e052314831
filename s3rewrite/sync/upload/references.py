"""Files that refer to others: what becomes of their references when they go to S3.

A style sheet on S3 that says `url(/static/x.png)` would ask S3's host for it. So each reference
is made to lead where it led from the site, or the file stays on the site.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import quote, urljoin, urlsplit

from s3rewrite import conf
from s3rewrite.conf import url_prefix
from s3rewrite.core.content_types import content_type
from s3rewrite.core.mounts import Mount
from s3rewrite.core.paths import parse_local_path, quote_name
from s3rewrite.core.patterns import is_excluded
from s3rewrite.disk.access import find_local_reason
from s3rewrite.disk.signatures import signature_of
from s3rewrite.registry import loop_registry
from s3rewrite.rewriters.outgoing import KINDS, MAX_BYTES, Outgoing, Unreadable
from s3rewrite.rewriters.splice import splice
from s3rewrite.rewriters.types import Link
from s3rewrite.sync.findings import MAX_PREFIXED_NAME_BYTES

MAX_REFERENCES = 5_000
"""Different files of the site that a file may refer to: each is looked up."""

TOO_MANY = (
    f"refers to more than {MAX_REFERENCES:,} files of the site, which are not looked for: "
    "divide it into several files"
)

_What = tuple[bytes, bool, bool]
"""A URL, and the conditions on which it is fetched, as of an Outgoing."""


class Becomes(StrEnum):
    """What a reference becomes."""

    AS_IT_IS = "as it is"
    PUBLIC = "the public URL"
    SITE = "a URL of the site"
    WAITS = "waits"
    STAYS = "stays"


class KeptLocal(Exception):
    """A file cannot go to S3 without breaking what it refers to; or not yet."""

    def __init__(self, reason: str, *, waits_for: str = "") -> None:
        super().__init__(reason)
        self.waits_for = waits_for
        """The name of a file of the same mount, or its URL, that is not on S3 yet."""


@dataclass(frozen=True)
class Facts:
    """What is known of a reference."""

    elsewhere: bool = False
    """It means the same wherever it stands: another origin, `data:`, a fragment."""
    relative: bool = False
    """It leads to the right object as it is, once the file is on S3."""
    mirrored: bool = False
    """It leads to a mount whose keys are its names."""
    on_disk: bool = False
    published: bool = False
    """The target is on S3 as it is on disk."""
    readable: bool = True
    """A page may read the target from S3: it needs no CORS headers, or S3 sends them."""
    out_of_reach: bool = False
    """It is read from the file's own origin only, and will not be there."""


def decide(facts: Facts, *, has_site: bool) -> Becomes:
    """What becomes of a reference, if `has_site`: SITE_URL is set.

    | leads to                 | on disk | published | readable | becomes                     |
    |--------------------------|---------|-----------|----------|-----------------------------|
    | elsewhere                |         |           |          | as it is                    |
    | out of reach             |         |           |          | stays                       |
    | a mirrored mount         | any     | any       | no       | a URL of the site, or stays |
    | a mirrored mount         | yes     | no        | yes      | waits                       |
    | a mirrored mount         | no      | no        | yes      | as below                    |
    | its own one, relatively  | yes     | yes       | yes      | as it is                    |
    | a mirrored mount         | yes     | yes       | yes      | the public URL              |
    | any other place          |         |           |          | a URL of the site, or stays |
    """
    if facts.elsewhere:
        return Becomes.AS_IT_IS
    if facts.out_of_reach:
        return Becomes.STAYS
    if not facts.mirrored or not facts.readable:
        return Becomes.SITE if has_site else Becomes.STAYS
    if facts.on_disk and not facts.published:
        return Becomes.WAITS
    return Becomes.AS_IT_IS if facts.relative else Becomes.PUBLIC


def refers(name: str) -> bool:
    """Whether a file of that name may refer to others."""
    return content_type(name) in KINDS


def relinked(mount: Mount, name: str, content: object, size: int) -> bytes | None:
    """The bytes to send of a file that refers to others; None to send it as it is.

    Raises KeptLocal.
    """
    if not refers(name):
        return None
    if not isinstance(content, bytes) or size > MAX_BYTES:
        raise KeptLocal(f"larger than {MAX_BYTES:,} bytes: what it refers to is not looked for")
    try:
        found = KINDS[content_type(name)](content)
        references = _references(mount, name, found)
    except (Unreadable, ValueError):
        raise KeptLocal("it cannot be said for sure what it refers to") from None
    _look_up(references.values())
    links = {what: _link(mount, one) for what, one in references.items()}
    each = [links[_what(one)] for one in found]
    sent = splice(content, [one.candidate for one in found], each)
    return None if sent is content else sent


@dataclass
class _Place:
    """A name of a mount, whether there is a file, and whether S3 has that."""

    mount: Mount
    name: str
    on_disk: bool = False
    is_published: bool = False


class OutgoingReference:
    """A URL in a file of a mount, and where it leads. Raises ValueError where that is unclear."""

    def __init__(self, mount: Mount, name: str, what: _What) -> None:
        self.mount = mount
        self.name = name
        url, self.cors, self.own_origin = what
        self.url = url.decode()
        if "\\" in self.url or not self.url.isprintable():
            raise ValueError(self.url)
        parts = urlsplit(self.url)
        self.is_elsewhere = bool(parts.scheme or parts.netloc or not self.url.split("#")[0])
        self.local = urljoin(url_prefix(mount) + quote_name(name), self.url)
        self.place = None if self.is_elsewhere else _place(self.local)

    @property
    def facts(self) -> Facts:
        """What decides what becomes of it."""
        if self.is_elsewhere:
            return Facts(elsewhere=True)
        if self.place is None:
            return Facts(out_of_reach=self.own_origin)
        target = self.place.mount
        mirrored = not target.paths.fingerprinted
        is_itself = target == self.mount and self.place.name == self.name
        return Facts(
            relative=mirrored and target == self.mount and not self.url.startswith("/"),
            mirrored=mirrored,
            on_disk=self.place.on_disk,
            # What refers to itself will be there once it is.
            published=is_itself or self.place.is_published,
            readable=target.cors or not self.cors,
            out_of_reach=self.own_origin and not (mirrored and target == self.mount),
        )


def _what(outgoing: Outgoing) -> _What:
    return outgoing.candidate.url, outgoing.cors, outgoing.own_origin


def _references(
    mount: Mount, name: str, found: Iterable[Outgoing]
) -> dict[_What, OutgoingReference]:
    """The references of a file, each once. Raises KeptLocal, ValueError."""
    references: dict[_What, OutgoingReference] = {}
    count = 0
    for what in dict.fromkeys(map(_what, found)):
        references[what] = OutgoingReference(mount, name, what)
        count += not references[what].is_elsewhere
        if count > MAX_REFERENCES:
            raise KeptLocal(TOO_MANY)
    return references


def _place(local: str) -> _Place | None:
    """The mount and the name that a local URL leads to, if the name may be offloaded."""
    for mount in conf.mounts().values():
        prefix = url_prefix(mount)
        if prefix and local.startswith(prefix):
            found = parse_local_path(local[len(prefix) :].encode())
            if found is None or len((mount.prefix + found.name).encode()) > MAX_PREFIXED_NAME_BYTES:
                return None
            excluded = is_excluded(found.name, mount.exclude, mount.include)
            stays = excluded or find_local_reason(conf.storage_of(mount), mount, found.name)
            return None if stays else _Place(mount, found.name)
    return None


def _look_up(references: Iterable[OutgoingReference]) -> None:
    """What disk and registry say of where they lead: as many round trips as batches of names."""
    by_mount: dict[str, dict[str, list[_Place]]] = {}
    for place in (one.place for one in references if one.place):
        by_mount.setdefault(place.mount.alias, {}).setdefault(place.name, []).append(place)
    for alias, by_name in by_mount.items():
        mount = conf.mount(alias)
        entries = loop_registry(mount).get(by_name)
        for name, places in by_name.items():
            signature, entry = signature_of(conf.storage_of(mount), name), entries.get(name)
            for place in places:
                place.on_disk = signature is not None
                place.is_published = bool(entry and entry.signature == signature)


def _link(mount: Mount, found: OutgoingReference) -> Link | None:
    """What to put in place of a reference. Raises KeptLocal."""
    becomes = decide(found.facts, has_site=bool(mount.site_url))
    length = len(found.url.split("#")[0].split("?")[0].encode())
    if becomes is Becomes.WAITS:
        is_here = found.place and found.place.mount == mount
        waits_for = found.place.name if found.place and is_here else found.url
        raise KeptLocal(f"waits for {found.url}, which is not on S3 yet", waits_for=waits_for)
    if becomes is Becomes.STAYS:
        raise KeptLocal(_why_it_stays(found))
    if becomes is Becomes.PUBLIC and found.place:
        return Link(length, found.place.mount.paths.url(found.place.name, "").encode())
    if becomes is Becomes.SITE:
        return Link(length, (mount.site_url + quote(urlsplit(found.local).path, "/%~")).encode())
    return None


def _why_it_stays(found: OutgoingReference) -> str:
    if found.facts.out_of_reach:
        return f"refers to {found.url}, which a browser takes from the file's own origin only"
    if found.place is None:
        why = "which is not on S3"
    elif found.place.mount.paths.fingerprinted:
        why = 'whose key changes with its bytes (KEYS = "fingerprint")'
    else:
        why = 'which S3 would have to send with CORS headers ("CORS": True)'
    return f"refers to {found.url}, {why}: SITE_URL would lead it back to the site"
