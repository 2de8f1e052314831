"""Where the names of a local storage lead on the disk, and who else may read them there."""

import os
import stat
from collections.abc import Iterable, Iterator
from typing import IO

from django.core.files.storage import FileSystemStorage, Storage

from s3rewrite.core.kept_local import (
    LONG,
    TOO_LONG,
    FileAccess,
    LocalReason,
    readers,
    why_kept_local,
)
from s3rewrite.core.mounts import Mount

READ, ENTER = (0o004, 0o040), (0o001, 0o010)
"""Permission bits of others and of the group."""


class StorageAccess:
    """Looks at files of one storage as a web server of another user would."""

    def __init__(self, storage: FileSystemStorage) -> None:
        self.root = str(storage.location)
        self._real_root = os.path.realpath(self.root)
        self.file_readers = readers(storage.file_permissions_mode, *READ)
        self._directory_readers = readers(storage.directory_permissions_mode, *ENTER)

    def access_of(self, name: str) -> FileAccess:
        """Where a name leads, and whether others may read it. A missing file is readable."""
        path = os.path.join(self.root, name)  # noqa: PTH118 - no name is absolute
        real_path = os.path.realpath(path)
        # Others have to come through the directories of the link, and of the file behind it.
        return self._access(real_path, {*_way(self.root, path), *_way(self._real_root, real_path)})

    def access_of_open_file(self, name: str, descriptor: int) -> FileAccess:
        """The same of an open file: nobody can put another one in its place any more."""
        try:
            real_path = os.readlink(f"/proc/self/fd/{descriptor}")  # noqa: PTH115 - a descriptor's
        except OSError:
            real_path = os.path.realpath(f"{self.root}/{name}")  # not on Linux
        access = self._access(real_path, _way(self._real_root, real_path))
        is_readable = self.is_readable(os.fstat(descriptor))
        return access._replace(is_unreadable=access.is_unreadable or not is_readable)

    def _access(self, real_path: str, way: Iterable[str]) -> FileAccess:
        if not (real_path + "/").startswith(self._real_root.rstrip("/") + "/"):
            return FileAccess(is_outside=True)
        return FileAccess(is_unreadable=any(map(self._is_unreadable, way)))

    def _is_unreadable(self, path: str) -> bool:
        try:
            return not self.is_readable(os.stat(path))  # noqa: PTH116
        except OSError:
            return False

    def is_readable(self, status: os.stat_result) -> bool:
        """Whether others may read that file, or enter that directory."""
        is_directory = stat.S_ISDIR(status.st_mode)
        needed = self._directory_readers if is_directory else self.file_readers
        return status.st_mode & needed != 0


def _way(root: str, path: str) -> Iterator[str]:
    """The directories below the root on the way to a path, and the path.

    Without the root: who may enter it, and what is above it, is the web server's matter.
    """
    end = len(root.rstrip("/")) + 1
    while 0 <= (end := path.find("/", end)) < len(path) - 1:
        yield path[:end]
        end += 1
    yield path


def is_there(storage: Storage, name: str) -> bool:
    """Whether anything has that name, even a link that leads nowhere."""
    if isinstance(storage, FileSystemStorage):
        return os.path.lexists(os.path.join(storage.location, name))  # noqa: PTH118
    return storage.exists(name)


def find_local_reason(
    storage: Storage, mount: Mount, name: str, file: IO[bytes] | None = None
) -> LocalReason | None:
    """Why a name, or the open file of that name, may not become public; None where it may."""
    is_long = len(name.encode(errors="replace")) > mount.paths.max_name_bytes
    reason = LocalReason(LONG, TOO_LONG) if is_long else why_kept_local(name, allow=mount.allow)
    if reason or not isinstance(storage, FileSystemStorage):
        return reason
    disk = StorageAccess(storage)
    access = disk.access_of_open_file(name, file.fileno()) if file else disk.access_of(name)
    return why_kept_local(name, access, mount.allow)
