"""Reading one file of a storage: opened once, looked at before and after."""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import md5, sha256
from pathlib import Path
from typing import IO, Any

from django.core.files.storage import FileSystemStorage, Storage

from s3rewrite.core.entries import Signature
from s3rewrite.disk.signatures import signature, signature_of
from s3rewrite.s3.objects import SMALL, Digests

CHUNK = 1024 * 1024

TICK = 0.02
"""Seconds in which a file system may give two changes the same time. A file that was changed
more recently is left to settle, or the next change might not show."""


class OpenFile:
    """A file that is being uploaded."""

    def __init__(self, storage: Storage, name: str, file: IO[bytes]) -> None:
        self._storage = storage
        self._name = name
        self.file = file
        self._identity = self._look()
        self._root = _root_of(storage)
        self.signature = self._signature()

    def read(self) -> tuple[Digests, bytes | IO[bytes]]:
        """The digests of the bytes, and the bytes: in memory for a small file."""
        self.file.seek(0)
        if self.signature.size <= SMALL:
            content = self.file.read(self.signature.size + 1)  # it may have grown without end
            return digests_of(content), content
        digest = sha256()
        while chunk := self.file.read(CHUNK):
            digest.update(chunk)
        self.file.seek(0)
        return Digests(digest.hexdigest(), ""), self.file

    @property
    def status(self) -> os.stat_result:
        """What the disk says of the file that is open."""
        return os.fstat(self.file.fileno())

    def is_at(self, path: Path) -> bool:
        """Whether the file that was opened lies, unchanged, at that path of the disk."""
        return _identity(path) == self._identity

    def is_removed(self) -> bool:
        """Whether somebody removed it, while the disk that it lay on is still there."""
        if self._root is None or _root_of(self._storage) != self._root:
            return False  # another disk, or none
        path = Path(self._storage.path(self._name))
        above = next(parent for parent in path.parents if parent.is_dir())
        return not os.path.lexists(path) and above.stat().st_dev == self._identity[0]

    def is_unchanged(self) -> bool:
        """Whether both the descriptor and the path still show the file that was opened."""
        try:
            return self._look() == self._identity and self._signature() == self.signature
        except FileNotFoundError:
            return False

    def _signature(self) -> Signature:
        if isinstance(self._storage, FileSystemStorage):
            return signature(self.status)
        found = signature_of(self._storage, self._name)
        if found is None:
            raise FileNotFoundError(self._name)
        return found

    def _look(self) -> tuple[Any, ...]:
        if not isinstance(self._storage, FileSystemStorage):
            return ()
        return _identity(Path(self._storage.path(self._name)))


def _root_of(storage: Storage) -> tuple[int, int] | None:
    """The identity of a storage's directory; None where there is none."""
    try:
        found = os.stat(getattr(storage, "location", ""))  # noqa: PTH116
    except OSError:
        return None
    return found.st_dev, found.st_ino


def _identity(path: Path) -> tuple[int, ...]:
    found = path.stat()
    return (found.st_dev, found.st_ino, *signature(found))


@contextmanager
def opened(storage: Storage, name: str) -> Iterator[OpenFile]:
    """Open a file for an upload, once it has settled. Raises OSError."""
    with storage.open(name, "rb") as file:
        found = OpenFile(storage, name, getattr(file, "file", file))
        age = time.time() - found.signature.mtime_ns / 1e9
        if 0 <= age < TICK:
            time.sleep(TICK - age)
        yield found


def digests_of(content: bytes) -> Digests:
    """The digests of bytes in memory."""
    return Digests(sha256(content).hexdigest(), md5(content, usedforsecurity=False).hexdigest())
