"""Two names change places, in one step: so that nothing is ever overwritten unseen."""

import ctypes
import errno
import os
from functools import lru_cache
from pathlib import Path
from typing import Any

AT_FDCWD = -100
RENAME_EXCHANGE = 2
"""https://man7.org/linux/man-pages/man2/rename.2.html"""


class ExchangeUnsupported(OSError):
    """This system, or this file system, cannot do it."""


def exchange(one: Path, other: Path) -> None:
    """Let two names of one directory change places. Raises ExchangeUnsupported, OSError."""
    renameat2 = _renameat2()
    if renameat2 is None:
        raise ExchangeUnsupported(errno.ENOSYS, "this system cannot exchange two files")
    paths = (os.fsencode(one), os.fsencode(other))
    if renameat2(AT_FDCWD, paths[0], AT_FDCWD, paths[1], RENAME_EXCHANGE) == 0:
        return
    code = ctypes.get_errno()
    if code in (errno.EINVAL, errno.ENOSYS, errno.EOPNOTSUPP):
        raise ExchangeUnsupported(code, "the file system cannot exchange two files")
    raise OSError(code, os.strerror(code), str(one))


@lru_cache(maxsize=1)
def _renameat2() -> Any:
    """The function of the C library; None where it has none."""
    found = getattr(ctypes.CDLL(None, use_errno=True), "renameat2", None)
    if found is not None:
        number, path = ctypes.c_int, ctypes.c_char_p
        found.argtypes = (number, path, number, path, ctypes.c_uint)
    return found
