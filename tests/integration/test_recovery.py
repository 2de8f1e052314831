"""Redis lost, the disk lost, the bucket lost, or a name spoilt: found and mended by commands."""

import os
import shutil
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from django.core.files.storage import InMemoryStorage, storages
from django.core.management import CommandError, call_command

from demo.servers import Valkey
from s3rewrite.core.entries import Entry
from s3rewrite.core.mounts import Mount
from s3rewrite.registry import Registry, loop_registry, view_of
from s3rewrite.registry.lease import held
from s3rewrite.tools import restore as restore_module
from tests.support.commands import sync
from tests.support.factories import use_mount, write

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

FILES = {
    "a.txt": b"one",
    "photos/b é+&.jpg": b"two" * 1000,
    "photos/2024/c": b"",
    "photos/2024/.hidden": b"h",
    "large.bin": b"0123456789abcdef" * 600_000,
}


def run(command: str, *args: str) -> str:
    out = StringIO()
    call_command(command, *args, stdout=out, stderr=out, no_color=True)
    return out.getvalue()


@pytest.fixture(params=["mirror", "fingerprint"])
def keys(request: pytest.FixtureRequest, settings: Any, mount: Mount, root: Path) -> Mount:
    """The mount under both kinds of keys, all its files published."""
    options = settings.S3REWRITE["media"] | {"KEYS": request.param, "ALLOW": ["hidden"]}
    found = use_mount(settings, root, **options)
    for name, content in FILES.items():
        write(root, name, content)
    assert f"{len(FILES)} uploaded" in sync()[0]
    return found


@pytest.fixture
def held_by(keys: Mount) -> Registry:
    """What that mount has published."""
    return loop_registry(keys)


def contents(root: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(root)): path.read_bytes() for path in root.rglob("*") if path.is_file()
    }


# Restoring


def test_the_disk_is_lost(keys: Mount, root: Path) -> None:
    shutil.rmtree(root)
    root.mkdir()
    said = run("s3rewrite_restore")
    assert "restored photos/b é+&.jpg" in said
    assert f"media: {len(FILES)} restored, 0 failed" in said
    assert contents(root) == FILES
    # What came back is known again without an upload.
    assert "uploaded" not in sync()[0].splitlines()[-1]
    assert "0 restored" in run("s3rewrite_restore")


def test_disk_and_redis_are_lost(
    keys: Mount, root: Path, valkey: Valkey, held_by: Registry
) -> None:
    held_by.client.flushall()
    shutil.rmtree(root)
    root.mkdir()
    run("s3rewrite_restore")
    assert contents(root) == FILES
    assert f"{len(FILES)} adopted" in sync()[0]


def test_some_names_are_restored(keys: Mount, root: Path) -> None:
    shutil.rmtree(root)
    root.mkdir()
    said = run("s3rewrite_restore", "--dry-run", "--pattern", "*.jpg", "--pattern", "/a.*")
    assert "a dry run; would be: media: 2 restored" in said
    assert contents(root) == {}
    run("s3rewrite_restore", "--pattern", "*.jpg", "--pattern", "/a.*")
    assert set(contents(root)) == {"a.txt", "photos/b é+&.jpg"}


def test_a_file_that_is_there_is_not_touched(keys: Mount, root: Path) -> None:
    write(root, "a.txt", b"changed here")
    run("s3rewrite_restore")
    assert (root / "a.txt").read_bytes() == b"changed here"


