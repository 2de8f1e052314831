"""url -> url: the one resolver that middleware, tags and storage share.

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
from s3rewrite.core.entries import Signature
from s3rewrite.core.mounts import Mount
from s3rewrite.core.paths import LocalPath, Paths, reference
from s3rewrite.disk.stubs import Stub, stub_at
from s3rewrite.registry import view_of
from s3rewrite.rewriters.types import Link, Scope, Target


class UrlMatch(NamedTuple):
    """A URL that means a name of a mount.

    `length` is that of its prefix and path; `link` how to link it, where that does not depend on
    the bytes of its file.
    """

    mount: Mount
    name: str
    length: int
    link: Link | None


@dataclass(frozen=True, eq=False)
class Resolver:
    """Resolves the local URLs of one response, or of none, in one batch.

    There is one of a kind, so it is known by its identity.
    """

    mounts: tuple[tuple[Mount, Target], ...]
    origins: tuple[bytes, ...] = ()

    @cached_property
    def targets(self) -> tuple[Target, ...]:
        """What the rewriters look for."""
        return tuple(target for _, target in self.mounts)

    def targets_with(self, contexts: frozenset[str]) -> tuple[Target, ...]:
        """The targets, with these CONTEXTS besides their own."""
        return _asking(self.targets, contexts) if contexts else self.targets

    def scope(self, *, utf8: bool, contexts: frozenset[str] = frozenset()) -> Scope:
        """The scope of a response whose body is known to be UTF-8, or not."""
        return Scope(self.targets_with(contexts), self.origins, utf8)

    def resolve(self, urls: Sequence[bytes]) -> list[Link | None]:
        """A link for each URL whose file S3 holds; one round trip to Redis at the most."""
        wanted = [self.match(url) for url in urls]
        return _links(wanted)

    async def aresolve(self, urls: Sequence[bytes]) -> list[Link | None]:
        """As `resolve`; the event loop does not wait for Redis."""
        wanted = [self.match(url) for url in urls]
        if _is_warm(wanted):
            # A poll may get due right behind that question: the event loop does not ask.
            return _links(wanted, may_ask=False)
        return await asyncio.to_thread(_links, wanted)

    def url(self, url: str) -> str:
        """The S3 URL of a local URL, or the URL itself."""
        return _linked(url, self.resolve([_encoded(url)])[0])

    async def aurl(self, url: str) -> str:
        """As `url`; the event loop does not wait for Redis."""
        return _linked(url, (await self.aresolve([_encoded(url)]))[0])

    def match(self, url: bytes) -> UrlMatch | None:
        """The name of a mount that a URL means; None for another URL, or one that is ambiguous."""
        return _remembered(self, url) if len(url) < _REMEMBERED else _wanted(self, url)


def _wanted(resolver: Resolver, url: bytes) -> UrlMatch | None:
    for mount, target in resolver.mounts:
        for prefix in target.prefixes:
            if url.startswith(prefix):
                return _reference(mount, prefix, url)
    return None


# The same URLs come back page after page. So long that few are not kept, so short that memory is.
_REMEMBERED = 300
_remembered = lru_cache(maxsize=16_384)(_wanted)


def _encoded(url: str) -> bytes:
    return url.encode("utf-8", "surrogatepass")


def _linked(url: str, link: Link | None) -> str:
    return (link.text + _encoded(url)[link.length :]).decode() if link else url


@lru_cache(maxsize=256)
def _asking(targets: tuple[Target, ...], contexts: frozenset[str]) -> tuple[Target, ...]:
    return tuple(target._replace(contexts=target.contexts | contexts) for target in targets)


def get_resolver(request: HttpRequest | None = None) -> Resolver:
    """The resolver for a response to `request`; without one, for root-relative URLs.

    URL prefixes are read anew each time: a relative MEDIA_URL gains the request's SCRIPT_NAME.
    """
    prefixes = tuple(conf.url_prefix(mount) for mount in conf.mounts().values())
    host = _host(request) if request else ""
    return _resolver(tuple(conf.mounts().values()), prefixes, host)


@lru_cache(maxsize=256)
def _resolver(mounts: tuple[Mount, ...], prefixes: tuple[str, ...], host: str) -> Resolver:
    pairs = [
        (mount, Target(spellings, frozenset(mount.contexts), mount.cors))
        for mount, prefix in zip(mounts, prefixes, strict=True)
        if (spellings := _spellings(prefix, (host, *mount.hosts)))
    ]
    origins = [spelling for name in filter(None, (host,)) for spelling in _origins(name)]
    return Resolver(tuple(pairs), tuple(origins))


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


def _host(request: HttpRequest) -> str:
    """The request's host; "" for one that is none, as a visitor may have made it up."""
    try:
        host = request.get_host()
    except DisallowedHost:
        return ""
    return host if len(host) <= _LONGEST_HOST else ""


