import os
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import FileSystemStorage, InMemoryStorage, Storage

from s3rewrite import conf
from s3rewrite.core.entries import Signature
from s3rewrite.core.mounts import Mount
from s3rewrite.disk.signatures import signature_of
from s3rewrite.sync import scan as scan_module
from s3rewrite.sync.scan import Findings, ScanError, scan
from tests.support.factories import write


def mount(**options: Any) -> Mount:
    return conf.build_mount("media", {"BUCKET": "uploads", **options})


def found(storage: Storage, **options: Any) -> tuple[dict[str, dict[str, Signature]], Findings]:
    findings = Findings()
    directories = scan(storage, mount(**options), findings)
    return {directory.path: directory.files for directory in directories}, findings


@pytest.fixture
def storage(tmp_path: Path) -> FileSystemStorage:
    return FileSystemStorage(tmp_path)


def test_each_directory_with_its_files(storage: FileSystemStorage, tmp_path: Path) -> None:
    path = write(tmp_path, "a.txt", b"12345")
    write(tmp_path, "photos/2026/b.jpg")
    directories, findings = found(storage)
    assert directories[""] == {"a.txt": Signature(5, path.stat().st_mtime_ns)}
    assert directories["photos"] == {}
    assert set(directories["photos/2026"]) == {"b.jpg"}
    assert findings == Findings()


def test_excluded_names_are_left_out(storage: FileSystemStorage, tmp_path: Path) -> None:
    write(tmp_path, "private/a.txt")
    directories, _ = found(storage, EXCLUDE=["private/"])
    assert directories == {"": {}, "private": {}}


def test_a_root_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(ScanError, match="is its disk mounted"):
        found(FileSystemStorage(tmp_path / "nowhere"))


def test_links_are_followed_and_loops_cut(storage: FileSystemStorage, tmp_path: Path) -> None:
    write(tmp_path, "real/a.txt", b"123")
    (tmp_path / "alias").symlink_to("real")
    (tmp_path / "real/up").symlink_to("..")
    (tmp_path / "file").symlink_to("real/a.txt")
    (tmp_path / "broken").symlink_to("nowhere")
    directories, findings = found(storage)
    assert set(directories) == {"", "real", "alias"}
    assert directories[""]["file"] == directories["real"]["a.txt"] == directories["alias"]["a.txt"]
    assert findings.skipped == {
        "broken": "a link to nothing",
        "real/up": "a link to a directory that holds it",
        "alias/up": "a link to a directory that holds it",
    }


def test_what_is_not_a_file_is_named(storage: FileSystemStorage, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    directories, findings = found(storage)
    assert directories == {"": {}}
    assert findings.skipped == {"pipe": "not a regular file"}


def test_a_name_that_is_not_utf_8_is_named(storage: FileSystemStorage, tmp_path: Path) -> None:
    Path(os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9.txt")).write_text("x")
    directories, findings = found(storage)
    assert directories == {"": {}}
    assert findings.skipped == {"'caf\\udce9.txt'": "its name is not UTF-8"}


def test_a_key_that_is_too_long_is_named(storage: FileSystemStorage, tmp_path: Path) -> None:
    name = "/".join(["d" * 200] * 5) + "/" + "x" * 20
    write(tmp_path, name)
    _, findings = found(storage)
    assert findings.skipped == {name: "its key would be longer than 1024 bytes"}


def test_a_directory_that_cannot_be_read_is_an_error(
    storage: FileSystemStorage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path, "a.txt")
    write(tmp_path, "locked/b.txt")
    listed = scan_module.list_directory

    def refusing(path: str) -> object:
        if path.endswith("locked"):
            raise PermissionError(13, "Permission denied")
        return listed(path)

    monkeypatch.setattr(scan_module, "list_directory", refusing)
    directories, findings = found(storage)
    assert set(directories) == {""}
    assert findings.errors == {"locked": "cannot be read: Permission denied"}


def test_a_directory_that_vanishes_during_the_scan_is_passed_over(
    storage: FileSystemStorage, tmp_path: Path
) -> None:
    write(tmp_path, "a/b.txt")
    directories = scan(storage, mount(), Findings())
    assert next(directories).path == ""
    (tmp_path / "a/b.txt").unlink()
    (tmp_path / "a").rmdir()
    assert list(directories) == []


class Entry:
    """A directory entry whose file cannot be looked at."""

    name = "a.txt"

    def __init__(self, error: OSError) -> None:
        self.error = error

    def stat(self) -> None:
        raise self.error

    def is_symlink(self) -> bool:
        return False


@pytest.mark.parametrize(
    ("error", "errors"),
    [
        (FileNotFoundError(), {}),
        (OSError(5, "Input/output error"), {"a.txt": "cannot be looked at: Input/output error"}),
    ],
)
def test_a_file_that_cannot_be_looked_at(
    storage: FileSystemStorage,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    error: OSError,
    errors: dict[str, str],
) -> None:
    here = tmp_path.stat()
    monkeypatch.setattr(
        scan_module, "list_directory", lambda _: nullcontext((here, [Entry(error)]))
    )
    directories, findings = found(storage)
    assert directories == {"": {}}
    assert findings.errors == errors


class TestAnyStorage:
    @pytest.fixture
    def storage(self) -> InMemoryStorage:
        storage = InMemoryStorage()
        storage.save("a.txt", ContentFile(b"12345"))
        storage.save("photos/b.jpg", ContentFile(b"1"))
        return storage

    def test_it_is_walked_by_its_api(self, storage: InMemoryStorage) -> None:
        directories, findings = found(storage)
        assert set(directories) == {"", "photos"}
        assert directories[""]["a.txt"].size == 5
        assert directories["photos"]["b.jpg"].mtime_ns > 0
        assert findings == Findings()

    def test_an_error_is_named(
        self, storage: InMemoryStorage, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        listdir = storage.listdir

        def refusing(path: str) -> object:
            if path == "photos":
                raise OSError("no")
            return listdir(path)

        monkeypatch.setattr(storage, "listdir", refusing)
        directories, findings = found(storage)
        assert set(directories) == {""}
        assert findings.errors == {"photos": "cannot be read: no"}

    def test_a_directory_that_vanishes_is_passed_over(
        self, storage: InMemoryStorage, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def gone(path: str) -> object:
            raise FileNotFoundError(path)

        monkeypatch.setattr(storage, "listdir", gone)
        assert found(storage) == ({}, Findings())

    def test_one_file(self, storage: InMemoryStorage) -> None:
        signature = signature_of(storage, "a.txt")
        assert signature
        assert signature.size == 5
        assert signature_of(storage, "b.txt") is None


def test_the_signature_of_one_file(storage: FileSystemStorage, tmp_path: Path) -> None:
    path = write(tmp_path, "d/a.txt", b"123")
    assert signature_of(storage, "d/a.txt") == Signature(3, path.stat().st_mtime_ns)
    assert signature_of(storage, "d") is None
    assert signature_of(storage, "b.txt") is None
    assert signature_of(storage, "d/a.txt/below") is None
