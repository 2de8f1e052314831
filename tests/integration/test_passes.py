"""Passes on a real Redis and a real S3 server."""

import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from demo.servers import SeaweedFS
from s3rewrite.core.mounts import Mount
from s3rewrite.registry import Outcome, Registry, loop_registry
from s3rewrite.registry.lease import LeaseTaken, held
from s3rewrite.s3.bucket import Bucket
from s3rewrite.s3.errors import S3Error
from s3rewrite.sync import apply
from s3rewrite.sync import scan as scan_module
from s3rewrite.sync.passes import pass_over, whole_pass
from s3rewrite.sync.reporting.report import Result
from tests.support.factories import job, use_mount, write
from tests.support.passes import Puts, body, counts, keys


def test_files_reach_the_bucket_and_are_published(
    mount: Mount, root: Path, registry: Registry, s3_client: Any
) -> None:
    write(root, "a.txt", b"one")
    write(root, "photos/2026/it's ü+.jpg", b"two")
    report = whole_pass(job(mount))
    assert counts(report) == {Result.UPLOADED: 2}
    assert report.is_ok
    assert body(s3_client, mount, "a.txt") == b"one"
    assert body(s3_client, mount, "photos/2026/it's ü+.jpg") == b"two"
    assert {name for name, _ in registry.names()} == {"a.txt", "photos/2026/it's ü+.jpg"}
    head = s3_client.head_object(Bucket=mount.bucket, Key="media/photos/2026/it's ü+.jpg")
    assert head["ContentType"] == "image/jpeg"


def test_a_second_pass_has_nothing_to_do(mount: Mount, root: Path, puts: Puts) -> None:
    write(root, "a.txt")
    whole_pass(job(mount))
    assert counts(whole_pass(job(mount))) == {Result.KEPT: 1}
    assert puts.keys == ["media/a.txt"]


def test_a_changed_file_is_uploaded_again(
    mount: Mount, root: Path, s3_client: Any, puts: Puts
) -> None:
    write(root, "a.txt", b"one")
    whole_pass(job(mount))
    write(root, "a.txt", b"two", age=5)
    assert counts(whole_pass(job(mount))) == {Result.UPLOADED: 1}
    assert body(s3_client, mount, "a.txt") == b"two"


def test_a_touched_file_is_published_anew_without_an_upload(
    mount: Mount, root: Path, registry: Registry, puts: Puts
) -> None:
    path = write(root, "a.txt")
    whole_pass(job(mount))
    os.utime(path, (1_000_000, 1_000_000))
    assert counts(whole_pass(job(mount))) == {Result.REFRESHED: 1}
    assert registry.get(["a.txt"])["a.txt"].signature.mtime_ns == 1_000_000 * 10**9
    assert puts.keys == ["media/a.txt"]


@pytest.mark.parametrize("count", [1, 30])
def test_what_the_bucket_holds_is_adopted(
    mount: Mount, root: Path, registry: Registry, puts: Puts, count: int
) -> None:
    for number in range(count):
        write(root, f"photos/{number}.txt", b"%d" % number)
    whole_pass(job(mount))
    registry.client.flushall()
    puts.keys.clear()
    assert counts(whole_pass(job(mount))) == {Result.ADOPTED: count}
    assert puts.keys == []


def test_a_large_file_goes_in_parts_and_is_adopted_by_its_sha256(
    mount: Mount, root: Path, registry: Registry, s3_client: Any, puts: Puts
) -> None:
    content = os.urandom(9 * 1024 * 1024)
    write(root, "film.mp4", content)
    assert counts(whole_pass(job(mount))) == {Result.UPLOADED: 1}
    assert body(s3_client, mount, "film.mp4") == content
    registry.client.flushall()
    puts.keys.clear()
    assert counts(whole_pass(job(mount))) == {Result.ADOPTED: 1}
    assert puts.keys == []


def test_other_bytes_in_the_bucket_are_not_adopted(
    mount: Mount, root: Path, s3_client: Any
) -> None:
    s3_client.put_object(Bucket=mount.bucket, Key="media/a.txt", Body=b"old")
    write(root, "a.txt", b"new")
    assert counts(whole_pass(job(mount))) == {Result.UPLOADED: 1}
    assert body(s3_client, mount, "a.txt") == b"new"


