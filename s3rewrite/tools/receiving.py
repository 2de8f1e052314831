"""An object's bytes in a local file, proven: the last step before a file is restored."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from hashlib import md5, sha256
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, NamedTuple

from django.core.files.storage import FileSystemStorage

from s3rewrite.disk.local_files import make_folder, open_beside
from s3rewrite.disk.own_names import PART, own_name
from s3rewrite.s3.objects import has_md5, object_of
from s3rewrite.sync.context import SyncContext
from s3rewrite.sync.upload.compression import CODINGS, MAX_SIZE, decompress, is_installed

PACKED = frozenset({"gzip", "br", "zstd", "deflate", "compress"})
"""Values of Content-Encoding that say that the bytes are other ones.
https://www.iana.org/assignments/http-parameters/#content-coding"""


class RestoreCandidate(NamedTuple):
    """An object that is to be a file."""

    name: str
    key: str
    version: str
    size: int
    modified: datetime
    etag: str


@contextmanager
def received(job: SyncContext, wanted: RestoreCandidate) -> Iterator[IO[bytes]]:
    """The file's bytes in a file beside its place. Raises ValueError where they are others."""
    proof = _proof(job, wanted)
    digest, md5_digest = sha256(), md5(usedforsecurity=False)
    with _temporary(job, wanted.name) as file:
        for chunk in job.bucket.get(wanted.key):
            digest.update(chunk)
            md5_digest.update(chunk)
            file.write(chunk)
        is_whole = file.tell() == wanted.size and proof.md5 in ("", md5_digest.hexdigest())
        if not (is_whole and digest.hexdigest().startswith(proof.sha256)):
            raise ValueError("the bucket gave other bytes than were sent to it")
        if proof.plain_sha256:
            _decompress(file, proof)
        file.flush()
        os.fsync(file.fileno())
        yield file


@contextmanager
def _temporary(job: SyncContext, name: str) -> Iterator[IO[bytes]]:
    if not isinstance(job.storage, FileSystemStorage):
        with TemporaryFile() as file:
            yield file
        return
    path = Path(job.storage.path(name))
    make_folder(job.storage, path.parent)
    with open_beside(job.storage, path, own_name(PART)) as file:
        try:
            yield file
        finally:
            Path(file.name).unlink(missing_ok=True)


class _Proof(NamedTuple):
    """What was written beside an object, or is in its key: the SHA-256 of its bytes or a part."""

    sha256: str
    coding: str
    plain_sha256: str
    """Of the bytes before they were compressed on the way, where they were."""
    md5: str
    """Of the bytes, where nobody wrote a SHA-256."""


def _proof(job: SyncContext, wanted: RestoreCandidate) -> _Proof:
    """Raises ValueError for an object that another tool packed: its bytes are not the file's.

    What was packed on disk already, and sent by this package as it was, comes back as it was.
    """
    answer = job.bucket.call("head_object", Key=wanted.key)
    found = object_of(answer)
    encoding, digest = found.encoding or "", found.sha256 or wanted.version
    if encoding in PACKED and not found.sha256:
        raise ValueError(f"another tool packed it ({encoding}): unpack it into its place by hand")
    is_md5 = not digest and len(wanted.etag) == 32 and has_md5(answer)
    return _Proof(digest, encoding, found.plain_sha256, wanted.etag if is_md5 else "")


def _decompress(file: IO[bytes], proof: _Proof) -> None:
    """Put the bytes in place that were there before they were compressed. Raises ValueError."""
    if proof.coding not in CODINGS:
        raise ValueError(f"it was compressed, and now has the Content-Encoding {proof.coding!r}")
    if not is_installed(proof.coding):
        raise ValueError(f"install s3rewrite[{CODINGS[proof.coding].extra}], then try it again")
    file.seek(0)
    content = decompress(file.read(MAX_SIZE + 1), proof.coding)
    if sha256(content).hexdigest() != proof.plain_sha256:
        raise ValueError("the bucket gave other bytes than were sent to it")
    file.seek(0)
    file.truncate()
    file.write(content)
