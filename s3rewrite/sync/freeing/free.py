"""Frees local files whose bytes S3 surely holds. Never the only copy.

Each file takes two passes. The first one reads it, proves by checksum that its object holds the
same bytes, and exchanges the file with its stub: the file then lies aside, in the same directory
under a name of this package. A later pass (`asides`) looks again at both, file and object, and
removes the file, or puts it back.

A step changes one name at a time, or exchanges two, so whenever a pass is killed, the bytes are on
disk, or S3 was proved to have them.
"""

import errno
import os
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from stat import S_IMODE, S_ISREG
from typing import Any

from s3rewrite.core.entries import Entry, join
from s3rewrite.core.mounts import Mount
from s3rewrite.disk.exchange import ExchangeUnsupported, exchange, inode_of, put_back
from s3rewrite.disk.open_file import OpenFile, opened
from s3rewrite.disk.own_names import ASIDE, own_name, token_of
from s3rewrite.disk.stubs import Stub, write_stub
from s3rewrite.rewriters.table.conditions import is_document
from s3rewrite.s3.errors import S3Error, S3Unavailable
from s3rewrite.s3.multipart_etags import holds_in_parts
from s3rewrite.sync.context import SyncContext
from s3rewrite.sync.freeing.asides import find_asides, finish_freeing
from s3rewrite.sync.reporting.report import Report, Result
from s3rewrite.sync.scan import ScannedDirectory
from s3rewrite.sync.upload.compression import may_be_compressed
from s3rewrite.sync.upload.content import object_has_sha256
from s3rewrite.sync.upload.references import refers

MAX_FREED = 10_000
"""Most files that one pass frees."""


def find_freeable(context: SyncContext, directory: ScannedDirectory, now: float) -> Iterator[str]:
    """Names in a directory, all of them published, that may be old enough; `now` in seconds."""
    if context.mount.keep_local or context.options.dry_run:
        return
    # By its time of change alone; `_begin` looks at the rest of the few that remain.
    latest = int((now - context.mount.free_after) * 1e9)
    for basename, file in directory.files.items():
        if file.mtime_ns <= latest and basename not in directory.stubs:
            name = join(directory.path, basename)
            if (name, file) not in context.unfreeable and not _may_differ(context.mount, name):
                yield name


def _may_differ(mount: Mount, name: str) -> bool:
    """Whether S3 may have other bytes than the file, or pages link the file: it has to stay."""
    return refers(name) or may_be_compressed(mount, name) or is_document(name.encode())


def free(
    context: SyncContext, report: Report, names: Sequence[str], own_files: Sequence[str]
) -> None:
    """Begin to free the files of these names, and finish what earlier passes began.

    `own_files` are the names of this package's files that a scan met. Raises S3Unavailable,
    redis.RedisError.
    """
    if not (own_files or names) or context.options.dry_run:
        return
    asides = list(find_asides(context, own_files))
    entries = context.registry.get(names)
    with ThreadPoolExecutor(context.mount.threads, thread_name_prefix="s3rewrite-free") as pool:
        outcomes = list(pool.map(lambda aside: _try(finish_freeing, context, *aside), asides))
        outcomes += pool.map(lambda name: _try(_begin, context, name, entries.get(name)), names)
    for name, outcome in zip((*(name for _, name in asides), *names), outcomes, strict=True):
        _record(context, report, name, outcome)


def _try(step: Callable[..., bool | None], *arguments: Any) -> bool | Exception | None:
    """What a step returns, or the error that concerns its file alone."""
    try:
        return step(*arguments)
    except S3Unavailable:
        raise
    except FileNotFoundError:
        return None  # it was removed meanwhile
    except (OSError, S3Error, ValueError) as error:
        return error


def _record(
    context: SyncContext, report: Report, name: str, outcome: bool | Exception | None
) -> None:
    if isinstance(outcome, (ExchangeUnsupported, PermissionError)):
        # It concerns the disk or a directory, and so many files: one notice is enough.
        notice = f"files were not freed: {outcome.strerror}"
        if notice not in report.notices:
            report.notices.append(notice)
    elif isinstance(outcome, Exception):
        context.fail(report, name, f"not freed: {outcome}", "free")
    elif outcome:
        report.add(Result.FREED)


def _begin(context: SyncContext, name: str, entry: Entry | None) -> bool:
    """The first pass: whether the file is no longer in its place."""
    path = Path(context.storage.path(name))
    if entry is None or context.stop.is_set() or not _is_ripe(path, context.mount.free_after):
        return False
    if not os.access(path.parent, os.W_OK):
        raise PermissionError(errno.EACCES, "the loop may not write in their directories")
    with opened(context.storage, name) as file:
        if file.signature != entry.signature:
            return False
        stub = _prove(context, name, entry, file)
        if stub is None:
            # The next pass need not read it again, while its signature is the same.
            context.unfreeable.add((name, entry.signature))
            return False
        try:
            is_freed = _exchange_with_stub(path, stub, file)
        except ExchangeUnsupported:
            context.unfreeable.add((name, entry.signature))
            raise
    if is_freed:
        freed = Entry(stub.signature, entry.fingerprint, freed=True)
        context.registry.refresh(name, context.lease, entry, freed)
    return is_freed


def _is_ripe(path: Path, age: float) -> bool:
    """Whether it is a file with a single name, and unchanged for `age` seconds."""
    status = path.lstat()
    quiet = time.time() - max(status.st_mtime, status.st_ctime)
    return S_ISREG(status.st_mode) and status.st_nlink == 1 and quiet >= age


def _prove(context: SyncContext, name: str, entry: Entry, file: OpenFile) -> Stub | None:
    """The stub of a file whose bytes its object surely holds; None where it holds others.

    It holds others if references in it were changed, or it was compressed.
    """
    digests, content = file.read()
    bucket, key = context.bucket, context.mount.paths.key(name, entry.fingerprint)
    mode = S_IMODE(file.status.st_mode)
    stub = Stub(context.mount.bucket, key, file.signature.plain, digests.sha256, "", mode)
    existing = bucket.head(key) if stub.fingerprint == entry.fingerprint else None
    if existing is None or existing.size != file.signature.size:
        return None
    # The cheapest proof first: the last one downloads the object.
    is_proved = (
        existing.etag == digests.md5 != ""
        or holds_in_parts(bucket, key, existing, content, context.should_continue)
        or object_has_sha256(bucket, key, digests.sha256)
    )
    return stub.with_etag(existing.etag) if is_proved else None


def _exchange_with_stub(path: Path, stub: Stub, file: OpenFile) -> bool:
    """Exchange a file with its stub; exchange them back if it is another file by then."""
    aside = path.with_name(own_name(ASIDE, token_of(stub.to_target())))
    if os.path.lexists(aside):
        return False  # what an earlier pass began has to be finished first
    # The stub is written under the name aside; the exchange puts both where they belong.
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
    # Between the look and the exchange somebody may have saved another file: it goes back.
    if file.is_at(aside):
        return True
    put_back(aside, path, inode)
    return False
