"""Walks a storage: directory by directory, each file looked at once, memory for one directory.

What cannot be offloaded is named with the reason, never passed over in silence.
"""

import os
import stat
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from errno import ENAMETOOLONG
from typing import NamedTuple

from django.core.exceptions import SuspiciousOperation
from django.core.files.storage import FileSystemStorage, Storage

from s3rewrite.entries import Signature, join
from s3rewrite.exclusions import OWN
from s3rewrite.paths import MAX_KEY_BYTES
from s3rewrite.stubs import Stub, stub_at

Excluded = Callable[[str], bool]

LONGEST = MAX_KEY_BYTES - 16
"""Bytes of a name with its prefix: its key under KEYS = "fingerprint" has a few more."""


class Directory(NamedTuple):
    """One directory: its path in the storage ("" for the root), basename -> signature.

    `freed` are those of them whose bytes are on S3 alone: basename -> stub.
    """

    path: str
    files: dict[str, Signature]
    freed: dict[str, Stub]


class ScanError(Exception):
    """The storage cannot be walked at all: its root is not there."""


@dataclass
class Findings:
    """What a scan met besides files."""

    skipped: dict[str, str] = field(default_factory=dict)
    """Name -> why it cannot be offloaded."""
    errors: dict[str, str] = field(default_factory=dict)
    """Directory or name -> why it could not be looked at: what it holds is not known."""
    own: list[str] = field(default_factory=list)
    """Names of files that we have written for a while."""


def scan(
    storage: Storage,
    excluded: Excluded | None,
    key_prefix: str,
    findings: Findings,
    below: str = "",
) -> Iterator[Directory]:
    """Every directory of a storage that has files, or had none to show. Raises ScanError.

    Of those at or `below` a directory; there may be none. `excluded` is None where nothing is.
    """
    for directory in _walk(storage, findings, below):
        if excluded is None and _are_plain(directory, key_prefix):
            yield directory
            continue
        path, files, freed = directory
        kept = {
            basename: signature
            for basename, signature in files.items()
            if _can_offload(join(path, basename), excluded, key_prefix, findings)
        }
        yield Directory(path, kept, freed)


def signature_of(storage: Storage, name: str) -> Signature | None:
    """The signature of one file now; None where there is no file. Raises OSError otherwise."""
    try:
        if isinstance(storage, FileSystemStorage):
            return _disk_signature(storage.path(name))
        return _storage_signature(storage, name) if storage.exists(name) else None
    except (FileNotFoundError, NotADirectoryError, SuspiciousOperation, ValueError):
        return None
    except OSError as error:
        if error.errno == ENAMETOOLONG:  # nor can there be one
            return None
        raise


def _disk_signature(path: str) -> Signature | None:
    try:
        found = os.stat(path)  # noqa: PTH116
    except FileNotFoundError:
        stub = stub_at(path)
        return stub.signature if stub else None
    return signature(found) if stat.S_ISREG(found.st_mode) else None


def signature(found: os.stat_result) -> Signature:
    """The signature of a stat."""
    return Signature(found.st_size, found.st_mtime_ns)


def _are_plain(directory: Directory, key_prefix: str) -> bool:
    """Whether all names of a directory can surely be keys: asked for all of them at once."""
    longest = len(key_prefix) + len(directory.path) + 1 + max(map(len, directory.files), default=0)
    if longest > LONGEST // 4:  # a character has four bytes at the most
        return False
    try:
        return "".join((directory.path, *directory.files)).encode() is not None
    except UnicodeEncodeError:
        return False


def _can_offload(name: str, excluded: Excluded | None, key_prefix: str, findings: Findings) -> bool:
    if excluded is not None and excluded(name):
        return False
    try:
        length = len((key_prefix + name).encode())
    except UnicodeEncodeError:
        findings.skipped[ascii(name)] = "its name is not UTF-8"
        return False
    if length > LONGEST:
        findings.skipped[name] = f"its key would be longer than {MAX_KEY_BYTES} bytes"
        return False
    return True


def _walk(storage: Storage, findings: Findings, below: str) -> Iterator[Directory]:
    if isinstance(storage, FileSystemStorage):
        return _walk_disk(storage, findings, below)
    return _walk_storage(storage, findings, below)


