"""Files brought back from the bucket: onto a new server, or where some were lost."""

import errno
import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import IO, NamedTuple

from django.core.exceptions import SuspiciousOperation
from django.core.files import File
from django.core.files.storage import FileSystemStorage
from pathspec import GitIgnoreSpec

from s3rewrite.core.entries import join
from s3rewrite.core.paths import FINGERPRINT_DIGITS
from s3rewrite.disk.local_files import REASONS, Spellings, find_obstacle, move_into_place
from s3rewrite.disk.signatures import signature_of
from s3rewrite.disk.stubs import Stub
from s3rewrite.freed import bring_back
from s3rewrite.s3.errors import S3Error
from s3rewrite.s3.objects import UNKNOWN, etag_of
from s3rewrite.sync.context import SyncContext
from s3rewrite.sync.scan import Findings, scan
from s3rewrite.tools.receiving import RestoreCandidate, received

NO_NAME = "its key is no name of a file in this storage"
DOTS = frozenset({"", ".", ".."})
"""What no part of a name can be."""


class Restored(NamedTuple):
    """A name that is in the bucket and not on disk; `reason` says why it could not be restored."""

    name: str
    size: int
    reason: str = ""


WHOLE_DISK = {
    errno.ENOSPC: "the disk is full: make room",
    errno.EDQUOT: "the disk quota is used up: make room",
    errno.EROFS: "the disk is read-only: mount it for writing",
    errno.EIO: "the disk fails (input/output error): see the kernel's log",
}
"""What would meet every other file, too."""


def restore(
    job: SyncContext, patterns: Iterable[str] = (), *, freed: bool = False
) -> Iterator[Restored]:
    """Bring back each file that is missing, all or those that a pattern of gitignore names.

    With `freed` also those that were freed.

    No file that is there is touched. Of several versions of a name the one that is published
    comes back, otherwise the latest. Of a file and a folder of one name, the folder does. A dry
    run only says what would come.
    Raises S3Error, OSError where the rest would fail, too; ScanError, with `freed`.
    """
    chosen = GitIgnoreSpec.from_lines(patterns)
    if freed:
        yield from _freed(job, chosen)
    spellings = Spellings()
    for wanted in _wanted(job):
        if chosen.patterns and not chosen.match_file(wanted.name):
            continue
        reason = _outcome(wanted.name, partial(_bring, job, wanted, spellings))
        if reason is not None:
            yield Restored(wanted.name, wanted.size, reason)


class _There(Exception):
    """A file has that name already: it stands."""


def _outcome(name: str, step: Callable[[], None]) -> str | None:
    """Why a step failed for one name; None where the file was there.

    Raises OSError where it is the whole disk's failure.
    """
    try:
        step()
    except _There:
        return None
    except OSError as error:
        if error.errno in WHOLE_DISK:
            action = f"{WHOLE_DISK[error.errno]}, then run s3rewrite_restore again"
            raise OSError(f"{name}: {action}") from error
        return REASONS.get(error.errno or 0) or error.strerror or str(error)
    except SuspiciousOperation:
        return NO_NAME
    except (S3Error, ValueError) as error:
        return str(error)
    return ""


def _freed(job: SyncContext, chosen: GitIgnoreSpec) -> Iterator[Restored]:
    """Bring back freed files, wherever their stubs lie, and whatever is excluded by now."""
    findings = Findings()
    for directory in scan(job.storage, None, findings):
        for basename, stub in directory.stubs.items():
            name = join(directory.path, basename)
            if not chosen.patterns or chosen.match_file(name):
                reason = _outcome(name, partial(_bring_back, job, name, stub))
                yield Restored(name, stub.signature.size, reason or "")
    for name, reason in findings.errors.items():
        yield Restored(name, 0, reason)


def _bring_back(job: SyncContext, name: str, stub: Stub) -> None:
    if isinstance(job.storage, FileSystemStorage) and not job.options.dry_run:
        bring_back(job.storage, name, stub)


def _wanted(job: SyncContext) -> Iterator[RestoreCandidate]:
    """The objects of the mount, each name once."""
    for folder in job.bucket.walk(job.mount.prefix):
        versions: dict[str, list[RestoreCandidate]] = {}
        for key, found in folder.items():
            size = found.get("Size", UNKNOWN)
            if parts := job.mount.paths.name(key) or _marker(job, key, size):
                name, version = parts
                modified = found.get("LastModified", datetime.now(UTC))
                wanted = RestoreCandidate(name, key, version, size, modified, etag_of(found))
                versions.setdefault(name, []).append(wanted)
        published = job.registry.get(versions)
        for name, candidates in versions.items():
            entry = published.get(name)
            current = entry.fingerprint[:FINGERPRINT_DIGITS] if entry else None
            yield max(candidates, key=lambda one: (one.version == current, one.modified))


def _marker(job: SyncContext, key: str, size: int) -> tuple[str, str] | None:
    """A key that stands for a folder, with bytes that no folder can hold."""
    is_lost = key.endswith("/") and size > 0 and not job.mount.paths.fingerprinted
    return (key.removeprefix(job.mount.prefix), "") if is_lost else None


def _bring(job: SyncContext, wanted: RestoreCandidate, spellings: Spellings) -> None:
    """Bring one file back. Raises _There, and what `_outcome` knows."""
    _look(job, wanted.name, spellings)
    if job.options.dry_run:
        return
    try:
        with received(job, wanted) as file:
            _put(job, wanted, file)
    except FileExistsError:
        _look(job, wanted.name, spellings)  # was it saved meanwhile?
        raise


def _look(job: SyncContext, name: str, spellings: Spellings) -> None:
    """Look whether a name is free. Raises _There, ValueError where it cannot be that of a file."""
    if not DOTS.isdisjoint(name.split("/")):
        raise ValueError(NO_NAME)
    is_there = signature_of(job.storage, name) is not None
    if isinstance(job.storage, FileSystemStorage):
        path, root = Path(job.storage.path(name)), Path(job.storage.location)
        if is_there and not spellings.has(path, root):
            raise ValueError("this disk takes it for a file that is there, with other letters")
        if not is_there and (reason := find_obstacle(path, root)):
            raise ValueError(reason)
    if is_there:
        raise _There


def _put(job: SyncContext, wanted: RestoreCandidate, file: IO[bytes]) -> None:
    """Make the received file the one of that name. Raises FileExistsError."""
    if not isinstance(job.storage, FileSystemStorage):
        file.seek(0)
        saved = job.storage.save(wanted.name, File(file))
        if saved != wanted.name:
            job.storage.delete(saved)
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), wanted.name)
        return
    modified = wanted.modified.timestamp()
    with suppress(OSError):  # not every disk lets everybody set it
        os.utime(file.name, (modified, modified))
    move_into_place(Path(file.name), Path(job.storage.path(wanted.name)))
