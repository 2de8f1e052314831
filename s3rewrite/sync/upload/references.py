"""Files that refer to others: what their references become when the files go to S3.

A style sheet on S3 that says `url(/static/x.png)` would ask S3's host for it. So each reference
is changed to lead where it led from the site, or the file stays on the site.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import quote, urljoin, urlsplit

from s3rewrite import conf
from s3rewrite.core.content_types import content_coding, content_type
from s3rewrite.core.mounts import Mount
from s3rewrite.core.paths import parse_local_path, quote_name
from s3rewrite.core.patterns import is_excluded
from s3rewrite.disk.access import find_local_reason
from s3rewrite.disk.signatures import signature_of
from s3rewrite.registry import loop_registry
from s3rewrite.rewriters.outgoing import KINDS, MAX_BYTES, UNREAD, Outgoing, Unreadable
from s3rewrite.rewriters.splice import splice
from s3rewrite.rewriters.types import Link

MAX_REFERENCES = 5_000
"""Different files of the site that a file may refer to: each is looked up."""

TOO_MANY = (
    f"refers to more than {MAX_REFERENCES:,} files of the site, which are not looked for: "
    "divide it into several files"
)


class ReferenceAction(StrEnum):
    """What to do about a reference."""

    KEEP = "keep it as it is"
    PUBLIC_URL = "put the public URL in its place"
    SITE_URL = "put a URL of the site in its place"
    WAIT = "wait until its target is on S3"
    STAY_LOCAL = "keep the file local"


class KeptLocal(Exception):
    """A file stays local, as its references would not work from S3; or not yet."""

    def __init__(self, reason: str, *, waits_for: str = "") -> None:
        super().__init__(reason)
        self.waits_for = waits_for
        """The name of a file of the same mount, or its URL, that is not on S3 yet."""


@dataclass(frozen=True)
class ReferenceFacts:
    """What decides about a reference."""

    elsewhere: bool = False
    """It means the same wherever the file is: another origin, `data:`, a fragment."""
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
    """Browsers read it from the file's own origin only, and it will not be there."""


def decide(facts: ReferenceFacts, *, has_site: bool) -> ReferenceAction:
    """What is done about a reference; `has_site`: SITE_URL is set.

    | leads to                 | on disk | published | readable | action                 |
    |--------------------------|---------|-----------|----------|------------------------|
    | elsewhere                |         |           |          | KEEP                   |
    | out of reach             |         |           |          | STAY_LOCAL             |
    | a mirrored mount         | any     | any       | no       | SITE_URL or STAY_LOCAL |
    | a mirrored mount         | yes     | no        | yes      | WAIT                   |
    | a mirrored mount         | no      | no        | yes      | as below               |
    | its own one, relatively  | yes     | yes       | yes      | KEEP                   |
    | a mirrored mount         | yes     | yes       | yes      | PUBLIC_URL             |
    | any other place          |         |           |          | SITE_URL or STAY_LOCAL |
    """
    if facts.elsewhere:
        return ReferenceAction.KEEP
    if facts.out_of_reach:
        return ReferenceAction.STAY_LOCAL
    if not facts.mirrored or not facts.readable:
        return ReferenceAction.SITE_URL if has_site else ReferenceAction.STAY_LOCAL
    if facts.on_disk and not facts.published:
        return ReferenceAction.WAIT
    return ReferenceAction.KEEP if facts.relative else ReferenceAction.PUBLIC_URL


def refers(name: str) -> bool:
    """Whether a file of that name may refer to others."""
    return content_type(name) in KINDS and not content_coding(name)


def rewrite_references(mount: Mount, name: str, content: object, size: int) -> bytes | None:
    """The bytes to send instead; None to send the file as it is. Raises KeptLocal."""
    if not refers(name):
        return None
    if not isinstance(content, bytes) or size > MAX_BYTES:
        raise KeptLocal(f"larger than {MAX_BYTES:,} bytes: what it refers to is not looked for")
    try:
        urls = KINDS[content_type(name)](content)
        references = _references(mount, name, urls)
    except Unreadable as unreadable:
        raise KeptLocal(str(unreadable)) from None
    except ValueError:
        raise KeptLocal(UNREAD) from None
    # All targets at once, before anything is decided: this is what costs round trips.
    _look_up_targets([reference.target for reference in references.values() if reference.target])
    links = {key: _link(mount, reference) for key, reference in references.items()}
    candidates = [url.candidate for url in urls]
    rewritten = splice(content, candidates, [links[_key(url)] for url in urls])
    return None if rewritten is content else rewritten


@dataclass
class _Target:
    """A file of a mount that a reference leads to: whether it exists, and is on S3 like that."""

    mount: Mount
    name: str
    on_disk: bool = False
    is_published: bool = False


_Key = tuple[bytes, bool, bool, bool]
"""Of the same references in a file: their URL, and the conditions of an Outgoing."""


