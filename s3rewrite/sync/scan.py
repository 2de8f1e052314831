"""Walks a storage: directory by directory, each file looked at once, memory for one directory.

What cannot be offloaded is named with the reason, never passed over in silence.
"""

import errno
import os
import stat
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import NamedTuple

from django.core.files.storage import FileSystemStorage, Storage

from s3rewrite.core.entries import Signature, join
from s3rewrite.core.meant import UNREADABLE, Facts
from s3rewrite.core.mounts import Mount
from s3rewrite.disk.ground import Ground
from s3rewrite.disk.own_names import parsed_own
from s3rewrite.disk.signatures import signature, storage_signature
from s3rewrite.disk.stubs import is_spoiled_stub, stub_at
from s3rewrite.sync.findings import Findings, MountFilter, ScannedDirectory

__all__ = ["Findings", "ScanError", "ScannedDirectory", "scan"]


SPOILED = "a freed file's stub that was changed"


class ScanError(Exception):
    """The storage cannot be walked at all: its root is not there."""


def scan(
    storage: Storage, mount: Mount | None, findings: Findings, below: str = ""
) -> Iterator[ScannedDirectory]:
    """Every directory of a storage that has files, or had none to show. Raises ScanError.

    Of those at or `below` a directory; there may be none. With the files that the mount lets go
    to S3; without one, with all that there are.
    """
    rules = MountFilter(mount, findings)
    if isinstance(storage, FileSystemStorage):
        found = _DiskWalk(storage, rules).directories(below)
    else:
        found = _walk_storage(storage, rules, below)
    return map(rules.kept, found)


_Above = frozenset[tuple[int, int]]
"""The identities of the directories above one, up to the root."""


class _Place(NamedTuple):
    """A directory to look at, with those above it."""

    path: str
    above: _Above


class _DiskWalk:
    """Reads a local storage directory by directory."""

    def __init__(self, storage: FileSystemStorage, rules: MountFilter) -> None:
        self._ground = Ground(storage)
        self._rules, self._findings = rules, rules.findings
        is_free = rules.mount is None or UNREADABLE in rules.mount.allow
        self._readers = ~0 if is_free else self._ground.file_readers

    def directories(self, below: str) -> Iterator[ScannedDirectory]:
        """Those at or below one, as they are on the disk. Raises ScanError."""
        root = self._ground.root
        if not os.path.isdir(root):  # noqa: PTH112
            raise ScanError(f"{root} is not a directory: is its disk mounted?")
        places = [_Place(below, _identities(root, below))]
        if below and not self._rules.may_go(f"{below}/", self._ground.facts(below)):
            return
        while places:
            place = places.pop()
            try:
                directory, inner = self._read(place)
            except (FileNotFoundError, NotADirectoryError):
                continue
            except OSError as error:
                self._findings.fail(place.path, f"cannot be read: {error.strerror}")
                continue
            yield directory
            places.extend(inner)

    def _read(self, place: _Place) -> tuple[ScannedDirectory, list[_Place]]:
        root, readers = self._ground.root, self._readers
        full = f"{root}/{place.path}" if place.path else root
        directory = ScannedDirectory(place.path, {}, {})
        below: list[_Place] = []
        with listed(full) as (here, entries):
            above = place.above | {(here.st_dev, here.st_ino)}
            for entry in entries:
                if parsed_own(entry.name):
                    self._findings.own_files.append(join(place.path, entry.name))
                    continue
                found = self._look(entry, full, directory)
                if found is None:
                    continue
                mode = found.st_mode
                if mode & readers and stat.S_ISREG(mode) and not entry.is_symlink():
                    directory.files[entry.name] = Signature(found.st_size, found.st_mtime_ns)
                elif self._enters(entry, found, directory, above):
                    below.append(_Place(join(place.path, entry.name), above))
        return directory, below

    def _enters(
        self,
        entry: os.DirEntry[str],
        found: os.stat_result,
        directory: ScannedDirectory,
        above: _Above,
    ) -> bool:
        """Look closer at what is no plain file: whether to look into it. Notes a file that is."""
        name = join(directory.path, entry.name)
        is_open = self._ground.is_open(found)
        facts = self._ground.facts(name) if entry.is_symlink() else Facts(is_closed=not is_open)
        if stat.S_ISREG(found.st_mode):
            if self._rules.may_go(name, facts):
                directory.files[entry.name] = signature(found)
            return False
        if reason := _why_not_entered(found, above):
            self._findings.skip(name, reason)
        return not reason and self._rules.may_go(f"{name}/", facts)

    def _look(
        self, entry: os.DirEntry[str], full: str, directory: ScannedDirectory
    ) -> os.stat_result | None:
        """What an entry is, behind links; None where it is gone, leads nowhere, or is a stub."""
        try:
            return entry.stat()
        except FileNotFoundError:
            if not entry.is_symlink():
                return None
            if stub := stub_at(f"{full}/{entry.name}"):
                directory.files[entry.name] = stub.signature
                directory.stubs[entry.name] = stub
            else:
                reason = SPOILED if is_spoiled_stub(f"{full}/{entry.name}") else "a link to nothing"
                self._findings.skip(join(directory.path, entry.name), reason)
        except OSError as error:
            self._note(error, entry, join(directory.path, entry.name))
        return None

    def _note(self, error: OSError, entry: os.DirEntry[str], name: str) -> None:
        """An entry cannot be looked at: of a link that leads out that is no matter."""
        if entry.is_symlink() and error.errno == errno.ELOOP:
            self._findings.skip(name, "a link that leads to itself")
        elif not entry.is_symlink() or self._rules.may_go(name, self._ground.facts(name)):
            self._findings.fail(name, f"cannot be looked at: {error.strerror}")


def _identities(root: str, below: str) -> _Above:
    parts = below.split("/") if below else []
    above = ["/".join([root, *parts[:count]]) for count in range(len(parts))]
    stats = [os.stat(path) for path in above if os.path.isdir(path)]  # noqa: PTH112, PTH116
    return frozenset((found.st_dev, found.st_ino) for found in stats)


def _why_not_entered(found: os.stat_result, above: _Above) -> str:
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


def _walk_storage(storage: Storage, rules: MountFilter, below: str) -> Iterator[ScannedDirectory]:
    paths = [below]
    while paths:
        path = paths.pop()
        try:
            directories, basenames = storage.listdir(path)
            files = {
                basename: storage_signature(storage, join(path, basename)) for basename in basenames
            }
        except FileNotFoundError:
            continue
        except OSError as error:
            rules.findings.fail(path, f"cannot be read: {error}")
            continue
        yield ScannedDirectory(path, files, {})
        inner = (join(path, directory) for directory in directories)
        paths.extend(name for name in inner if rules.may_go(f"{name}/"))
