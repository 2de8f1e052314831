"""Names, what the registry holds for one, and how it is written there. Pure."""

import re
from collections.abc import Mapping
from typing import NamedTuple

FINGERPRINT_LENGTH = 24
"""Hexadecimal digits of the SHA-256 that are kept: 96 bits, and the value stays in a listpack."""

MAX_NAME_BYTES = 1024
"""No key of S3 is longer.
https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-keys.html"""

_ENTRY = re.compile(rb"(\d{1,16}),(-?\d{1,20}),(?:freed,)?([0-9a-f]{%d})" % FINGERPRINT_LENGTH)


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
    found = _ENTRY.fullmatch(value) if value else None
    if found is None:
        return None
    return Entry(Signature(int(found[1]), int(found[2])), found[3].decode())


def decode_all(found: Mapping[bytes, bytes]) -> dict[str, Entry]:
    """Basename -> entry, of a directory as Redis holds it, without what is not ours."""
    return {
        basename: entry
        for raw, value in found.items()
        if (basename := name_of(raw)) and "/" not in basename and (entry := decode(value))
    }


def is_name(name: str) -> bool:
    """Whether a file can be called so: whatever comes from elsewhere is asked this first.

    | what it has                              | a name |
    |------------------------------------------|--------|
    | nothing                                  | no     |
    | an empty, `.` or `..` part (so a `/` at one of its ends) | no |
    | a NUL, or what UTF-8 cannot write        | no     |
    | more than MAX_NAME_BYTES                 | no     |
    | anything else                            | yes    |
    """
    try:
        length = len(name.encode())
    except UnicodeEncodeError:
        return False
    is_clean = "\0" not in name and not {"", ".", ".."} & set(name.split("/"))
    return is_clean and length <= MAX_NAME_BYTES


def name_of(raw: bytes | None) -> str | None:
    """The name that bytes are; None where they are none."""
    try:
        name = (raw or b"").decode()
    except UnicodeDecodeError:
        return None
    return name if is_name(name) else None


def are_published(local: Mapping[str, Signature], published: Mapping[bytes, bytes]) -> bool:
    """Whether a directory's files are those that are published, none more, none changed.

    Takes basenames with signatures, and what Redis holds, which need not be decoded for that.
    """
    if len(local) != len(published):
        return False
    fingerprints = []
    for basename, signature in local.items():
        value = published.get(basename.encode(), b"")
        expected = b"%d,%d," % signature
        if not value.startswith(expected) or len(value) != len(expected) + FINGERPRINT_LENGTH:
            return False
        fingerprints.append(value[len(expected) :])
    # All of them at once: a pattern for each would double the time.
    return not b"".join(fingerprints).translate(None, b"0123456789abcdef")


def split(name: str) -> tuple[str, str]:
    """Directory (without a slash at its end, "" for the root) and basename."""
    directory, _, basename = name.rpartition("/")
    return directory, basename


def join(directory: str, basename: str) -> str:
    """The name of `basename` in `directory`."""
    return f"{directory}/{basename}" if directory else basename