def test_a_vanished_file_is_withdrawn_and_its_object_kept(
    mount: Mount, root: Path, registry: Registry, s3_client: Any
) -> None:
    write(root, "a.txt")
    write(root, "photos/b.txt")
    whole_pass(job(mount))
    (root / "photos/b.txt").unlink()
    (root / "photos").rmdir()
    assert counts(whole_pass(job(mount))) == {Result.KEPT: 1, Result.WITHDRAWN: 1}
    assert [name for name, _ in registry.names()] == ["a.txt"]
    assert keys(s3_client, mount) == ["media/a.txt", "media/photos/b.txt"]


@pytest.mark.parametrize("option", [{"EXCLUDE": ["*.log"]}, {"INCLUDE": ["*.txt"]}])
def test_an_excluded_file_is_neither_uploaded_nor_left_published(
    settings: Any, mount: Mount, root: Path, s3_client: Any, option: dict[str, list[str]]
) -> None:
    write(root, "a.txt")
    write(root, "b.log")
    whole_pass(job(mount))
    options = settings.S3REWRITE["media"]
    mount = use_mount(settings, root, **options, **option, DELETE_GRACE=0)
    report = whole_pass(job(mount, delete=True))
    assert counts(report) == {Result.KEPT: 1, Result.WITHDRAWN: 1}
    assert keys(s3_client, mount) == ["media/a.txt", "media/b.log"]


def test_an_unreadable_root_stops_the_pass(mount: Mount, root: Path, registry: Registry) -> None:
    write(root, "a.txt")
    whole_pass(job(mount))
    root.rename(root.with_name("elsewhere"))
    report = whole_pass(job(mount))
    assert "is its disk mounted?" in report.stopped
    assert [name for name, _ in registry.names()] == ["a.txt"]


def test_an_empty_root_withdraws_nothing(mount: Mount, root: Path, registry: Registry) -> None:
    path = write(root, "a.txt")
    whole_pass(job(mount))
    path.unlink()
    report = whole_pass(job(mount, delete=True))
    assert "empty" in report.stopped
    assert [name for name, _ in registry.names()] == ["a.txt"]


