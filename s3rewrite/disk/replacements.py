"""New bytes in place of a file's, or of a stub: written beside it, then put in place as a whole."""

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
    """Where new bytes for a path may be written; gone behind the block, if they still lie there."""
    part = path.with_name(own_name(PART))
    try:
        yield part
    finally:
        part.unlink(missing_ok=True)


def create_new(path: Path, mode: str) -> IO[Any]:
    """A new file, with the permissions that the process gives."""
    return path.open(mode.replace("w", "x"))


class Ownership(NamedTuple):
    """Whose a file is, and who may do what with it; no `mode` where that is not known."""

    uid: int
    gid: int
    mode: int | None


def ownership_if_replaceable(path: Path) -> Ownership | None:
    """What lies at a path and can be replaced as a whole: a stub, or a file by itself."""
    with suppress(OSError):
        status = path.lstat()
        if stub := stub_at(str(path)):
            return Ownership(status.st_uid, status.st_gid, stub.mode)
        if S_ISREG(status.st_mode) and status.st_nlink == 1:
            return Ownership(status.st_uid, status.st_gid, S_IMODE(status.st_mode))
    return None


def ownership_of_freed(storage: FileSystemStorage, path: Path, stub: Stub) -> Ownership:
    """What a freed file was; of one that was freed without its mode, what Django would give."""
    link = path.lstat()
    mode = storage.file_permissions_mode if stub.mode is None else stub.mode
    return Ownership(link.st_uid, link.st_gid, mode)


def apply_ownership(part: Path, old: Ownership, mode: int | None) -> None:
    """Make a new file one of the old owner, where that is allowed, and of that mode."""
    with suppress(PermissionError):
        os.chown(part, old.uid, old.gid)
    if mode is not None:
        part.chmod(mode)
