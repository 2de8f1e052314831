"""Asking for files to be taken down. The loop, or the command, does it (`sync/purge.py`)."""

from collections.abc import Iterable

from django.core.files.storage import FileSystemStorage

from s3rewrite import conf
from s3rewrite.core.entries import is_name
from s3rewrite.core.mounts import Mount
from s3rewrite.core.patterns import is_excluded
from s3rewrite.disk.access import find_local_reason, is_there
from s3rewrite.freed import bring_back, stub_of
from s3rewrite.registry import loop_registry, view_of
from s3rewrite.registry.purges import HELD, QUARANTINED


class StillOnDisk(ValueError):
    """A file is on the disk and not excluded: it would be uploaded again."""


def take_down(
    mount: Mount,
    names: Iterable[str],
    *,
    local: bool = False,
    exclude: bool = False,
    quarantine: bool = False,
) -> None:
    """Ask for names of a mount to be taken down; from now on no new page links them.

    Of files that are on the disk `local` deletes them there too, and `exclude` keeps them local
    until EXCLUDE names them, or forever. Freed ones are brought back to the disk first.
    Raises StillOnDisk, ValueError for what is no name, OSError, redis.RedisError.
    """
    storage, purges = conf.storage_of(mount), loop_registry(mount).purges
    names = list(dict.fromkeys(names))
    if wrong := [name for name in names if not is_name(name)]:
        raise ValueError(f"no file can have the name {wrong[0]!r}")
    there = [name for name in names if is_there(storage, name)]
    held = [name for name in there if local or not _is_kept_local(mount, name)]
    if held and not (local or exclude):
        raise StillOnDisk(
            f"{held[0]} is on the disk and not in EXCLUDE, so it would be uploaded again: delete "
            "it there, too (--local, local=True), or keep it local (--exclude, exclude=True)"
        )
    for name in there:
        stub = stub_of(storage, name)
        if stub and not local and isinstance(storage, FileSystemStorage):
            bring_back(storage, name, stub)
    flags = QUARANTINED if quarantine and mount.quarantine else ""
    # Held while the local files are deleted: a crash in between must not publish them again.
    purges.add(held, HELD + flags)
    purges.add([name for name in names if name not in held], flags)
    if mount.cdn:
        loop_registry(mount).edge.mark(names)
    view_of(mount).withdraw(names, hint=True)
    if local:
        for name in there:
            storage.delete(name)
        purges.add(held, flags)


def _is_kept_local(mount: Mount, name: str) -> bool:
    storage = conf.storage_of(mount)
    excluded = is_excluded(name, mount.exclude, mount.include)
    return excluded or find_local_reason(storage, mount, name) is not None