class TestDeleting:
    @pytest.fixture
    def mount(self, settings: Any, root: Path, mount: Mount) -> Mount:
        options = settings.S3REWRITE["media"]
        return use_mount(settings, root, **options, DELETE_GRACE=0)

    def test_is_off_unless_asked_for(self, mount: Mount, root: Path, s3_client: Any) -> None:
        self.published_and_removed(mount, root)
        assert Result.DELETED not in counts(whole_pass(job(mount)))
        assert "media/gone.txt" in keys(s3_client, mount)

    def test_deletes_what_is_gone(self, mount: Mount, root: Path, s3_client: Any) -> None:
        self.published_and_removed(mount, root)
        report = whole_pass(job(mount, delete=True))
        assert counts(report) == {Result.KEPT: 1, Result.WITHDRAWN: 1, Result.DELETED: 1}
        assert keys(s3_client, mount) == ["media/kept.txt"]

    def test_waits_for_the_grace(
        self, settings: Any, mount: Mount, root: Path, s3_client: Any
    ) -> None:
        self.published_and_removed(mount, root)
        options = settings.S3REWRITE["media"] | {"DELETE_GRACE": 3600}
        mount = use_mount(settings, root, **options)
        assert Result.DELETED not in counts(whole_pass(job(mount, delete=True)))
        assert "media/gone.txt" in keys(s3_client, mount)

    def test_puts_away_what_it_deletes(
        self, settings: Any, mount: Mount, root: Path, s3_client: Any
    ) -> None:
        self.published_and_removed(mount, root)
        head = s3_client.head_object(Bucket=mount.bucket, Key="media/gone.txt")
        options = settings.S3REWRITE["media"] | {"QUARANTINE": "trash/"}
        report = whole_pass(job(use_mount(settings, root, **options), delete=True))
        assert counts(report)[Result.DELETED] == 1
        listed = s3_client.list_objects_v2(Bucket=mount.bucket)["Contents"]
        assert [item["Key"] for item in listed] == ["media/kept.txt", "trash/media/gone.txt"]
        copied = s3_client.head_object(Bucket=mount.bucket, Key="trash/media/gone.txt")
        for part in ("ContentLength", "ContentType", "Metadata"):
            assert copied[part] == head[part]

    def test_deletes_nothing_that_could_not_be_put_away(
        self,
        settings: Any,
        mount: Mount,
        root: Path,
        s3_client: Any,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        self.published_and_removed(mount, root)
        call = Bucket.call

        def refusing(bucket: Bucket, operation: str, **parameters: Any) -> Any:
            if operation == "copy_object":
                raise S3Error("too large")
            return call(bucket, operation, **parameters)

        monkeypatch.setattr(Bucket, "call", refusing)
        options = settings.S3REWRITE["media"] | {"QUARANTINE": "trash/"}
        report = whole_pass(job(use_mount(settings, root, **options), delete=True))
        assert report.failures == {"gone.txt": "not deleted: too large"}
        assert "media/gone.txt" in keys(s3_client, mount)

    def test_what_is_gone_from_the_bucket_need_not_be_put_away(
        self, settings: Any, mount: Mount, root: Path, registry: Registry, s3_client: Any
    ) -> None:
        self.published_and_removed(mount, root)
        s3_client.delete_object(Bucket=mount.bucket, Key="media/gone.txt")
        options = settings.S3REWRITE["media"] | {"QUARANTINE": "trash/"}
        assert whole_pass(job(use_mount(settings, root, **options), delete=True)).is_ok
        assert registry.withdrawn(0) == []

    def test_deletes_nothing_above_the_limit(
        self, mount: Mount, root: Path, s3_client: Any
    ) -> None:
        self.published_and_removed(mount, root)
        report = whole_pass(job(mount, delete=True, max_delete=0))
        assert Result.DELETED not in counts(report)
        assert "--max-delete 1" in report.notices[0]
        assert "media/gone.txt" in keys(s3_client, mount)

    @pytest.mark.parametrize(("limit", "is_deleted"), [("49%", False), ("50%", True)])
    def test_a_percentage_is_one_of_the_published_and_the_due(
        self, mount: Mount, root: Path, s3_client: Any, limit: str, is_deleted: bool
    ) -> None:
        self.published_and_removed(mount, root)
        whole_pass(job(mount, delete=True, max_delete=limit))
        assert ("media/gone.txt" not in keys(s3_client, mount)) is is_deleted

    def test_spares_a_file_that_came_back(
        self, mount: Mount, root: Path, registry: Registry, s3_client: Any
    ) -> None:
        self.published_and_removed(mount, root)
        whole_pass(job(mount))
        write(root, "gone.txt", b"new")
        whole_pass(job(mount, delete=True))
        assert body(s3_client, mount, "gone.txt") == b"new"
        assert registry.withdrawn(0) == []

    def test_deletes_nothing_after_an_incomplete_scan(
        self, mount: Mount, root: Path, s3_client: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        self.published_and_removed(mount, root)
        write(root, "locked/a.txt")
        listed = scan_module.list_directory

        def refusing(path: str) -> Any:
            if path.endswith("locked"):
                raise PermissionError(13, "Permission denied")
            return listed(path)

        monkeypatch.setattr(scan_module, "list_directory", refusing)
        report = whole_pass(job(mount, delete=True))
        assert not report.is_ok
        assert report.failures == {"locked": "cannot be read: Permission denied"}
        assert "media/gone.txt" in keys(s3_client, mount)

    def test_a_dry_run_tells_and_does_nothing(
        self, mount: Mount, root: Path, registry: Registry, s3_client: Any
    ) -> None:
        self.published_and_removed(mount, root)
        whole_pass(job(mount))
        write(root, "new.txt", b"new")
        report = whole_pass(job(mount, delete=True, dry_run=True))
        assert counts(report) == {Result.KEPT: 1, Result.UPLOADED: 1, Result.DELETED: 1}
        assert keys(s3_client, mount) == ["media/gone.txt", "media/kept.txt"]
        assert counts(whole_pass(job(mount, delete=True))) == counts(report)

    def published_and_removed(self, mount: Mount, root: Path) -> None:
        write(root, "kept.txt")
        path = write(root, "gone.txt")
        assert counts(whole_pass(job(mount))) == {Result.UPLOADED: 2}
        path.unlink()


class TestFingerprintKeys:
    @pytest.fixture
    def mount(self, settings: Any, root: Path, mount: Mount) -> Mount:
        options = settings.S3REWRITE["media"]
        return use_mount(settings, root, **options, KEYS="fingerprint", DELETE_GRACE=0)

    def test_each_version_has_a_key_and_old_ones_are_collected(
        self, mount: Mount, root: Path, s3_client: Any
    ) -> None:
        write(root, "a.txt", b"one")
        whole_pass(job(mount))
        first = keys(s3_client, mount)
        assert first[0].startswith("media/a.7692c3ad3540")
        write(root, "a.txt", b"two", age=5)
        whole_pass(job(mount))
        assert len(keys(s3_client, mount)) == 2
        whole_pass(job(mount, delete=True))
        assert len(keys(s3_client, mount)) == 1
        assert keys(s3_client, mount) != first
        head = s3_client.head_object(Bucket=mount.bucket, Key=keys(s3_client, mount)[0])
        assert "immutable" in head["CacheControl"]


class TestRaces:
    def test_a_file_changed_while_it_is_uploaded_is_tried_again(
        self, mount: Mount, root: Path, s3_client: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        write(root, "a.txt", b"old")
        put = Bucket.put

        def slow(bucket: Bucket, upload: Any, **options: Any) -> bool:
            is_settled = put(bucket, upload, **options)
            if upload.content == b"old":
                write(root, "a.txt", b"new", age=1)
            return is_settled

        monkeypatch.setattr(Bucket, "put", slow)
        report = whole_pass(job(mount))
        assert counts(report) == {Result.UPLOADED: 1}
        assert body(s3_client, mount, "a.txt") == b"new"

    def test_a_file_that_never_rests_is_left_pending(
        self, mount: Mount, root: Path, registry: Registry, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        write(root, "a.txt", b"old")
        put = Bucket.put

        def restless(bucket: Bucket, upload: Any, **options: Any) -> bool:
            is_settled = put(bucket, upload, **options)
            write(root, "a.txt", upload.content + b".", age=1)
            return is_settled

        monkeypatch.setattr(Bucket, "put", restless)
        assert counts(whole_pass(job(mount))) == {Result.PENDING: 1}
        assert registry.get(["a.txt"]) == {}

    def test_a_name_withdrawn_during_its_upload_is_not_published(
        self, mount: Mount, root: Path, registry: Registry, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        write(root, "a.txt")
        put, publish_all = Bucket.put, Registry.publish_all
        outcomes: list[Outcome] = []

        def withdrawing(bucket: Bucket, upload: Any, **options: Any) -> bool:
            is_settled = put(bucket, upload, **options)
            registry.withdraw(["a.txt"])
            return is_settled

        def recorded(*args: Any) -> list[Outcome]:
            found = publish_all(*args)
            outcomes.extend(found)
            return found

        monkeypatch.setattr(Bucket, "put", withdrawing)
        monkeypatch.setattr(Registry, "publish_all", recorded)
        assert counts(whole_pass(job(mount))) == {Result.ADOPTED: 1}
        # The second claim, on which the file was read again, may publish; the first may not.
        assert outcomes == [Outcome.SUPERSEDED, Outcome.PUBLISHED]

    def test_a_pass_that_lost_its_lease_publishes_nothing(
        self, mount: Mount, root: Path, registry: Registry, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        write(root, "a.txt")
        put = Bucket.put

        def losing(bucket: Bucket, upload: Any, **options: Any) -> bool:
            is_settled = put(bucket, upload, **options)
            registry.client.set(registry.keys.lease, "999 another")
            return is_settled

        monkeypatch.setattr(Bucket, "put", losing)
        report = whole_pass(job(mount))
        assert "lease was lost" in report.stopped
        assert registry.get(["a.txt"]) == {}

    def test_two_passes_do_not_run_at_once(self, mount: Mount, registry: Registry) -> None:
        with held(registry), pytest.raises(LeaseTaken, match="another pass is running"):
            whole_pass(job(mount))


def test_a_refused_file_does_not_stop_the_others(
    mount: Mount, root: Path, registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("a.txt", "b.txt", "c.txt"):
        write(root, name)
    put = Bucket.put

    def refusing(bucket: Bucket, upload: Any, **arguments: Any) -> bool:
        if upload.key.endswith("b.txt"):
            parameters = {**upload.parameters, "ContentMD5": "AAAAAAAAAAAAAAAAAAAAAA=="}
            upload = upload._replace(parameters=parameters)
        return put(bucket, upload, **arguments)

    monkeypatch.setattr(Bucket, "put", refusing)
    report = whole_pass(job(mount))
    assert not report.is_ok
    assert list(report.failures) == ["b.txt"]
    assert {name for name, _ in registry.names()} == {"a.txt", "c.txt"}


def test_a_bucket_that_is_not_there_stops_the_pass_with_one_reason(
    settings: Any, mount: Mount, root: Path
) -> None:
    options = settings.S3REWRITE["media"] | {"BUCKET": "no-such-bucket"}
    mount = use_mount(settings, root, **options)
    for number in range(50):
        write(root, f"{number}.txt")
    report = whole_pass(job(mount))
    assert "the bucket does not exist" in report.stopped
    assert report.failures == {}


def test_hinted_names_are_brought_in_step(
    mount: Mount, root: Path, registry: Registry, s3_client: Any
) -> None:
    write(root, "a.txt")
    path = write(root, "photos/b.txt")
    assert counts(pass_over(job(mount), ["a.txt", "photos/b.txt", "never.txt"])) == {
        Result.UPLOADED: 2
    }
    path.unlink()
    assert counts(pass_over(job(mount), ["a.txt", "photos/b.txt"])) == {
        Result.KEPT: 1,
        Result.WITHDRAWN: 1,
    }


def test_a_hint_does_not_wait_for_the_end_of_a_scan(
    mount: Mount, root: Path, registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither where files are uploaded nor where all are as they were."""
    monkeypatch.setattr(apply, "BATCH", 1)
    for number in range(3):
        write(root, f"{number}/a.txt")
    whole_pass(job(mount))
    met: list[str] = []

    def hinted() -> list[str]:
        met.append(write(root, f"new{len(met)}.txt").name)
        return met[-1:]

    report = whole_pass(replace(job(mount), take_hints=hinted))
    assert counts(report) == {Result.KEPT: 3, Result.UPLOADED: len(met)}
    assert len(met) == 4  # a directory each


@pytest.mark.parametrize(
    "change", [{"BUCKET": ""}, {"PREFIX": "elsewhere/"}, {"KEYS": "fingerprint"}]
)
def test_another_place_begins_with_nothing_published(
    settings: Any, mount: Mount, root: Path, seaweedfs: SeaweedFS, change: dict[str, str]
) -> None:
    write(root, "a.txt")
    whole_pass(job(mount))
    if "BUCKET" in change:
        change = {"BUCKET": f"{mount.bucket}-2"}
        seaweedfs.create_bucket(change["BUCKET"])
    moved = use_mount(settings, root, **settings.S3REWRITE["media"] | change)
    assert loop_registry(moved).is_empty()
    assert counts(whole_pass(job(moved))) == {Result.ADOPTED: 1}
    assert not loop_registry(mount).is_empty()


def test_parameters_of_patterns_are_sent(
    settings: Any, mount: Mount, root: Path, s3_client: Any
) -> None:
    given = {"CacheControl": "max-age=60", "*.pdf": {"ContentDisposition": "attachment"}}
    mount = use_mount(settings, root, **settings.S3REWRITE["media"], OBJECT_PARAMETERS=given)
    for name in ("a.txt", "a.pdf"):
        write(root, name)
    whole_pass(job(mount))
    heads = {name: s3_client.head_object(Bucket=mount.bucket, Key=f"media/{name}")
             for name in ("a.txt", "a.pdf")}  # fmt: skip
    assert {head["CacheControl"] for head in heads.values()} == {"max-age=60"}
    assert heads["a.pdf"]["ContentDisposition"] == "attachment"
    assert "ContentDisposition" not in heads["a.txt"]
