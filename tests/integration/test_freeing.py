"""KEEP_LOCAL = False on real servers: what is freed, and what is done about whatever may happen."""

import os
import shutil
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.core.management import call_command
from django.test import AsyncClient, Client

from demo.servers import SeaweedFS, Valkey
from s3rewrite import conf
from s3rewrite.core.mounts import Mount
from s3rewrite.disk import exchange as exchanges
from s3rewrite.disk.exchange import ExchangeUnsupported
from s3rewrite.disk.own_names import ASIDE, own_name, token_of
from s3rewrite.freed import FreedFileError, stub_of
from s3rewrite.linking.resolver import get_resolver
from s3rewrite.registry import Registry
from s3rewrite.s3.bucket import Bucket
from s3rewrite.s3.errors import S3Error
from s3rewrite.storage import S3RewriteStorage
from s3rewrite.sync.freeing import asides
from s3rewrite.sync.freeing import free as freeing
from s3rewrite.sync.passes import whole_pass
from s3rewrite.sync.reporting.report import Report, Result
from s3rewrite.tools.restore import restore
from s3rewrite.tools.verify import Difference, Fault, differences
from tests.support.factories import job, use_mount, write
from tests.support.passes import Puts, counts, keys

BYTES = b"\x89PNG bytes"
LARGE = os.urandom(9 * 1024 * 1024)


@pytest.fixture(params=["mirror", "fingerprint"])
def mount(
    request: pytest.FixtureRequest, settings: Any, root: Path, caches: None, bucket: str,
    client_options: dict[str, Any], monkeypatch: pytest.MonkeyPatch,
) -> Mount:  # fmt: skip
    monkeypatch.setattr(asides, "ASIDE_SECONDS", 0.0)
    settings.STORAGES = settings.STORAGES | {
        "default": {"BACKEND": "s3rewrite.storage.S3RewriteStorage"}
    }
    return use_mount(
        settings, root, BUCKET=bucket, CLIENT=client_options, KEYS=request.param,
        KEEP_LOCAL=False, FREE_AFTER=0, DELETE_MISSING=True, DELETE_GRACE=10, POLL_SECONDS=0,
        QUARANTINE="trash/", SITE_URL="https://example.com",
    )  # fmt: skip


@pytest.fixture
def storage(mount: Mount) -> S3RewriteStorage:
    found = conf.storage_of(mount)
    assert isinstance(found, S3RewriteStorage)
    return found


@pytest.fixture
def puts(monkeypatch: pytest.MonkeyPatch) -> Puts:
    return Puts(monkeypatch)


def passed(mount: Mount) -> Report:
    """A whole pass, as that of a new process."""
    return whole_pass(job(mount))


def on_disk(root: Path) -> dict[str, bytes]:
    """The files whose bytes are on the local disk."""
    return {
        str(path.relative_to(root)): path.read_bytes() for path in root.rglob("*") if path.is_file()
    }


def content(storage: Any, name: str) -> bytes:
    with storage.open(name) as file:
        found = file.read()
    assert isinstance(found, bytes)
    return found


def aside(root: Path, name: str) -> str:
    """The basename under which a file lies beside its place."""
    return own_name(ASIDE, token_of(str((root / name).readlink())))


def is_linked(name: str) -> bool:
    return get_resolver().url(f"/media/{name}") != f"/media/{name}"


@pytest.fixture
def freed(mount: Mount, root: Path) -> str:
    """The name of a file that was freed."""
    write(root, "photos/a.png", BYTES)
    assert counts(passed(mount)) == {Result.UPLOADED: 1}
    assert counts(passed(mount)) == {Result.KEPT: 1, Result.FREED: 1}
    assert counts(passed(mount)) == {Result.KEPT: 1}
    assert on_disk(root) == {}
    return "photos/a.png"


