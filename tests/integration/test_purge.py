"""Taken down means gone: at the bucket, at the public URL, with all versions; and it stays so."""

import threading
import time
import urllib.error
import urllib.request
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.core.management import CommandError, call_command

import s3rewrite
from demo.servers import SeaweedFS
from s3rewrite import conf
from s3rewrite.core.mounts import Mount
from s3rewrite.disk.takedown import StillOnDisk
from s3rewrite.registry import Registry
from s3rewrite.registry.lease import held
from s3rewrite.sync import scan
from s3rewrite.sync.loop import MountLoop
from tests.support.commands import sync
from tests.support.factories import use_mount, write

FAST = {"MAX_STALENESS": 0.2, "POLL_SECONDS": 0.05, "SETTLE": 0}


@pytest.fixture
def mount(
    settings: Any, root: Path, caches: None, bucket: str, client_options: dict[str, Any]
) -> Mount:
    """With views that believe what they know for a short time only: a purge waits for them."""
    return use_mount(settings, root, BUCKET=bucket, CLIENT=client_options, **FAST)


def status(url: str) -> int:
    try:
        with urllib.request.urlopen(url) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code


def answer(mount: Mount, key: str) -> int:
    """What a visitor gets."""
    return status(conf.object_url(mount, key))


def purge(*args: str, **options: Any) -> str:
    out = StringIO()
    call_command("s3rewrite_purge", *args, stdout=out, no_color=True, **options)
    return out.getvalue()


def with_options(settings: Any, root: Path, **options: Any) -> Mount:
    return use_mount(settings, root, **(settings.S3REWRITE["media"] | options))


def test_a_published_file_is_gone_everywhere(mount: Mount, root: Path, registry: Registry) -> None:
    path = write(root, "a.jpg")
    write(root, "a.jpg.bak")
    sync()
    assert answer(mount, "media/a.jpg") == 200
    assert purge("a.jpg", local=True) == "media: a.jpg: gone\n"
    assert answer(mount, "media/a.jpg") == 404
    assert answer(mount, "media/a.jpg.bak") == 200
    assert not path.exists()
    assert registry.purges.read() == {}
    assert registry.withdrawn(0) == []


def test_a_deleted_file_is_gone(mount: Mount, root: Path) -> None:
    path = write(root, "a.jpg")
    write(root, "b.jpg")
    sync()
    path.unlink()
    sync("--delete")
    assert answer(mount, "media/a.jpg") == 200  # the grace
    assert purge(missing=True) == "media: a.jpg: gone\n"
    assert answer(mount, "media/a.jpg") == 404


def test_a_file_that_would_be_uploaded_again_is_refused(mount: Mount, root: Path) -> None:
    write(root, "a.jpg")
    sync()
    with pytest.raises(CommandError, match=r"a\.jpg is on the disk and not in EXCLUDE"):
        purge("a.jpg")
    assert answer(mount, "media/a.jpg") == 200


def test_a_file_that_stays_is_kept_local_until_exclude_names_it(
    settings: Any, mount: Mount, root: Path, registry: Registry
) -> None:
    path = write(root, "a.jpg")
    sync()
    purge("a.jpg", exclude=True)
    for options in ((), ("--force",)):
        _, err = sync(*options)
        assert "kept local: a.jpg: it was taken down" in err
        assert answer(mount, "media/a.jpg") == 404
    call_command("s3rewrite_rebuild", stdout=StringIO())
    assert answer(mount, "media/a.jpg") == 404
    assert path.exists()
    with_options(settings, root, EXCLUDE=["a.jpg"])
    sync()
    assert registry.purges.read() == {}
    assert answer(mount, "media/a.jpg") == 404


def test_a_name_that_was_taken_down_may_come_again(mount: Mount, root: Path) -> None:
    write(root, "a.jpg", b"bad")
    sync()
    purge("a.jpg", local=True)
    write(root, "a.jpg", b"good")
    sync()
    assert answer(mount, "media/a.jpg") == 200


def test_a_dry_run_changes_nothing(mount: Mount, root: Path) -> None:
    write(root, "a.jpg")
    sync()
    assert purge("a.jpg", dry_run=True) == "media: a.jpg: would be taken down\n"
    assert answer(mount, "media/a.jpg") == 200


def test_all_versions_and_delete_markers_go(mount: Mount, root: Path, s3_client: Any) -> None:
    s3_client.put_bucket_versioning(
        Bucket=mount.bucket, VersioningConfiguration={"Status": "Enabled"}
    )
    for content in (b"1", b"22", b"333"):
        write(root, "a.jpg", content)
        sync()
    (root / "a.jpg").unlink()
    s3_client.delete_object(Bucket=mount.bucket, Key="media/a.jpg")
    purge("a.jpg")
    found = s3_client.list_object_versions(Bucket=mount.bucket)
    assert not found.get("Versions")
    assert not found.get("DeleteMarkers")


def test_old_versions_under_fingerprint_go(
    settings: Any, mount: Mount, root: Path, s3_client: Any
) -> None:
    mount = with_options(settings, root, KEYS="fingerprint")
    for content in (b"1", b"22"):
        write(root, "p/a.jpg", content)
        write(root, "p/a.b.jpg", content)
        sync()
    s3_client.put_object(Bucket=mount.bucket, Key="media/p/a.jpg", Body=b"of KEYS mirror")
    assert len(s3_client.list_objects_v2(Bucket=mount.bucket)["Contents"]) == 5
    purge("p/a.jpg", local=True)
    keys = [item["Key"] for item in s3_client.list_objects_v2(Bucket=mount.bucket)["Contents"]]
    assert len(keys) == 2
    assert all(key.startswith("media/p/a.b.") for key in keys)


