"""Names given and changed in one step: so that nothing is ever overwritten unseen."""

import ctypes
import errno
import os
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


def rename_new(old: Path, new: Path) -> None:
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


@lru_cache(maxsize=1)
def _renameat2() -> Any:
    """The function of the C library; None where it has none."""
    found = getattr(ctypes.CDLL(None, use_errno=True), "renameat2", None)
    if found is not None:
        number, path = ctypes.c_int, ctypes.c_char_p
        found.argtypes = (number, path, number, path, ctypes.c_uint)
    return found
