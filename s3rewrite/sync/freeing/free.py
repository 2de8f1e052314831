"""Frees local files whose bytes S3 surely holds. Never the only copy.

Each file takes two passes. The first reads it, proves by checksum that its object holds the same
bytes, and lets file and stub change places: the file lies beside its place then, under a name of
ours. A later one looks once more at both, file and object; the file is removed, or put back.

A step changes one name at a time, or two by exchange, so whenever a pass is killed, the bytes are
on disk, or S3 was proved to have them.
"""

import errno
import os
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from enum import StrEnum
from hashlib import sha256
from pathlib import Path
from stat import S_IMODE, S_ISREG
from typing import Any

from s3rewrite.core.entries import Entry, Signature, by_directory, join
from s3rewrite.core.mounts import Mount
from s3rewrite.disk.exchange import ExchangeUnsupported, exchange, inode_of, put_back
from s3rewrite.disk.open_file import OpenFile, opened
from s3rewrite.disk.own_names import ASIDE, own_name, parsed_own, token_of
from s3rewrite.disk.signatures import signature
from s3rewrite.disk.stubs import Stub, stub_at, write_stub
from s3rewrite.s3.errors import S3Error, S3Unavailable
from s3rewrite.s3.multipart_etags import holds_in_parts
from s3rewrite.s3.objects import Digests
from s3rewrite.sync.context import SyncContext
from s3rewrite.sync.reporting.report import Report, Result
from s3rewrite.sync.scan import Directory
from s3rewrite.sync.upload.compression import may_be_compressed
from s3rewrite.sync.upload.references import refers

MAX_FREED = 10_000
"""Files that are freed in one pass."""

WATCHED = 60.0
"""Seconds for which a file lies beside its place, should somebody write to it still."""


LEFT_BEHIND = 86_400.0
"""Seconds after which a file of ours that was never finished was left by who was killed."""


class Fate(StrEnum):
    """What becomes of what lies aside."""

    REMOVE = "remove"
    PUT_BACK = "put back"
    WAIT = "wait"


def fate(stub: Stub | None, aside: Signature | None, *, was_watched: bool, is_held: bool) -> Fate:
    """The decision about what lies aside: the signature of a file, or None for a stub.

    | in its place | aside         | long enough | S3 still has it | fate     |
    |--------------|---------------|-------------|-----------------|----------|
    | any          | a stub        | any         | any             | remove   |
    | another, no  | a file        | any         | any             | remove   |
    | its stub     | changed since | any         | any             | put back |
    | its stub     | unchanged     | no          | any             | wait     |
    | its stub     | unchanged     | yes         | no              | put back |
    | its stub     | unchanged     | yes         | yes             | remove   |
    """
    if aside is None or stub is None:
        return Fate.REMOVE
    if aside != stub.signature:
        return Fate.PUT_BACK
    if not was_watched:
        return Fate.WAIT
    return Fate.REMOVE if is_held else Fate.PUT_BACK


def find_freeable(job: SyncContext, directory: Directory, now: float) -> Iterator[str]:
    """Names in a directory, all of them published, that may be old enough; `now` in seconds."""
    if job.mount.keep_local or job.choices.dry_run:
        return
    latest = int((now - job.mount.free_after) * 1e9)
    for basename, found in directory.files.items():
        if found.mtime_ns <= latest and basename not in directory.freed:
            name = join(directory.path, basename)
            if (name, found) not in job.unfreeable and not _is_changed(job.mount, name):
                yield name


def _is_changed(mount: Mount, name: str) -> bool:
    """Whether other bytes may have been sent than the file has: the file has to stay."""
    return refers(name) or may_be_compressed(mount, name)


def free(job: SyncContext, report: Report, names: Sequence[str], own: Sequence[str]) -> None:
    """End what earlier passes began, by names of ours, and begin to free files of these names.

    Raises S3Unavailable, redis.RedisError.
    """
    if not (own or names) or job.choices.dry_run:
        return
    asides = list(_asides(job, own))
    entries = job.registry.get(names)
    with ThreadPoolExecutor(job.mount.threads, thread_name_prefix="s3rewrite-free") as pool:
        ends = list(pool.map(lambda aside: _tried(_end, job, *aside), asides))
        ends += pool.map(lambda name: _tried(_begin, job, name, entries.get(name)), names)
    for name, end in zip((*(name for _, name in asides), *names), ends, strict=True):
        _tell(report, name, end)


def _asides(job: SyncContext, own: Sequence[str]) -> Iterator[tuple[Path, str]]:
    """Where files lie aside, each with the name of its stub, or "" where that is gone.

    What else is ours is being written: it is removed where nobody has written it for long.
    """
    for directory, basenames in by_directory(own).items():
        root = Path(job.storage.path(directory or "."))
        stubs = [(stub_at(str(path)), path.name) for path in root.iterdir() if path.is_symlink()]
        tokens = {token_of(stub.target()): basename for stub, basename in stubs if stub}
        for basename in basenames:
            parsed = parsed_own(basename)
            if parsed and parsed.kind == ASIDE:
                place = tokens.get(parsed.token)
                yield root / basename, join(directory, place) if place else ""
            else:
                _remove_leftover(root / basename)


