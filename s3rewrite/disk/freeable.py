"""A storage whose files may be freed: files that are on S3 alone are read as if they were here."""

import errno
import io
import os
import posixpath
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from tempfile import SpooledTemporaryFile
from typing import IO, Any, TypeVar, cast

from django.core.files import File
from django.core.files.storage import FileSystemStorage, Storage

from s3rewrite import conf
from s3rewrite.disk.own_names import PART, own_name, parse_own_name
from s3rewrite.disk.replacements import (
    apply_ownership,
    create_new,
    ownership_if_replaceable,
    ownership_of_freed,
    temporary_part,
)
from s3rewrite.disk.stubs import Stub, stub_at
from s3rewrite.freed import bring_back, fetch

T = TypeVar("T")

IN_MEMORY = 8 * 1024 * 1024
"""Bytes of an opened freed file that stay in memory; a larger one goes to a temporary file."""

TRIES = 3
"""How often a file and its stub are looked for: they may change places in between."""


class FreeableStorage(FileSystemStorage):
    """A FileSystemStorage in which freed files are read as if they were here."""

    def listdir(self, path: str) -> tuple[list[str], list[str]]:
        """Directories and files, without this package's temporary files."""
        directories, files = super().listdir(path)
        return directories, [file for file in files if not parse_own_name(file)]

    def _open(self, name: str, mode: str = "rb") -> "File[Any]":
        open_local = partial(super()._open, mode=mode)  # type: ignore[misc]

        def open_freed(stub: Stub) -> "File[Any]":
            if not set(mode) & set("wa+"):
                return File(_open_object(self, stub, mode), name)
            if "w" in mode:
                return _Replacement(self, name, mode, stub)
            bring_back(self, name, stub)
            return cast("File[Any]", open_local(name))

        return self._ask(open_local, name, open_freed)

    def _save(self, name: str, content: Any) -> str:
        save = super()._save  # type: ignore[misc]
        path = Path(self.path(name))
        old = ownership_if_replaceable(path) if getattr(self, "_allow_overwrite", False) else None
        if old is None:
            # Where nothing may be overwritten, Django chooses another name: the stub keeps its own.
            return cast("str", save(name, content))
        with temporary_part(path) as part:
            save(posixpath.join(posixpath.dirname(name), part.name), content)
            apply_ownership(part, old, None if self.file_permissions_mode else old.mode)
            part.replace(path)
        return os.path.relpath(path, self.location)

    def size(self, name: str) -> int:
        """The size of a file, in bytes."""
        return self._ask(super().size, name, lambda stub: stub.signature.size)

    def get_modified_time(self, name: str) -> datetime:
        """When its bytes last changed."""
        return self._ask(super().get_modified_time, name, _modified_time)

    def get_created_time(self, name: str) -> datetime:
        """Of a freed file, when its bytes last changed."""
        return self._ask(super().get_created_time, name, _modified_time)

    def get_accessed_time(self, name: str) -> datetime:
        """Of a freed file, when its bytes last changed."""
        return self._ask(super().get_accessed_time, name, _modified_time)

    def _ask(self, ask_file: Callable[[str], T], name: str, ask_stub: Callable[[Stub], T]) -> T:
        """The answer of the file, or of the stub in its place. Raises FileNotFoundError."""
        path = self.path(name)
        for _ in range(TRIES):
            with suppress(FileNotFoundError):
                return ask_file(name)
            if stub := stub_at(path):
                return ask_stub(stub)
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), path)


class _Replacement(File):  # type: ignore[type-arg]
    """New bytes for a freed file: they replace its stub when they are closed without an error."""

    def __init__(self, storage: FileSystemStorage, name: str, mode: str, stub: Stub) -> None:
        self._path = Path(storage.path(name))
        self._part = self._path.with_name(own_name(PART))
        old = ownership_of_freed(storage, self._path, stub)
        super().__init__(create_new(self._part, mode), name)
        apply_ownership(self._part, old, old.mode)

    def close(self) -> None:
        """Put the bytes in place. Raises OSError; then the stub stays."""
        if self.closed:
            return
        try:
            super().close()
            self._part.replace(self._path)
        finally:
            self._part.unlink(missing_ok=True)

    def __exit__(self, kind: Any, error: Any, traceback: Any) -> None:
        if kind is None:
            self.close()
            return
        super().close()
        self._part.unlink(missing_ok=True)


def _modified_time(stub: Stub) -> datetime:
    zone = UTC if conf.uses_time_zones() else None
    return datetime.fromtimestamp(stub.signature.mtime_ns / 1e9, zone)


def _open_object(storage: Storage, stub: Stub, mode: str) -> IO[Any]:
    file = SpooledTemporaryFile(IN_MEMORY)  # noqa: SIM115 - the caller closes it
    try:
        fetch(storage, stub, cast("IO[bytes]", file))
    except BaseException:
        file.close()
        raise
    return cast("IO[Any]", file if "b" in mode else io.TextIOWrapper(cast("IO[bytes]", file)))
