"""Local URL -> link: the one resolver that middleware, template tags and storage share.

A URL is linked to S3 if its name is in the published set and, where the storage is a local
disk, the file is still the one that was uploaded. In any doubt it stays as it is.
"""

import asyncio
import os
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import NamedTuple
from urllib.parse import urlsplit

from django.core.exceptions import DisallowedHost
from django.core.files.storage import FileSystemStorage
from django.http import HttpRequest

from s3rewrite import conf
from s3rewrite.core.counters import count_names, link_counter
from s3rewrite.core.entries import Entry, Signature
from s3rewrite.core.mounts import Mount
from s3rewrite.core.paths import origin_of, parse_local_path
from s3rewrite.disk.signatures import change_of, kernel_id
from s3rewrite.disk.stubs import Stub, stub_at
from s3rewrite.linking.access import Access, PrivateLinks
from s3rewrite.registry import view_of
from s3rewrite.rewriters.types import Link, Scope, Target
from s3rewrite.signing import needs_cookies


class UrlMatch(NamedTuple):
    """A URL that means a name of a mount.

    `length` is that of its prefix and path in bytes. `link` is how to link it; None where that
    depends on the bytes of its file, as keys with fingerprints do.
    """

    mount: Mount
    name: str
    length: int
    link: Link | None
    origin: bytes = b""
    """What a public URL without an origin needs in front of it."""
    signable: Link | None = None
    """Of a private mount: the link that can be signed; without a text where `link` is None."""


@dataclass(frozen=True, eq=False)
class Resolver:
    """Resolves the local URLs of one response, or of none, in one batch.

    `get_resolver` gives the same one for the same settings and host, so a resolver is compared,
    and cached by, its identity.
    """

    mounts: tuple[tuple[Mount, Target], ...]
    origins: tuple[bytes, ...] = ()

    @cached_property
    def targets(self) -> tuple[Target, ...]:
        """What the rewriters look for."""
        return tuple(target for _, target in self.mounts)

    def scope(self, *, utf8: bool, contexts: frozenset[str] = frozenset()) -> Scope:
        """The scope of a response whose body is known to be UTF-8, or not.

        `contexts` are CONTEXTS besides those of the mounts.
        """
        targets = _with_contexts(self.targets, contexts) if contexts else self.targets
        return Scope(targets, self.origins, utf8)

    def resolve(self, urls: Sequence[bytes], access: Access | None = None) -> list[Link | None]:
        """A link for each URL whose file S3 holds; one round trip to Redis at the most.

        Files of private mounts are linked where there is an access, and as that says.
        """
        matches = [self.match(url) for url in urls]
        links = _links(matches)
        for private in _take_private(matches, links) if self.has_private else ():
            _put_back(links, private.grant(access) if access else {})
        return links

    async def aresolve(
        self, urls: Sequence[bytes], access: Access | None = None
    ) -> list[Link | None]:
        """As `resolve`; the event loop does not wait for Redis."""
        matches = [self.match(url) for url in urls]
        if _is_warm(matches):
            # A poll may become due right after `_is_warm`: do not ask Redis in the event loop.
            links = _links(matches, may_ask=False)
        else:
            links = await asyncio.to_thread(_links, matches)
        for private in _take_private(matches, links) if self.has_private else ():
            _put_back(links, await private.agrant(access) if access else {})
        return links

    @cached_property
    def has_private(self) -> bool:
        """Whether any of the mounts is private."""
        return any(mount.is_private for mount, _ in self.mounts)

    def url(self, url: str, access: Access | None = None) -> str:
        """The S3 URL of a local URL, or the URL itself."""
        return _linked(url, self.resolve([_encoded(url)], access)[0])

    async def aurl(self, url: str, access: Access | None = None) -> str:
        """As `url`; the event loop does not wait for Redis."""
        return _linked(url, (await self.aresolve([_encoded(url)], access))[0])

    def match(self, url: bytes) -> UrlMatch | None:
        """The name of a mount that a URL means; None for another URL, or one that is ambiguous."""
        return _cached_match(self, url) if len(url) < _LONGEST_CACHED else _match(self, url)


def _match(resolver: Resolver, url: bytes) -> UrlMatch | None:
    for mount, target in resolver.mounts:
        for prefix in target.prefixes:
            if url.startswith(prefix):
                return _match_name(mount, prefix, url)
    return None


# The same URLs come back page after page. The bound holds most of them, and bounds the memory.
_LONGEST_CACHED = 300  # bytes
_cached_match = lru_cache(maxsize=16_384)(_match)