class TestFreeing:
    @pytest.mark.parametrize("content", [BYTES, b"", LARGE], ids=["small", "empty", "in parts"])
    def test_a_file_lies_aside_for_a_pass_and_goes(
        self, mount: Mount, root: Path, storage: S3RewriteStorage, content: bytes
    ) -> None:
        modified = write(root, "a.png", content, age=1000).stat().st_mtime_ns
        passed(mount)
        assert on_disk(root) == {"a.png": content}
        passed(mount)
        assert on_disk(root) == {aside(root, "a.png"): content}
        assert is_linked("a.png")
        passed(mount)
        assert [path.name for path in root.iterdir()] == ["a.png"]
        stub = stub_of(storage, "a.png")
        assert stub
        assert (stub.sha256, stub.signature) == (
            sha256(content).hexdigest(), (len(content), modified, 0)
        )  # fmt: skip
        assert is_linked("a.png")
        with storage.open("a.png") as file:
            assert file.read() == content

    def test_not_before_its_time(self, settings: Any, mount: Mount, root: Path) -> None:
        settings.S3REWRITE["media"]["FREE_AFTER"] = 3600
        mount = use_mount(settings, root, **settings.S3REWRITE["media"])
        write(root, "a.png", age=9999)  # its inode is younger
        write(root, "b.png")
        passed(mount)
        assert counts(passed(mount)) == {Result.KEPT: 2}

    def test_not_where_others_may_read_the_same_inode(self, mount: Mount, root: Path) -> None:
        os.link(write(root, "a.png"), root / "b.png")
        (root / "c.png").symlink_to("b.png")
        passed(mount)
        assert counts(passed(mount)) == {Result.KEPT: 3}

    def test_not_what_pages_link_locally(self, mount: Mount, root: Path) -> None:
        for name in ("a.html", "b.xml", "c.js"):
            write(root, name)
        passed(mount)
        assert counts(passed(mount)) == {Result.KEPT: 3}
        assert set(on_disk(root)) == {"a.html", "b.xml", "c.js"}

    def test_not_what_was_sent_with_other_bytes(
        self, mount: Mount, root: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        write(root, "a.png")
        write(root, "a.css", b"a { background: url(/media/a.png) }")
        monkeypatch.setattr(freeing, "refers", lambda name: False)
        passed(mount)
        the_job = job(mount)
        assert counts(whole_pass(the_job)) == {Result.KEPT: 2, Result.FREED: 1}
        assert {name for name, _ in the_job.unfreeable} == {"a.css"}
        assert set(on_disk(root)) == {aside(root, "a.png"), "a.css"}

    def test_not_where_the_bucket_has_other_bytes(
        self, mount: Mount, root: Path, registry: Registry, s3_client: Any
    ) -> None:
        """Of the same size, and with metadata that say otherwise."""
        write(root, "a.png", BYTES)
        passed(mount)
        (key,) = keys(s3_client, mount)
        metadata = s3_client.head_object(Bucket=mount.bucket, Key=key)["Metadata"]
        s3_client.put_object(Bucket=mount.bucket, Key=key, Body=BYTES[::-1], Metadata=metadata)
        assert counts(passed(mount)) == {Result.KEPT: 1}
        assert on_disk(root) == {"a.png": BYTES}

    def test_where_the_etag_does_not_tell_the_object_is_read(
        self, mount: Mount, root: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(freeing, "holds_in_parts", lambda *_: False)
        write(root, "a.bin", LARGE)
        passed(mount)
        assert counts(passed(mount)) == {Result.KEPT: 1, Result.FREED: 1}

    def test_not_where_names_cannot_be_exchanged(
        self, mount: Mount, root: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def refuses(*_: Path) -> None:
            raise ExchangeUnsupported(22, "the file system cannot exchange two files")

        monkeypatch.setattr(freeing, "exchange", refuses)
        for name in ("a.png", "b.png"):
            write(root, name)
        passed(mount)
        report = passed(mount)
        assert report.notices == ["files were not freed: the file system cannot exchange two files"]
        assert set(on_disk(root)) == {path.name for path in root.iterdir()} == {"a.png", "b.png"}

    def test_not_where_the_loop_may_not_write(
        self, mount: Mount, root: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        for name in ("a.png", "b.png"):
            write(root, name)
        passed(mount)
        monkeypatch.setattr(freeing.os, "access", lambda *_: False)
        report = passed(mount)
        assert counts(report) == {Result.KEPT: 2}
        assert report.notices == [
            "files were not freed: the loop may not write in their directories"
        ]

    def test_a_dry_run_frees_nothing(self, mount: Mount, root: Path) -> None:
        write(root, "a.png")
        passed(mount)
        assert counts(whole_pass(job(mount, dry_run=True))) == {Result.KEPT: 1}
        assert set(on_disk(root)) == {"a.png"}


class TestMeanwhile:
    """What others do between two steps."""

    @pytest.fixture
    def there(self, mount: Mount, root: Path) -> Path:
        """A published file."""
        path = write(root, "a.png", BYTES)
        passed(mount)
        return path

    def test_a_file_that_is_saved_before_the_exchange_comes_back(
        self, mount: Mount, root: Path, there: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        exchange = freeing.exchange

        def late(one: Path, other: Path) -> None:
            monkeypatch.setattr(freeing, "exchange", exchange)
            write(root, "new", b"new bytes").replace(there)
            exchange(one, other)

        monkeypatch.setattr(freeing, "exchange", late)
        assert counts(passed(mount)) == {Result.KEPT: 1}
        assert on_disk(root) == {"a.png": b"new bytes"}
        assert [path.name for path in root.iterdir()] == ["a.png"]

    def test_even_two_of_them(
        self, mount: Mount, root: Path, there: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        exchange = freeing.exchange
        saves = [b"one", b"two!"]

        def late(one: Path, other: Path) -> None:
            if saves:
                write(root, "new", saves.pop(0)).replace(there)
            exchange(one, other)

        monkeypatch.setattr(freeing, "exchange", late)
        monkeypatch.setattr(exchanges, "exchange", late)
        passed(mount)
        assert on_disk(root) == {"a.png": b"two!"}
        assert [path.name for path in root.iterdir()] == ["a.png"]

    def test_who_has_it_open_and_writes_gets_it_back(
        self, mount: Mount, root: Path, there: Path, storage: S3RewriteStorage
    ) -> None:
        with there.open("ab") as late:
            assert counts(passed(mount))[Result.FREED] == 1
            late.write(b" and more")
        assert counts(passed(mount)) == {Result.KEPT: 1}
        assert on_disk(root) == {"a.png": BYTES + b" and more"}
        assert not is_linked("a.png")
        assert counts(passed(mount)) == {Result.UPLOADED: 1}
        assert is_linked("a.png")

    def test_an_object_that_is_lost_before_the_end(
        self, mount: Mount, root: Path, there: Path, s3_client: Any
    ) -> None:
        passed(mount)
        (key,) = keys(s3_client, mount)
        s3_client.delete_object(Bucket=mount.bucket, Key=key)
        passed(mount)
        assert on_disk(root) == {"a.png": BYTES}
        assert not is_linked("a.png")
        assert counts(passed(mount)) == {Result.UPLOADED: 1}

    def test_it_waits_aside_until_nobody_writes_any_more(
        self, mount: Mount, root: Path, there: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(asides, "ASIDE_SECONDS", 60.0)
        for _ in range(3):
            passed(mount)
        assert on_disk(root) == {aside(root, "a.png"): BYTES}

    @pytest.mark.parametrize("change", ["saved", "deleted"])
    def test_a_name_that_is_changed_while_its_old_bytes_lie_aside(
        self, mount: Mount, root: Path, there: Path, storage: S3RewriteStorage, change: str
    ) -> None:
        passed(mount)
        storage.delete("a.png")
        if change == "saved":
            storage.save("a.png", ContentFile(b"new"))
        passed(mount)
        assert on_disk(root) == ({"a.png": b"new"} if change == "saved" else {})


class TestAFreedFile:
    def test_is_listed_and_measured_as_before(
        self, settings: Any, storage: S3RewriteStorage, freed: str
    ) -> None:
        assert storage.exists(freed)
        assert storage.size(freed) == len(BYTES)
        assert storage.listdir("photos") == ([], ["a.png"])
        times = {storage.get_modified_time(freed), storage.get_created_time(freed),
                 storage.get_accessed_time(freed)}  # fmt: skip
        assert len(times) == 1
        settings.USE_TZ = not settings.USE_TZ
        assert (storage.get_modified_time(freed).tzinfo is not None) is settings.USE_TZ

    def test_of_nothing_all_is_as_django_says(self, storage: S3RewriteStorage) -> None:
        for ask in (storage.size, storage.get_modified_time, storage.open):
            with pytest.raises(FileNotFoundError):
                ask("nothing.png")

    def test_is_opened_for_reading_as_bytes_and_text(
        self, mount: Mount, root: Path, storage: S3RewriteStorage, freed: str
    ) -> None:
        write(root, "a.txt", "Zürich\n".encode())
        for _ in range(3):
            passed(mount)
        with storage.open("a.txt", "r") as file:
            assert file.read() == "Zürich\n"
        with storage.open(freed) as file:
            assert (file.read(4), file.size, file.name) == (BYTES[:4], len(BYTES), freed)
        assert on_disk(root) == {}

    @pytest.mark.parametrize(
        ("mode", "found"), [("ab", BYTES + b"!"), ("r+b", b"!" + BYTES[1:]), ("wb", b"!")]
    )
    def test_is_opened_for_writing(
        self, mount: Mount, root: Path, storage: S3RewriteStorage, freed: str, mode: str,
        found: bytes,
    ) -> None:  # fmt: skip
        with storage.open(freed, mode) as file:
            file.write(b"!")
        assert on_disk(root) == {freed: found}
        assert not is_linked(freed)
        assert counts(passed(mount)) == {Result.UPLOADED: 1}

    def test_keeps_its_name(self, root: Path, storage: S3RewriteStorage, freed: str) -> None:
        other = storage.save(freed, ContentFile(b"other"))
        assert other != freed
        assert on_disk(root) == {other: b"other"}
        assert is_linked(freed)

    def test_is_overwritten_where_that_is_allowed(
        self, settings: Any, mount: Mount, root: Path, freed: str
    ) -> None:
        allowing = S3RewriteStorage(allow_overwrite=True)
        allowing.save(freed, ContentFile(b"other"))
        assert on_disk(root) == {freed: b"other"}
        assert not is_linked(freed)
        assert counts(passed(mount)) == {Result.UPLOADED: 1}

    def test_is_there_again_where_the_new_bytes_could_not_be_written(
        self, root: Path, mount: Mount, freed: str
    ) -> None:
        class Broken(ContentFile):
            def chunks(self, chunk_size: int | None = None) -> Any:
                raise OSError("broken")

        allowing = S3RewriteStorage(allow_overwrite=True)
        with pytest.raises(OSError, match="broken"):
            allowing.save(freed, Broken(b"x"))
        assert on_disk(root) == {}
        assert content(allowing, freed) == BYTES

    def test_is_linked_whatever_redis_says(
        self, mount: Mount, freed: str, registry: Registry, valkey: Valkey
    ) -> None:
        registry.client.flushall()
        assert is_linked(freed)
        valkey.stop()
        try:
            assert is_linked(freed)
        finally:
            valkey.start()

    def test_is_published_again_without_an_upload(
        self, mount: Mount, freed: str, registry: Registry, puts: Puts
    ) -> None:
        registry.client.flushall()
        assert counts(passed(mount)) == {Result.ADOPTED: 1}
        assert counts(whole_pass(job(mount, force=True))) == {Result.ADOPTED: 1}
        assert puts.keys == []

    def test_is_deleted_with_its_object(
        self, settings: Any, mount: Mount, storage: S3RewriteStorage, freed: str, s3_client: Any
    ) -> None:
        (key,) = keys(s3_client, mount)
        storage.delete(freed)
        assert not is_linked(freed)
        settings.S3REWRITE["media"]["DELETE_GRACE"] = 0
        without_grace = conf.build_mount("media", settings.S3REWRITE["media"])
        write(Path(storage.location), "b.png")  # an empty root deletes nothing
        assert counts(passed(without_grace))[Result.DELETED] == 1
        assert f"trash/{key}" in keys(s3_client, mount)
        assert key not in keys(s3_client, mount)

    def test_that_was_renamed_has_its_object_copied_and_is_linked_again(
        self, settings: Any, mount: Mount, root: Path, storage: S3RewriteStorage, freed: str,
        s3_client: Any, puts: Puts,
    ) -> None:  # fmt: skip
        (key,) = keys(s3_client, mount)
        (root / freed).rename(root / "b.png")
        assert not is_linked("b.png")
        assert content(storage, "b.png") == BYTES
        report = passed(mount)
        assert counts(report) == {Result.ADOPTED: 1, Result.WITHDRAWN: 1}
        assert puts.keys == []
        stub = stub_of(storage, "b.png")
        assert stub
        assert set(keys(s3_client, mount)) == {key, stub.key}
        assert is_linked("b.png")
        assert content(storage, "b.png") == BYTES
        assert counts(passed(mount)) == {Result.KEPT: 1}
        call_command("s3rewrite_restore", "--freed", "--pattern", "b.png")
        assert on_disk(root) == {"b.png": BYTES}

    def test_that_s3_cannot_copy_stays_where_it_is_with_the_reason(
        self, mount: Mount, root: Path, storage: S3RewriteStorage, freed: str, s3_client: Any,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:  # fmt: skip
        (key,) = keys(s3_client, mount)
        (root / freed).rename(root / "b.png")
        call = Bucket.call

        def refuses(bucket: Bucket, operation: str, **parameters: Any) -> Any:
            if operation == "copy_object":
                raise S3Error("too large")
            return call(bucket, operation, **parameters)

        monkeypatch.setattr(Bucket, "call", refuses)
        report = passed(mount)
        assert "S3 could not copy it to media/b" in report.skipped["b.png"]
        assert "s3rewrite_restore --freed" in report.skipped["b.png"]
        assert keys(s3_client, mount) == [key]
        assert content(storage, "b.png") == BYTES

    def test_whose_object_is_lost_is_told_with_what_to_do(
        self, mount: Mount, storage: S3RewriteStorage, freed: str, registry: Registry,
        s3_client: Any,
    ) -> None:  # fmt: skip
        (key,) = keys(s3_client, mount)
        s3_client.put_object(Bucket=mount.bucket, Key=key, Body=BYTES[::-1])
        with pytest.raises(FreedFileError, match="gave other bytes"):
            storage.open(freed)
        found = list(differences(job(mount), checksum=True))
        assert found == [Difference(freed, Fault.OTHER_OBJECT)]
        s3_client.delete_object(Bucket=mount.bucket, Key=key)
        with pytest.raises(FreedFileError, match="NoSuchKey"):
            storage.open(freed)
        for checksum in (False, True):
            found = list(differences(job(mount), checksum=checksum))
            assert Difference(freed, Fault.NO_OBJECT) in found
        registry.withdraw([freed])
        assert "the only copy of a freed file is not there" in passed(mount).failures[freed]

    def test_verify_finds_nothing_wrong(self, mount: Mount, freed: str) -> None:
        assert list(differences(job(mount), checksum=True)) == []

    def test_is_brought_back_when_asked_for(
        self, settings: Any, mount: Mount, root: Path, freed: str, puts: Puts
    ) -> None:
        modified = (root / freed).lstat().st_mtime
        assert list(restore(job(mount))) == []
        assert [found.reason for found in restore(job(mount, dry_run=True), freed=True)] == [""]
        assert on_disk(root) == {}
        assert list(restore(job(mount), ["*.jpg"], freed=True)) == []
        settings.S3REWRITE["media"]["KEEP_LOCAL"] = True
        kept = conf.build_mount("media", settings.S3REWRITE["media"])
        assert [found.name for found in restore(job(kept), freed=True)] == [freed]
        assert on_disk(root) == {freed: BYTES}
        assert (root / freed).stat().st_mtime < modified
        assert counts(passed(kept)) == {Result.REFRESHED: 1}  # a new file, with the same bytes
        assert counts(passed(kept)) == {Result.KEPT: 1}
        assert puts.keys == []

    @pytest.mark.parametrize("option", ["BUCKET", "PREFIX", "KEYS"])
    def test_moves_with_its_mount(
        self, settings: Any, mount: Mount, root: Path, storage: S3RewriteStorage, freed: str,
        bucket: str, seaweedfs: SeaweedFS, option: str,
    ) -> None:  # fmt: skip
        """The bytes of a file that was freed into another place, and their way to the new one."""
        seaweedfs.create_bucket(f"{bucket}-new")
        other = "fingerprint" if mount.keys == "mirror" else "mirror"
        value = {"BUCKET": f"{bucket}-new", "PREFIX": "elsewhere/", "KEYS": other}[option]
        changed = use_mount(settings, root, **settings.S3REWRITE["media"] | {option: value})
        assert not is_linked(freed)
        assert content(storage, freed) == BYTES
        assert counts(passed(changed)) == {Result.ADOPTED: 1}
        assert is_linked(freed)
        stub = stub_of(storage, freed)
        assert stub
        assert (stub.bucket, stub.key) == (changed.bucket, changed.paths.key(freed, stub.sha256))
        assert content(storage, freed) == BYTES
        assert counts(passed(changed)) == {Result.KEPT: 1}

    def test_of_a_bucket_that_is_not_there_is_left_with_what_to_do(
        self, mount: Mount, root: Path, storage: S3RewriteStorage, freed: str,
        registry: Registry, s3_client: Any,
    ) -> None:  # fmt: skip
        stub = stub_of(storage, freed)
        assert stub
        path = root / freed
        path.unlink()
        path.symlink_to(stub._replace(bucket="never-there").to_target())
        registry.client.flushall()
        s3_client.delete_object(Bucket=mount.bucket, Key=stub.key)
        report = passed(mount)
        assert "freed as" in report.skipped[freed]
        assert "never-there" in report.skipped[freed]
        with pytest.raises(FreedFileError, match="never-there"):
            storage.open(freed)
        assert on_disk(root) == {}

    def test_survives_a_disk_that_is_copied(
        self, settings: Any, mount: Mount, root: Path, freed: str, tmp_path: Path
    ) -> None:
        shutil.copytree(root, tmp_path / "copy", symlinks=True)
        moved = use_mount(settings, tmp_path / "copy", **settings.S3REWRITE["media"])
        assert content(conf.storage_of(moved), freed) == BYTES
        assert counts(passed(moved)) == {Result.KEPT: 1}


class TestTheView:
    def test_leads_to_what_no_page_could_link(
        self, client: Client, mount: Mount, freed: str, storage: S3RewriteStorage
    ) -> None:
        stub = stub_of(storage, freed)
        assert stub
        for ask in (client.get, client.head):
            response = ask(f"/freed/{freed}")
            assert response.status_code == 302
            assert response["Location"] == mount.paths.url(freed, stub.fingerprint)
            assert response["Cache-Control"] == "max-age=60"

    def test_may_stream_it(self, client: Client, freed: str) -> None:
        response = client.get(f"/streamed/{freed}")
        assert b"".join(response.streaming_content) == BYTES  # type: ignore[attr-defined]
        assert response["Content-Type"] == "image/png"
        assert response["Content-Length"] == str(len(BYTES))
        again = client.get(f"/streamed/{freed}", headers={"If-None-Match": response["ETag"]})
        assert again.status_code == 304
        head = client.head(f"/streamed/{freed}")
        for header in ("ETag", "Content-Length", "Content-Type", "Accept-Ranges", "Last-Modified"):
            assert head[header] == response[header]
        assert head.content == b""

    @pytest.mark.parametrize(
        ("wanted", "status", "found", "content_range"),
        [
            ("bytes=0-3", 206, BYTES[:4], "bytes 0-3/10"),
            ("bytes=4-", 206, BYTES[4:], "bytes 4-9/10"),
            ("bytes=-2", 206, BYTES[-2:], "bytes 8-9/10"),
            ("bytes=10-", 416, b"", "bytes */10"),
            ("bytes=a-b", 200, BYTES, ""),
            ("lines=1-2", 200, BYTES, ""),
        ],
    )
    def test_in_ranges(
        self, client: Client, freed: str, wanted: str, status: int, found: bytes, content_range: str
    ) -> None:
        response = client.get(f"/streamed/{freed}", headers={"Range": wanted})
        assert response.status_code == status
        assert response.getvalue() == found  # type: ignore[attr-defined]
        assert response.get("Content-Range", "") == content_range

    def test_of_a_file_that_is_another_one_by_now_all_of_it(
        self, client: Client, freed: str
    ) -> None:
        headers = {"Range": "bytes=0-3", "If-Range": '"other"'}
        response = client.get(f"/streamed/{freed}", headers=headers)
        assert (response.status_code, response.getvalue()) == (200, BYTES)  # type: ignore[attr-defined]

    async def test_without_blocking_the_event_loop(
        self, async_client: AsyncClient, freed: str
    ) -> None:
        response: Any = await async_client.get(f"/streamed/{freed}")
        assert response.is_async
        assert b"".join([chunk async for chunk in response.streaming_content]) == BYTES

    def test_what_would_run_as_a_page_is_to_be_kept(
        self, client: Client, mount: Mount, root: Path
    ) -> None:
        write(root, "a.swf", b"FWS")
        for _ in range(3):
            passed(mount)
        response = client.get("/streamed/a.swf")
        assert response["Content-Disposition"] == "attachment"
        assert response["X-Content-Type-Options"] == "nosniff"
        response.close()

    def test_and_nothing_else(
        self, client: Client, root: Path, freed: str, mount: Mount, s3_client: Any
    ) -> None:
        write(root, "b.png")
        for name in ("b.png", "nothing.png", "../secret", "photos", "a%00b", "x" * 300):
            assert client.get(f"/freed/{name}").status_code == 404
        assert client.post(f"/freed/{freed}").status_code == 405
        (key,) = keys(s3_client, mount)
        s3_client.put_object(Bucket=mount.bucket, Key=key, Body=BYTES[::-1])
        response = client.get(f"/streamed/{freed}")
        assert (response.status_code, response["Retry-After"]) == (503, "30")
        s3_client.delete_object(Bucket=mount.bucket, Key=key)
        response = client.get(f"/streamed/{freed}")
        assert (response.status_code, response["Retry-After"]) == (503, "30")

    def test_of_one_that_was_renamed_after_the_next_pass(
        self, client: Client, root: Path, mount: Mount, freed: str
    ) -> None:
        (root / freed).rename(root / "b.png")
        assert client.get("/freed/b.png").status_code == 503
        passed(mount)
        assert client.get("/freed/b.png").status_code == 302

    @pytest.mark.parametrize("mtime", ["9" * 19, "9" * 400, "x"])
    def test_a_stub_that_was_forged_is_none(
        self, client: Client, root: Path, mount: Mount, mtime: str, freed: str,
        caplog: pytest.LogCaptureFixture,
    ) -> None:  # fmt: skip
        target = str((root / freed).readlink()).split(",")
        target[1] = mtime
        (root / "forged.png").symlink_to(",".join(target))
        for path in ("freed", "streamed"):
            assert client.get(f"/{path}/forged.png").status_code == 404
        assert "says nothing that can be true" in caplog.text
        report = passed(mount)
        assert report.skipped["forged.png"] == "a freed file's stub that was changed"
