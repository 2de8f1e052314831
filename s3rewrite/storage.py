"""Storages that withdraw a name around each change, so that no page links its old bytes."""

import logging
import os
import posixpath
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import redis
from django.core.files.storage import FileSystemStorage, Storage

from s3rewrite import conf
from s3rewrite.core.entries import is_name
from s3rewrite.core.mounts import Mount
from s3rewrite.disk.freeable import FreeableStorage
from s3rewrite.registry import view_of, web_registry

logger = logging.getLogger("s3rewrite.storage")


@contextmanager
def changing(storage: Storage, name: str) -> Iterator[list[str]]:
    """Withdraw a name before and after the change in the block, and leave a hint for the loop.

    Also after a change that raised: it may have been half done. The block gets a list, to
    which it adds other names that it changed.
    """
    names = [name]
    withdraw(storage, names, hint=False)
    try:
        yield names
    finally:
        withdraw(storage, names, hint=True)


def withdraw(storage: Storage, names: Sequence[str], *, hint: bool) -> None:
    """Withdraw names of a storage from its mount; with `hint`, ask the loop to look at them.

    Where Redis is away (or is none) the change to the file goes on, and the signature of the
    file keeps it from being linked until a pass has seen it. That is said with the hint, so
    once a change.
    """
    for mount in conf.mounts().values():
        own = conf.storage_of(mount)
        known = [found for name in names if (found := _name_in(own, storage, name))]
        try:
            _withdraw(mount, known, hint)
        except (redis.RedisError, NotImplementedError) as error:
            level = logging.WARNING if hint else logging.DEBUG
            message = "%r of mount %r could not be withdrawn, the next pass will: %s"
            extra = {"mount": mount.alias, "files": known, "reason": str(error)}
            logger.log(level, message, known, mount.alias, error, extra=extra)


def _withdraw(mount: Mount, names: Sequence[str], hint: bool) -> None:
    if not names:
        return
    view = view_of(mount)
    try:
        web_registry(mount).withdraw(names, hint=hint)
    finally:
        view.forget(names)


def _name_in(own: Storage, storage: Storage, name: str) -> str | None:
    """How the storage of a mount, `own`, calls a file of `storage`; None if it can have none such.

    Local storages are compared by where the file lies: a FileField may have an instance of its
    own, and a name may be written in several ways.
    """
    if isinstance(own, FileSystemStorage) and isinstance(storage, FileSystemStorage):
        found = os.path.relpath(storage.path(name), own.location) if own.location else "."
    else:
        found = posixpath.normpath(name.replace("\\", "/")) if own == storage else "."
    return found if is_name(found) else None


class S3RewriteStorageMixin:
    """For any storage class: `class MyStorage(S3RewriteStorageMixin, FileSystemStorage)`.

    After `save()` or `delete()` returned, no page links the old bytes.
    """

    def _save(self, name: str, content: Any) -> str:
        with changing(self, name) as names:  # type: ignore[arg-type]
            saved: str = super()._save(name, content)  # type: ignore[misc]
            # The storage may have chosen another name while saving.
            names.extend({saved} - {name})
        return saved

    def delete(self, name: str) -> None:
        """Delete a file; no page links it from then on."""
        with changing(self, name):  # type: ignore[arg-type]
            super().delete(name)  # type: ignore[misc]


class S3RewriteStorage(S3RewriteStorageMixin, FreeableStorage):
    """FileSystemStorage whose changes the loop and the pages see at once.

    Files that KEEP_LOCAL has freed are opened through S3.
    """
