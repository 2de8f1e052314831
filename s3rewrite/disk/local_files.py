"""New files and folders, as Django's FileSystemStorage makes them, without replacing any."""

import errno
import os
from functools import lru_cache
from pathlib import Path
from typing import IO

from django.core.files.storage import FileSystemStorage

from s3rewrite.disk.exchange import rename_if_free

UNSUPPORTED = frozenset(
    {
        errno.EACCES,
        errno.EINVAL,
        errno.EMLINK,
        errno.ENOSYS,
        errno.EOPNOTSUPP,
        errno.EPERM,
        errno.EXDEV,
    }
)
"""Errors of file systems that cannot do it: FAT, SMB, shared folders, FUSE."""

REASONS = {
    errno.EACCES: "this user may not write there: allow it",
    errno.EFBIG: "it is larger than this disk can hold",
    errno.EILSEQ: "this disk takes no such name",
    errno.EINVAL: "this disk takes no such name",
    errno.ELOOP: "the links in its path lead round in a circle: fix them",
    errno.ENAMETOOLONG: "its name is longer than this disk takes",
    errno.EPERM: "this user may not write there: allow it",
}
"""Why one file cannot be made."""


def make_folder(storage: FileSystemStorage, folder: Path) -> None:
    """Make a folder and those above it, with the permissions that `save` gives. Raises OSError."""
    missing = [path for path in (folder, *folder.parents) if not path.is_dir()]
    for path in reversed(missing):
        path.mkdir(exist_ok=True)
        if storage.directory_permissions_mode is not None:
            path.chmod(storage.directory_permissions_mode)  # whatever the umask is


def open_beside(storage: FileSystemStorage, path: Path, basename: str) -> IO[bytes]:
    """A new file in the folder of `path`, to write and read, with the permissions of `save`.

    Raises OSError; FileExistsError where the basename is taken.
    """
    temporary = path.with_name(basename)
    file = temporary.open("x+b")  # 0o666 without the umask, as `save` opens it
    try:
        if storage.file_permissions_mode is not None:
            temporary.chmod(storage.file_permissions_mode)
    except BaseException:
        file.close()
        temporary.unlink()
        raise
    return file


def move_into_place(temporary: Path, path: Path) -> None:
    """Give a complete file its name, unless that is taken. The temporary name may stay too.

    | the file system can       | this function                                        |
    |---------------------------|------------------------------------------------------|
    | rename without replacing  | renames                                              |
    | make hard links           | makes one                                            |
    | neither                   | makes an empty file of that name, then replaces it   |

    So whenever the process is killed, only a complete file has the name; in the last row an empty
    one for a moment, with the complete one beside it. Raises FileExistsError, OSError.
    """
    for rename in (rename_if_free, os.link):
        try:
            rename(temporary, path)
        except OSError as error:
            if error.errno not in UNSUPPORTED:
                raise
        else:
            return
    path.touch(exist_ok=False)
    try:
        if path.lstat().st_size:
            raise FileExistsError(errno.EEXIST, "somebody wrote into it", str(path))
        temporary.replace(path)
    except BaseException:
        if not path.lstat().st_size:
            path.unlink()
        raise


def find_obstacle(path: Path, root: Path) -> str:
    """Why no file can be made at a path below `root`, with what to do; "" where one can."""
    if os.path.lexists(path):
        kind = "a folder" if path.is_dir() else "what is no file, or a link to nothing,"
        return f"{kind} is in its place: move that away"
    for folder in path.relative_to(root).parents:
        above = root / folder
        if os.path.lexists(above) and not above.is_dir():
            return f"{folder} is no folder on this disk: move it away"
    return ""


class Spellings:
    """Whether files have on the disk exactly the names by which they are found.

    Some disks take `A.jpg` for `a.jpg`, or a composed letter for its parts: one file for both.
    """

    def __init__(self) -> None:
        self._names = lru_cache(maxsize=32)(_names)

    def has(self, path: Path, root: Path) -> bool:
        """Whether an existing path is written so on the disk, below `root`. Raises OSError."""
        parts = [path, *path.parents]
        return all(self._has(part) for part in parts[: parts.index(root)])

    def _has(self, path: Path) -> bool:
        # A cached listing may lack the name of a new file.
        return path.name in self._names(path.parent) or path.name in _names(path.parent)


def _names(folder: Path) -> frozenset[str]:
    return frozenset(os.listdir(folder))  # noqa: PTH208 - names are enough
