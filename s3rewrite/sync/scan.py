"""Walks a storage directory by directory: each file is examined once, memory is for one directory.

Everything that cannot be offloaded is reported with the reason.
"""

import errno
import os
import stat
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from typing import NamedTuple

from django.core.files.storage import FileSystemStorage, Storage

from s3rewrite.core.batches import batches
from s3rewrite.core.entries import Signature, join
from s3rewrite.core.kept_local import TOO_LONG, UNREADABLE, FileAccess
from s3rewrite.core.mounts import Mount
from s3rewrite.disk.access import StorageAccess
from s3rewrite.disk.own_names import START, parse_own_name
from s3rewrite.disk.signatures import change_of, leads_nowhere, signature, storage_signature
from s3rewrite.disk.stubs import is_corrupt_stub, stub_at
from s3rewrite.sync.findings import Findings, MountFilter, ScannedDirectory

__all__ = ["Findings", "ScanError", "ScannedDirectory", "scan"]

BATCH = 256
"""Entries of a directory that are looked at together. More would not stay in a cache of the CPU."""

CHANGED_STUB = "a freed file's stub that was changed"


class ScanError(Exception):
    """The storage cannot be walked at all: its root is not there."""


def nothing_yet(mount: Mount, storage: Storage) -> str:
    """What to say of a missing root where nothing is published yet; "" where it is there."""
    root = str(storage.location or "") if isinstance(storage, FileSystemStorage) else ""
    if not root or os.path.lexists(root):
        return ""
    who = "manage.py collectstatic" if mount.storage == "staticfiles" else "the first upload"
    return f"{root} does not exist yet; {who} makes it (or is its disk not mounted?)"


def scan(
    storage: Storage, mount: Mount | None, findings: Findings, below: str = ""
) -> Iterator[ScannedDirectory]:
    """Every directory at or below a path, also those without files. Raises ScanError.

    Yields the files that the mount lets go to S3; without a mount, all files.
    """
    mount_filter = MountFilter(mount, findings)
    if isinstance(storage, FileSystemStorage):
        directories = _DiskWalk(storage, mount_filter).directories(below)
    else:
        directories = _walk_storage(storage, mount_filter, below)
    return map(mount_filter.filtered, directories)


_Identities = frozenset[tuple[int, int]]
"""Device and inode of some directories."""


class _Unread(NamedTuple):
    """A directory that is still to be read."""

    path: str
    ancestors: _Identities


