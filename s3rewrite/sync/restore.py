"""Files brought back from the bucket: onto a new server, or where some were lost."""

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import NamedTuple

from django.core.exceptions import SuspiciousOperation
from django.core.files import File
from django.core.files.storage import FileSystemStorage
from pathspec import GitIgnoreSpec

from s3rewrite.entries import join
from s3rewrite.exclusions import OWN
from s3rewrite.freed import FreedFileError, bring_back
from s3rewrite.paths import FINGERPRINT_DIGITS
from s3rewrite.stubs import Stub
from s3rewrite.sync.errors import S3Error
from s3rewrite.sync.job import Job
from s3rewrite.sync.objects import FINGERPRINT
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
    for directory in scan(job.storage, lambda _: False, job.mount.prefix, Findings()):
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
    """The object's bytes in a file beside its place. Raises ValueError where they are others."""
    expected = _sha256(job, wanted) or wanted.version
    digest = sha256()
    with NamedTemporaryFile(dir=_folder(job, wanted.name), prefix=OWN) as file:
        for chunk in job.bucket.get(wanted.key):
            digest.update(chunk)
            file.write(chunk)
        file.flush()
        os.fsync(file.fileno())
        if not digest.hexdigest().startswith(expected) or file.tell() != wanted.size:
            raise ValueError("the bucket gave other bytes than were sent to it")
        yield Path(file.name)


def _sha256(job: Job, wanted: _Wanted) -> str:
    """What was written beside the object; "" for one of another tool.

    Raises ValueError for one that such a tool packed: its bytes are not those of the file.
    """
    found = job.bucket.call("head_object", Key=wanted.key)
    digest = str(found["Metadata"].get(FINGERPRINT, ""))
    encoding = found.get("ContentEncoding", "")
    if encoding in PACKED and not digest:
        raise ValueError(f"another tool packed it ({encoding}): unpack it into its place by hand")
    return digest


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
