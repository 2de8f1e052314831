"""Disk, registry and bucket, compared name by name: what is not as it should be."""

from collections.abc import Iterable, Iterator
from enum import StrEnum
from tempfile import TemporaryFile
from typing import NamedTuple

from s3rewrite.core.entries import Entry, Signature, join
from s3rewrite.disk.open_file import opened
from s3rewrite.disk.stubs import Stub
from s3rewrite.freed import FreedFileError, fetch, stub_of
from s3rewrite.s3.objects import Object
from s3rewrite.sync.context import SyncContext
from s3rewrite.sync.scan import Findings, scan
from s3rewrite.sync.upload.compression import MAX_SIZE, may_be_compressed
from s3rewrite.sync.upload.content import bucket_holds, payload_of
from s3rewrite.sync.upload.references import KeptLocal, refers


class Fault(StrEnum):
    """What is wrong with a name."""

    NO_OBJECT = "published, but the bucket has no such object: its links are broken"
    OTHER_OBJECT = "published, but the bucket holds other bytes"
    NO_FILE = "published, but there is no such file"
    CHANGED = "published, but the file was changed since"
    OTHER_BYTES = "published, but the file holds other bytes, though of the same size and time"
    NOT_PUBLISHED = "not published yet"
    ONLY_IN_BUCKET = "in the bucket only"


REPAIRED = frozenset(Fault) - {Fault.ONLY_IN_BUCKET}
"""Faults that a withdrawal and a look by the loop mend."""


class Difference(NamedTuple):
    """A name, or a key for what is in the bucket only, and what is wrong with it."""

    name: str
    fault: Fault


def compare(local: Signature | None, entry: Entry | None, found: Object | None) -> Fault | None:
    """The fault of one name, without looking into its bytes.

    | on disk         | published | in the bucket  | fault         |
    |-----------------|-----------|----------------|---------------|
    | any             | yes       | no             | NO_OBJECT     |
    | any             | yes       | of other size  | OTHER_OBJECT  |
    | no              | yes       | yes            | NO_FILE       |
    | other signature | yes       | yes            | CHANGED       |
    | same signature  | yes       | yes            | none          |
    | yes             | no        | any            | NOT_PUBLISHED |
    | no              | no        | any            | none          |
    """
    if entry is None:
        return Fault.NOT_PUBLISHED if local else None
    if found is None:
        return Fault.NO_OBJECT
    if found.size != entry.signature.size:
        return Fault.OTHER_OBJECT
    if local is None:
        return Fault.NO_FILE
    return Fault.CHANGED if local != entry.signature else None


def differences(job: SyncContext, *, checksum: bool) -> Iterator[Difference]:
    """Everything that is not as it should be; with `checksum` each file and object is read.

    Raises ScanError, S3Error, redis.RedisError.
    """
    seen: set[str] = set()
    wanted: set[str] = set()
    for directory in scan(job.storage, job.mount, Findings()):
        seen.add(directory.path)
        (entries,) = job.registry.entries([directory.path])
        wanted |= {_key(job, directory.path, *item) for item in entries.items()}
        yield from _in_directory(job, directory.path, directory.files, entries, checksum=checksum)
    for path in set(job.registry.directories()) - seen:
        (entries,) = job.registry.entries([path])
        wanted |= {_key(job, path, *item) for item in entries.items()}
        yield from _in_directory(job, path, {}, entries, checksum=checksum)
    for folder in job.bucket.walk(job.mount.prefix):
        unknown = sorted(folder.keys() - wanted)
        yield from (Difference(key, Fault.ONLY_IN_BUCKET) for key in unknown)


def repair(job: SyncContext, found: Iterable[Difference]) -> int:
    """Withdraw what is wrong and ask the loop to look at it; returns how many names."""
    names = [name for name, fault in found if fault in REPAIRED]
    job.registry.withdraw(names, hint=True, is_found=True)
    return len(names)


def _key(job: SyncContext, path: str, basename: str, entry: Entry) -> str:
    return job.mount.paths.key(join(path, basename), entry.fingerprint)


def _in_directory(
    job: SyncContext,
    path: str,
    files: dict[str, Signature],
    entries: dict[str, Entry],
    *,
    checksum: bool,
) -> Iterator[Difference]:
    objects = _objects(job, path, entries)
    for basename in sorted(files.keys() | entries.keys()):
        name, entry = join(path, basename), entries.get(basename)
        found = objects.get(_key(job, path, basename, entry)) if entry else None
        fault = compare(files.get(basename), entry, found)
        if fault is Fault.OTHER_OBJECT and entry and _may_have_other_size(job, name, entry):
            fault = None
        if fault is None and checksum and entry:
            fault = _fault_of_bytes(job, name, entry)
        if fault:
            yield Difference(name, fault)


def _may_have_other_size(job: SyncContext, name: str, entry: Entry) -> bool:
    """Whether what is sent of a file is changed on the way: what it refers to, or its coding."""
    is_small = entry.signature.size <= MAX_SIZE
    return refers(name) or (is_small and may_be_compressed(job.mount, name))


def _objects(job: SyncContext, path: str, entries: dict[str, Entry]) -> dict[str, Object]:
    if not entries:
        return {}
    key = _key(job, path, *next(iter(entries.items())))
    return job.bucket.list_folder(key.rpartition("/")[0] + "/" if "/" in key else "")


def _fault_of_bytes(job: SyncContext, name: str, entry: Entry) -> Fault | None:
    if stub := stub_of(job.storage, name):
        return _fault_of_freed(job, stub)
    with opened(job.storage, name) as file:
        try:
            sending = payload_of(job.mount, name, file)
        except KeptLocal:
            return Fault.CHANGED
        if sending.fingerprint != entry.fingerprint:
            return Fault.OTHER_BYTES
        found = job.bucket.head(job.mount.paths.key(name, entry.fingerprint))
        if found is None:
            return Fault.NO_OBJECT
        return None if bucket_holds(job.bucket, name, sending, found) else Fault.OTHER_OBJECT


def _fault_of_freed(job: SyncContext, stub: Stub) -> Fault | None:
    """The object of a freed file is read: there is nothing else to compare with its stub."""
    if job.bucket.head(stub.key) is None:
        return Fault.NO_OBJECT
    try:
        with TemporaryFile() as file:
            fetch(job.storage, stub, file)
    except FreedFileError:
        return Fault.OTHER_OBJECT
    return None
