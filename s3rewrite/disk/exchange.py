"""Names given and changed in one step: so that nothing is ever overwritten unseen."""

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
    """This system, or this file system, cannot do it."""


def exchange(one: Path, other: Path) -> None:
    """Let two names of one directory change places. Raises ExchangeUnsupported, OSError."""
    _rename(one, other, RENAME_EXCHANGE, "exchange two files")


def rename_if_free(old: Path, new: Path) -> None:
    """Rename a file, unless the new name is taken. Raises FileExistsError, ExchangeUnsupported."""
    _rename(old, new, RENAME_NOREPLACE, "rename without replacing")


def _rename(one: Path, other: Path, flags: int, purpose: str) -> None:
    renameat2 = _renameat2()
    if renameat2 is None:
        raise ExchangeUnsupported(errno.ENOSYS, f"this system cannot {purpose}")
    paths = (os.fsencode(one), os.fsencode(other))
    if renameat2(AT_FDCWD, paths[0], AT_FDCWD, paths[1], flags) == 0:
        return
    code = ctypes.get_errno()
    if code in (errno.EINVAL, errno.ENOSYS, errno.EOPNOTSUPP):
        raise ExchangeUnsupported(code, f"the file system cannot {purpose}")
    raise OSError(code, os.strerror(code), str(one))


def replace_expected(new: Path, path: Path, is_expected: Callable[[Path], bool]) -> bool:
    """Let `new` take the place at `path`, if what lies there is what is expected.

    Otherwise no, and all lies where it was. `is_expected` is asked of a path at which the old
    thing lies then. Where names cannot be exchanged, what is saved between the question and the
    answer is lost. Raises OSError.
    """
    inode = inode_of(new)
    try:
        exchange(new, path)
    except ExchangeUnsupported:
        if not is_expected(path):
            return False
        new.replace(path)
        return True
    if is_expected(new):
        new.unlink()
        return True
    put_back(new, path, inode)
    return False


def put_back(aside: Path, path: Path, inode: int) -> None:
    """Put what lies aside in its place again, for what we have put there: that `inode`.

    Somebody may save a file at any moment. Each exchange shows what it took away: what is not
    what we put there is newer, and is put there next.
    """
    while True:
        put = inode_of(aside)
        exchange(aside, path)
        if inode_of(aside) == inode:
            aside.unlink()
            return
        inode = put


def inode_of(path: Path) -> int:
    """The inode of what lies at a path, a link itself."""
    return path.lstat().st_ino


@lru_cache(maxsize=1)
def _renameat2() -> Any:
    """The function of the C library; None where it has none."""
    found = getattr(ctypes.CDLL(None, use_errno=True), "renameat2", None)
    if found is not None:
        number, path = ctypes.c_int, ctypes.c_char_p
        found.argtypes = (number, path, number, path, ctypes.c_uint)
    return found
