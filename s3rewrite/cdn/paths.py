"""Which paths a CDN is told to forget. Pure."""

from collections.abc import Iterable
from posixpath import commonpath, dirname
from urllib.parse import urlsplit

from s3rewrite.core.mounts import Mount
from s3rewrite.core.paths import quote_name, stem

MOST = 1000
"""Paths of one request. CloudFront takes 3,000 at a time, and each costs 0.005 USD beyond the first
1,000 of a month; a wildcard costs as much as one path.
https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/InvalidationLimits.html"""


def paths_of(mount: Mount, names: Iterable[str]) -> list[str]:
    """The paths of these names' public URLs; "" as a name means all. One path where there are many.

    | KEYS        | a name's path                                   |
    |-------------|-------------------------------------------------|
    | mirror      | `/media/a.jpg`                                  |
    | fingerprint | `/media/a*`: all versions; their number is open |
    """
    root = urlsplit(mount.public_url).path
    paths = sorted({root + (_path(mount, name) if name else "*") for name in names})
    if f"{root}*" in paths:
        return [f"{root}*"]
    if len(paths) <= MOST:
        return paths
    return [commonpath(map(dirname, paths)).rstrip("/") + "/*"]


def _path(mount: Mount, name: str) -> str:
    return quote_name(stem(name)) + "*" if mount.paths.fingerprinted else quote_name(name)
