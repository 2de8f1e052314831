import errno
import os
from pathlib import Path
from typing import Any

import pytest
from django.core.files.storage import FileSystemStorage

from s3rewrite.disk.local_files import Spellings, find_obstacle, move_into_place, open_beside
from tests.tools.test_restore import WAYS, disk_that


@pytest.fixture(params=WAYS)
def way(request: pytest.FixtureRequest) -> Any:
    with disk_that(request.param):
        yield request.param


def test_a_whole_file_gets_its_name(tmp_path: Path, way: str) -> None:
    (tmp_path / "whole").write_bytes(b"bytes")
    move_into_place(tmp_path / "whole", tmp_path / "a")
    assert (tmp_path / "a").read_bytes() == b"bytes"


@pytest.mark.parametrize("kind", ["file", "empty", "folder", "link"])
def test_no_name_is_taken_twice(tmp_path: Path, way: str, kind: str) -> None:
    path = tmp_path / "a"
    if kind == "folder":
        path.mkdir()
    elif kind == "link":
        path.symlink_to("nowhere")
    else:
        path.write_bytes(b"" if kind == "empty" else b"there")
    before = path.lstat()
    (tmp_path / "whole").write_bytes(b"bytes")
    with pytest.raises(FileExistsError):
        move_into_place(tmp_path / "whole", path)
    assert path.lstat() == before
    assert (tmp_path / "whole").read_bytes() == b"bytes"


def test_a_full_disk_is_no_reason_for_another_way(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "whole").touch()

    def full(*_: Any) -> None:
        raise OSError(errno.ENOSPC, "full")

    with disk_that("links"):
        monkeypatch.setattr(os, "link", full)
        with pytest.raises(OSError, match="full"):
            move_into_place(tmp_path / "whole", tmp_path / "a")
    assert not (tmp_path / "a").exists()


@pytest.mark.parametrize("way", ["neither"], indirect=True)
class TestWhereAnEmptyFileTakesTheName:
    def test_it_goes_where_the_whole_one_cannot_come(
        self, tmp_path: Path, way: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def fails(*_: Any) -> None:
            raise OSError(errno.EIO, "no")

        monkeypatch.setattr(Path, "replace", fails)
        (tmp_path / "whole").write_bytes(b"bytes")
        with pytest.raises(OSError, match="no"):
            move_into_place(tmp_path / "whole", tmp_path / "a")
        assert [path.name for path in tmp_path.iterdir()] == ["whole"]

    def test_what_somebody_writes_into_it_stands(
        self, tmp_path: Path, way: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        touch = Path.touch

        def touch_and_lose(path: Path, **options: Any) -> None:
            touch(path, **options)
            path.write_bytes(b"saved now")

        monkeypatch.setattr(Path, "touch", touch_and_lose)
        (tmp_path / "whole").write_bytes(b"bytes")
        with pytest.raises(FileExistsError):
            move_into_place(tmp_path / "whole", tmp_path / "a")
        assert (tmp_path / "a").read_bytes() == b"saved now"


def test_a_temporary_that_cannot_have_its_permissions_goes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuses(*_: Any) -> None:
        raise PermissionError(errno.EPERM, "no permissions here")

    monkeypatch.setattr(Path, "chmod", refuses)
    storage = FileSystemStorage(tmp_path, file_permissions_mode=0o600)
    with pytest.raises(PermissionError):
        open_beside(storage, tmp_path / "a", ".temporary")
    assert list(tmp_path.iterdir()) == []


def test_what_is_in_the_way(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "folder").mkdir()
    (tmp_path / "link").symlink_to("nowhere")
    for name, words in (
        ("free", ""),
        ("new/deep/free", ""),
        ("folder", "a folder is in its place"),
        ("link", "a link to nothing"),
        ("file/a", "file is no folder on this disk"),
        ("link/b/c", "link is no folder on this disk"),
    ):
        assert words in find_obstacle(tmp_path / name, tmp_path)
        assert bool(words) is bool(find_obstacle(tmp_path / name, tmp_path))


def test_names_that_came_after_the_first_look_are_seen(tmp_path: Path) -> None:
    spellings = Spellings()
    for name in ("a", "b"):
        (tmp_path / name).touch()
        assert spellings.has(tmp_path / name, tmp_path)
    assert not spellings.has(tmp_path / "A", tmp_path)
