"""What lies aside while files are freed: the later pass, which decides about it.

`free` has exchanged each file with its stub, and the file lies in the same directory under a name
of this package since then.
"""

import os
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from enum import StrEnum
from pathlib import Path

from s3rewrite.core.entries import Signature, group_by_directory, join
from s3rewrite.disk.exchange import inode_of, put_back
from s3rewrite.disk.own_names import ASIDE, parse_own_name, token_of
from s3rewrite.disk.signatures import signature
from s3rewrite.disk.stubs import Stub, stub_at
from s3rewrite.sync.context import SyncContext
from s3rewrite.sync.upload.freed_attempt import matches_stub

ASIDE_SECONDS = 60.0
"""Seconds for which a file lies aside, as a program that has it open may still write to it."""

LEFTOVER_SECONDS = 86_400.0
"""Seconds after which an unfinished file of this package is a leftover of a killed process."""


class AsideAction(StrEnum):
    """What to do with what lies aside."""

    REMOVE = "remove"
    PUT_BACK = "put back"
    WAIT = "wait"


def decide(
    stub: Stub | None, aside: Signature | None, *, was_watched: bool, is_held: bool
) -> AsideAction:
    """The decision about what lies aside: the signature of a file, or None for a stub.

    `stub` is what lies in the file's place, None for anything else. `was_watched`: the file lay
    aside for long enough; `is_held`: S3 still has its object.

    | in its place | aside         | was watched | is held | action   |
    |--------------|---------------|-------------|---------|----------|
    | any          | a stub        | any         | any     | REMOVE   |
    | no stub      | a file        | any         | any     | REMOVE   |
    | its stub     | changed since | any         | any     | PUT_BACK |
    | its stub     | unchanged     | no          | any     | WAIT     |
    | its stub     | unchanged     | yes         | no      | PUT_BACK |
    | its stub     | unchanged     | yes         | yes     | REMOVE   |
    """
    if aside is None or stub is None:
        return AsideAction.REMOVE
    if aside != stub.signature:
        return AsideAction.PUT_BACK
    if not was_watched:
        return AsideAction.WAIT
    return AsideAction.REMOVE if is_held else AsideAction.PUT_BACK


def find_asides(context: SyncContext, own_files: Sequence[str]) -> Iterator[tuple[Path, str]]:
    """The files that lie aside, each with the name of its stub, or "" if that is gone.

    Any other file of this package is being written, unless it is old: then it is removed.
    """
    for directory, basenames in group_by_directory(own_files).items():
        root = Path(context.storage.path(directory or "."))
        # The name of what lies aside has the token of its stub, which may have been renamed.
        try:
            links = [path for path in root.iterdir() if path.is_symlink()]
        except (FileNotFoundError, NotADirectoryError):
            continue  # the directory was removed meanwhile
        stubs = [(stub_at(str(path)), path.name) for path in links]
        tokens = {token_of(stub.to_target()): basename for stub, basename in stubs if stub}
        for basename in basenames:
            parsed = parse_own_name(basename)
            if parsed and parsed.kind == ASIDE:
                place = tokens.get(parsed.token)
                yield root / basename, join(directory, place) if place else ""
            else:
                _remove_leftover(root / basename)


def _remove_leftover(path: Path) -> None:
    with suppress(OSError):
        if time.time() - path.lstat().st_ctime > LEFTOVER_SECONDS:
            path.unlink()


def finish_freeing(context: SyncContext, aside: Path, name: str) -> None:
    """Remove what lies aside, put it back, or wait.

    `name` is that of its stub, "" where that is gone. Raises OSError, S3Error, redis.RedisError.
    """
    path = Path(context.storage.path(name)) if name else None
    # In this order: only this package puts stubs, so if there is one, the inode is that of it.
    inode = inode_of(path) if path and os.path.lexists(path) else 0
    stub = stub_at(str(path)) if path else None
    status = None if aside.is_symlink() else aside.stat()
    was_watched = status is not None and time.time() - status.st_ctime >= ASIDE_SECONDS
    is_held = bool(stub and was_watched and _is_held(context, stub))
    kept = signature(status).plain if status else None
    action = decide(stub, kept, was_watched=was_watched, is_held=is_held)
    if action is AsideAction.PUT_BACK and path:
        put_back(aside, path, inode)
        context.registry.withdraw([name], hint=True)
    elif action is AsideAction.REMOVE:
        # The exchange has to survive a loss of power before the bytes go.
        _sync(aside.parent)
        aside.unlink()


def _is_held(context: SyncContext, stub: Stub) -> bool:
    """Whether S3 still has the object that the first pass proved."""
    if stub.bucket != context.mount.bucket:
        return False
    existing = context.bucket.head(stub.key)
    if existing is None or stub != stub.with_etag(existing.etag):
        return False
    return matches_stub(existing, stub)


def _sync(directory: Path) -> None:
    """Write to the disk what was renamed in a directory."""
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