def _reference(mount: Mount, prefix: bytes, url: bytes) -> UrlMatch | None:
    found = reference(url[len(prefix) :])
    if found is None:
        return None
    length = len(prefix) + found.path_length
    link = None if mount.paths.fingerprinted else _mirrored(mount.paths, found, prefix, url)
    return UrlMatch(mount, found.name, length, link)


def _mirrored(paths: Paths, found: LocalPath, prefix: bytes, url: bytes) -> Link:
    """The public prefix in place of the local one: the rest of the path is the same.

    A `+` is written anew too, as S3 reads it as a space.
    """
    length = len(prefix) + found.path_length
    if b"+" in url[len(prefix) : length]:
        return Link(length, paths.url(found.name, "").encode())
    return Link(len(prefix), paths.public_url.encode())


def _is_warm(wanted: Sequence[UrlMatch | None]) -> bool:
    return all(
        view_of(mount).is_warm([wanted[i].name for i in places])  # type: ignore[union-attr]
        for mount, places in _by_mount(wanted)
    )


def _links(wanted: Sequence[UrlMatch | None], *, may_ask: bool = True) -> list[Link | None]:
    links: list[Link | None] = [None] * len(wanted)
    counts = link_counter()
    for mount, places in _by_mount(wanted):
        asked = [item for i in places if (item := wanted[i])]
        view = view_of(mount)
        entries = (view.get_many if may_ask else view.known)([item.name for item in asked])
        root, paths = local_root(mount), mount.paths
        for place, item, entry in zip(places, asked, entries, strict=True):
            if entry and is_current(root, item.name, entry.signature):
                links[place] = item.link or _versioned(paths, item, entry.fingerprint)
            elif not mount.keep_local and (stub := freed(mount, root, item.name)):
                # There is no local file to link, and S3 holds the bytes whatever Redis says.
                links[place] = item.link or _versioned(paths, item, stub.fingerprint)
        if counts:
            linked = sum(links[place] is not None for place in places)
            count_names(counts, view, entries, linked)
    if counts and (unclear := wanted.count(None)):
        counts.count_local("", "ambiguous", unclear)
    return links


def _by_mount(wanted: Sequence[UrlMatch | None]) -> list[tuple[Mount, list[int]]]:
    grouped: dict[str, tuple[Mount, list[int]]] = {}
    for place, item in enumerate(wanted):
        if item:
            grouped.setdefault(item.mount.alias, (item.mount, []))[1].append(place)
    return list(grouped.values())


def local_root(mount: Mount) -> str | None:
    """Where the mount's files lie on the local disk, if they do and are to be looked at."""
    storage = conf.storage_of(mount) if mount.check_local else None
    # A storage of static files without STATIC_ROOT has no location, and so no file.
    return str(storage.location or os.devnull) if isinstance(storage, FileSystemStorage) else None


def is_current(root: str | None, name: str, signature: Signature) -> bool:
    """Whether the file of a name below `root` is still the one with that signature."""
    if root is None:
        return True
    try:
        found = os.stat(f"{root}/{name}")  # noqa: PTH116 - half the time of Path.stat
    except FileNotFoundError:
        stub = stub_at(f"{root}/{name}")
        return stub is not None and stub.signature == signature
    except OSError:
        return False
    return found.st_mtime_ns == signature.mtime_ns and found.st_size == signature.size


def freed(mount: Mount, root: str | None, name: str) -> Stub | None:
    """The stub of a file whose bytes are on S3 alone, where the name's public URL shows."""
    stub = stub_at(f"{root}/{name}") if root is not None else None
    if stub is None or stub.bucket != mount.bucket:
        return None
    return stub if stub.key == mount.paths.key(name, stub.fingerprint) else None


def _versioned(paths: Paths, wanted: UrlMatch, fingerprint: str) -> Link:
    """The whole public URL, as its key names the bytes."""
    return Link(wanted.length, paths.url(wanted.name, fingerprint).encode())
