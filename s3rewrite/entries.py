"""What the registry holds for a name, and how it is written there. Pure."""

from collections.abc import Mapping
from typing import NamedTuple

FINGERPRINT_LENGTH = 24
"""Hexadecimal digits of the SHA-256 that are kept: 96 bits, and the value stays in a listpack."""


class Signature(NamedTuple):
    """Has a local file changed? Size in bytes, time of the last change in ns since 1970."""

    size: int
    mtime_ns: int


class Entry(NamedTuple):
    """A published name: the file's signature when S3 took its bytes, and their fingerprint."""

    signature: Signature
    fingerprint: str

    def encode(self) -> str:
        """`size,mtime_ns,fingerprint`, as a person can read it with redis-cli."""
        return f"{self.signature.size},{self.signature.mtime_ns},{self.fingerprint}"


def decode(value: bytes | None) -> Entry | None:
    """The entry of an encoded value; None where there is none, or one that is not ours."""
    if value is None:
        return None
    try:
        size, mtime_ns, fingerprint = value.decode("ascii").split(",")
        return Entry(Signature(int(size), int(mtime_ns)), fingerprint)
    except ValueError:
        return None


def decode_all(found: Mapping[bytes, bytes]) -> dict[str, Entry]:
    """Basename -> entry, of a directory as Redis holds it, without what is not ours."""
    decoded = ((basename.decode(), decode(value)) for basename, value in found.items())
    return {basename: entry for basename, entry in decoded if entry}


def are_published(local: Mapping[str, Signature], published: Mapping[bytes, bytes]) -> bool:
    """Whether a directory's files are those that are published, none more, none changed.

    Takes basenames with signatures, and what Redis holds, which need not be decoded for that.
    """
    if len(local) != len(published):
        return False
    for basename, signature in local.items():
        value = published.get(basename.encode(), b"")
        expected = b"%d,%d," % signature
        if not value.startswith(expected) or len(value) != len(expected) + FINGERPRINT_LENGTH:
            return False
    return True


def split(name: str) -> tuple[str, str]:
    """Directory (without a slash at its end, "" for the root) and basename."""
    directory, _, basename = name.rpartition("/")
    return directory, basename


def join(directory: str, basename: str) -> str:
    """The name of `basename` in `directory`."""
    return f"{directory}/{basename}" if directory else basename
