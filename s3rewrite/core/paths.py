"""Local URL <-> name <-> key <-> public URL: every rule on encodings lives here. Pure."""

import re
from dataclasses import dataclass
from typing import NamedTuple
from urllib.parse import quote, unquote_to_bytes

FINGERPRINT_DIGITS = 12
"""Hexadecimal digits of the fingerprint that a key carries."""

MAX_KEY_BYTES = 1024
"""https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-keys.html"""

# What a URL's path may not hold if a browser, Django and S3 are to read the same name in it.
_AMBIGUOUS = re.compile(rb"(?i)\\|//|%(?:2f|5c)|%(?![0-9a-f]{2})")
_DOT_SEGMENT = re.compile(rb"(?i)(?:^|/)(?:\.|%2e){1,2}(?:/|$)")

# `photos/a.3f9c2b1d0a4e.jpg`; behind a name without a stem (`.hidden`) the version is the end.
_VERSIONED = re.compile(
    rf"(?P<stem>(?:.*/)?[^/]+?)\.(?P<version>[0-9a-f]{{{FINGERPRINT_DIGITS}}})"
    r"(?P<extension>\.[^/.]*)?",
    re.DOTALL,
)

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")

_INERT = re.compile(r"[A-Za-z0-9._~:/%-]*")
_VERSION = re.compile(rf"[0-9a-f]{{{FINGERPRINT_DIGITS}}}")

# A query that S3 would read as a request for something else than the object's bytes: its
# subresources, a version, a signature or an override of the response's headers.
_SUBRESOURCES = frozenset(
    """
    abac accelerate acl analytics attributes cors delete encryption intelligent-tiering inventory
    legal-hold lifecycle list-type location logging metadata metrics notification object-lock
    ownershipcontrols partnumber policy policystatus publicaccessblock renameobject replication
    requestpayment restore retention select select-type session tagging torrent uploadid uploads
    versionid versioning versions website awsaccesskeyid expires signature
    """.split()
)
_SUBRESOURCE_PREFIXES = ("response-", "x-amz-", "x-id")


class LocalPath(NamedTuple):
    """A local URL behind its mount's prefix: the name it means, and where its path ends."""

    name: str
    path_length: int


@dataclass(frozen=True, slots=True)
class Paths:
    """One mount's rules from names to keys and public URLs."""

    prefix: str
    public_url: str
    fingerprinted: bool

    def key(self, name: str, fingerprint: str) -> str:
        """The object's key: `photos/a.jpg`, or `photos/a.3f9c2b1d0a4e.jpg` under "fingerprint"."""
        return self.prefix + (versioned(name, fingerprint) if self.fingerprinted else name)

    def name(self, key: str) -> tuple[str, str] | None:
        """The name that a key is for, and the beginning of the fingerprint that it carries.

        None for a key that is not of this mount; "" for the fingerprint where keys carry none.
        """
        if not key.startswith(self.prefix) or key.endswith("/"):
            return None
        rest = key[len(self.prefix) :]
        return unversioned(rest) if self.fingerprinted else (rest, "")

    def url(self, name: str, fingerprint: str) -> str:
        """The object's public URL. Raises ValueError where not all of its characters are inert."""
        url = self.public_url + quote_name(
            versioned(name, fingerprint) if self.fingerprinted else name
        )
        if not is_inert(url):
            raise ValueError(f"{url!r} may not stand in a page")
        return url


def versioned(name: str, fingerprint: str) -> str:
    """The name with the start of its fingerprint before the extension.

    Raises ValueError where that is none: it would lead elsewhere.
    """
    directory, slash, basename = name.rpartition("/")
    stem, dot, extension = basename.rpartition(".")
    version = fingerprint[:FINGERPRINT_DIGITS]
    if not _VERSION.fullmatch(version):
        raise ValueError(f"{fingerprint!r} is no fingerprint")
    if not stem:
        return f"{name}.{version}"
    return f"{directory}{slash}{stem}.{version}{dot}{extension}"


def unversioned(versioned_name: str) -> tuple[str, str] | None:
    """The name and the version that `versioned` made one of; None where it made none."""
    found = _VERSIONED.fullmatch(versioned_name)
    if found is None:
        return None
    return found["stem"] + (found["extension"] or ""), found["version"]


def quote_name(name: str) -> str:
    """The name as the path of a URL: UTF-8, everything but `A-Za-z0-9._~/-` as %XX."""
    return quote(name, safe="/~")


def is_linkable(name: str) -> bool:
    """Whether some URL can mean a name, as `reference` reads it."""
    return not ("\\" in name or _CONTROL.search(name))


def is_inert(text: str) -> bool:
    """Whether a text may be spliced into any context as it is."""
    return _INERT.fullmatch(text) is not None


def parse_local_path(rest: bytes) -> LocalPath | None:
    """The name that a URL means by what follows the mount's prefix in it, or None: leave it.

    In: bytes, with the escapes of HTML, CSS or JSON undone. The path ends at `?` or `#`
    (RFC 3986, 3), is percent-decoded once and must be UTF-8. None for whatever browser, site
    and S3 may read differently (dot segments, `//`, `\\`, an encoded slash, control
    characters, a bad percent sign) and for a query that S3 would obey.
    """
    path_length = _end(rest, b"?#")
    path, query = rest[:path_length], _query(rest[path_length:])
    if not path or path.endswith(b"/") or _ambiguous(path) or not is_harmless_query(query):
        return None
    try:
        name = unquote_to_bytes(path).decode("utf-8")
    except UnicodeDecodeError:
        return None
    return None if _CONTROL.search(name) else LocalPath(name, path_length)


def is_harmless_query(query: bytes) -> bool:
    """Whether S3 answers a URL with this query (without `?`) as it does without it."""
    names = [unquote_to_bytes(part.partition(b"=")[0]) for part in re.split(rb"[&;]", query)]
    words = [name.decode("latin-1").strip().lower() for name in names]
    return not any(
        word in _SUBRESOURCES or word.startswith(_SUBRESOURCE_PREFIXES) for word in words
    )


def bucket_url(bucket: str, prefix: str, endpoint: str, region: str) -> str:
    """The URL under which the service itself shows the objects below `prefix`.

    With an endpoint path-style, as every compatible service answers to it; on AWS
    virtual-hosted, but for a bucket with dots, which no wildcard certificate covers.
    https://docs.aws.amazon.com/AmazonS3/latest/userguide/VirtualHosting.html
    """
    quoted = quote_name(prefix)
    if endpoint:
        return f"{endpoint.rstrip('/')}/{bucket}/{quoted}"
    host = f"s3.{region}.amazonaws.com" if region else "s3.amazonaws.com"
    if region.startswith("cn-"):
        host += ".cn"  # a partition of its own
    if "." in bucket:
        return f"https://{host}/{bucket}/{quoted}"
    return f"https://{bucket}.{host}/{quoted}"


def _ambiguous(path: bytes) -> bool:
    # The prefix before ends with a slash, so one at the start makes two.
    return path.startswith(b"/") or bool(_AMBIGUOUS.search(path) or _DOT_SEGMENT.search(path))


def _query(suffix: bytes) -> bytes:
    return suffix[1 : _end(suffix, b"#")] if suffix.startswith(b"?") else b""


def _end(text: bytes, stops: bytes) -> int:
    found = [at for at in map(text.find, (stops[i : i + 1] for i in range(len(stops)))) if at >= 0]
    return min(found, default=len(text))
