"""Replacing a file or a stub: new bytes are written beside it, then renamed to its place."""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from stat import S_IMODE, S_ISREG
from typing import IO, Any, NamedTuple

from django.core.files.storage import FileSystemStorage

from s3rewrite.disk.own_names import PART, own_name
from s3rewrite.disk.stubs import Stub, stub_at


@contextmanager
def temporary_part(path: Path) -> Iterator[Path]:
    """A path beside `path` for its new bytes. After the block, a file that is still there goes."""
    part = path.with_name(own_name(PART))
    try:
        yield part
    finally:
        part.unlink(missing_ok=True)


def create_new(path: Path, mode: str) -> IO[Any]:
    """Open a new file, with the permissions that the process gives. Raises FileExistsError."""
    return path.open(mode.replace("w", "x"))


class Ownership(NamedTuple):
    """Owner, group and permissions of a file; `mode` is None where they are not known."""

    uid: int
    gid: int
    mode: int | None


def ownership_if_replaceable(path: Path) -> Ownership | None:
    """The ownership of a stub, or of a file with one name; None for anything else, or nothing.

    None also where nothing new may be written beside it, which overwriting it does not need.
    """
    with suppress(OSError):
        status = path.lstat()
        if stub := stub_at(str(path)):
            return Ownership(status.st_uid, status.st_gid, stub.mode)
        is_alone = S_ISREG(status.st_mode) and status.st_nlink == 1
        if is_alone and os.access(path.parent, os.W_OK):
            return Ownership(status.st_uid, status.st_gid, S_IMODE(status.st_mode))
    return None


def ownership_of_freed(storage: FileSystemStorage, path: Path, stub: Stub) -> Ownership:
    """The ownership of a freed file. A stub without a mode gets the one that Django gives."""
    status = path.lstat()
    mode = storage.file_permissions_mode if stub.mode is None else stub.mode
    return Ownership(status.st_uid, status.st_gid, mode)


def apply_ownership(part: Path, old: Ownership, mode: int | None) -> None:
    """Give a new file the old owner, where that is allowed, and this mode."""
    with suppress(PermissionError):
        os.chown(part, old.uid, old.gid)
    if mode is not None:
        part.chmod(mode)
