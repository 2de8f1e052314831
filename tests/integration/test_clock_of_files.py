"""Files whose size and mtime do not tell that their bytes are others: builds, coarse disks."""

import os
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from s3rewrite.core.entries import Entry, Signature
from s3rewrite.core.mounts import Mount
from s3rewrite.disk.open_file import opened
from s3rewrite.disk.signatures import kernel_id, signature, signature_of
from s3rewrite.freed import stub_of
from s3rewrite.linking.resolver import get_resolver
from s3rewrite.registry import Registry
from s3rewrite.sync.passes import whole_pass
from s3rewrite.sync.reporting.report import Result
from tests.support.factories import job, use_mount, write
from tests.support.passes import body, counts
from tests.support.publishing import publish_entry

EPOCH = 1_700_000_000_000_000_000  # ns, as SOURCE_DATE_EPOCH gives it to all files of a build
OLD, NEW = b"release one", b"release two"


def built(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    os.utime(path, ns=(EPOCH, EPOCH))


def rename_over(root: Path) -> None:
    built(root / "new.png", NEW)
    (root / "new.png").replace(root / "static/a.png")


def overwrite(root: Path) -> None:
    built(root / "static/a.png", NEW)


def copy_over(root: Path) -> None:
    built(root.parent / "copy.png", NEW)
    shutil.copy2(root.parent / "copy.png", root / "static/a.png")


def swap_directories(root: Path) -> None:
    built(root.parent / "next/a.png", NEW)
    (root / "static").rename(root.parent / "previous")
    (root.parent / "next").rename(root / "static")


def flip_link(root: Path) -> None:
    (root / "static").rename(root / "releases-1")
    built(root / "releases-2/a.png", NEW)
    (root / "static").symlink_to("releases-2")


def link(name: str) -> str:
    return get_resolver().url(f"/media/{name}")


@pytest.fixture
def mount(
    settings: Any, root: Path, caches: None, bucket: str, client_options: dict[str, Any]
) -> Mount:
    return use_mount(settings, root, BUCKET=bucket, CLIENT=client_options, POLL_SECONDS=0)


@pytest.mark.parametrize(
    "replace", [rename_over, overwrite, copy_over, swap_directories, flip_link]
)
def test_a_release_of_the_same_size_and_time(
    mount: Mount, root: Path, s3_client: Any, replace: Callable[[Path], None]
) -> None:
    built(root / "static/a.png", OLD)
    whole_pass(job(mount))
    assert link("static/a.png").startswith("http")
    replace(root)
    assert signature_of(job(mount).storage, "static/a.png").plain == Signature(11, EPOCH)  # type: ignore[union-attr]
    assert link("static/a.png") == "/media/static/a.png"
    whole_pass(job(mount))
    assert body(s3_client, mount, "static/a.png") == NEW
    assert link("static/a.png").startswith("http")


@pytest.mark.parametrize("touch", [lambda p: p.chmod(0o664), lambda p: os.chown(p, 0, 0)])
def test_what_changes_the_ctime_alone_is_read_once_and_not_sent(
    mount: Mount, root: Path, touch: Callable[[Path], None]
) -> None:
    path = write(root, "a.txt")
    whole_pass(job(mount))
    touch(path)
    assert counts(whole_pass(job(mount))) == {Result.REFRESHED: 1}
    assert counts(whole_pass(job(mount))) == {Result.KEPT: 1}
    assert link("a.txt").startswith("http")


def test_an_entry_of_an_earlier_form_is_compared_before_it_is_believed(
    mount: Mount, root: Path, registry: Registry
) -> None:
    built(root / "a.png", OLD)
    whole_pass(job(mount))
    entry = dict(registry.names())["a.png"]
    publish_entry(mount, "a.png", Entry(entry.signature.plain, entry.fingerprint))
    assert link("a.png") == "/media/a.png"
    assert counts(whole_pass(job(mount))) == {Result.REFRESHED: 1}
    assert dict(registry.names())["a.png"] == entry
    assert link("a.png").startswith("http")


def test_a_copy_on_another_machine_is_linked(
    mount: Mount, root: Path, registry: Registry, tmp_path: Path, settings: Any
) -> None:
    built(root / "a.png", OLD)
    whole_pass(job(mount))
    assert registry.host() == kernel_id() != ""
    settings.MEDIA_ROOT = shutil.copytree(root, tmp_path / "copy")
    assert link("a.png") == "/media/a.png"
    registry.set_host("another kernel")
    assert link("a.png").startswith("http")


# Disks whose times are coarse, or all one


@pytest.fixture
def image(tmp_path: Path) -> Path:
    """A new disk, in a file."""
    path = tmp_path / "disk"
    with path.open("wb") as file:
        file.truncate(8_000_000)
    # Inodes of 128 bytes have no room for parts of seconds.
    command = [
        "mkfs.ext3",
        "-q",
        "-I",
        "128",
        "-E",
        "hash_seed=" + "0" * 8 + "-0000" * 3 + "-" + "0" * 12,
    ]
    if not shutil.which("mkfs.ext3"):
        pytest.skip("no mkfs.ext3 here")
    subprocess.run([*command, path], check=True, capture_output=True)
    return path


@pytest.fixture
def mounted(image: Path, root: Path) -> Iterator[Path]:
    """The root, on that disk."""
    attach(image, root)
    yield root
    detach(root)


def attach(image: Path, root: Path) -> None:
    root.mkdir(exist_ok=True)
    done = subprocess.run(
        ["mount", "-o", "loop", image, root], check=False, capture_output=True, text=True
    )
    if done.returncode:
        pytest.skip(f"no disk can be mounted here: {done.stderr}")


def detach(root: Path) -> None:
    subprocess.run(["umount", root], check=True)


def test_on_a_disk_with_times_of_whole_seconds(
    mounted: Path, mount: Mount, root: Path, s3_client: Any
) -> None:
    (root / "a.txt").write_bytes(OLD)
    with opened(job(mount).storage, "a.txt") as file:
        assert file.seconds_to_settle() == 0
        assert time.time() - file.status.st_ctime >= 2
    (root / "a.txt").write_bytes(OLD)
    whole_pass(job(mount))
    (root / "a.txt").write_bytes(NEW)
    assert link("a.txt") == "/media/a.txt"
    whole_pass(job(mount))
    assert body(s3_client, mount, "a.txt") == NEW


def test_where_nothing_tells_releases_apart_each_process_compares_the_bytes_once(
    mounted: Path, mount: Mount, root: Path, image: Path, s3_client: Any
) -> None:
    """As on squashfs: another image has the same names, sizes, times and inodes."""

    def release(content: bytes) -> None:
        (root / "a.txt").write_bytes(content)
        detach(root)
        for field in ("mtime", "ctime"):
            request = f"set_inode_field a.txt {field} @{EPOCH // 10**9}"
            subprocess.run(["debugfs", "-w", "-R", request, image], check=True, capture_output=True)
        attach(image, root)

    release(OLD)
    before = signature((root / "a.txt").stat())
    assert before == Signature(len(OLD), EPOCH, 0)
    context = job(mount)
    assert counts(whole_pass(context)) == {Result.UPLOADED: 1}
    assert counts(whole_pass(context)) == {Result.KEPT: 1}
    another_process = job(mount)
    assert counts(whole_pass(another_process)) == {Result.REFRESHED: 1}
    assert counts(whole_pass(another_process)) == {Result.KEPT: 1}
    release(NEW)
    assert signature((root / "a.txt").stat()) == before
    assert counts(whole_pass(job(mount))) == {Result.UPLOADED: 1}
    assert body(s3_client, mount, "a.txt") == NEW


# Before 1970


@pytest.mark.parametrize("seconds", [-1, -1.5, -0.25, -(2**31), 0, 0.5])
def test_files_from_before_1970(settings: Any, mount: Mount, root: Path, seconds: float) -> None:
    options = settings.S3REWRITE["media"] | {"KEEP_LOCAL": False, "FREE_AFTER": 0}
    settings.STORAGES = settings.STORAGES | {
        "default": {"BACKEND": "s3rewrite.storage.S3RewriteStorage"}
    }
    mount = use_mount(settings, root, **options)
    path = write(root, "a.png", OLD)
    os.utime(path, ns=(0, int(seconds * 10**9)))
    assert path.stat().st_mtime_ns == int(seconds * 10**9)
    reports = [whole_pass(job(mount)) for _ in range(2)]
    assert [report.failures for report in reports] == [{}, {}]
    assert reports[1].counts[Result.FREED] == 1
    storage = job(mount).storage
    assert stub_of(storage, "a.png")
    assert link("a.png").startswith("http")
    assert storage.get_modified_time("a.png").timestamp() == seconds
    with storage.open("a.png") as file:
        assert file.read() == OLD
    storage.open("a.png", "r+b").close()
    assert path.stat().st_mtime_ns == int(seconds * 10**9)
