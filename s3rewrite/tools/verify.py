"""Compares disk, registry and bucket name by name."""

from collections.abc import Iterable, Iterator
from enum import StrEnum
from tempfile import TemporaryFile
from typing import NamedTuple

from s3rewrite.core.entries import Entry, Signature, join
from s3rewrite.core.mounts import Mount
from s3rewrite.disk.open_file import opened
from s3rewrite.disk.signatures import signature_of
from s3rewrite.disk.stubs import Stub
from s3rewrite.freed import FreedFileError, fetch, stub_of
from s3rewrite.s3.lookup import folder_of
from s3rewrite.s3.objects import Object
from s3rewrite.s3.visitors import why_not_gone
from s3rewrite.sync.context import SyncContext
from s3rewrite.sync.purge import visits_of
from s3rewrite.sync.scan import Findings, ScannedDirectory, scan
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
    PUBLIC = "public, though the site lacks or excludes it: s3rewrite_purge takes it down"


REPAIRED = frozenset(Fault) - {Fault.ONLY_IN_BUCKET, Fault.PUBLIC}
"""Faults that are gone once the name is withdrawn and the loop has looked at it."""


class Difference(NamedTuple):
    """What is wrong with a name; of what is in the bucket only, with a key."""

    name: str
    fault: Fault


def compare(local: Signature | None, entry: Entry | None, stored: Object | None) -> Fault | None:
    """The fault of one name, without reading any bytes.

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
    if stored is None:
        return Fault.NO_OBJECT
    if stored.size != entry.signature.size:
        return Fault.OTHER_OBJECT
    if local is None:
        return Fault.NO_FILE
    # Another machine may have a copy, with other inodes.
    return Fault.CHANGED if local.plain != entry.signature.plain else None


def differences(
    context: SyncContext, *, checksum: bool, public: bool = False
) -> Iterator[Difference]:
    """Everything that is not as it should be; with `checksum` it reads each file and object.

    With `public` it asks as a visitor for what is in the bucket only, also in the QUARANTINE.

    Raises ScanError, S3Error, redis.RedisError.
    """
    published: set[str] = set()
    for directory in _directories(context):
        (entries,) = context.registry.entries([directory.path])
        published |= {_key(context.mount, directory.path, *item) for item in entries.items()}
        yield from _in_directory(context, directory, entries, checksum=checksum)
    mount = context.mount
    for root in dict.fromkeys(("", mount.quarantine)) if public else ("",):
        for folder in context.bucket.walk(root + mount.prefix):
            # A key that ends with a slash marks a folder: it is no file's.
            for key in sorted(key for key in folder.keys() - published if key[-1:] != "/"):
                is_public = public and _is_public(context, key)
                yield Difference(key, Fault.PUBLIC if is_public else Fault.ONLY_IN_BUCKET)


def _is_public(context: SyncContext, key: str) -> bool:
    """Whether a visitor may get an object that no file, or an excluded one, stands for."""
    name, _ = context.mount.paths.name(key) or ("", "")
    is_wanted = name and signature_of(context.storage, name) and not context.is_kept_local(name)
    is_object = not key.endswith("/")  # which marks a folder
    return is_object and not is_wanted and bool(why_not_gone(visits_of(context.mount, [key])))


def repair(context: SyncContext, wrong: Iterable[Difference]) -> int:
    """Withdraw what is wrong and ask the loop to look at it. Returns the number of names."""
    # A withdrawn name links locally at once; the hint makes the loop upload or forget it.
    names = [name for name, fault in wrong if fault in REPAIRED]
    context.registry.withdraw(names, hint=True, is_found=True)
    return len(names)


def _directories(context: SyncContext) -> Iterator[ScannedDirectory]:
    """The directories on the disk, then those that have published names only."""
    seen: set[str] = set()
    for directory in scan(context.storage, context.mount, Findings()):
        seen.add(directory.path)
        yield directory
    for path in set(context.registry.directories()) - seen:
        yield ScannedDirectory(path, [], [], {})


def _key(mount: Mount, path: str, basename: str, entry: Entry) -> str:
    return mount.paths.key(join(path, basename), entry.fingerprint)


def _in_directory(
    context: SyncContext, directory: ScannedDirectory, entries: dict[str, Entry], *, checksum: bool
) -> Iterator[Difference]:
    path, files = directory.path, directory.files
    objects = context.bucket.list_folder(folder_of(context.bucket, path)) if entries else {}
    for basename in sorted(files.keys() | entries.keys()):
        name, entry = join(path, basename), entries.get(basename)
        stored = objects.get(_key(context.mount, path, basename, entry)) if entry else None
        fault = compare(files.get(basename), entry, stored)
        if fault is Fault.OTHER_OBJECT and entry and _may_have_other_size(context, name, entry):
            fault = None  # only its bytes can tell
        if fault is None and checksum and entry:
            fault = _fault_of_bytes(context, name, entry)
        if fault:
            yield Difference(name, fault)


def _may_have_other_size(context: SyncContext, name: str, entry: Entry) -> bool:
    """Whether an object may have other bytes than its file: changed references, a compression."""
    is_small = entry.signature.size <= MAX_SIZE
    return refers(name) or (is_small and may_be_compressed(context.mount, name))


def _fault_of_bytes(context: SyncContext, name: str, entry: Entry) -> Fault | None:
    if stub := stub_of(context.storage, name):
        return _fault_of_freed(context, stub)
    with opened(context.storage, name) as file:
        try:
            payload = payload_of(context.mount, name, file)
        except KeptLocal:  # it would not be published now
            return Fault.CHANGED
        if payload.fingerprint != entry.fingerprint:
            return Fault.OTHER_BYTES
        # A listing shows no SHA-256 and no Content-Encoding.
        stored = context.bucket.head(context.mount.paths.key(name, entry.fingerprint))
        if stored is None:
            return Fault.NO_OBJECT
        return None if bucket_holds(context.bucket, name, payload, stored) else Fault.OTHER_OBJECT


def _fault_of_freed(context: SyncContext, stub: Stub) -> Fault | None:
    # There is no file to compare with: the object is read, and compared with its stub.
    if context.bucket.head(stub.key) is None:
        return Fault.NO_OBJECT
    try:
        with TemporaryFile() as file:
            fetch(context.storage, stub, file)
    except FreedFileError:
        return Fault.OTHER_OBJECT
    return None
