"""`s3rewrite_doctor` on real servers, well and ill."""

import shutil
import time
from collections.abc import Iterator
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import redis
from django.core.files.storage import InMemoryStorage, storages
from django.core.management import CommandError, call_command

from demo.servers import SeaweedFS, Valkey
from s3rewrite import conf
from s3rewrite.core.mounts import Mount
from s3rewrite.s3.bucket import Bucket
from s3rewrite.tools import doctor
from s3rewrite.tools.doctor import Finding, Grade, diagnose
from tests.support.commands import sync
from tests.support.factories import use_mount, write

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client


def wrong(mount: Mount) -> dict[str, str]:
    """Subject -> what is wrong."""
    return {f.subject: f.sentence for f in diagnose(mount) if f.grade is Grade.WRONG}


def noted(mount: Mount) -> list[Finding]:
    return [found for found in diagnose(mount) if found.grade is Grade.NOTE]


def changed(settings: Any, root: Path, **options: Any) -> Mount:
    return use_mount(settings, root, **settings.S3REWRITE["media"] | options)


def test_all_is_well(settings: Any, mount: Mount, root: Path, s3_client: "S3Client") -> None:
    settings.MIDDLEWARE = [conf.MIDDLEWARE]
    settings.STORAGES = {"default": {"BACKEND": "s3rewrite.storage.S3RewriteStorage"}}
    write(root, "a.txt")
    sync()
    out = StringIO()
    call_command("s3rewrite_doctor", stdout=out, no_color=True)
    lines = out.getvalue().splitlines()
    assert "settings: fine: checks: nothing is wrong in the settings" in lines
    for line in (
        f"media: fine: files: {root} can be read",
        f"media: fine: bucket: {mount.bucket} is there, and the credentials are known",
        "media: fine: clock: as S3's",
        "media: fine: bucket: takes objects; small ones are sent by obstore",
        "media: fine: public: visitors can read what is uploaded at PUBLIC_URL",
        "media: fine: public: visitors cannot write",
        "media: fine: bucket: lets objects be deleted",
        "media: fine: loop: files are being looked after",
    ):
        assert line in lines
    keys = [found["Key"] for found in s3_client.list_objects_v2(Bucket=mount.bucket)["Contents"]]
    assert keys == ["media/a.txt"]


def test_which_library_sends_small_files(settings: Any, mount: Mount, root: Path) -> None:
    acl = changed(settings, root, OBJECT_PARAMETERS={"ACL": "private"})
    sentence = "takes objects; small ones are sent by boto3"
    assert Finding(Grade.FINE, "bucket", sentence) in list(diagnose(acl))


def test_what_is_wrong_is_the_exit_code(settings: Any, mount: Mount, root: Path) -> None:
    changed(settings, root, BUCKET="missing-bucket")
    out = StringIO()
    with pytest.raises(CommandError, match="1 problem; each line above"):
        call_command("s3rewrite_doctor", stdout=out, no_color=True)
    assert "media: WRONG: bucket: bucket missing-bucket:" in out.getvalue()
    assert "media: note: loop: no pass was ever made" in out.getvalue()


def test_a_setting_is_wrong(settings: Any, mount: Mount, root: Path) -> None:
    changed(settings, root, POLL_SECONDS=-1.0)
    out = StringIO()
    with pytest.raises(CommandError):
        call_command("s3rewrite_doctor", stdout=out, no_color=True)
    assert "settings: WRONG: s3rewrite.E" in out.getvalue()


def test_the_disk_is_not_there(mount: Mount, root: Path) -> None:
    write(root, "a.txt")
    sync()
    shutil.rmtree(root)
    assert "cannot be read: is its disk mounted" in wrong(mount)["files"]


def test_there_is_no_file_yet(mount: Mount, root: Path) -> None:
    root.rmdir()
    assert "files" not in wrong(mount)
    sentence = f"{root} does not exist yet; the first upload makes it (or is its disk not mounted?)"
    assert sentence in [found.sentence for found in noted(mount)]


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"aws_secret_access_key": "wrong"}, "the secret key is wrong: fix CLIENT's credentials"),
        ({"aws_access_key_id": "wrong"}, "the access key is not known there: fix CLIENT's"),
    ],
)
def test_wrong_keys(
    settings: Any, mount: Mount, root: Path, changes: dict[str, str], sentence: str
) -> None:
    found = changed(settings, root, CLIENT={**mount.client, **changes})
    assert sentence in wrong(found)["bucket"]


def test_there_is_no_bucket(settings: Any, mount: Mount, root: Path) -> None:
    found = wrong(changed(settings, root, BUCKET="no-such-bucket"))["bucket"]
    assert "the bucket does not exist: create it, or fix BUCKET" in found


def test_the_registry_is_in_reach_of_a_cache(
    settings: Any, mount: Mount, root: Path, redis_url: str
) -> None:
    assert any("CACHES['default'] removes" in found.sentence for found in noted(mount))
    assert "cache.clear()" in str(noted(changed(settings, root, REDIS=redis_url)))
    other = redis_url.replace("/0", "/3")
    assert "cache.clear()" not in str(noted(changed(settings, root, REDIS=other)))
    assert "fix REDIS" in wrong(changed(settings, root, REDIS="redis://127.0.0.1:1/1"))["redis"]


