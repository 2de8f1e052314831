"""The ground that a local storage stands on: where a name leads, and who else may read it."""

import os
import stat
from collections.abc import Iterable, Iterator
from typing import IO

from django.core.files.storage import FileSystemStorage, Storage

from s3rewrite.core.kept_local import FileAccess, LocalReason, readers, why_kept_local
from s3rewrite.core.mounts import Mount

READ, ENTER = (0o004, 0o040), (0o001, 0o010)
"""Permissions of others and of the group."""


class StorageAccess:
    """The root of a storage, and what its files and directories must be open to."""

    def __init__(self, storage: FileSystemStorage) -> None:
        self.root = str(storage.location)
        self.real = os.path.realpath(self.root)
        self.file_readers = readers(storage.file_permissions_mode, *READ)
        self._directory_readers = readers(storage.directory_permissions_mode, *ENTER)

    def access_of(self, name: str) -> FileAccess:
        """What the disk says of a name. What is not there is not closed."""
        path = os.path.join(self.root, name)  # noqa: PTH118 - an absolute one is no name of ours
        real = os.path.realpath(path)
        return self._facts(real, {*_ways(self.root, path), *_ways(self.real, real)})

    def access_of_open_file(self, name: str, descriptor: int) -> FileAccess:
        """The same of a file that is open: nobody can put another one in its place any more."""
        try:
            real = os.readlink(f"/proc/self/fd/{descriptor}")  # noqa: PTH115 - a descriptor's
        except OSError:
            real = os.path.realpath(f"{self.root}/{name}")  # not on Linux
        facts = self._facts(real, _ways(self.real, real))
        return facts._replace(
            is_unreadable=facts.is_unreadable or not self.is_readable(os.fstat(descriptor))
        )

    def _facts(self, real: str, ways: Iterable[str]) -> FileAccess:
        if not (real + "/").startswith(self.real.rstrip("/") + "/"):
            return FileAccess(is_outside=True)
        return FileAccess(is_unreadable=any(map(self._is_closed, ways)))

    def _is_closed(self, path: str) -> bool:
        try:
            return not self.is_readable(os.stat(path))  # noqa: PTH116
        except OSError:
            return False

    def is_readable(self, found: os.stat_result) -> bool:
        """Whether others may read that file, or enter that directory."""
        is_directory = stat.S_ISDIR(found.st_mode)
        needed = self._directory_readers if is_directory else self.file_readers
        return found.st_mode & needed != 0


def _ways(root: str, path: str) -> Iterator[str]:
    """What one comes by on the way from the root to a path, with that: the root is not looked at.

    Who may enter that, and what is above it, is the web server's matter.
    """
    at = len(root.rstrip("/")) + 1
    while 0 <= (at := path.find("/", at)) < len(path) - 1:
        yield path[:at]
        at += 1
    yield path


def is_there(storage: Storage, name: str) -> bool:
    """Whether anything has that name, a link to nothing too."""
    if isinstance(storage, FileSystemStorage):
        return os.path.lexists(os.path.join(storage.location, name))  # noqa: PTH118
    return storage.exists(name)


def find_local_reason(
    storage: Storage, mount: Mount, name: str, file: IO[bytes] | None = None
) -> LocalReason | None:
    """Why a name is not to become public, or a file of that name that is open; None: it may."""
    if (why := why_kept_local(name, allow=mount.allow)) or not isinstance(
        storage, FileSystemStorage
    ):
        return why
    ground = StorageAccess(storage)
    facts = ground.access_of_open_file(name, file.fileno()) if file else ground.access_of(name)
    return why_kept_local(name, facts, mount.allow)