class _DiskWalk:
    """Reads a local storage directory by directory."""

    def __init__(self, storage: FileSystemStorage, mount_filter: MountFilter) -> None:
        self._access = StorageAccess(storage)
        self._filter, self._findings = mount_filter, mount_filter.findings
        is_unrestricted = mount_filter.mount is None or UNREADABLE in mount_filter.mount.allow
        self._readers = ~0 if is_unrestricted else self._access.file_readers

    def directories(self, below: str) -> Iterator[ScannedDirectory]:
        """Those at or below a path, with all their files. Raises ScanError."""
        root = self._access.root
        if not os.path.isdir(root):  # noqa: PTH112
            raise ScanError(f"{root} is not a directory: is its disk mounted?")
        if below and not self._filter.allows(f"{below}/", self._access.access_of(below)):
            return
        unread = [_Unread(below, _ancestors(root, below))]
        while unread:
            current = unread.pop()
            try:
                directory, children = self._read(current)
            except (FileNotFoundError, NotADirectoryError):
                continue  # it was removed or replaced meanwhile
            except OSError as error:
                if error.errno == errno.ENAMETOOLONG:  # so are the keys of all files in it
                    self._findings.skip(current.path, TOO_LONG)
                else:
                    self._findings.fail(current.path, f"cannot be read: {error.strerror}")
                continue
            yield directory
            unread.extend(children)

    def _read(self, current: _Unread) -> tuple[ScannedDirectory, list[_Unread]]:
        path = current.path
        full = f"{self._access.root}/{path}" if path else self._access.root
        directory = ScannedDirectory(path, [], [], {})
        with list_directory(full) as (status, entries):
            ancestors = current.ancestors | {(status.st_dev, status.st_ino)}
            others = self._read_plain_files(entries, directory)
            found = [(entry, self._stat(entry, full, directory)) for entry in others]
        children = [
            _Unread(join(path, entry.name), ancestors)
            for entry, status in found
            if status and self._examine(entry, status, directory, ancestors)
        ]
        return directory, children

    def _read_plain_files(
        self, entries: Iterable[os.DirEntry[str]], directory: ScannedDirectory
    ) -> list[os.DirEntry[str]]:
        """Add those entries that need no closer look; return the others.

        Nearly every entry is a plain file that others may read. This takes most of the time of a
        pass with nothing to do, hence batches, and as few calls for each file as can be.
        """
        others = []
        names, numbers = directory.names, directory.numbers
        for batch in batches(entries, BATCH):
            try:
                statuses = [entry.stat(follow_symlinks=False) for entry in batch]
            except OSError:
                others += batch
                continue
            plain = set(filter(self._is_plain, {status.st_mode for status in statuses}))
            for entry, status in zip(batch, statuses, strict=True):
                if status.st_mode in plain and START not in entry.name:
                    names.append(entry.name)
                    numbers += (status.st_size, status.st_mtime_ns, change_of(status))
                else:
                    others.append(entry)
        return others

    def _is_plain(self, mode: int) -> bool:
        """Whether it is the mode of a file that others may read."""
        return stat.S_ISREG(mode) and mode & self._readers != 0

    def _stat(
        self, entry: os.DirEntry[str], full: str, directory: ScannedDirectory
    ) -> os.stat_result | None:
        """The status behind links; None if there is none, or the entry is ours. Adds stubs."""
        name = join(directory.path, entry.name)
        if parse_own_name(entry.name):
            self._findings.own_files.append(name)
            return None
        try:
            return entry.stat()
        except OSError as error:
            is_link = entry.is_symlink()
            if leads_nowhere(error):
                if is_link:  # otherwise it was removed meanwhile
                    self._add_stub(entry.name, f"{full}/{entry.name}", directory)
            # A link out of the storage may fail as it likes: it would stay local anyway.
            elif not is_link or self._filter.allows(name, self._access.access_of(name)):
                self._findings.fail(name, f"cannot be looked at: {error.strerror}")
        return None

    def _add_stub(self, basename: str, path: str, directory: ScannedDirectory) -> None:
        """Add what a link to nothing means, if it is a stub."""
        if stub := stub_at(path):
            directory.add(basename, stub.signature)
            directory.stubs[basename] = stub
        else:
            reason = CHANGED_STUB if is_corrupt_stub(path) else "a link to nothing"
            self._findings.skip(join(directory.path, basename), reason)

    def _examine(
        self,
        entry: os.DirEntry[str],
        found: os.stat_result,
        directory: ScannedDirectory,
        ancestors: _Identities,
    ) -> bool:
        """Whether an entry is a directory to read. Adds it to the files if it is one."""
        name, mode = join(directory.path, entry.name), found.st_mode
        is_readable = self._access.is_readable(found)
        access = FileAccess(is_unreadable=not is_readable)
        if entry.is_symlink():
            access = self._access.access_of(name)
        if stat.S_ISREG(mode):
            if self._filter.allows(name, access):
                directory.add(entry.name, signature(found))
            return False
        if not stat.S_ISDIR(mode):
            self._findings.skip(name, "not a regular file")
            return False
        if (found.st_dev, found.st_ino) in ancestors:
            self._findings.skip(name, "a link to a directory that holds it")
            return False
        return self._filter.allows(f"{name}/", access)


def _ancestors(root: str, below: str) -> _Identities:
    """The identities of the directories from the root to the parent of `below`."""
    parts = below.split("/") if below else []
    paths = ["/".join([root, *parts[:count]]) for count in range(len(parts))]
    stats = [os.stat(path) for path in paths if os.path.isdir(path)]  # noqa: PTH112, PTH116
    return frozenset((status.st_dev, status.st_ino) for status in stats)


@contextmanager
def list_directory(path: str) -> Iterator[tuple[os.stat_result, Iterable[os.DirEntry[str]]]]:
    """The status of a directory, and its entries. Raises OSError.

    The entries are relative to a descriptor: a fifth less time than with whole paths.
    """
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        with os.scandir(descriptor) as entries:
            yield os.fstat(descriptor), entries
    finally:
        os.close(descriptor)


def _walk_storage(
    storage: Storage, mount_filter: MountFilter, below: str
) -> Iterator[ScannedDirectory]:
    paths = [below]
    while paths:
        path = paths.pop()
        try:
            directories, basenames = storage.listdir(path)
            signatures = {
                name: _signature_if_there(storage, join(path, name)) for name in basenames
            }
        except FileNotFoundError:
            continue
        except OSError as error:
            mount_filter.findings.fail(path, f"cannot be read: {error}")
            continue
        directory = ScannedDirectory(path, [], [], {})
        for name, found in signatures.items():
            if found:
                directory.add(name, found)
        yield directory
        children = (join(path, child) for child in directories)
        paths.extend(name for name in children if mount_filter.allows(f"{name}/"))


def _signature_if_there(storage: Storage, name: str) -> Signature | None:
    """The signature of a file; None where it was removed since it was listed. Raises OSError."""
    with suppress(FileNotFoundError):
        return storage_signature(storage, name)
    return None