def _match_name(mount: Mount, prefix: bytes, url: bytes) -> UrlMatch | None:
    path = parse_local_path(url[len(prefix) :])
    if path is None:
        return None
    length, paths, link = len(prefix) + path.path_length, mount.paths, None
    origin = origin_of(prefix) if paths.is_root_relative else b""
    if not paths.fingerprinted:
        # The public prefix takes the place of the local one, and the rest of the path stays.
        link = Link(len(prefix), origin + paths.public_url.encode())
        if b"+" in url[len(prefix) : length]:
            # S3 reads a "+" as a space, so the path is quoted again.
            link = Link(length, origin + paths.url(path.name, "").encode())
    signable = _signable(mount, path.name, origin, url) if mount.is_private else None
    return UrlMatch(mount, path.name, length, link, origin, signable)


def _signable(mount: Mount, name: str, origin: bytes, url: bytes) -> Link:
    """A link in place of all of a URL but its fragment.

    What is signed is the whole URL, as S3 writes it; the site's own query means nothing there.
    """
    paths = mount.paths
    text = b"" if paths.fingerprinted else origin + paths.url(name, "").encode()
    return Link(len(url.partition(b"#")[0]), text)


def _encoded(url: str) -> bytes:
    return url.encode("utf-8", "surrogatepass")


def _linked(url: str, link: Link | None) -> str:
    return (link.written() + _encoded(url)[link.length :]).decode() if link else url


@lru_cache(maxsize=256)
def _with_contexts(targets: tuple[Target, ...], contexts: frozenset[str]) -> tuple[Target, ...]:
    # Cached for its identity too: what rewriters remember of targets is looked up by these.
    return tuple(target._replace(contexts=target.contexts | contexts) for target in targets)


def get_resolver(request: HttpRequest | None = None) -> Resolver:
    """The resolver for a response to `request`; without one, for root-relative URLs.

    URL prefixes are read each time: a relative MEDIA_URL gains the request's SCRIPT_NAME.
    """
    mounts = tuple(conf.mounts().values())
    prefixes = tuple(conf.url_prefix(mount) for mount in mounts)
    host = _host(request) if request else ""
    scheme = request.scheme or "" if request and host else ""
    return _resolver(mounts, prefixes, host, scheme)


@lru_cache(maxsize=256)
def _resolver(
    mounts: tuple[Mount, ...], prefixes: tuple[str, ...], host: str, scheme: str = ""
) -> Resolver:
    pairs = []
    for mount, prefix in zip(mounts, prefixes, strict=True):
        if spellings := _spellings(prefix, (host, *mount.hosts)):
            origin = f"{scheme}://{host}/"
            is_own = mount.paths.is_root_relative or mount.public_url.startswith(origin)
            # Where CORS is asked for, browsers send no cookies to another origin.
            cors = (mount.cors and not needs_cookies(mount)) or is_own
            corp = mount.corp or is_own
            target = Target(spellings, frozenset(mount.contexts), cors, corp, is_own)
            pairs.append((mount, target))
    return Resolver(tuple(pairs), tuple(_origins(host)) if host else ())


def _spellings(prefix: str, hosts: Sequence[str]) -> tuple[bytes, ...]:
    """The ways in which a page writes a mount's prefix; none for one that is not a prefix."""
    _, host, path = urlsplit(prefix)[:3]
    if not path.startswith("/") or not path.strip("/") or not path.endswith("/"):
        return ()
    names = [host] if host else [name for name in dict.fromkeys(hosts) if name]
    absolute = [origin + path.encode() for name in names for origin in _origins(name)]
    return tuple(absolute if host else [path.encode(), *absolute])


def _origins(host: str) -> list[bytes]:
    return [f"{scheme}//{host}".encode() for scheme in ("https:", "http:", "")]


# With a port. https://www.rfc-editor.org/rfc/rfc1035#section-2.3.4
_LONGEST_HOST = 255 + len(":65535")

_HOST = "_s3rewrite_host"
"""The attribute of a request that holds its host: a page of fifty tags asks for it fifty times."""


def _host(request: HttpRequest) -> str:
    """The request's host; "" for one that cannot be one, as visitors choose what they send."""
    host: str | None = getattr(request, _HOST, None)
    if host is None:
        try:
            host = request.get_host()
        except DisallowedHost:
            host = ""
        host = host if len(host) <= _LONGEST_HOST else ""
        setattr(request, _HOST, host)
    return host


