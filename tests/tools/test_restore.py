"""What a bucket may hold besides our files, and a disk may refuse; the rest is tested with a
real bucket."""

import errno
import os
import shutil
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import lru_cache
from io import StringIO
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from django.core.files.base import ContentFile
from django.core.management import CommandError, call_command
from hypothesis import HealthCheck, example, given
from hypothesis import settings as examples
from hypothesis import strategies as st
from moto import mock_aws

from s3rewrite.core.mounts import Mount
from s3rewrite.disk import exchange, local_files
from s3rewrite.s3.bucket import Bucket
from s3rewrite.tools import receiving
from s3rewrite.tools.restore import WHOLE_DISK, Restored, restore
from tests.support.factories import job, use_mount, write

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

LONG = "x" * 256


@pytest.fixture
def s3() -> Iterator["S3Client"]:
    with mock_aws():
        client = boto3.client("s3")
        client.create_bucket(Bucket="uploads")
        yield client


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "media"


@pytest.fixture
def mount(s3: "S3Client", settings: Any, caches: None, root: Path) -> Mount:
    bucket_of.cache_clear()
    return use_mount(settings, root)


def put(s3: "S3Client", *keys: str) -> None:
    for key in keys:
        s3.put_object(Bucket="uploads", Key=f"media/{key}", Body=key.encode())


@lru_cache(maxsize=1)
def bucket_of(mount: Mount) -> Bucket:
    """One client a test: making it takes longer than all else."""
    return Bucket(mount)


def reasons(mount: Mount, **choices: Any) -> dict[str, str]:
    made = job(mount, **choices)
    vars(made)["bucket"] = bucket_of(mount)
    return {found.name: found.reason for found in restore(made)}


def contents(root: Path) -> dict[str, bytes]:
    return {
        path.relative_to(root).as_posix(): path.read_bytes()
        for path in root.rglob("*")
        if path.is_file()
    }


def test_a_key_that_is_no_name(mount: Mount, s3: "S3Client", tmp_path: Path) -> None:
    put(s3, "../secret.txt", "folder/", "a.txt")
    s3.put_object(Bucket="uploads", Key="media/marker/")
    assert sorted(restore(job(mount))) == [
        Restored("../secret.txt", 13, "its key is no name of a file in this storage"),
        Restored("a.txt", 5),
        Restored("folder/", 7, "its key is no name of a file in this storage"),
    ]
    assert [path.name for path in tmp_path.rglob("*") if path.is_file()] == ["a.txt"]


@pytest.mark.parametrize("body", [b"", b"bytes"])
@pytest.mark.parametrize("folder", ["photos", "a/b/photos"])
def test_of_a_file_and_a_folder_of_one_name_the_folder_comes(
    mount: Mount, s3: "S3Client", root: Path, folder: str, body: bytes
) -> None:
    put(s3, f"{folder}/a.jpg", f"{folder}/b/c.jpg", "z.jpg")
    s3.put_object(Bucket="uploads", Key=f"media/{folder}", Body=body)
    assert reasons(mount) == {
        folder: "a folder is in its place: move that away",
        f"{folder}/a.jpg": "",
        f"{folder}/b/c.jpg": "",
        "z.jpg": "",
    }
    assert len(contents(root)) == 3
    out = StringIO()
    with pytest.raises(CommandError, match="1 file could not be restored"):
        call_command("s3rewrite_restore", stdout=out)
    assert f"failed {folder}: a folder is in its place" in out.getvalue()


PARTS = st.sampled_from(["a", "b", "A", "..", ".", "", LONG, "é", "a.jpg", "a\nb"])
NAMES = st.lists(PARTS, min_size=1, max_size=4).map("/".join).filter(bool)
KINDS = ["file", "folder", "link to nothing", "pipe"]
ON_DISK = st.dictionaries(st.sampled_from(["a", "b", "a/b", "a.jpg"]), st.sampled_from(KINDS))


@contextmanager
def disk_that(way: str) -> Iterator[None]:
    """A disk that can rename without replacing, or link, or neither."""

    def refuses(*_: Any, **__: Any) -> Any:
        raise OSError(errno.EPERM, "no links here")

    with pytest.MonkeyPatch.context() as patch:
        if way != "renames":
            patch.setattr(exchange, "_renameat2", lambda: None)
        if way == "neither":
            patch.setattr(os, "link", refuses)
        yield


WAYS = ["renames", "links", "neither"]


def lay(root: Path, on_disk: dict[str, str]) -> None:
    for name, kind in on_disk.items():
        path = root / name
        if not path.parent.is_dir():
            continue
        if kind == "file":
            path.write_bytes(b"was here")
        elif kind == "folder":
            path.mkdir()
        elif kind == "pipe":
            os.mkfifo(path)
        else:
            path.symlink_to("nowhere")


def state(root: Path) -> dict[str, tuple[int, bytes]]:
    """What lies at each name, but for folders."""
    found = {path.relative_to(root).as_posix(): path for path in root.rglob("*")}
    return {
        name: (stat.S_IFMT(path.lstat().st_mode), path.read_bytes() if path.is_file() else b"")
        for name, path in found.items()
        if path.is_symlink() or not path.is_dir()
    }


