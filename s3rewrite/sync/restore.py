"""Files brought back from the bucket: onto a new server, or where some were lost."""

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import IO, NamedTuple

from django.core.exceptions import SuspiciousOperation
from django.core.files import File
from django.core.files.storage import FileSystemStorage
from pathspec import GitIgnoreSpec

from s3rewrite.entries import join
from s3rewrite.exclusions import OWN
from s3rewrite.freed import FreedFileError, bring_back
from s3rewrite.paths import FINGERPRINT_DIGITS
from s3rewrite.stubs import Stub
from s3rewrite.sync.compression import CODINGS, LARGEST, decompress, is_installed
from s3rewrite.sync.errors import S3Error
from s3rewrite.sync.job import Job
from s3rewrite.sync.objects import FINGERPRINT, PLAIN, encoding_of
from s3rewrite.sync.scan import Findings, scan, signature_of

PACKED = frozenset({"gzip", "br", "zstd", "deflate", "compress"})
"""Values of Content-Encoding that say that the bytes are other ones.
https://www.iana.org/assignments/http-parameters/#content-coding"""


class Restored(NamedTuple):
    """A name that is in the bucket and not on disk; `reason` says why it could not be restored."""

    name: str
    size: int
    reason: str = ""


class _Wanted(NamedTuple):
    name: str
    key: str
    version: str
    size: int
    modified: datetime


def restore(job: Job, patterns: Iterable[str] = (), *, freed: bool = False) -> Iterator[Restored]:
    """Bring back each file that is missing, all or those that a pattern of gitignore names.

    With `freed` also those that were freed.

    No file that is there is touched. Of several versions of a name the one that is published
    comes back, otherwise the latest. A dry run only says what would come.
    Raises S3Error, OSError where the rest would fail, too.
    """
    chosen = GitIgnoreSpec.from_lines(patterns)
    if freed:
        yield from _freed(job, chosen)
    for wanted in _wanted(job):
        if chosen.patterns and not chosen.match_file(wanted.name):
            continue
        try:
            if signature_of(job.storage, wanted.name) is not None:
                continue
            reason = "" if job.choices.dry_run else _one(job, wanted)
        except SuspiciousOperation:
            reason = "its key is no name of a file in this storage"
        yield Restored(wanted.name, wanted.size, reason)


def _freed(job: Job, chosen: GitIgnoreSpec) -> Iterator[Restored]:
    """Bring back freed files, wherever their stubs lie, and whatever is excluded by now."""
    for directory in scan(job.storage, None, Findings()):
        for basename, stub in directory.freed.items():
            name = join(directory.path, basename)
            if not chosen.patterns or chosen.match_file(name):
                reason = "" if job.choices.dry_run else _brought_back(job, name, stub)
                yield Restored(name, stub.signature.size, reason)


def _brought_back(job: Job, name: str, stub: Stub) -> str:
    """Why it could not be."""
    assert isinstance(job.storage, FileSystemStorage)  # noqa: S101 - others have no stubs
    try:
        bring_back(job.storage, name, stub)
    except FreedFileError as error:
        return str(error)
    return ""


def _wanted(job: Job) -> Iterator[_Wanted]:
    """The objects of the mount, each name once."""
    for folder in job.bucket.walk(job.mount.prefix):
        versions: dict[str, list[_Wanted]] = {}
        for key, found in folder.items():
            if parts := job.mount.paths.name(key):
                name, version = parts
                wanted = _Wanted(name, key, version, found["Size"], found["LastModified"])
                versions.setdefault(name, []).append(wanted)
        published = job.registry.get(versions)
        for name, candidates in versions.items():
            entry = published.get(name)
            current = entry.fingerprint[:FINGERPRINT_DIGITS] if entry else None
            yield max(candidates, key=lambda one: (one.version == current, one.modified))


def _one(job: Job, wanted: _Wanted) -> str:
    """Bring one file back; returns why it could not be."""
    try:
        with _received(job, wanted) as path:
            _put(job, wanted, path)
    except FileExistsError:
        return ""  # it was saved meanwhile: that one stands
    except (S3Error, ValueError) as error:
        return str(error)
    return ""


@contextmanager
def _received(job: Job, wanted: _Wanted) -> Iterator[Path]:
    """The file's bytes in a file beside its place. Raises ValueError where they are others."""
    proof = _proof(job, wanted)
    digest = sha256()
    with NamedTemporaryFile(dir=_folder(job, wanted.name), prefix=OWN) as file:
        for chunk in job.bucket.get(wanted.key):
            digest.update(chunk)
            file.write(chunk)
        if not digest.hexdigest().startswith(proof.sha256) or file.tell() != wanted.size:
            raise ValueError("the bucket gave other bytes than were sent to it")
        if proof.plain_sha256:
            _decompress(file, proof)
        file.flush()
        os.fsync(file.fileno())
        yield Path(file.name)


class _Proof(NamedTuple):
    """What was written beside an object, or is in its key: the SHA-256 of its bytes or a part."""

    sha256: str
    coding: str
    plain_sha256: str
    """Of the bytes before they were compressed on the way, where they were."""


def _proof(job: Job, wanted: _Wanted) -> _Proof:
    """Raises ValueError for an object that another tool packed: its bytes are not the file's.

    What was packed on disk already, and sent by this package as it was, comes back as it was.
    """
    found = job.bucket.call("head_object", Key=wanted.key)
    digest, plain = (str(found["Metadata"].get(name, "")) for name in (FINGERPRINT, PLAIN))
    encoding = encoding_of(found.get("ContentEncoding", ""))
    if encoding in PACKED and not digest:
        raise ValueError(f"another tool packed it ({encoding}): unpack it into its place by hand")
    return _Proof(digest or wanted.version, encoding, plain)


def _decompress(file: IO[bytes], proof: _Proof) -> None:
    """Put the bytes in place that were there before they were compressed. Raises ValueError."""
    if proof.coding not in CODINGS:
        raise ValueError(f"it was compressed, and now has the Content-Encoding {proof.coding!r}")
    if not is_installed(proof.coding):
        raise ValueError(f"install s3rewrite[{CODINGS[proof.coding].extra}], then try it again")
    file.seek(0)
    content = decompress(file.read(LARGEST + 1), proof.coding)
    if sha256(content).hexdigest() != proof.plain_sha256:
        raise ValueError("the bucket gave other bytes than were sent to it")
    file.seek(0)
    file.truncate()
    file.write(content)


def _folder(job: Job, name: str) -> Path | None:
    if not isinstance(job.storage, FileSystemStorage):
        return None
    folder = Path(job.storage.path(name)).parent
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _put(job: Job, wanted: _Wanted, path: Path) -> None:
    """Make the received file the one of that name. Raises FileExistsError."""
    if not isinstance(job.storage, FileSystemStorage):
        with path.open("rb") as file:
            job.storage.save(wanted.name, File(file))
        return
    modified = wanted.modified.timestamp()
    os.utime(path, (modified, modified))
    path.chmod(job.storage.file_permissions_mode or 0o644)
    os.link(path, job.storage.path(wanted.name))
