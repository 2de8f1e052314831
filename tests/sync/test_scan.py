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
from s3rewrite.disk.access import find_local_reason
from s3rewrite.disk.signatures import signature, signature_of
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
    assert directories[""] == {"a.txt": signature(path.stat())}
    assert directories["photos"] == {}
    assert set(directories["photos/2026"]) == {"b.jpg"}
    assert findings == Findings()


def nowhere(kind: str, path: Path) -> None:
    """A link at a path behind which there can be no file."""
    links = {
        "nothing": "no/such/file",
        "itself": path.name,
        "each other": f"{path.name}-2",
        "a file's inside": "real.txt/x",
        "a long name": "x" * 256,
        "a long path": "x/" * 2047,
        "the outside": "/no/such/file",
    }
    (path.parent / "real.txt").write_bytes(b"x")
    path.symlink_to(links[kind])
    if kind == "each other":
        path.with_name(links[kind]).symlink_to(path.name)


NOWHERE = (
    "nothing", "itself", "each other", "a file's inside", "a long name", "a long path",
    "the outside",
)  # fmt: skip


@pytest.mark.parametrize("kind", NOWHERE)
def test_a_link_that_leads_nowhere_is_a_link_to_nothing(
    storage: FileSystemStorage, tmp_path: Path, kind: str
) -> None:
    nowhere(kind, tmp_path / "a.txt")
    directories, findings = found(storage)
    assert set(directories[""]) == {"real.txt"}
    assert findings.skipped["a.txt"] == "a link to nothing"
    assert findings.errors == {}
    assert signature_of(storage, "a.txt") is None


@pytest.mark.parametrize("keys", ["mirror", "fingerprint"])
@pytest.mark.parametrize("character", ["x", "\u00e9", "\u20ac", "\U0001f600"])
def test_a_name_may_be_as_long_as_a_key_to_the_byte(
    storage: FileSystemStorage, tmp_path: Path, keys: str, character: str
) -> None:
    paths = mount(KEYS=keys).paths
    directory = f"{'d' * 200}/" * 4
    room = paths.max_name_bytes - len(directory)
    size = len(character.encode())
    fits = character * (room // size) + "x" * (room % size)
    assert len(paths.key(directory + fits, "0" * 24).encode()) == 1024
    for name in (directory + fits, f"{directory}{fits}x"):
        write(tmp_path, name)
    directories, findings = found(storage, KEYS=keys)
    assert set(directories[directory[:-1]]) == {fits}
    too_long = "its key would be longer than 1024 bytes"
    assert findings.skipped == {f"{directory}{fits}x": too_long}
    for name, reason in ((directory + fits, None), (f"{directory}{fits}x", too_long)):
        why = find_local_reason(storage, mount(KEYS=keys), name)
        assert (why and why.reason) == reason


def test_a_directory_that_is_deeper_than_a_path_may_be_is_no_error(
    storage: FileSystemStorage, tmp_path: Path
) -> None:
    write(tmp_path, "a.txt")
    inner = os.open(tmp_path, os.O_RDONLY)
    for _ in range(25):
        os.mkdir("d" * 200, dir_fd=inner)
        outer, inner = inner, os.open("d" * 200, os.O_RDONLY, dir_fd=inner)
        os.close(outer)
    os.close(inner)
    directories, findings = found(storage)
    assert directories[""].keys() == {"a.txt"}
    assert findings.errors == {}
    assert "its key would be longer than 1024 bytes" in findings.skipped.values()


def test_a_file_that_goes_while_another_storage_is_listed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    memory = InMemoryStorage()
    for name in ("a.txt", "b.txt"):
        memory.save(name, ContentFile(b"x"))
    size = memory.size

    def size_after_removal(name: str) -> int:
        memory.delete("a.txt")
        return size(name)

    monkeypatch.setattr(memory, "size", size_after_removal)
    directories, findings = found(memory)
    assert set(directories[""]) == {"b.txt"}
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

    def stat(self, *, follow_symlinks: bool = True) -> None:
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
    assert signature_of(storage, "d/a.txt") == signature(path.stat())
    assert signature_of(storage, "d") is None
    assert signature_of(storage, "b.txt") is None
    assert signature_of(storage, "d/a.txt/below") is None