def test_a_file_that_comes_meanwhile_stands(
    keys: Mount, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (root / "a.txt").unlink()
    put = restore_module._put

    def late(*args: Any) -> None:
        write(root, "a.txt", b"saved now")
        put(*args)

    monkeypatch.setattr(restore_module, "_put", late)
    run("s3rewrite_restore")
    assert (root / "a.txt").read_bytes() == b"saved now"
    assert not list(root.glob(".s3rewrite-*"))


def test_the_latest_version_comes_back(
    settings: Any, mount: Mount, root: Path, registry: Registry
) -> None:
    use_mount(settings, root, **settings.S3REWRITE["media"] | {"KEYS": "fingerprint"})
    for content in (b"first", b"second"):
        write(root, "a.txt", content)
        sync()
    (root / "a.txt").unlink()
    run("s3rewrite_restore")
    assert contents(root) == {"a.txt": b"second"}


def test_bytes_that_are_not_those_that_were_sent(
    settings: Any, mount: Mount, root: Path, s3_client: "S3Client"
) -> None:
    write(root, "a.txt", b"right")
    sync()
    found = s3_client.head_object(Bucket=mount.bucket, Key="media/a.txt")
    s3_client.put_object(
        Bucket=mount.bucket, Key="media/a.txt", Body=b"wrong", Metadata=found["Metadata"]
    )
    (root / "a.txt").unlink()
    with pytest.raises(CommandError, match="1 file could not be restored"):
        run("s3rewrite_restore")
    assert contents(root) == {}


def test_restoring_into_another_storage(
    settings: Any, mount: Mount, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(root, "photos/a.txt", b"one")
    sync()
    memory = InMemoryStorage()
    settings.STORAGES = {**settings.STORAGES, "default": {"BACKEND": "tests.settings.Missing"}}
    monkeypatch.setitem(storages._storages, "default", memory)
    assert "1 restored" in run("s3rewrite_restore")
    assert memory.open("photos/a.txt").read() == b"one"


def test_restoring_from_a_bucket_that_is_not_there(settings: Any, mount: Mount, root: Path) -> None:
    use_mount(settings, root, **settings.S3REWRITE["media"] | {"BUCKET": "missing"})
    with pytest.raises(CommandError, match="the bucket does not exist"):
        run("s3rewrite_restore")


# Rebuilding


def test_the_published_set_is_made_anew(keys: Mount, held_by: Registry) -> None:
    before = dict(held_by.names())
    held_by.client.hset(held_by.keys.directory("nowhere"), "x", "1,2,3")
    said = run("s3rewrite_rebuild")
    assert "forgotten" in said
    assert f"media: {len(FILES)} adopted" in said
    assert dict(held_by.names()) == before
    assert not held_by.client.exists(held_by.keys.directory("nowhere"))


def test_rebuilding_waits_for_a_pass(keys: Mount, held_by: Registry) -> None:
    with held(held_by), pytest.raises(CommandError, match="another pass is running"):
        run("s3rewrite_rebuild", "--wait", "0.1")


def test_what_is_forgotten_is_linked_by_nobody(
    settings: Any, keys: Mount, held_by: Registry
) -> None:
    mount = use_mount(
        settings, Path(settings.MEDIA_ROOT), **settings.S3REWRITE["media"] | {"POLL_SECONDS": 0}
    )
    view = view_of(mount)
    assert view.get_many(["a.txt"]) != [None]
    held_by.clear()
    assert view.get_many(["a.txt"]) == [None]


# Verifying


def test_all_is_as_it_should_be(keys: Mount) -> None:
    assert run("s3rewrite_verify", "--checksum") == "media: 0 differences\n"


def objects(client: "S3Client", mount: Mount) -> dict[str, str]:
    """Name -> key."""
    found = client.list_objects_v2(Bucket=mount.bucket)["Contents"]
    return {mount.paths.name(item["Key"])[0]: item["Key"] for item in found}  # type: ignore[index]


def test_each_difference_is_named_and_mended(
    keys: Mount, root: Path, held_by: Registry, s3_client: "S3Client"
) -> None:
    where = objects(s3_client, keys)
    s3_client.delete_object(Bucket=keys.bucket, Key=where["a.txt"])
    s3_client.put_object(Bucket=keys.bucket, Key=where["large.bin"], Body=b"other")
    s3_client.put_object(Bucket=keys.bucket, Key=f"{keys.prefix}elsewhere/x.txt", Body=b"x")
    (root / "photos/2024/c").unlink()
    write(root, "photos/b é+&.jpg", b"changed")
    write(root, "new.txt", b"new")
    out = StringIO()
    with pytest.raises(CommandError, match="Not everything is as it should be"):
        call_command("s3rewrite_verify", stdout=out, no_color=True)
    assert sorted(out.getvalue().splitlines()) == sorted(
        [
            "media: a.txt: published, but the bucket has no such object: its links are broken",
            "media: large.bin: published, but the bucket holds other bytes",
            "media: media/elsewhere/x.txt: in the bucket only",
            "media: new.txt: not published yet",
            "media: photos/2024/c: published, but there is no such file",
            "media: photos/b é+&.jpg: published, but the file was changed since",
            "media: 6 differences",
        ]
    )
    assert "5 withdrawn" in run("s3rewrite_verify", "--repair")
    assert set(dict(held_by.names())) == {"photos/2024/.hidden"}
    sync()
    assert set(dict(held_by.names())) == {*FILES, "new.txt"} - {"photos/2024/c"}


def test_bytes_are_compared_on_request(
    mount: Mount, root: Path, registry: Registry, s3_client: "S3Client"
) -> None:
    for name in ("a", "b", "c"):
        write(root, name, b"right")
    sync()
    times = (root / "a").stat().st_mtime_ns
    (root / "a").write_bytes(b"wrong")
    os.utime(root / "a", ns=(times, times))
    s3_client.put_object(Bucket=mount.bucket, Key="media/b", Body=b"wrong")
    assert "0 differences" in run("s3rewrite_verify")
    out = StringIO()
    with pytest.raises(CommandError):
        call_command("s3rewrite_verify", "--checksum", stdout=out, no_color=True)
    assert out.getvalue().splitlines()[:2] == [
        "media: a: published, but the file holds other bytes, though of the same size and time",
        "media: b: published, but the bucket holds other bytes",
    ]


def test_a_directory_that_is_published_only(mount: Mount, root: Path, registry: Registry) -> None:
    write(root, "photos/a.txt")
    sync()
    shutil.rmtree(root / "photos")
    with pytest.raises(CommandError):
        run("s3rewrite_verify")
    assert "1 withdrawn" in run("s3rewrite_verify", "--repair")
    assert registry.is_empty()


def test_verifying_what_is_not_there(settings: Any, mount: Mount, root: Path) -> None:
    root.rmdir()
    with pytest.raises(CommandError, match="is its disk mounted"):
        run("s3rewrite_verify")


# The bucket lost


def test_the_bucket_is_lost(
    mount: Mount, root: Path, registry: Registry, s3_client: "S3Client"
) -> None:
    write(root, "a.txt", b"one")
    sync()
    s3_client.delete_object(Bucket=mount.bucket, Key="media/a.txt")
    run("s3rewrite_rebuild")
    found = s3_client.get_object(Bucket=mount.bucket, Key="media/a.txt")
    assert found["Body"].read() == b"one"
    entry: Entry = registry.get(["a.txt"])["a.txt"]
    assert entry.signature.size == 3
