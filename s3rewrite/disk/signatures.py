"""The signatures of files as they are now: whether a file has changed."""

import errno
import os
import stat

from django.core.exceptions import SuspiciousOperation
from django.core.files.storage import FileSystemStorage, Storage

from s3rewrite.core.entries import Signature
from s3rewrite.disk.stubs import stub_at

NO_FILE = frozenset({errno.ELOOP, errno.ENAMETOOLONG, errno.ENOENT, errno.ENOTDIR})


def leads_nowhere(error: OSError) -> bool:
    """Whether it is the error of a name, or of a link, behind which there can be no file."""
    return error.errno in NO_FILE or isinstance(error, FileNotFoundError)


def signature_of(storage: Storage, name: str) -> Signature | None:
    """The signature of a file, or of the stub in its place; None where neither is there.

    Raises OSError where the disk cannot be read.
    """
    try:
        if isinstance(storage, FileSystemStorage):
            return _disk_signature(storage.path(name))
        return storage_signature(storage, name) if storage.exists(name) else None
    except (SuspiciousOperation, ValueError):
        return None
    except OSError as error:
        if leads_nowhere(error):
            return None
        raise


def _disk_signature(path: str) -> Signature | None:
    for _ in range(2):  # a stub and its file may change places in between
        try:
            status = os.stat(path)  # noqa: PTH116
        except FileNotFoundError:
            if stub := stub_at(path):
                return stub.signature
        else:
            return signature(status) if stat.S_ISREG(status.st_mode) else None
    return None


def signature(status: os.stat_result) -> Signature:
    """The signature of a stat."""
    return Signature(status.st_size, status.st_mtime_ns)


def storage_signature(storage: Storage, name: str) -> Signature:
    """The signature of a file in a storage that is no local disk. Raises OSError."""
    modified = storage.get_modified_time(name)
    return Signature(storage.size(name), int(modified.timestamp() * 1_000_000) * 1000)
