"""What the registry holds for a name, and how it is written there. Pure."""

import re
from collections.abc import Container, Iterable, Mapping
from typing import NamedTuple

FINGERPRINT_LENGTH = 24
"""Hexadecimal digits of the SHA-256 that are kept: 96 bits, and the value stays in a listpack."""


FREED = "freed,"
"""What marks the entry of a file of which S3 has the only copy."""

_START = b"%d,%d,"
_FREED_START = _START + FREED.encode()


class Signature(NamedTuple):
    """Has a local file changed? Size in bytes, time of the last change in ns since 1970."""

    size: int
    mtime_ns: int


class Entry(NamedTuple):
    """A published name: the file's signature when S3 took its bytes, and their fingerprint."""

    signature: Signature
    fingerprint: str
    freed: bool = False
    """Whether S3 has the only copy of the bytes."""

    def encode(self) -> str:
        """`size,mtime_ns,fingerprint`, as a person can read it with redis-cli.

        Of a freed file `size,mtime_ns,freed,fingerprint`.
        """
        mark = FREED if self.freed else ""
        return f"{self.signature.size},{self.signature.mtime_ns},{mark}{self.fingerprint}"


_ENTRY = re.compile(
    rf"(\d{{1,40}}),(-?\d{{1,40}}),({FREED})?([0-9a-f]{{{FINGERPRINT_LENGTH}}})", re.ASCII
)


def decode(value: bytes | None) -> Entry | None:
    """The entry of an encoded value; None where there is none, or one that is not ours."""
    match = _ENTRY.fullmatch(value.decode("latin-1")) if value else None
    if match is None:
        return None
    size, mtime_ns, mark, fingerprint = match.groups()
    return Entry(Signature(int(size), int(mtime_ns)), fingerprint, bool(mark))


def decode_all(found: Mapping[bytes, bytes]) -> dict[str, Entry]:
    """Basename -> entry, of a directory as Redis holds it, without what is not ours."""
    decoded = ((basename.decode(), decode(value)) for basename, value in found.items())
    return {basename: entry for basename, entry in decoded if entry}


def are_published(
    local: Mapping[str, Signature], published: Mapping[bytes, bytes], freed: Container[str] = ()
) -> bool:
    """Whether a directory's files are those that are published, none more, none changed.

    Takes basenames with signatures, what Redis holds, which need not be decoded for that, and
    those basenames whose files are freed.
    """
    if len(local) != len(published):
        return False
    for basename, signature in local.items():
        value = published.get(basename.encode(), b"")
        expected = (_FREED_START if basename in freed else _START) % signature
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


def by_directory(names: Iterable[str]) -> dict[str, list[str]]:
    """Directory -> basenames of names."""
    grouped: dict[str, list[str]] = {}
    for name in names:
        directory, basename = split(name)
        grouped.setdefault(directory, []).append(basename)
    return grouped
