"""Local URLs, public URLs and keys: no two mounts share any."""

import re
from collections.abc import Callable
from itertools import combinations
from urllib.parse import urlsplit

from django.core.files.storage import FileSystemStorage, InMemoryStorage, Storage

from s3rewrite import conf
from s3rewrite.checks.aliases import STORAGE
from s3rewrite.checks.rules import (
    Messages,
    Options,
    error,
    on_all,
    on_mount,
    parse_all,
    warning,
    where,
)
from s3rewrite.conf import url_prefix
from s3rewrite.core import paths
from s3rewrite.core.mounts import Mount
from s3rewrite.core.redaction import has_userinfo

_NAME = re.compile(r"(?!\.{1,2}$)[^\\\x00-\x1f\x7f-\x9f]+")
_SCHEMES = ("https", "http")
_BUCKET = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]+")


@on_mount
def local_prefix(mount: Mount, options: Options) -> Messages:
    """E008: a storage whose files, or whose URLs, are not this site's."""
    prefix, storage = _local(mount), conf.find_storage(mount)
    if _is_remote(storage, prefix):
        name = type(storage).__name__
        message = f'{name}, the storage of mount "{mount.alias}", keeps its files elsewhere.'
        hint = f'Files are saved on the disk: set the "BACKEND" of STORAGES["{mount.storage}"] to '
        yield error(8, message, f'{hint}"{STORAGE}"; docs/migrate.md says how to bring them back.')
    elif prefix is not None and not _is_directory(prefix):
        hint = 'Give it one like "/media/": MEDIA_URL, STATIC_URL or the storage\'s "base_url".'
        yield error(8, f'The storage of mount "{mount.alias}" has the URL prefix {prefix!r}.', hint)


@on_all
def overlapping_prefixes(mounts: dict[str, Options]) -> Messages:
    """E009: two mounts that share local URLs."""
    for (first, prefix), (second, other) in _overlapping(mounts, _local):
        message = f'The mounts "{first}" ({prefix}) and "{second}" ({other}) share URLs.'
        yield error(9, message, "Give their storages URL prefixes of which none begins another.")


@on_mount
def public_url(mount: Mount, options: Options) -> Messages:
    """E010: a PUBLIC_URL that a page cannot use."""
    url = mount.public_url
    place = where(mount.alias, "PUBLIC_URL")
    if "PUBLIC_URL" not in options:
        return
    if not is_usable(mount):
        message = f"{place} is {url!r}: not an absolute http(s) URL without query."
        hint = 'Write it as "https://cdn.example.com/media/"; "/s3/media/" is at the site\'s host.'
        yield error(10, message, hint)
    elif not url.endswith("/"):
        yield error(10, f"{place} does not end with a slash.", f'Write "{url}/".')


@on_mount
def userinfo(mount: Mount, options: Options) -> Messages:
    """E033: a user's name or a password in a URL: pages and messages show URLs."""
    client = where(mount.alias, "CLIENT")
    urls = {where(mount.alias, key): options.get(key) for key in ("PUBLIC_URL", "SITE_URL")}
    urls[f'{client}["endpoint_url"]'] = options.get("CLIENT", {}).get("endpoint_url")
    for place, url in urls.items():
        if isinstance(url, str) and has_userinfo(url):
            hint = f'Leave it out. Keys are "aws_access_key_id" and its like in {client}.'
            yield error(33, f"{place} has a user's name or a password before its host.", hint)


@on_mount
def site_url(mount: Mount, options: Options) -> Messages:
    """E026: a SITE_URL that is no origin."""
    url = mount.site_url
    parts = urlsplit(url)
    is_origin = is_absolute(url) and url == f"{parts.scheme}://{parts.netloc}"
    if not url or (is_origin and paths.is_inert(url)):
        return
    message = f"{where(mount.alias, 'SITE_URL')} is {url!r}, which is no origin."
    yield error(26, message, 'Write it as "https://www.example.com": without a path or a slash.')


@on_mount
def quarantine(mount: Mount, options: Options) -> Messages:
    """E027: a QUARANTINE that is no folder, or is inside of PREFIX."""
    if not mount.quarantine:
        return
    place, good = f"{where(mount.alias, 'QUARANTINE')} is {mount.quarantine!r}", "trash/"
    *names, end = mount.quarantine.split("/")
    if end or not all(map(_NAME.fullmatch, names)):
        yield error(27, f"{place}, which is not a folder in the bucket.", f'Write "{good}".')
    elif mount.quarantine.startswith(mount.prefix):
        message = f"{place}: inside of PREFIX, where the mount's own objects are."
        yield error(27, message, f'Name a folder beside it: "{good}".')


@on_mount
def key_prefix(mount: Mount, options: Options) -> Messages:
    """E014: a PREFIX that is no folder in the bucket."""
    prefix = mount.prefix
    *names, end = prefix.split("/")
    if "PREFIX" in options and (end or not all(map(_NAME.fullmatch, names))):
        good = [name for name in re.split(r"[/\\]+", prefix) if _NAME.fullmatch(name)]
        message = f"{where(mount.alias, 'PREFIX')} is {prefix!r}, which is no folder of a bucket."
        hint = f'Write "{"/".join([*good, ""])}": names, each with a slash behind it.'
        yield error(14, message, hint)


