"""Reading one file of a storage for an upload, and whether it changed meanwhile."""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import md5, sha256
from pathlib import Path
from typing import IO, Any

from django.core.files.storage import FileSystemStorage, Storage

from s3rewrite.core.entries import Signature
from s3rewrite.disk.signatures import SECOND, signature, signature_of
from s3rewrite.s3.objects import SMALL, Digests

CHUNK = 1024 * 1024

TICK = 0.02
"""Seconds in which a file system may give two changes the same time. A file that changed more
recently is read only after them, or the next change might not show."""

COARSE_TICK = 2.0
"""The same of a file system whose times have no parts of seconds: ext3, FAT, some network disks."""


class OpenFile:
    """A file that is open for an upload."""

    def __init__(self, storage: Storage, name: str, file: IO[bytes]) -> None:
        self._storage = storage
        self._name = name
        # Once: Django's checks of a name cost more than to look at its file.
        self._path = storage.path(name) if isinstance(storage, FileSystemStorage) else ""
        self.file = file
        self._identity = self._identify()
        self._root = root_of(storage)
        self.signature = self._signature()

    def read(self) -> tuple[Digests, bytes | IO[bytes]]:
        """The digests of the bytes, and the bytes: in memory for a small file."""
        self.file.seek(0)
        if self.signature.size <= SMALL:
            content = self.file.read(self.signature.size + 1)  # no more: it may grow without end
            return digests_of(content), content
        digest = sha256()
        while chunk := self.file.read(CHUNK):
            digest.update(chunk)
        self.file.seek(0)
        return Digests(digest.hexdigest(), ""), self.file

    @property
    def status(self) -> os.stat_result:
        """The stat of the open file."""
        return os.fstat(self.file.fileno())

    def seconds_to_settle(self) -> float:
        """How long a next change might not show, as the last one was so recent."""
        changed_ns = self.status.st_ctime_ns if self._path else self.signature.mtime_ns
        tick = TICK if changed_ns % SECOND else COARSE_TICK
        # The clock of a network disk may be ahead: then the whole tick.
        return max(0.0, min(tick, tick - (time.time() - changed_ns / 1e9)))

    def is_at(self, path: Path) -> bool:
        """Whether the open file lies, unchanged, at that path of the disk."""
        return _identity(path) == self._identity

    def is_removed(self) -> bool:
        """Whether somebody removed the file, while its disk is still mounted."""
        if self._root is None or root_of(self._storage) != self._root:
            return False  # another disk, or none
        above = next(parent for parent in Path(self._path).parents if parent.is_dir())
        return not os.path.lexists(self._path) and above.stat().st_dev == self._identity[0]

    def is_unchanged(self) -> bool:
        """Whether both the descriptor and the path still show the same, unchanged file."""
        try:
            return self._identify() == self._identity and self._signature() == self.signature
        except FileNotFoundError:
            return False

    def _signature(self) -> Signature:
        if self._path:
            return signature(self.status)
        current = signature_of(self._storage, self._name)
        if current is None:
            raise FileNotFoundError(self._name)
        return current

    def _identify(self) -> tuple[Any, ...]:
        return _identity(self._path) if self._path else ()


def root_of(storage: Storage) -> tuple[int, int] | None:
    """The identity of a storage's directory; None where there is none."""
    try:
        status = os.stat(getattr(storage, "location", ""))  # noqa: PTH116
    except OSError:
        return None
    return status.st_dev, status.st_ino


def _identity(path: Path | str) -> tuple[int, ...]:
    status = os.stat(path)  # noqa: PTH116
    return (status.st_dev, status.st_ino, *signature(status).plain)  # a rename changes the ctime


@contextmanager
def opened(storage: Storage, name: str) -> Iterator[OpenFile]:
    """Open a file for an upload, and wait until its last change is a tick ago. Raises OSError."""
    with storage.open(name, "rb") as file:
        open_file = OpenFile(storage, name, getattr(file, "file", file))
        time.sleep(open_file.seconds_to_settle())
        yield open_file


def digests_of(content: bytes) -> Digests:
    """The digests of bytes in memory."""
    return Digests(sha256(content).hexdigest(), md5(content, usedforsecurity=False).hexdigest())
