"""Names, what the registry holds for one, and how it is written there. Pure."""

import re
from collections.abc import Container, Iterable, Mapping, Sequence
from typing import NamedTuple

FINGERPRINT_LENGTH = 24
"""Hexadecimal digits of the SHA-256 that are kept: 96 bits, and the value stays in a listpack."""

MAX_NAME_BYTES = 1024
"""No key of S3 is longer.
https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-keys.html"""

_ENTRY = re.compile(
    rb"(\d{1,16}),(-?\d{1,20}),(?:(freed),|([0-9a-f]{8}),)?([0-9a-f]{%d})" % FINGERPRINT_LENGTH
)

FREED = "freed,"
"""The mark in the entry of a file of which S3 has the only copy."""

_START = b"%d,%d,%08x,"
_PLAIN_START = b"%d,%d,%.0a"  # no digit of the third number
_FREED_START = _PLAIN_START + FREED.encode()


class Signature(NamedTuple):
    """What shows that a local file has changed: size in bytes, last change in ns since 1970."""

    size: int
    mtime_ns: int
    change: int = 0
    """A digest of inode and ctime, which no program sets; 0 where nothing but its bytes can tell
    the file from another of this size and time."""

    @property
    def plain(self) -> "Signature":
        """Size and time alone, as a copy of the file has them on another disk."""
        return Signature(self.size, self.mtime_ns)


class Entry(NamedTuple):
    """A published name: the file's signature when S3 took its bytes, and their fingerprint."""

    signature: Signature
    fingerprint: str
    freed: bool = False
    """Whether S3 has the only copy of the bytes."""

    def encode(self) -> str:
        """`size,mtime_ns,change,fingerprint`, which a person can read with redis-cli.

        Without `change` where it is 0; of a freed file `size,mtime_ns,freed,fingerprint`. At most
        64 bytes for all files below 10 GB: a longer value would leave the listpack.
        """
        size, mtime_ns, change = self.signature
        mark = FREED if self.freed else f"{change:08x}," * bool(change)
        return f"{size},{mtime_ns},{mark}{self.fingerprint}"


def decode_entry(value: bytes | None) -> Entry | None:
    """The entry of an encoded value; None where there is none, or an invalid one."""
    match = _ENTRY.fullmatch(value) if value else None
    if match is None:
        return None
    size, mtime_ns, mark, change, fingerprint = match.groups()
    signature = Signature(int(size), int(mtime_ns), int(change or b"0", 16))
    return Entry(signature, fingerprint.decode(), mark is not None)


def decode_directory(fields: Mapping[bytes, bytes]) -> dict[str, Entry]:
    """Basename -> entry, of a directory as Redis holds it, without invalid fields."""
    return {
        basename: entry
        for raw, value in fields.items()
        if (basename := decode_name(raw)) and "/" not in basename and (entry := decode_entry(value))
    }


def is_name(name: str) -> bool:
    """Whether a file can have this name. Every name from outside is checked by this first.

    | it has                                   | a name |
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


def decode_name(raw: bytes | None) -> str | None:
    """The name that bytes mean; None where they mean none."""
    try:
        name = (raw or b"").decode()
    except UnicodeDecodeError:
        return None
    return name if is_name(name) else None


def matches_published(
    basenames: Sequence[str],
    numbers: Sequence[int],
    published: Mapping[bytes, bytes],
    freed: Container[str] = (),
) -> bool:
    """Whether exactly a directory's files are published, and none has changed.

    `numbers` has the signature of each basename, one after another; `published` the entries as
    Redis holds them. The files of the basenames in `freed` are freed.

    All values are compared at once with what Redis would hold: it takes a fifth of the time of
    decoding them.
    """
    if not basenames:
        return not published
    raw = "/".join(basenames).encode().split(b"/")
    if published.keys() != set(raw):
        return False
    values = [published[name] for name in raw]
    starts = [_START] * len(basenames)
    if freed or 0 in numbers[2::3]:
        signed = zip(basenames, numbers[2::3], strict=True)
        starts = [_start_of(basename in freed, change) for basename, change in signed]
    # Neither a number nor a mark has a line's end, so each value stands for one file.
    expected = b"\n".join(starts) % tuple(numbers)
    if b"\n".join([value[:-FINGERPRINT_LENGTH] for value in values]) != expected:
        return False
    fingerprints = b"".join([value[-FINGERPRINT_LENGTH:] for value in values])
    return not fingerprints.translate(None, b"0123456789abcdef")


def _start_of(is_freed: bool, change: int) -> bytes:
    """What makes the beginning of an entry of a signature's three numbers."""
    if is_freed:
        return _FREED_START
    return _START if change else _PLAIN_START


def split(name: str) -> tuple[str, str]:
    """Directory (without a slash at its end, "" for the root) and basename."""
    directory, _, basename = name.rpartition("/")
    return directory, basename


def join(directory: str, basename: str) -> str:
    """The name of `basename` in `directory`."""
    return f"{directory}/{basename}" if directory else basename


def group_by_directory(names: Iterable[str]) -> dict[str, list[str]]:
    """Directory -> basenames of names."""
    grouped: dict[str, list[str]] = {}
    for name in names:
        directory, basename = split(name)
        grouped.setdefault(directory, []).append(basename)
    return grouped
