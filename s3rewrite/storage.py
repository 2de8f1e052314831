"""Storages that withdraw a name before and after each change: no page links its old bytes."""

import logging
import os
import posixpath
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import redis
from django.core.files.storage import FileSystemStorage, Storage

from s3rewrite import conf
from s3rewrite.core.entries import is_name
from s3rewrite.disk.freeable import FreeableStorage
from s3rewrite.linking.fragments import url_of
from s3rewrite.registry import view_of

logger = logging.getLogger("s3rewrite.storage")


@contextmanager
def changing(storage: Storage, name: str) -> Iterator[list[str]]:
    """Withdraw a name before and after the change in the block, and ask the loop to look at it.

    Also after a change that raised an error, as it may be half done. The block gets a list, to
    which it adds other names that it changed.
    """
    names = [name]
    withdraw(storage, names, hint=False)
    try:
        yield names
    finally:
        withdraw(storage, names, hint=True)


def withdraw(storage: Storage, names: Iterable[str], *, hint: bool) -> None:
    """Withdraw names of a storage from its mounts; with `hint`, ask the loop to look at them.

    An error of Redis does not stop the change to the file: the file's signature then keeps pages
    from linking it until a pass has seen it. The error is logged with the hint, so once a change.
    """
    for mount in conf.mounts().values():
        mounted = conf.storage_of(mount)
        known = [known for name in names if (known := _name_in(mounted, storage, name))]
        if not known:
            continue
        try:
            view_of(mount).withdraw(known, hint=hint)
        except (redis.RedisError, NotImplementedError) as error:
            level = logging.WARNING if hint else logging.DEBUG
            message = "%r of mount %r could not be withdrawn, the next pass will: %s"
            extra = {"mount": mount.alias, "files": known, "reason": str(error)}
            logger.log(level, message, known, mount.alias, error, extra=extra)


def _name_in(mounted: Storage, storage: Storage, name: str) -> str | None:
    """The name in a mount's storage of the file that `storage` calls `name`; None: not in it.

    Local storages are compared by the file's path: a FileField may have an instance of its own,
    and a name may be written in several ways.
    """
    if isinstance(mounted, FileSystemStorage) and isinstance(storage, FileSystemStorage):
        known = os.path.relpath(storage.path(name), mounted.location) if mounted.location else "."
    else:
        known = posixpath.normpath(name.replace("\\", "/")) if mounted == storage else "."
    return known if is_name(known) else None


class S3RewriteStorageMixin:
    """For any storage class: `class MyStorage(S3RewriteStorageMixin, FileSystemStorage)`.

    After `save()` or `delete()` returned, no page links the old bytes.
    """

    def _save(self, name: str, content: Any) -> str:
        with changing(self, name) as names:  # type: ignore[arg-type]
            saved: str = super()._save(name, content)  # type: ignore[misc]
            # Django's storage may choose another name while it saves.
            names.extend({saved} - {name})
        return saved

    def delete(self, name: str) -> None:
        """Delete a file; no page links it from then on."""
        with changing(self, name):  # type: ignore[arg-type]
            super().delete(name)  # type: ignore[misc]


class S3RewriteStorage(S3RewriteStorageMixin, FreeableStorage):
    """FileSystemStorage whose changes the loop and the pages see at once.

    Files that KEEP_LOCAL has freed are opened through S3. With `link_urls`, `url()` is the S3 URL
    of a file that S3 holds: for what is shown at once, never for what is kept.
    """

    def __init__(self, *args: Any, link_urls: bool = False, **options: Any) -> None:
        super().__init__(*args, **options)
        self._link_urls = link_urls

    def url(self, name: str | None) -> str:
        """The local URL of a file, or its S3 URL."""
        local = super().url(name)
        return url_of(local) if self._link_urls else local