def test_another_storage(mount: Mount, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(storages._storages, "default", InMemoryStorage())
    assert any(found.sentence == "kept by InMemoryStorage" for found in diagnose(mount))


def test_redis_is_away(mount: Mount, valkey: Valkey) -> None:
    valkey.stop()
    assert "fix the LOCATION of CACHES['default']" in wrong(mount)["redis"]


@pytest.fixture
def evicting(redis_client: redis.Redis) -> Iterator[None]:
    redis_client.config_set("maxmemory", "100mb")
    redis_client.config_set("maxmemory-policy", "allkeys-lru")
    yield
    redis_client.config_set("maxmemory", "0")
    redis_client.config_set("maxmemory-policy", "noeviction")


def test_redis_may_throw_names_away(mount: Mount, evicting: None) -> None:
    assert "maxmemory-policy allkeys-lru" in wrong(mount)["redis"]


def test_s3_is_away(mount: Mount, seaweedfs: SeaweedFS) -> None:
    seaweedfs.stop()
    assert "cannot be reached" in wrong(mount)["bucket"]


def test_the_clock_is_off(mount: Mount, monkeypatch: pytest.MonkeyPatch) -> None:
    real = time.time
    monkeypatch.setattr(doctor.time, "time", lambda: real() + 1000)
    assert "this machine's clock is -" in wrong(mount)["clock"]


def answers(monkeypatch: pytest.MonkeyPatch, **changed: Any) -> None:
    """What visitors get is changed on its way."""
    fetched = doctor.fetch
    monkeypatch.setattr(
        doctor,
        "fetch",
        lambda *args, **given: fetched(*args, **given)._replace(**changed),
    )


def test_visitors_may_not_read(mount: Mount, monkeypatch: pytest.MonkeyPatch) -> None:
    answers(monkeypatch, status=403)
    assert "may not be read by visitors (status 403)" in wrong(mount)["public"]


def test_another_thing_is_at_the_public_url(settings: Any, mount: Mount, root: Path) -> None:
    found = changed(settings, root, PUBLIC_URL=f"{mount.public_url}elsewhere/")
    assert "is not the object that was just written (status 404)" in wrong(found)["public"]


def test_nothing_is_at_the_public_url(settings: Any, mount: Mount, root: Path) -> None:
    found = changed(settings, root, PUBLIC_URL="http://127.0.0.1:1/media/")
    assert "cannot be fetched" in wrong(found)["public"]


def test_cors_is_missing(
    settings: Any, mount: Mount, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers(monkeypatch, headers={})
    assert "cors" not in wrong(mount)
    assert "no Access-Control-Allow-Origin" in wrong(changed(settings, root, CORS=True))["cors"]


def test_cors_is_there_and_unused(mount: Mount, monkeypatch: pytest.MonkeyPatch) -> None:
    answers(monkeypatch, headers={"Access-Control-Allow-Origin": "*"})
    assert any('"CORS": True would link more' in found.sentence for found in noted(mount))


def test_corp(settings: Any, mount: Mount, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    answers(monkeypatch, headers={})
    assert "corp" not in wrong(mount)
    assert "have the CDN add it" in wrong(changed(settings, root, CORP=True))["corp"]
    answers(monkeypatch, headers={"Cross-Origin-Resource-Policy": "cross-origin"})
    assert "corp" not in wrong(changed(settings, root, CORP=True))
    without = changed(settings, root, CORP=False)
    assert any('"CORP": True would link more' in found.sentence for found in noted(without))


class Service:
    """What a bucket answers, in place of AWS, of what SeaweedFS has nothing."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, **answers: Any) -> None:
        call = Bucket.call
        monkeypatch.setattr(
            Bucket, "call",
            lambda bucket, operation, **given: answers.get(operation)
            or call(bucket, operation, **given),
        )  # fmt: skip


def test_another_region(
    settings: Any, mount: Mount, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    headers = {"x-amz-bucket-region": "eu-west-1"}
    Service(monkeypatch, head_bucket={"ResponseMetadata": {"HTTPHeaders": headers}})
    client = {**mount.client, "region_name": "us-east-1"}
    found = wrong(changed(settings, root, CLIENT=client))
    assert found["region"] == "the bucket is in eu-west-1: fix CLIENT's region_name (us-east-1)"


def test_versions_are_noted(mount: Mount, monkeypatch: pytest.MonkeyPatch) -> None:
    Service(monkeypatch, get_bucket_versioning={"Status": "Enabled"})
    assert any("versions are kept" in found.sentence for found in noted(mount))


def test_what_cannot_be_deleted(mount: Mount, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Bucket, "delete", lambda bucket, keys: dict.fromkeys(keys, "AccessDenied"))
    assert wrong(mount)["bucket"] == "does not let objects be deleted: AccessDenied"


def test_anybody_may_write_and_list(mount: Mount, monkeypatch: pytest.MonkeyPatch) -> None:
    listing = doctor.VisitorAnswer(200, b"<ListBucketResult>", {})
    monkeypatch.setattr(doctor, "_try_to_fetch", lambda url, **request: listing)
    assert "anybody may write into the bucket" in wrong(mount)["public"]
    assert any("anybody may list" in found.sentence for found in noted(mount))


def test_a_public_url_at_the_site_s_own_host(
    settings: Any, mount: Mount, root: Path, seaweedfs: SeaweedFS
) -> None:
    path = f"/{mount.bucket}/media/"
    found = changed(settings, root, PUBLIC_URL=path)
    assert "PUBLIC_URL has no host: set SITE_URL" in str(noted(found))
    found = changed(settings, root, PUBLIC_URL=path, SITE_URL=seaweedfs.url)
    assert "public" not in wrong(found)
    assert "visitors can read what is uploaded" in str(list(diagnose(found)))
