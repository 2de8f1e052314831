"""The signatures of files as they are now: whether a file has changed."""

import errno
import os
import stat
from contextlib import suppress
from functools import cache
from pathlib import Path

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


SECOND = 1_000_000_000
"""Nanoseconds. All times of a coarse disk are multiples of it."""


def signature(status: os.stat_result) -> Signature:
    """The signature of a stat."""
    return Signature(status.st_size, status.st_mtime_ns, change_of(status))


def change_of(status: os.stat_result) -> int:
    """`Signature.change`: a digest of inode and ctime in 32 bits.

    | ctime                               | digest | a file of the same size and mtime          |
    |-------------------------------------|--------|--------------------------------------------|
    | the mtime, without parts of seconds | 0      | may look the same: on images whose times   |
    |                                     |        | are all one (SOURCE_DATE_EPOCH, squashfs)  |
    | any other                           | not 0  | has another ctime, or inode                |
    """
    ctime_ns = status.st_ctime_ns
    if ctime_ns == status.st_mtime_ns and not ctime_ns % SECOND:
        return 0
    # Odd factors, so that no difference of one second or one inode is lost. Fast: each pass does
    # this for each file.
    return (ctime_ns * 0x9E3779B1 + status.st_ino * 0x85EBCA6B >> 8) % 0xFFFFFFFF + 1


@cache
def kernel_id() -> str:
    """Identifies the running kernel, whose processes see the same inodes and ctimes; "" if unknown.

    https://docs.kernel.org/admin-guide/sysctl/kernel.html#random
    """
    with suppress(OSError):
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    return ""


def storage_signature(storage: Storage, name: str) -> Signature:
    """The signature of a file in a storage that is no local disk. Raises OSError."""
    modified = storage.get_modified_time(name)
    return Signature(storage.size(name), int(modified.timestamp() * 1_000_000) * 1000)