class _Place(NamedTuple):
    """A directory to look at, with the identities of those above it."""

    path: str
    above: frozenset[tuple[int, int]]


def _walk_disk(storage: FileSystemStorage, findings: Findings, below: str) -> Iterator[Directory]:
    root = str(storage.location)
    if not os.path.isdir(root):  # noqa: PTH112
        raise ScanError(f"{root} is not a directory: is its disk mounted?")
    places = [_Place(below, _identities(root, below))]
    while places:
        place = places.pop()
        try:
            directory, inner = _read_directory(root, place, findings)
        except (FileNotFoundError, NotADirectoryError):
            continue
        except OSError as error:
            findings.errors[place.path or "."] = f"cannot be read: {error.strerror}"
            continue
        yield directory
        places.extend(inner)


def _identities(root: str, below: str) -> frozenset[tuple[int, int]]:
    """Those of the directories above one, up to the root."""
    parts = below.split("/") if below else []
    above = ["/".join([root, *parts[:count]]) for count in range(len(parts))]
    stats = [os.stat(path) for path in above if os.path.isdir(path)]  # noqa: PTH112, PTH116
    return frozenset((found.st_dev, found.st_ino) for found in stats)


def _read_directory(root: str, place: _Place, findings: Findings) -> tuple[Directory, list[_Place]]:
    full = f"{root}/{place.path}" if place.path else root
    directory = Directory(place.path, {}, {})
    below: list[_Place] = []
    with listed(full) as (here, entries):
        above = place.above | {(here.st_dev, here.st_ino)}
        for entry in entries:
            if entry.name.startswith(OWN):
                findings.own.append(join(place.path, entry.name))
                continue
            found = _look(entry, full, directory, findings)
            if found is None:
                continue
            if stat.S_ISREG(found.st_mode):
                directory.files[entry.name] = Signature(found.st_size, found.st_mtime_ns)
                continue
            name = join(place.path, entry.name)
            if reason := _why_not_entered(found, above):
                findings.skipped[name] = reason
            else:
                below.append(_Place(name, above))
    return directory, below


def _why_not_entered(found: os.stat_result, above: frozenset[tuple[int, int]]) -> str:
    """Why what is no file is none to look into; "" for a directory."""
    if not stat.S_ISDIR(found.st_mode):
        return "not a regular file"
    is_above = (found.st_dev, found.st_ino) in above
    return "a link to a directory that holds it" if is_above else ""


@contextmanager
def listed(path: str) -> Iterator[tuple[os.stat_result, Iterable[os.DirEntry[str]]]]:
    """What a directory is, and its entries. Raises OSError.

    They are looked at from there: a fifth less time than by way of the whole path.
    """
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        with os.scandir(descriptor) as entries:
            yield os.fstat(descriptor), entries
    finally:
        os.close(descriptor)


def _look(
    entry: os.DirEntry[str], full: str, directory: Directory, findings: Findings
) -> os.stat_result | None:
    """What an entry is, behind links; None where it is gone, leads nowhere, or is a stub."""
    try:
        return entry.stat()
    except FileNotFoundError:
        if not entry.is_symlink():
            return None
        if stub := stub_at(f"{full}/{entry.name}"):
            directory.files[entry.name] = stub.signature
            directory.freed[entry.name] = stub
        else:
            findings.skipped[join(directory.path, entry.name)] = "a link to nothing"
        return None
    except OSError as error:
        name = join(directory.path, entry.name)
        findings.errors[name] = f"cannot be looked at: {error.strerror}"
        return None


def _walk_storage(storage: Storage, findings: Findings, below: str) -> Iterator[Directory]:
    paths = [below]
    while paths:
        path = paths.pop()
        try:
            directories, basenames = storage.listdir(path)
            files = {
                basename: _storage_signature(storage, join(path, basename))
                for basename in basenames
            }
        except FileNotFoundError:
            continue
        except OSError as error:
            findings.errors[path or "."] = f"cannot be read: {error}"
            continue
        yield Directory(path, files, {})
        paths.extend(join(path, directory) for directory in directories)


def _storage_signature(storage: Storage, name: str) -> Signature:
    modified = storage.get_modified_time(name)
    return Signature(storage.size(name), int(modified.timestamp() * 1_000_000) * 1000)