def _remove_leftover(path: Path) -> None:
    with suppress(OSError):
        if time.time() - path.lstat().st_ctime > LEFT_BEHIND:
            path.unlink()


def _tried(step: Callable[..., bool], *arguments: Any) -> bool | Exception:
    try:
        return step(*arguments)
    except S3Unavailable:
        raise
    except (OSError, S3Error, ValueError) as error:
        return error


def _tell(report: Report, name: str, end: bool | Exception) -> None:
    if isinstance(end, (ExchangeUnsupported, PermissionError)):
        notice = f"files were not freed: {end.strerror}"
        report.notices += [notice] if notice not in report.notices else []
    elif isinstance(end, Exception):
        report.fail(name, f"not freed: {end}", "free")
    elif end:
        report.add(Result.FREED)


def _begin(job: SyncContext, name: str, entry: Entry | None) -> bool:
    """Whether the file is not in its place any more."""
    path = Path(job.storage.path(name))
    if entry is None or job.stop.is_set() or not _is_ripe(path, job.mount.free_after):
        return False
    if not os.access(path.parent, os.W_OK):
        raise PermissionError(errno.EACCES, "the loop may not write in their directories")
    with opened(job.storage, name) as file:
        if file.signature != entry.signature:
            return False
        stub = _proved(job, name, entry, file)
        if stub is None:
            job.unfreeable.add((name, entry.signature))
            return False
        try:
            is_freed = _swapped(path, stub, file)
        except ExchangeUnsupported:
            job.unfreeable.add((name, entry.signature))
            raise
    if is_freed:
        job.registry.refresh(name, job.lease, entry, entry._replace(freed=True))
    return is_freed


def _is_ripe(path: Path, age: float) -> bool:
    """Whether it is a file of its own, to which nothing has happened for so many seconds."""
    found = path.lstat()
    quiet = time.time() - max(found.st_mtime, found.st_ctime)
    return S_ISREG(found.st_mode) and found.st_nlink == 1 and quiet >= age


def _proved(job: SyncContext, name: str, entry: Entry, file: OpenFile) -> Stub | None:
    """The stub of a file whose bytes its object surely holds; None where it holds others.

    They are others where references in it were changed, or it was compressed.
    """
    digests, content = file.read()
    key = job.mount.paths.key(name, entry.fingerprint)
    stub = Stub(
        job.mount.bucket, key, file.signature, digests.sha256, "", S_IMODE(file.status.st_mode)
    )
    found = job.bucket.head(key) if stub.fingerprint == entry.fingerprint else None
    if found is None or found.size != file.signature.size:
        return None
    is_proved = found.etag == digests.md5 != "" or holds_in_parts(
        job.bucket, key, found, content, job.should_continue
    )
    return stub._replace(etag=found.etag) if is_proved or _reads(job, key, digests) else None


def _reads(job: SyncContext, key: str, digests: Digests) -> bool:
    """Whether the object gives the bytes with these digests: where its ETag does not tell."""
    digest = sha256()
    for chunk in job.bucket.get(key):
        digest.update(chunk)
    return digest.hexdigest() == digests.sha256


def _swapped(path: Path, stub: Stub, file: OpenFile) -> bool:
    """Let a file and its stub change places; back again where it is another file by then."""
    aside = path.with_name(own_name(ASIDE, token_of(stub.target())))
    if os.path.lexists(aside):
        return False  # what an earlier pass began has to end first
    write_stub(aside, stub, file.status)
    inode = inode_of(aside)
    try:
        if not file.is_unchanged():
            aside.unlink()
            return False
        exchange(aside, path)
    except BaseException:
        aside.unlink()
        raise
    if file.is_at(aside):
        return True
    put_back(aside, path, inode)
    return False


def _end(job: SyncContext, aside: Path, name: str) -> bool:
    """Decide and do what becomes of a file that lies aside. No file is freed."""
    path = Path(job.storage.path(name)) if name else None
    # In this order: only we put stubs, so the inode is the stub's, where there is one.
    inode = inode_of(path) if path and os.path.lexists(path) else 0
    stub = stub_at(str(path)) if path else None
    found = None if aside.is_symlink() else aside.stat()
    kept = signature(found) if found else None
    was_watched = found is not None and time.time() - found.st_ctime >= WATCHED
    is_held = bool(stub and was_watched and _is_held(job, stub))
    decided = fate(stub, kept, was_watched=was_watched, is_held=is_held)
    if decided is Fate.PUT_BACK and path:
        put_back(aside, path, inode)
        job.registry.withdraw([name], hint=True)
    elif decided is Fate.REMOVE:
        _sync(aside.parent)
        aside.unlink()
    return False


def _is_held(job: SyncContext, stub: Stub) -> bool:
    found = job.bucket.head(stub.key) if stub.bucket == job.mount.bucket else None
    return bool(found and (found.size, found.etag) == (stub.signature.size, stub.etag))


def _sync(directory: Path) -> None:
    """What was renamed in it outlives a loss of power."""
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
