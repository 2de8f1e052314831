"""The ground that a local storage stands on: where a name leads, and who else may read it."""

import os
import stat
from collections.abc import Iterable, Iterator
from typing import IO

from django.core.files.storage import FileSystemStorage, Storage

from s3rewrite.core.kept_local import Facts, Kept, readers, why_kept_local
from s3rewrite.core.mounts import Mount

READ, ENTER = (0o004, 0o040), (0o001, 0o010)
"""Permissions of others and of the group."""


class Ground:
    """The root of a storage, and what its files and directories must be open to."""

    def __init__(self, storage: FileSystemStorage) -> None:
        self.root = str(storage.location)
        self.real = os.path.realpath(self.root)
        self.file_readers = readers(storage.file_permissions_mode, *READ)
        self._directory_readers = readers(storage.directory_permissions_mode, *ENTER)

    def facts(self, name: str) -> Facts:
        """What the disk says of a name. What is not there is not closed."""
        path = os.path.join(self.root, name)  # noqa: PTH118 - an absolute one is no name of ours
        real = os.path.realpath(path)
        return self._facts(real, {*_ways(self.root, path), *_ways(self.real, real)})

    def facts_of_open(self, name: str, descriptor: int) -> Facts:
        """The same of a file that is open: nobody can put another one in its place any more."""
        try:
            real = os.readlink(f"/proc/self/fd/{descriptor}")  # noqa: PTH115 - a descriptor's
        except OSError:
            real = os.path.realpath(f"{self.root}/{name}")  # not on Linux
        facts = self._facts(real, _ways(self.real, real))
        return facts._replace(is_closed=facts.is_closed or not self.is_open(os.fstat(descriptor)))

    def _facts(self, real: str, ways: Iterable[str]) -> Facts:
        if not (real + "/").startswith(self.real.rstrip("/") + "/"):
            return Facts(is_outside=True)
        return Facts(is_closed=any(map(self._is_closed, ways)))

    def _is_closed(self, path: str) -> bool:
        try:
            return not self.is_open(os.stat(path))  # noqa: PTH116
        except OSError:
            return False

    def is_open(self, found: os.stat_result) -> bool:
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


def kept_local(
    storage: Storage, mount: Mount, name: str, file: IO[bytes] | None = None
) -> Kept | None:
    """Why a name is not to become public, or a file of that name that is open; None: it may."""
    if (why := why_kept_local(name, allow=mount.allow)) or not isinstance(
        storage, FileSystemStorage
    ):
        return why
    ground = Ground(storage)
    facts = ground.facts_of_open(name, file.fileno()) if file else ground.facts(name)
    return why_kept_local(name, facts, mount.allow)
