"""Local URL <-> name <-> key <-> public URL: every rule on encodings lives here. Pure."""

import re
from dataclasses import dataclass
from typing import NamedTuple
from urllib.parse import quote, unquote_to_bytes

FINGERPRINT_DIGITS = 12
"""Hexadecimal digits of the fingerprint that a key carries."""

MAX_KEY_BYTES = 1024
"""https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-keys.html"""

# RFC 3986, 3: the path ends at `?` or `#`, the query at `#`.
_PATH_AND_QUERY = re.compile(rb"([^?#]*)(?:\?([^#]*))?")

# What a URL's path may not have if a browser, Django and S3 are to read the same name in it. The
# prefix before it ends with a slash, so one at the start makes two.
_AMBIGUOUS = re.compile(rb"(?i)^/|\\|//|%(?:2f|5c)|%(?![0-9a-f]{2})|(?:^|/)(?:\.|%2e){1,2}(?:/|$)")

# `photos/a.3f9c2b1d0a4e.jpg`; behind a name without a stem (`.hidden`) the version is the end.
_VERSIONED = re.compile(
    rf"(?P<stem>(?:.*/)?[^/]+?)\.(?P<version>[0-9a-f]{{{FINGERPRINT_DIGITS}}})"
    r"(?P<extension>\.[^/.]*)?",
    re.DOTALL,
)

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")

_INERT = re.compile(r"[A-Za-z0-9._~:/%-]*")
_VERSION = re.compile(rf"[0-9a-f]{{{FINGERPRINT_DIGITS}}}")

# Parameters by which S3 reads a query as a request for something else than the object's bytes: its
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

    @property
    def max_name_bytes(self) -> int:
        """Bytes of the longest name whose key S3 takes."""
        version = len(".") + FINGERPRINT_DIGITS if self.fingerprinted else 0
        return MAX_KEY_BYTES - len(self.prefix.encode()) - version

    @property
    def is_root_relative(self) -> bool:
        """Whether public URLs have no origin: they are at that of the URL which they replace."""
        return self.public_url.startswith("/") and not self.public_url.startswith("//")

    def key(self, name: str, fingerprint: str) -> str:
        """The object's key: `photos/a.jpg`, or `photos/a.3f9c2b1d0a4e.jpg` under "fingerprint"."""
        return self.prefix + (versioned(name, fingerprint) if self.fingerprinted else name)

    def name(self, key: str) -> tuple[str, str] | None:
        """The name that a key stands for, and the beginning of the fingerprint in it.

        None for a key of another mount; "" for the fingerprint where keys carry none.
        """
        if not key.startswith(self.prefix) or key.endswith("/"):
            return None
        rest = key[len(self.prefix) :]
        return split_version(rest) if self.fingerprinted else (rest, "")

    def url(self, name: str, fingerprint: str) -> str:
        """The object's public URL. Raises ValueError where not all of its characters are inert."""
        path = versioned(name, fingerprint) if self.fingerprinted else name
        url = self.public_url + quote_name(path)
        if not is_inert(url):
            raise ValueError(f"{url!r} may not stand in a page")
        return url


def versioned(name: str, fingerprint: str) -> str:
    """The name with the start of its fingerprint before the extension.

    Raises ValueError where `fingerprint` is none: the URL would lead elsewhere.
    """
    directory, slash, basename = name.rpartition("/")
    stem, dot, extension = basename.rpartition(".")
    version = fingerprint[:FINGERPRINT_DIGITS]
    if not _VERSION.fullmatch(version):
        raise ValueError(f"{fingerprint!r} is no fingerprint")
    if not stem:
        return f"{name}.{version}"
    return f"{directory}{slash}{stem}.{version}{dot}{extension}"


def stem(name: str) -> str:
    """What all versions of a name begin with: `photos/a` of `photos/a.jpg`."""
    directory, slash, basename = name.rpartition("/")
    return f"{directory}{slash}{basename.rpartition('.')[0] or basename}"


def split_version(versioned_name: str) -> tuple[str, str] | None:
    """The name and the version that `versioned` joined; None for any other text."""
    if match := _VERSIONED.fullmatch(versioned_name):
        return match["stem"] + (match["extension"] or ""), match["version"]
    return None


def quote_name(name: str) -> str:
    """The name as the path of a URL: UTF-8, everything but `A-Za-z0-9._~/-` as %XX."""
    return quote(name, safe="/~")


def origin_of(prefix: bytes) -> bytes:
    """The origin that a local URL prefix begins with: `https://example.com`; `` for `/media/`."""
    start = prefix.find(b"//")
    return prefix[: prefix.index(b"/", start + 2)] if start >= 0 else b""


def is_linkable(name: str) -> bool:
    """Whether some URL can mean a name, as `parse_local_path` reads it."""
    return not ("\\" in name or _CONTROL.search(name))


def is_inert(text: str) -> bool:
    """Whether a text may be spliced into any context as it is."""
    return _INERT.fullmatch(text) is not None


def parse_local_path(rest: bytes) -> LocalPath | None:
    """The name that a URL means, by `rest`, its bytes behind the mount's prefix.

    The escapes of HTML, CSS or JSON are undone in them. The path is percent-decoded once and must
    be UTF-8. None: leave the URL as it is. So for everything that browser, site and S3 may read
    differently (dot segments, `//`, `\\`, an encoded slash, control characters, a bad percent
    sign), and for a query that S3 would obey.
    """
    match = _PATH_AND_QUERY.match(rest)
    path, query = match.groups(b"") if match else (b"", b"")
    if not path or path.endswith(b"/") or _AMBIGUOUS.search(path) or not is_harmless_query(query):
        return None
    try:
        name = unquote_to_bytes(path).decode("utf-8")
    except UnicodeDecodeError:
        return None
    return None if _CONTROL.search(name) else LocalPath(name, len(path))


def is_harmless_query(query: bytes) -> bool:
    """Whether S3 answers a URL with this query (without `?`) as it does without it."""
    names = [unquote_to_bytes(part.partition(b"=")[0]) for part in re.split(rb"[&;]", query)]
    words = [name.decode("latin-1").strip().lower() for name in names]
    return not any(
        word in _SUBRESOURCES or word.startswith(_SUBRESOURCE_PREFIXES) for word in words
    )


def bucket_url(bucket: str, prefix: str, endpoint: str, region: str) -> str:
    """The URL under which the service itself shows the objects below `prefix`.

    Path-style with an endpoint, which every compatible service understands. Virtual-hosted on AWS,
    except for a bucket with dots, which no wildcard certificate covers.
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