class OutgoingReference:
    """A URL in a file of a mount, and where it leads. Raises ValueError where that is unclear."""

    def __init__(self, mount: Mount, name: str, key: _Key) -> None:
        self.mount = mount
        self.name = name
        url, self.cors, self.own_origin, self.is_lost = key
        self.url = url.decode()
        # Browsers read some of these characters in another way than urllib.
        if "\\" in self.url or not self.url.isprintable():
            raise ValueError(self.url)
        parts = urlsplit(self.url)
        self.is_elsewhere = bool(parts.scheme or parts.netloc or not self.url.split("#")[0])
        self.site_path = urljoin(conf.url_prefix(mount) + quote_name(name), self.url)
        self.target = None if self.is_elsewhere else _target_of(self.site_path)

    @property
    def facts(self) -> ReferenceFacts:
        """What decides about it."""
        if self.is_elsewhere:
            return ReferenceFacts(elsewhere=True)
        if self.target is None:
            return ReferenceFacts(out_of_reach=self.own_origin)
        mount = self.target.mount
        # A URL without an origin leads on from where the file itself is.
        is_reached = self.mount.paths.is_root_relative or not mount.paths.is_root_relative
        # Nobody could sign a URL in a file.
        mirrored = not (mount.paths.fingerprinted or mount.is_private) and is_reached
        is_own_mount = mount == self.mount
        is_itself = is_own_mount and self.target.name == self.name
        return ReferenceFacts(
            relative=mirrored and is_own_mount and not (self.is_lost or self.url.startswith("/")),
            mirrored=mirrored,
            on_disk=self.target.on_disk,
            # A file that refers to itself finds itself on S3 as soon as it is there.
            published=is_itself or self.target.is_published,
            readable=mount.cors or not self.cors or mount.paths.is_root_relative,
            out_of_reach=self.own_origin and not (mirrored and is_own_mount),
        )


def _key(url: Outgoing) -> _Key:
    return url.candidate.url, *url[1:]


def _references(mount: Mount, name: str, urls: Iterable[Outgoing]) -> dict[_Key, OutgoingReference]:
    """The references of a file, each once. Raises KeptLocal, ValueError."""
    references: dict[_Key, OutgoingReference] = {}
    count = 0
    for key in dict.fromkeys(map(_key, urls)):
        reference = references[key] = OutgoingReference(mount, name, key)
        count += not reference.is_elsewhere
        # Here, not behind the loop: each reference has already cost a look at the disk.
        if count > MAX_REFERENCES:
            raise KeptLocal(TOO_MANY)
    return references


def _target_of(path: str) -> _Target | None:
    """The file that a URL of the site leads to, if its name may go to S3."""
    for mount in conf.mounts().values():
        prefix = conf.url_prefix(mount)
        if prefix and path.startswith(prefix):
            local = parse_local_path(path[len(prefix) :].encode())
            if local is None:
                return None
            excluded = is_excluded(local.name, mount.exclude, mount.include)
            stays = excluded or find_local_reason(conf.storage_of(mount), mount, local.name)
            return None if stays else _Target(mount, local.name)
    return None


def _look_up_targets(targets: Iterable[_Target]) -> None:
    """Ask disk and registry about all targets: one round trip a mount, for up to 200 files."""
    by_mount: defaultdict[Mount, list[_Target]] = defaultdict(list)
    for target in targets:
        by_mount[target.mount].append(target)
    for mount, its_targets in by_mount.items():
        storage, names = conf.storage_of(mount), {target.name for target in its_targets}
        entries = loop_registry(mount).get(names)
        signatures = {name: signature_of(storage, name) for name in names}
        for target in its_targets:
            entry, signature = entries.get(target.name), signatures[target.name]
            target.on_disk = signature is not None
            target.is_published = entry is not None and entry.signature == signature


def _link(mount: Mount, reference: OutgoingReference) -> Link | None:
    """What to put in place of a reference, None to keep it. Raises KeptLocal."""
    action = decide(reference.facts, has_site=bool(mount.site_url))
    target, url = reference.target, reference.url
    if action is ReferenceAction.WAIT:
        waits_for = target.name if target and target.mount == mount else url
        raise KeptLocal(f"waits for {url}, which is not on S3 yet", waits_for=waits_for)
    if action is ReferenceAction.STAY_LOCAL:
        raise KeptLocal(_why_it_stays(reference))
    # Only the part before query and fragment is replaced.
    length = len(url.split("#")[0].split("?")[0].encode())
    if action is ReferenceAction.PUBLIC_URL and target:
        return Link(length, target.mount.paths.url(target.name, "").encode())
    if action is ReferenceAction.SITE_URL:
        path = quote(urlsplit(reference.site_path).path, "/%~")
        return Link(length, (mount.site_url + path).encode())
    return None


def _why_it_stays(reference: OutgoingReference) -> str:
    url, target = reference.url, reference.target
    if reference.facts.out_of_reach:
        return f"refers to {url}, which a browser takes from the file's own origin only"
    if target is None:
        why = "which is not on S3"
    elif target.mount.is_private:
        why = 'which needs a signature ("ACCESS": "private")'
    elif target.mount.paths.fingerprinted:
        why = 'whose key changes with its bytes (KEYS = "fingerprint")'
    elif target.mount.paths.is_root_relative:
        why = "whose PUBLIC_URL leads nowhere from another host"
    else:
        why = 'which S3 would have to send with CORS headers ("CORS": True)'
    return f"refers to {url}, {why}: SITE_URL would lead it back to the site"