@on_all
def overlapping_keys(mounts: dict[str, Options]) -> Messages:
    """E015: two mounts that share keys of a bucket."""
    for (first, _), (second, _) in _overlapping(mounts, _keys):
        bucket = mounts[first]["BUCKET"]
        message = (
            f'The mounts "{first}" and "{second}" write to the same keys of bucket {bucket!r}.'
        )
        yield error(15, message, 'Give them a "PREFIX" each, of which none begins the other.')


@on_mount
def bucket(mount: Mount, options: Options) -> Messages:
    """E021: a text that is no name of a bucket, or an ARN without a PUBLIC_URL."""
    place = where(mount.alias, "BUCKET")
    if mount.bucket.startswith("arn:"):
        if "PUBLIC_URL" not in options:
            message = f"{place} is an ARN, which has no URL that pages could link."
            yield error(21, message, 'Set "PUBLIC_URL".')
    elif not _BUCKET.fullmatch(mount.bucket):
        hint = 'Write the name alone: "uploads-example"; a folder goes to "PREFIX".'
        yield error(21, f"{place} is {mount.bucket!r}, which is not the name of a bucket.", hint)


@on_mount
def other_place(mount: Mount, options: Options) -> Messages:
    """E025: a public URL that is the local one, so that no link would change."""
    prefix = _local(mount)
    if not prefix or not is_usable(mount):
        return
    # A public URL on one of this site's hosts and below the local prefix is the local one.
    hosts = (*mount.hosts, *conf.allowed_hosts())
    local = (prefix, *(f"{scheme}://{host}{prefix}" for host in hosts for scheme in _SCHEMES))
    if mount.public_url.startswith(local):
        message = f'The files of mount "{mount.alias}" have the same URL here and on S3: {prefix}'
        hint = 'MEDIA_URL or "base_url" is where this site serves them, PUBLIC_URL where S3 does.'
        yield error(25, message, hint)


@on_mount
def plain_http(mount: Mount, options: Options) -> Messages:
    """W003: plain HTTP links in HTTPS pages: browsers block them, or warn of them."""
    if conf.is_https_only() and mount.public_url.startswith("http:"):
        message = f'Mount "{mount.alias}" links to {mount.public_url} from pages served over HTTPS.'
        yield warning(3, message, 'Give "PUBLIC_URL" (or "endpoint_url") the scheme https.')


@on_mount
def resource_policy(mount: Mount, options: Options) -> Messages:
    """W016: a CORP header that S3 itself never sends."""
    host = urlsplit(mount.public_url).netloc if is_absolute(mount.public_url) else ""
    if mount.corp and host.endswith((".amazonaws.com", ".amazonaws.com.cn")):
        message = f"{where(mount.alias, 'CORP')} is True, and S3 sends no such header: links break."
        hint = 'Give "PUBLIC_URL" a CDN that adds Cross-Origin-Resource-Policy: cross-origin.'
        yield warning(16, message, hint)


def _is_remote(storage: Storage | None, prefix: str | None) -> bool:
    """Whether files are with a service: with S3, or without a path that is the site's."""
    if storage is None or isinstance(storage, (FileSystemStorage, InMemoryStorage)):
        return False
    is_s3 = any(kind.__module__.startswith("storages.backends.s3") for kind in type(storage).mro())
    return is_s3 or not _is_directory(prefix or "")


def _local(mount: Mount) -> str | None:
    return url_prefix(mount) if conf.find_storage(mount) else None


def _keys(mount: Mount) -> str:
    return f"{conf.endpoint(mount).rstrip('/')} {mount.bucket}/{mount.prefix}"


_Prefix = tuple[str, str]
"""A mount's alias, and the prefix of its URLs or keys."""


def _overlapping(
    mounts: dict[str, Options], prefix_of: Callable[[Mount], str | None]
) -> list[tuple[_Prefix, _Prefix]]:
    """The pairs of mounts where one's prefix begins with the other's."""
    parsed = parse_all(mounts)
    places = [(mount.alias, prefix) for mount in parsed if (prefix := prefix_of(mount))]
    pairs = combinations(places, 2)
    return [(a, b) for a, b in pairs if a[1].startswith(b[1]) or b[1].startswith(a[1])]


def _is_directory(prefix: str) -> bool:
    try:
        path = urlsplit(prefix).path
    except ValueError:
        return False
    return path.startswith("/") and bool(path.strip("/")) and path.endswith("/")


def is_usable(mount: Mount) -> bool:
    """Whether pages can link below the public URL: absolute, or root-relative."""
    url = mount.public_url
    is_path = mount.paths.is_root_relative and len(url) > 1 and paths.is_inert(url)
    return is_absolute(url) or is_path


def is_absolute(url: str) -> bool:
    """Whether an http(s) URL has a host, no query, and inert characters only."""
    return paths.is_inert(url) and bool(re.match(r"(?i)https?://[^/:]", url))
