"""Storages that withdraw a name before and after each change: no page links its old bytes."""

import logging
import os
import posixpath
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

from django.core.exceptions import SuspiciousOperation
from django.core.files.storage import FileSystemStorage, Storage

from s3rewrite import conf
from s3rewrite.core.entries import is_name
from s3rewrite.disk.freeable import FreeableStorage
from s3rewrite.disk.takedown import take_down
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

    No error of ours stops the change to the file: its signature then keeps pages from linking it
    until a pass has seen it. The error is logged with the hint, so once a change.
    """
    names = list(names)
    with _contain_errors("all mounts", names, hint=hint):
        for mount in conf.mounts().values():
            with _contain_errors(f"mount {mount.alias!r}", names, hint=hint, mount=mount.alias):
                mounted = conf.find_storage(mount)
                known = [known for name in names if (known := _name_in(mounted, storage, name))]
                if known:
                    view_of(mount).withdraw(known, hint=hint)


@contextmanager
def _contain_errors(
    where: str, names: list[str], *, hint: bool, mount: str | None = None
) -> Iterator[None]:
    try:
        yield
    except Exception as error:  # of Redis, of the settings, of a storage's class
        level = logging.WARNING if hint else logging.DEBUG
        message = "%r of %s could not be withdrawn, the next pass will: %s"
        extra = {"mount": mount, "files": names, "reason": str(error)}
        logger.log(level, message, names, where, error, extra=extra)


def purge(storage: Storage | str, names: Iterable[str], **options: bool) -> None:
    """Take down files of a storage, or of the mount with that alias. The loop does it at once.

    No new page links them from now on, and nothing is uploaded under their names before it is
    done. Raises ValueError, and asks for nothing, where a name is in no mount. Options and other
    errors: `disk.takedown.take_down`.
    """
    wanted = [names] if isinstance(names, str) else list(names)
    if isinstance(storage, str):
        take_down(conf.mount(storage), wanted, **options)
        return
    known = {
        mount: {name: _name_in(conf.find_storage(mount), storage, name) for name in wanted}
        for mount in conf.mounts().values()
    }
    for name in wanted:
        if not any(names[name] for names in known.values()):
            raise ValueError(f"{name!r} is in the storage of no mount: nothing was taken down.")
    for mount, names_in_it in known.items():
        if found := [name for name in names_in_it.values() if name]:
            take_down(mount, found, **options)


def _name_in(mounted: Storage | None, storage: Storage, name: str) -> str | None:
    """The name in a mount's storage of the file that `storage` calls `name`; None: not in it.

    Local storages are compared by the file's path: a FileField may have an instance of its own,
    and a name may be written in several ways.
    """
    known = "."
    # What is no name at all is for Django to refuse.
    with suppress(AttributeError, SuspiciousOperation, TypeError, ValueError):
        if isinstance(mounted, FileSystemStorage) and isinstance(storage, FileSystemStorage):
            if mounted.location:
                known = os.path.relpath(storage.path(name), mounted.location)
        elif mounted == storage:
            known = posixpath.normpath(name.replace("\\", "/"))
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
        """Delete a file; no page links it from then on. Raises ValueError without a name."""
        with changing(self, name):  # type: ignore[arg-type]
            super().delete(name)  # type: ignore[misc]

    def purge(self, name: str, **options: bool) -> None:
        """Take a file down: see `s3rewrite.purge`."""
        purge(self, [name], **options)  # type: ignore[arg-type]


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
        local = self.local_url(name)
        is_url = local.startswith("/") or "://" in local
        return url_of(local, may_sign=False) if self._link_urls and is_url else local

    def local_url(self, name: str | None) -> str:
        """The local URL of a file, whatever `link_urls` says."""
        return str(super().url(name))
