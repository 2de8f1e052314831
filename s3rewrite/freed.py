"""Freed files, whose bytes are on S3 alone: reading them, and bringing them back to the disk."""

import os
from collections.abc import Generator
from contextlib import closing
from dataclasses import replace
from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, NamedTuple

from django.core.files.storage import FileSystemStorage, Storage

from s3rewrite import conf
from s3rewrite.core.mounts import Mount
from s3rewrite.disk.exchange import replace_expected
from s3rewrite.disk.replacements import (
    apply_ownership,
    create_new,
    ownership_of_freed,
    temporary_part,
)
from s3rewrite.disk.stubs import Stub, stub_at

if TYPE_CHECKING:
    from s3rewrite.s3.bucket import Bucket

CHUNK = 256 * 1024
"""Bytes of a streamed file in memory at a time."""


class FreedFileError(OSError):
    """The bytes of a freed file cannot be fetched from S3."""


def stub_of(storage: Storage, name: str) -> Stub | None:
    """The stub of a name; None where the file itself, or nothing, is there."""
    return stub_at(storage.path(name)) if isinstance(storage, FileSystemStorage) else None


def bring_back(storage: FileSystemStorage, name: str, stub: Stub) -> None:
    """Replace a stub by its file, as it was.

    On any error the stub stays, or what was saved in its place meanwhile. Raises OSError.
    """
    path = Path(storage.path(name))
    with temporary_part(path) as part:
        with create_new(part, "wb") as file:
            fetch(storage, stub, file)
            file.flush()
            os.fsync(file.fileno())
        mtime_ns = stub.signature.mtime_ns
        os.utime(part, ns=(mtime_ns, mtime_ns))
        old = ownership_of_freed(storage, path, stub)
        apply_ownership(part, old, old.mode)
        if not replace_expected(part, path, lambda at: stub_at(str(at)) == stub):
            raise FreedFileError(f"{name} was changed while it was brought back")


def fetch(storage: Storage, stub: Stub, file: IO[bytes]) -> None:
    """Write the bytes of a stub's object into a file. Raises FreedFileError, OSError."""
    from s3rewrite.s3.errors import S3Error  # noqa: PLC0415 - boto3 is imported where needed

    digest, size = sha256(), 0
    try:
        for chunk in _bucket(storage, stub).get(stub.key):
            digest.update(chunk)
            size += len(chunk)
            if size > stub.signature.size:  # these are other bytes, perhaps without end
                break
            file.write(chunk)
    except S3Error as error:
        raise FreedFileError(f"{stub.key}: {error}") from error
    if (size, digest.hexdigest()) != (stub.signature.size, stub.sha256):
        raise FreedFileError(f"{stub.key}: bucket {stub.bucket} gave other bytes than were freed")
    file.seek(0)


class ObjectRange(NamedTuple):
    """Bytes of an object as S3 sends them: how many, and which of them (Content-Range or "")."""

    size: int
    range: str
    chunks: Generator[bytes]


def read_range(mount: Mount, stub: Stub, range_header: str) -> ObjectRange | None:
    """Some bytes of a freed file, by a Range header, or all with "". Their digest is not checked.

    None where the file has no such bytes. Raises FreedFileError.
    """
    from s3rewrite.s3.errors import S3Error  # noqa: PLC0415
    from s3rewrite.s3.objects import object_of  # noqa: PLC0415

    options = {"Range": range_header} if range_header else {}
    try:
        answer = _bucket_of(mount, os.getpid()).call("get_object", Key=stub.key, **options)
    except S3Error as error:
        if error.code in ("InvalidRange", "416"):
            return None
        raise FreedFileError(f"{stub.key}: {error}") from error
    stored = object_of(answer)
    if stored.etag != stub.etag and stored.sha256 != stub.sha256:
        raise FreedFileError(f"{stub.key}: bucket {stub.bucket} has other bytes than were freed")
    return ObjectRange(
        answer["ContentLength"], answer.get("ContentRange", ""), _chunks(answer["Body"])
    )


def _chunks(body: Any) -> Generator[bytes]:
    """The bytes of a response. It is closed, too, when the visitor leaves."""
    with closing(body):
        yield from body.iter_chunks(CHUNK)


def _bucket(storage: Storage, stub: Stub) -> "Bucket":
    """The bucket of a stub, with the client of the mount that it belongs to, or of its storage."""
    mounts = conf.mounts().values()
    by_key = [m for m in mounts if m.bucket == stub.bucket and stub.key.startswith(m.prefix)]
    candidates = by_key or [m for m in mounts if _has_files_of(m, storage)]
    if not candidates:
        raise FreedFileError(f"{stub.key} is in bucket {stub.bucket}, and no mount has its storage")
    return _bucket_of(replace(candidates[0], bucket=stub.bucket), os.getpid())


def _has_files_of(mount: Mount, storage: Storage) -> bool:
    mounted = conf.find_storage(mount)
    if not (isinstance(mounted, FileSystemStorage) and isinstance(storage, FileSystemStorage)):
        return mounted == storage
    return Path(storage.location).is_relative_to(mounted.location)


@lru_cache(maxsize=16)
def _bucket_of(mount: Mount, pid: int) -> "Bucket":
    """One bucket for each process, as a client of boto3 may not be shared across a fork."""
    from s3rewrite.s3.bucket import Bucket  # noqa: PLC0415

    return Bucket(mount)