def test_copies_in_the_quarantine_go(
    settings: Any, mount: Mount, root: Path, s3_client: Any
) -> None:
    options = {"QUARANTINE": "trash/", "DELETE_MISSING": True, "DELETE_GRACE": 0.4}
    mount = with_options(settings, root, **options)
    path = write(root, "a.jpg")
    write(root, "b.jpg")
    sync()
    path.unlink()
    sync()
    time.sleep(2)
    sync()
    assert answer(mount, "trash/media/a.jpg") == 200
    purge("a.jpg")
    assert answer(mount, "trash/media/a.jpg") == 404


def test_a_public_quarantine_is_no_proof(settings: Any, mount: Mount, root: Path) -> None:
    mount = with_options(settings, root, QUARANTINE="trash/")
    write(root, "a.jpg")
    sync()
    with pytest.raises(CommandError):
        purge("a.jpg", local=True, quarantine=True)
    assert answer(mount, "media/a.jpg") == 404
    assert answer(mount, "trash/media/a.jpg") == 200


@pytest.fixture
def freed(settings: Any, mount: Mount, root: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file that was freed: S3 has its only copy."""
    monkeypatch.setattr("s3rewrite.sync.freeing.asides.ASIDE_SECONDS", 0.0)
    with_options(settings, root, KEEP_LOCAL=False, FREE_AFTER=0)
    path = write(root, "a.jpg", b"only copy")
    for _ in range(4):
        sync()
    return path


def test_a_freed_file_comes_back_to_the_disk_first(freed: Path, mount: Mount) -> None:
    assert freed.is_symlink()
    purge("a.jpg", exclude=True)
    assert not freed.is_symlink()
    assert freed.read_bytes() == b"only copy"
    assert answer(mount, "media/a.jpg") == 404


def test_the_only_copy_of_a_renamed_file_stays(freed: Path, mount: Mount, root: Path) -> None:
    freed.rename(root / "b.jpg")
    with pytest.raises(CommandError):
        purge("a.jpg")
    assert answer(mount, "media/a.jpg") == 200
    with pytest.raises(CommandError):  # it moves the copy, after it could not take it down
        sync()
    assert purge("a.jpg") == "media: a.jpg: gone\n"
    assert answer(mount, "media/b.jpg") == 200


def test_an_only_copy_in_a_folder_that_cannot_be_read_stays(
    freed: Path, mount: Mount, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (root / "closed").mkdir()
    freed.rename(root / "closed/b.jpg")
    listed = scan.list_directory

    def refuse(path: str) -> Any:
        if path.endswith("closed"):
            raise PermissionError(13, "Permission denied")
        return listed(path)

    with monkeypatch.context() as patch:
        patch.setattr(scan, "list_directory", refuse)
        with pytest.raises(CommandError):
            purge("a.jpg")
    assert answer(mount, "media/a.jpg") == 200


def test_an_upload_that_may_still_arrive_keeps_it_open(
    mount: Mount, root: Path, registry: Registry
) -> None:
    with held(registry) as lease:
        registry.start_epoch()
        registry.claim("a.jpg", lease, "f" * 24)  # it dies during its PUT
    with pytest.raises(CommandError):
        purge("a.jpg")
    assert "a.jpg" in registry.purges.read()
    registry.client.delete(registry.keys.unconfirmed_writes)  # as 16 minutes would do
    assert purge("a.jpg") == "media: a.jpg: gone\n"


def test_s3_away_is_tried_again(
    settings: Any, mount: Mount, root: Path, registry: Registry, seaweedfs: SeaweedFS
) -> None:
    write(root, "a.jpg")
    sync()
    (root / "a.jpg").unlink()
    seaweedfs.stop()
    with pytest.raises(CommandError):
        purge("a.jpg", wait=2)
    assert registry.get(["a.jpg"]) == {}
    seaweedfs.start()
    assert purge("a.jpg") == "media: a.jpg: gone\n"
    assert answer(mount, "media/a.jpg") == 404


def test_from_code_the_loop_does_it_at_once(
    settings: Any, mount: Mount, root: Path, registry: Registry
) -> None:
    settings.STORAGES = settings.STORAGES | {
        "default": {"BACKEND": "s3rewrite.storage.S3RewriteStorage"}
    }
    storage = conf.storage_of(mount)
    for name in ("a.jpg", "b.jpg", "c.jpg"):
        storage.save(name, ContentFile(b"bytes"))
    stop = threading.Event()
    loop = MountLoop(mount, 600, stop, say=lambda _: None)
    loop.step()
    assert answer(mount, "media/a.jpg") == 200
    storage.purge("a.jpg", local=True)
    s3rewrite.purge("media", ["b.jpg"], local=True)
    with pytest.raises(StillOnDisk):
        s3rewrite.purge(storage, ["c.jpg"])
    assert registry.get(["a.jpg", "b.jpg"]) == {}
    until = time.monotonic() + 30
    while registry.purges.read():
        assert time.monotonic() < until
        stop.wait(loop.step())
    assert answer(mount, "media/a.jpg") == answer(mount, "media/b.jpg") == 404
    assert answer(mount, "media/c.jpg") == 200
