"""Renaming and exchanging files in one step, so that nothing is overwritten unseen."""

import ctypes
import errno
import os
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Any

AT_FDCWD = -100
RENAME_NOREPLACE = 1
RENAME_EXCHANGE = 2
"""https://man7.org/linux/man-pages/man2/rename.2.html"""


class ExchangeUnsupported(OSError):
    """This system, or this file system, cannot exchange files or rename without replacing."""


def exchange(first: Path, second: Path) -> None:
    """Exchange two files. Raises ExchangeUnsupported, OSError."""
    _rename(first, second, RENAME_EXCHANGE, "exchange two files")


def rename_if_free(old: Path, new: Path) -> None:
    """Rename a file, unless the new name is taken. Raises FileExistsError, ExchangeUnsupported."""
    _rename(old, new, RENAME_NOREPLACE, "rename without replacing")


def _rename(old: Path, new: Path, flags: int, purpose: str) -> None:
    renameat2 = _renameat2()
    if renameat2 is None:
        raise ExchangeUnsupported(errno.ENOSYS, f"this system cannot {purpose}")
    if renameat2(AT_FDCWD, os.fsencode(old), AT_FDCWD, os.fsencode(new), flags) == 0:
        return
    code = ctypes.get_errno()
    if code in (errno.EINVAL, errno.ENOSYS, errno.EOPNOTSUPP):
        raise ExchangeUnsupported(code, f"the file system cannot {purpose}")
    raise OSError(code, os.strerror(code), str(old))


def replace_expected(new: Path, path: Path, is_expected: Callable[[Path], bool]) -> bool:
    """Move `new` to `path`, if the file there is the expected one. Whether it was.

    `is_expected` gets the path at which the old file lies then. If it says no, both files stay
    where they were. Where the file system cannot exchange files, a file that somebody saves between
    the check and the move is lost. Raises OSError.
    """
    inode = inode_of(new)
    try:
        exchange(new, path)
    except ExchangeUnsupported:
        if not is_expected(path):
            return False
        new.replace(path)
        return True
    if is_expected(new):  # the old file is there now
        new.unlink()
        return True
    put_back(new, path, inode)
    return False


def put_back(aside: Path, path: Path, inode: int) -> None:
    """Put the file `aside` back to `path`, in exchange for the file with that `inode`, which goes.

    Somebody may save a file at any moment. So each exchange is checked by what it took away: if
    that is another file than was put there, it is newer, and goes back next.
    """
    while True:
        returned = inode_of(aside)
        exchange(aside, path)
        if inode_of(aside) == inode:
            aside.unlink()
            return
        inode = returned


def inode_of(path: Path) -> int:
    """The inode of a file, or of a link itself."""
    return path.lstat().st_ino


@lru_cache(maxsize=1)
def _renameat2() -> Any:
    """The function of the C library; None where it has none."""
    function = getattr(ctypes.CDLL(None, use_errno=True), "renameat2", None)
    if function is not None:
        number, path = ctypes.c_int, ctypes.c_char_p
        function.argtypes = (number, path, number, path, ctypes.c_uint)
    return function