def test_what_is_said_to_be_restored_is_there_and_nothing_is_passed_over(
    mount: Mount, s3: "S3Client", root: Path
) -> None:
    @examples(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
    @given(st.sets(NAMES, max_size=6), ON_DISK, st.sampled_from(WAYS))
    @example({"a", "a/b", "a/b/a"}, {}, "neither")
    @example({"a/b/a", "a/a"}, {"a": "file"}, "renames")
    @example({"a/b", "a//b", "a/./b", "a/b/"}, {}, "links")
    def check(names: set[str], on_disk: dict[str, str], way: str) -> None:
        shutil.rmtree(root)
        root.mkdir()
        for item in s3.list_objects_v2(Bucket="uploads").get("Contents", ()):
            s3.delete_object(Bucket="uploads", Key=item["Key"])
        put(s3, *names)
        lay(root, on_disk)
        before = state(root)
        would = reasons(mount, dry_run=True)
        with disk_that(way):
            told = reasons(mount)
        after = state(root)
        restored = {name for name, reason in told.items() if not reason}
        assert after == before | {name: (stat.S_IFREG, name.encode()) for name in restored}
        for name in names:
            assert name in told or before[name][0] == stat.S_IFREG
        assert {name for name, reason in would.items() if not reason} >= restored

    check()


@pytest.mark.parametrize("code", WHOLE_DISK)
def test_what_the_whole_disk_suffers_from_ends_the_run(
    mount: Mount, s3: "S3Client", root: Path, code: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(s3, "a.txt", "b.txt")
    monkeypatch.setattr(receiving.os, "fsync", failing(code))
    with pytest.raises(CommandError, match=r"^media: [ab].txt: the disk .* run s3rewrite_restore"):
        call_command("s3rewrite_restore", stdout=StringIO())
    assert list(root.iterdir()) == []


def test_whatever_else_a_disk_says_concerns_one_file(
    mount: Mount, s3: "S3Client", root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(s3, "a.txt", "b.txt")
    for code in sorted(set(errno.errorcode) - set(WHOLE_DISK) - {errno.EEXIST}):
        monkeypatch.setattr(receiving.os, "fsync", failing(code, once=True))
        assert sorted(map(bool, reasons(mount).values())) == [False, True]
        (restored,) = root.iterdir()
        restored.unlink()


def failing(code: int, *, once: bool = False) -> Callable[[int], None]:
    calls: list[int] = []

    def fsync(descriptor: int) -> None:
        calls.append(descriptor)
        if not once or len(calls) == 1:
            raise OSError(code, os.strerror(code))

    return fsync


MODES = product([0o007, 0o022, 0o077], [None, 0o750, 0o775], [None, 0o644, 0o600])


def test_permissions_are_those_that_save_gives(
    settings: Any, mount: Mount, s3: "S3Client", root: Path
) -> None:
    put(s3, "a/b/c.txt")
    before = os.umask(0)
    try:
        for umask, folders, files in MODES:
            settings.FILE_UPLOAD_PERMISSIONS = files
            settings.FILE_UPLOAD_DIRECTORY_PERMISSIONS = folders
            os.umask(umask)
            assert reasons(mount) == {"a/b/c.txt": ""}
            job(mount).storage.save("x/y/z.txt", ContentFile(b"one"))
            for ours, djangos in (("a", "x"), ("a/b", "x/y"), ("a/b/c.txt", "x/y/z.txt")):
                modes = [oct((root / name).stat().st_mode) for name in (ours, djangos)]
                assert modes == modes[:1] * 2, (umask, folders, files)
            assert os.umask(umask) == umask
            for name in "ax":
                shutil.rmtree(root / name)
    finally:
        os.umask(before)


@contextmanager
def nobody() -> Iterator[None]:
    """As a user who may not write everywhere."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(65_534)
    try:
        yield
    finally:
        os.seteuid(0)


def test_a_folder_that_may_not_be_written_in_costs_its_files_alone(
    mount: Mount, s3: "S3Client", root: Path, tmp_path: Path
) -> None:
    put(s3, "locked/a.txt", "locked/b/c.txt", "open/a.txt")
    for path in (*reversed(tmp_path.parents), tmp_path):
        if path.stat().st_uid == os.geteuid() and path.is_relative_to("/tmp/"):
            path.chmod(0o777)
    for name in ("locked", "open"):
        (root / name).mkdir(parents=True)
        (root / name).chmod(0o555 if name == "locked" else 0o777)
    with nobody():
        told = reasons(mount)
    may_not = "this user may not write there: allow it"
    assert told == {"locked/a.txt": may_not, "locked/b/c.txt": may_not, "open/a.txt": ""}


def test_a_name_that_the_disk_takes_for_another(
    mount: Mount, s3: "S3Client", root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(root, "Photos/a.jpg")
    (root / "photos").symlink_to("Photos")
    put(s3, "photos/a.jpg", "Photos/a.jpg")
    # As the folder of a disk that takes them for one shows it.
    shown = {root: {"Photos"}, root / "photos": {"a.jpg"}, root / "Photos": {"a.jpg"}}
    monkeypatch.setattr(local_files, "_names", shown.__getitem__)
    other = "this disk takes it for a file that is there, with other letters"
    assert reasons(mount) == {"photos/a.jpg": other}


@pytest.mark.parametrize("way", WAYS)
def test_a_file_that_is_saved_meanwhile_is_neither_touched_nor_said_to_be_restored(
    mount: Mount, s3: "S3Client", root: Path, way: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(s3, "a.txt", "b.txt")
    monkeypatch.setattr(receiving.os, "fsync", lambda _: write(root, "a.txt", b"saved now"))
    with disk_that(way):
        assert reasons(mount) == {"b.txt": ""}
    assert contents(root) == {"a.txt": b"saved now", "b.txt": b"b.txt"}
