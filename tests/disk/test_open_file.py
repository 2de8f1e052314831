import os
import time
from pathlib import Path

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import FileSystemStorage, InMemoryStorage

from s3rewrite.disk import open_file as files
from s3rewrite.disk.open_file import opened
from tests.support.factories import write

ONE_SHA256 = "7692c3ad3540bb803c020b3aee66cd8887123234ea0c6e7143c0add73ff431ed"


@pytest.fixture
def storage(tmp_path: Path) -> FileSystemStorage:
    return FileSystemStorage(tmp_path)


def test_a_small_file_is_read_into_memory(storage: FileSystemStorage, tmp_path: Path) -> None:
    write(tmp_path, "a.txt", b"one")
    with opened(storage, "a.txt") as file:
        digests, content = file.read()
        assert content == b"one"
        assert digests.sha256 == ONE_SHA256
        assert digests.md5 == "f97c5d29941bfb1b2fdab0874906ab82"
        assert file.is_unchanged()


def test_a_large_file_is_left_to_be_read_from_its_start(
    storage: FileSystemStorage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "SMALL", 2)
    write(tmp_path, "a.txt", b"one")
    with opened(storage, "a.txt") as file:
        digests, content = file.read()
        assert not isinstance(content, bytes)
        assert content.read() == b"one"
        assert digests == (ONE_SHA256, "")


def test_a_small_file_that_grows_without_end_is_not_read_to_its_end(
    storage: FileSystemStorage, tmp_path: Path
) -> None:
    write(tmp_path, "a.txt", b"one")
    with opened(storage, "a.txt") as file:
        write(tmp_path, "a.txt", b"one and much more")
        _, content = file.read()
        assert content == b"one "
        assert not file.is_unchanged()


@pytest.mark.parametrize("change", ["append", "rewrite", "touch", "replace", "delete"])
def test_every_change_is_seen(storage: FileSystemStorage, tmp_path: Path, change: str) -> None:
    path = write(tmp_path, "a.txt", b"one")
    other = write(tmp_path, "b.txt", b"two")
    os.utime(other, ns=(path.stat().st_atime_ns, path.stat().st_mtime_ns))
    with opened(storage, "a.txt") as file:
        file.read()
        if change == "append":
            with path.open("ab") as appended:
                appended.write(b"more")
        elif change == "rewrite":
            path.write_bytes(b"two")
        elif change == "touch":
            os.utime(path)
        elif change == "replace":
            other.rename(path)
        else:
            path.unlink()
        assert not file.is_unchanged()


def test_a_file_that_was_just_changed_is_left_to_settle(
    storage: FileSystemStorage, tmp_path: Path
) -> None:
    write(tmp_path, "a.txt", b"one", age=0)
    written = time.time()
    with opened(storage, "a.txt"):
        assert time.time() - written >= files.TICK * 0.9


def test_any_storage() -> None:
    storage = InMemoryStorage()
    storage.save("a.txt", ContentFile(b"one"))
    with opened(storage, "a.txt") as file:
        digests, content = file.read()
        assert (content, digests.sha256) == (b"one", ONE_SHA256)
        assert file.is_unchanged()
        storage.delete("a.txt")
        assert not file.is_unchanged()


def test_a_file_that_is_not_there(storage: FileSystemStorage) -> None:
    with pytest.raises(FileNotFoundError), opened(storage, "a.txt"):
        pass


def test_a_file_that_vanishes_from_a_storage(monkeypatch: pytest.MonkeyPatch) -> None:
    storage = InMemoryStorage()
    storage.save("a.txt", ContentFile(b"one"))
    monkeypatch.setattr(files, "signature_of", lambda *_: None)
    with pytest.raises(FileNotFoundError), opened(storage, "a.txt"):
        pass
