"""Restoring files from the bucket: onto a new server, or where some were lost."""

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
from django.core.files.storage import FileSystemStorage, Storage
from pathspec import GitIgnoreSpec

from s3rewrite.core.entries import join
from s3rewrite.core.mounts import Mount
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

WHOLE_DISK = {
    errno.ENOSPC: "the disk is full: make room",
    errno.EDQUOT: "the disk quota is used up: make room",
    errno.EROFS: "the disk is read-only: mount it for writing",
    errno.EIO: "the disk fails (input/output error): see the kernel's log",
}
"""Errors that every other file would meet, too."""


class Restored(NamedTuple):
    """A name that was missing on disk; `reason` says why it could not be restored."""

    name: str
    size: int
    reason: str = ""


def restore(
    context: SyncContext, patterns: Iterable[str] = (), *, freed: bool = False
) -> Iterator[Restored]:
    """Restore each missing file, all or those that a pattern of gitignore matches.

    With `freed` also the files that were freed. Does not touch a file that is there. Of several
    versions of a name it restores the published one, otherwise the latest. Where a file and a
    folder have one name, it restores the folder. A dry run restores nothing.
    Raises S3Error; OSError where the rest would fail, too; with `freed` also ScanError.
    """
    spec = GitIgnoreSpec.from_lines(patterns)
    is_chosen = spec.match_file if spec.patterns else lambda _: True
    # Separately: in the loop below a stub counts as a file that is there.
    if freed:
        yield from _restore_freed(context, is_chosen)
    spellings = Spellings()
    for candidate in filter(lambda c: is_chosen(c.name), _candidates(context)):
        reason = _outcome(candidate.name, partial(_restore, context, candidate, spellings))
        if reason is not None:
            yield Restored(candidate.name, candidate.size, reason)


def _outcome(name: str, step: Callable[[], bool]) -> str | None:
    """Run a step for one name. "" if it restored it, None if it had nothing to do.

    Otherwise returns why it failed. Raises OSError for a failure of the whole disk.
    """
    try:
        return "" if step() else None
    except OSError as error:
        if error.errno in WHOLE_DISK:
            action = f"{WHOLE_DISK[error.errno]}, then run s3rewrite_restore again"
            raise OSError(f"{name}: {action}") from error
        return REASONS.get(error.errno or 0) or error.strerror or str(error)
    except SuspiciousOperation:
        return NO_NAME
    except (S3Error, ValueError) as error:
        return str(error)


def _restore_freed(
    context: SyncContext, is_chosen: Callable[[str], bool | None]
) -> Iterator[Restored]:
    """Restore freed files wherever their stubs are, also those that are excluded by now."""
    findings = Findings()
    for directory in scan(context.storage, None, findings):
        for basename, stub in directory.stubs.items():
            name = join(directory.path, basename)
            if is_chosen(name):
                reason = _outcome(name, partial(_bring_back, context, name, stub))
                yield Restored(name, stub.signature.size, reason or "")
    for name, reason in findings.errors.items():
        yield Restored(name, 0, reason)


def _bring_back(context: SyncContext, name: str, stub: Stub) -> bool:
    if isinstance(context.storage, FileSystemStorage) and not context.options.dry_run:
        bring_back(context.storage, name, stub)
    return True


def _candidates(context: SyncContext) -> Iterator[RestoreCandidate]:
    """The mount's objects, one a name."""
    for folder in context.bucket.walk(context.mount.prefix):
        versions: dict[str, list[RestoreCandidate]] = {}
        for key, item in folder.items():
            size = item.get("Size", UNKNOWN)
            if parts := context.mount.paths.name(key) or _folder_marker(context.mount, key, size):
                name, version = parts
                modified = item.get("LastModified", datetime.now(UTC))
                candidate = RestoreCandidate(name, key, version, size, modified, etag_of(item))
                versions.setdefault(name, []).append(candidate)
        published = context.registry.get(versions)
        for name, candidates in versions.items():
            entry = published.get(name)
            current = entry.fingerprint[:FINGERPRINT_DIGITS] if entry else None
            yield max(candidates, key=lambda c: (c.version == current, c.modified))


def _folder_marker(mount: Mount, key: str, size: int) -> tuple[str, str] | None:
    """The name and version of a key that stands for a folder, and has bytes.

    No folder can hold them: the name is returned so that it is reported as failed.
    """
    is_lost = key.endswith("/") and size > 0 and not mount.paths.fingerprinted
    return (key.removeprefix(mount.prefix), "") if is_lost else None


def _restore(context: SyncContext, candidate: RestoreCandidate, spellings: Spellings) -> bool:
    """Restore one file; False if it is there. Raises what `_outcome` handles."""
    if not _is_missing(context.storage, candidate.name, spellings):
        return False
    if context.options.dry_run:
        return True
    try:
        with received(context, candidate) as file:
            _put(context.storage, candidate, file)
    except FileExistsError:
        # The site may have saved it meanwhile; or only something in its path has a file's name.
        if _is_missing(context.storage, candidate.name, spellings):
            raise
        return False
    return True


def _is_missing(storage: Storage, name: str, spellings: Spellings) -> bool:
    """Whether no file has a name yet. Raises ValueError where none can have it."""
    if not DOTS.isdisjoint(name.split("/")):
        raise ValueError(NO_NAME)
    is_there = signature_of(storage, name) is not None
    if isinstance(storage, FileSystemStorage):
        path, root = Path(storage.path(name)), Path(storage.location)
        if is_there and not spellings.has(path, root):
            raise ValueError("this disk takes it for a file that is there, with other letters")
        if not is_there and (reason := find_obstacle(path, root)):
            raise ValueError(reason)
    return not is_there


def _put(storage: Storage, candidate: RestoreCandidate, file: IO[bytes]) -> None:
    """Give the received file its name. Raises FileExistsError if it is taken."""
    if not isinstance(storage, FileSystemStorage):
        file.seek(0)
        saved = storage.save(candidate.name, File(file))
        if saved != candidate.name:  # the storage chose another name, as this one is taken
            storage.delete(saved)
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), candidate.name)
        return
    modified = candidate.modified.timestamp()
    with suppress(OSError):  # not every disk lets everybody set it
        os.utime(file.name, (modified, modified))
    move_into_place(Path(file.name), Path(storage.path(candidate.name)))