def _is_warm(matches: Sequence[UrlMatch | None]) -> bool:
    """Whether the views of all mounts know these names without asking Redis."""
    return all(
        view_of(mount).is_warm([match.name for match in numbered.values()])
        for mount, numbered in _by_mount(matches)
    )


def _links(matches: Sequence[UrlMatch | None], *, may_ask: bool = True) -> list[Link | None]:
    links: list[Link | None] = [None] * len(matches)
    counter = link_counter()
    for mount, numbered in _by_mount(matches):
        view, root = view_of(mount), local_root(mount)
        names = [match.name for match in numbered.values()]
        entries = view.get_many(names) if may_ask else view.get_cached(names)
        is_exact = view.host == kernel_id() != ""
        for (number, match), entry in zip(numbered.items(), entries, strict=True):
            links[number] = _link(match, root, entry, is_exact=is_exact)
        if counter:
            linked = sum(links[number] is not None for number in numbered)
            count_names(counter, view, entries, linked)
    if counter and (ambiguous := matches.count(None)):
        counter.count_local("", "ambiguous", ambiguous)
    return links


def _by_mount(matches: Sequence[UrlMatch | None]) -> list[tuple[Mount, dict[int, UrlMatch]]]:
    """The matches of each mount that is linked, by their places in the batch."""
    groups: dict[str, tuple[Mount, dict[int, UrlMatch]]] = {}
    for number, match in enumerate(matches):
        if match:
            # By the alias: hashing a Mount, which has many fields, takes longer.
            groups.setdefault(match.mount.alias, (match.mount, {}))[1][number] = match
    return [group for group in groups.values() if not conf.uses_finders(group[0])]


def _take_private(
    matches: Sequence[UrlMatch | None], links: list[Link | None]
) -> list[PrivateLinks]:
    """The links of private mounts, which are None among the others from here on."""
    taken: dict[str, PrivateLinks] = {}
    for number, match in enumerate(matches):
        link = links[number]
        if not (match and link and match.signable):
            continue
        alias, signable = match.mount.alias, match.signable
        if alias not in taken:
            taken[alias] = PrivateLinks(match.mount, {}, {})
        taken[alias].names[number] = match.name
        whole = signable if signable.text else signable._replace(text=link.text)
        taken[alias].links[number] = (link, whole)
        links[number] = None
    return list(taken.values())


def _put_back(links: list[Link | None], granted: dict[int, Link]) -> None:
    for number, link in granted.items():
        links[number] = link


def _link(match: UrlMatch, root: str | None, entry: Entry | None, *, is_exact: bool) -> Link | None:
    mount, name = match.mount, match.name
    if entry and is_current(root, name, entry.signature, is_exact=is_exact):
        fingerprint = entry.fingerprint
    elif not mount.keep_local and (stub := _freed_stub(mount, root, name)):
        # There is no local file to link, and S3 holds the bytes whatever Redis says.
        fingerprint = stub.fingerprint
    else:
        return None
    # A key with a fingerprint names the bytes, so the whole public URL depends on them.
    if match.link:
        return match.link
    return Link(match.length, match.origin + mount.paths.url(name, fingerprint).encode())


def local_root(mount: Mount) -> str | None:
    """Where the mount's files lie on the local disk, if they do and CHECK_LOCAL is on."""
    storage = conf.storage_of(mount) if mount.check_local else None
    # A storage of static files without STATIC_ROOT has no location, and so no file.
    return str(storage.location or os.devnull) if isinstance(storage, FileSystemStorage) else None


def is_current(root: str | None, name: str, signature: Signature, *, is_exact: bool) -> bool:
    """Whether the file of a name below `root` still has that signature.

    `is_exact`: the loop runs on this machine, so inode and ctime have to be the same too. Another
    machine may have a copy.
    """
    if root is None:
        return True
    try:
        stat = os.stat(f"{root}/{name}")  # noqa: PTH116 - half the time of Path.stat
    except FileNotFoundError:
        stub = stub_at(f"{root}/{name}")
        return stub is not None and stub.signature == signature.plain
    except OSError:
        return False
    if stat.st_mtime_ns != signature.mtime_ns or stat.st_size != signature.size:
        return False
    return not is_exact or change_of(stat) == signature.change


def _freed_stub(mount: Mount, root: str | None, name: str) -> Stub | None:
    """The stub of a file whose bytes are on S3 alone, where the name's public URL shows them."""
    stub = stub_at(f"{root}/{name}") if root is not None else None
    if stub is None or stub.bucket != mount.bucket:
        return None
    return stub if stub.key == mount.paths.key(name, stub.fingerprint) else None
