"""Files whose bytes are on S3 alone, as a storage has them: looked at, opened, brought back."""

import io
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from tempfile import NamedTemporaryFile, SpooledTemporaryFile
from typing import IO, TYPE_CHECKING, Any, TypeVar, cast
from uuid import uuid4

from django.core.files import File
from django.core.files.storage import FileSystemStorage, Storage

from s3rewrite import conf
from s3rewrite.exclusions import OWN
from s3rewrite.mounts import Mount
from s3rewrite.stubs import Stub, stub_at

if TYPE_CHECKING:
    from s3rewrite.sync.transfer import Bucket

T = TypeVar("T")

IN_MEMORY = 8 * 1024 * 1024
"""Bytes of an opened file that are kept in memory; a larger one is kept in a temporary file."""


class FreedFileError(OSError):
    """The bytes of a freed file could not be fetched from S3."""


def stub_of(storage: Storage, name: str) -> Stub | None:
    """The stub of a name; None where its file is there, or nothing is."""
    return stub_at(storage.path(name)) if isinstance(storage, FileSystemStorage) else None


def bring_back(storage: FileSystemStorage, name: str, stub: Stub) -> None:
    """Put the file in the place of its stub, as it was. Raises OSError."""
    path = Path(storage.path(name))
    with NamedTemporaryFile(dir=path.parent, prefix=OWN, delete=False) as file:
        temporary = Path(file.name)
        try:
            fetch(stub, file)
            file.flush()
            os.fsync(file.fileno())
            os.utime(temporary, ns=(stub.signature.mtime_ns, stub.signature.mtime_ns))
            temporary.chmod(storage.file_permissions_mode or 0o644)
            if stub_at(str(path)) != stub:
                raise FreedFileError(f"{name} was changed while it was brought back")
            temporary.replace(path)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise


def fetch(stub: Stub, file: IO[bytes]) -> None:
    """Write the bytes of a stub's object into a file. Raises FreedFileError, OSError."""
    from s3rewrite.sync.errors import S3Error  # noqa: PLC0415 - boto3 is imported where needed

    digest = sha256()
    try:
        for chunk in _bucket(stub).get(stub.key):
            digest.update(chunk)
            file.write(chunk)
    except S3Error as error:
        raise FreedFileError(f"{stub.key}: {error}") from error
    if digest.hexdigest() != stub.sha256:
        raise FreedFileError(f"{stub.key}: bucket {stub.bucket} gave other bytes than were freed")
    file.seek(0)


class FreeableStorage(FileSystemStorage):
    """A FileSystemStorage in which what was freed is read as if it were there."""

    def _open(self, name: str, mode: str = "rb") -> "File[Any]":
        with suppress(FileNotFoundError):
            return self._open_local(name, mode)
        stub = self._stub(name)
        if not set(mode) & set("wa+"):
            return File(_opened(stub, mode), name)
        if "w" in mode:
            Path(self.path(name)).unlink()  # the bytes are not wanted any more
        else:
            bring_back(self, name, stub)
        return self._open_local(name, mode)

    def _open_local(self, name: str, mode: str) -> "File[Any]":
        return cast("File[Any]", super()._open(name, mode))  # type: ignore[misc]

    def _save(self, name: str, content: Any) -> str:
        path = self.path(name)
        # Where nothing may be overwritten, the stub keeps its name, as a file does.
        stub = stub_at(path) if getattr(self, "_allow_overwrite", False) else None
        with _replacing(path, stub):
            return cast("str", super()._save(name, content))  # type: ignore[misc]

    def size(self, name: str) -> int:
        """The size of a file, in bytes."""
        return self._told("size", name, lambda stub: stub.signature.size)

    def get_modified_time(self, name: str) -> datetime:
        """When its bytes were changed last."""
        return self._told("get_modified_time", name, _time)

    def get_created_time(self, name: str) -> datetime:
        """Of a freed file, when its bytes were changed last."""
        return self._told("get_created_time", name, _time)

    def get_accessed_time(self, name: str) -> datetime:
        """Of a freed file, when its bytes were changed last."""
        return self._told("get_accessed_time", name, _time)

    def _told(self, method: str, name: str, of_stub: Callable[[Stub], T]) -> T:
        with suppress(FileNotFoundError):
            return cast("T", getattr(super(), method)(name))
        return of_stub(self._stub(name))

    def _stub(self, name: str) -> Stub:
        path = self.path(name)
        stub = stub_at(path)
        if stub is None:
            raise FileNotFoundError(2, os.strerror(2), path)
        return stub


def _time(stub: Stub) -> datetime:
    zone = UTC if conf.uses_time_zones() else None
    return datetime.fromtimestamp(stub.signature.mtime_ns / 1e9, zone)


@contextmanager
def _replacing(path: str, stub: Stub | None) -> Iterator[None]:
    """Let a file be written in the place of a stub, which comes back where none was."""
    if stub is None:
        yield
        return
    Path(path).unlink()
    try:
        yield
    except BaseException:
        # What was written until then is not all of it, and no other copy is on this disk.
        temporary = Path(path).with_name(f"{OWN}{uuid4().hex}")
        temporary.symlink_to(stub.target())
        temporary.replace(path)
        raise


def _opened(stub: Stub, mode: str) -> IO[Any]:
    file = SpooledTemporaryFile(IN_MEMORY)  # noqa: SIM115 - whoever opens it closes it
    try:
        fetch(stub, cast("IO[bytes]", file))
    except BaseException:
        file.close()
        raise
    return cast("IO[Any]", file if "b" in mode else io.TextIOWrapper(cast("IO[bytes]", file)))


def _bucket(stub: Stub) -> "Bucket":
    for mount in conf.mounts().values():
        if mount.bucket == stub.bucket and stub.key.startswith(mount.prefix):
            return _bucket_of(mount, os.getpid())
    raise FreedFileError(f"{stub.key} is in bucket {stub.bucket}, which no mount names any more")


@lru_cache(maxsize=16)
def _bucket_of(mount: Mount, pid: int) -> "Bucket":
    """A client is not shared across a fork."""
    from s3rewrite.sync.transfer import Bucket  # noqa: PLC0415

    return Bucket(mount)
