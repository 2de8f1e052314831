"""Downloading an object into a local file and proving its bytes, before a file is restored."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from hashlib import md5, sha256
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, NamedTuple

from django.core.files.storage import FileSystemStorage, Storage

from s3rewrite.disk.local_files import make_folder, open_beside
from s3rewrite.disk.own_names import PART, own_name
from s3rewrite.s3.objects import Object, has_md5, object_of
from s3rewrite.sync.context import SyncContext
from s3rewrite.sync.upload.compression import CODINGS, MAX_SIZE, decompress, is_installed

COMPRESSED = frozenset({"gzip", "br", "zstd", "deflate", "compress"})
"""Values of Content-Encoding for bytes that are not the file's.
https://www.iana.org/assignments/http-parameters/#content-coding"""

OTHER_BYTES = "the bucket gave other bytes than were sent to it"


class RestoreCandidate(NamedTuple):
    """An object that may become a file."""

    name: str
    key: str
    version: str
    """The fingerprint in the key, "" where keys have none."""
    size: int
    modified: datetime
    etag: str


@contextmanager
def received(context: SyncContext, candidate: RestoreCandidate) -> Iterator[IO[bytes]]:
    """The bytes of the file, proved, in a temporary file beside its place.

    The SHA-256 in the metadata proves the object's bytes; otherwise its first digits in the key,
    or an ETag that is an MD5. Raises ValueError where the object's bytes are not the file's.
    """
    answer = context.bucket.call("head_object", Key=candidate.key)
    stored = object_of(answer)
    _refuse_foreign_coding(stored)
    fingerprint = stored.sha256 or candidate.version
    is_md5 = not fingerprint and len(candidate.etag) == 32 and has_md5(answer)
    sha256_digest, md5_digest = sha256(), md5(usedforsecurity=False)
    with _temporary_file(context.storage, candidate.name) as file:
        for chunk in context.bucket.get(candidate.key):
            sha256_digest.update(chunk)
            md5_digest.update(chunk)
            file.write(chunk)
        is_whole = file.tell() == candidate.size
        is_same = sha256_digest.hexdigest().startswith(fingerprint)
        if not is_whole or not is_same or (is_md5 and md5_digest.hexdigest() != candidate.etag):
            raise ValueError(OTHER_BYTES)
        if stored.plain_sha256:
            _decompress(file, stored)
        file.flush()
        os.fsync(file.fileno())
        yield file


@contextmanager
def _temporary_file(storage: Storage, name: str) -> Iterator[IO[bytes]]:
    if not isinstance(storage, FileSystemStorage):
        with TemporaryFile() as file:
            yield file
        return
    path = Path(storage.path(name))
    make_folder(storage, path.parent)
    with open_beside(storage, path, own_name(PART)) as file:
        try:
            yield file
        finally:
            Path(file.name).unlink(missing_ok=True)


def _refuse_foreign_coding(stored: Object) -> None:
    """Raise ValueError for an object that another tool compressed: its bytes are not the file's.

    A file that was compressed on the disk already, and sent unchanged, comes back unchanged.
    """
    if stored.encoding in COMPRESSED and not stored.sha256:
        reason = f"another tool packed it ({stored.encoding}): unpack it into its place by hand"
        raise ValueError(reason)


def _decompress(file: IO[bytes], stored: Object) -> None:
    """Replace a file's bytes by the decompressed ones. Raises ValueError."""
    coding = stored.encoding or ""
    if coding not in CODINGS:
        raise ValueError(f"it was compressed, and now has the Content-Encoding {coding!r}")
    if not is_installed(coding):
        raise ValueError(f"install s3rewrite[{CODINGS[coding].extra}], then try it again")
    file.seek(0)
    # One byte more than this package compresses: a longer object fails the comparison.
    content = decompress(file.read(MAX_SIZE + 1), coding)
    if sha256(content).hexdigest() != stored.plain_sha256:
        raise ValueError(OTHER_BYTES)
    file.seek(0)
    file.truncate()
    file.write(content)
