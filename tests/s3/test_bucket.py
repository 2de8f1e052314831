"""Against moto: what requests say. What a server makes of them is for the integration tests."""

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from hashlib import md5, sha256
from io import BytesIO
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config
from moto import mock_aws

from s3rewrite.s3 import boto3_writer
from s3rewrite.s3 import bucket as bucket_module
from s3rewrite.s3.bucket import Bucket
from s3rewrite.s3.errors import S3Error, S3Unavailable
from s3rewrite.s3.objects import Digests, Object, Upload
from tests.support.factories import use_mount


@pytest.fixture
def s3() -> Iterator[Any]:
    with mock_aws():
        client = boto3.client("s3", region_name="us-east-1")
        client.create_bucket(Bucket="uploads")
        yield client


@pytest.fixture
def bucket(s3: Any, settings: Any, tmp_path: Path) -> Bucket:
    return Bucket(use_mount(settings, tmp_path, CLIENT={"region_name": "us-east-1"}))


def upload(key: str, content: bytes, **parameters: Any) -> Upload:
    digests = Digests(sha256(content).hexdigest(), md5(content).hexdigest())
    return Upload(key, content, digests, parameters)


def test_an_object_is_written_with_its_parameters(bucket: Bucket, s3: Any) -> None:
    parameters = {
        "ContentType": "text/plain",
        "CacheControl": "max-age=60",
        "Metadata": {"own": "yes"},
    }
    bucket.put(upload("a", b"one", **parameters))
    found = s3.get_object(Bucket="uploads", Key="a")
    assert found["Body"].read() == b"one"
    assert found["ContentType"] == "text/plain"
    assert found["CacheControl"] == "max-age=60"
    assert found["Metadata"] == {"own": "yes", "s3rewrite-sha256": sha256(b"one").hexdigest()}
    assert parameters["Metadata"] == {"own": "yes"}


def test_a_file_goes_in_parts_and_stays_open(
    bucket: Bucket, s3: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(boto3_writer, "SMALL", 5 * 1024 * 1024)
    content = b"x" * (11 * 1024 * 1024)
    file = BytesIO(content)
    bucket.put(upload("a", content)._replace(content=file))
    assert s3.get_object(Bucket="uploads", Key="a")["Body"].read() == content
    assert bucket.head("a") == Object(
        len(content),
        s3.head_object(Bucket="uploads", Key="a")["ETag"].strip('"'),
        sha256(content).hexdigest(),
        encoding="",
    )
    assert not file.closed


def test_a_large_upload_can_be_abandoned(bucket: Bucket, s3: Any) -> None:
    content = b"x" * (9 * 1024 * 1024)
    with pytest.raises(S3Error, match="stopped"):
        bucket.put(upload("a", content)._replace(content=BytesIO(content)), lambda: False)
    assert bucket.head("a") is None


def test_other_bytes_than_were_sent_are_noticed(bucket: Bucket) -> None:
    wrong = upload("a", b"one")._replace(content=b"two")
    with pytest.raises(S3Error, match="stored other bytes"):
        bucket.put(wrong)


def test_head_of_what_is_not_there(bucket: Bucket) -> None:
    assert bucket.head("nothing") is None


def test_a_listing_shows_one_folder(bucket: Bucket, s3: Any) -> None:
    for key in ("f/a", "f/b/c", "g"):
        s3.put_object(Bucket="uploads", Key=key, Body=b"one")
    found = bucket.list_folder("f/")
    assert found == {"f/a": Object(3, md5(b"one").hexdigest())}
    assert bucket.list_folder("none/") == {}


def test_deleting_many_in_batches(bucket: Bucket, s3: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bucket_module, "DELETE_BATCH", 2)
    for key in "abcde":
        s3.put_object(Bucket="uploads", Key=key)
    assert bucket.delete("abcd") == {}
    assert [item["Key"] for item in s3.list_objects_v2(Bucket="uploads")["Contents"]] == ["e"]


def test_errors_inside_a_200_of_a_deletion_are_honoured(
    bucket: Bucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    errors = [{"Key": "a", "Code": "AccessDenied", "Message": "no"}]
    answer = {"Errors": errors, "Deleted": [{"Key": "b"}]}
    monkeypatch.setattr(bucket._client, "delete_objects", lambda **_: answer)
    assert bucket.delete(["a", "b"]) == {"a": "AccessDenied: no"}


@pytest.mark.parametrize("large", [False, True])
def test_a_bucket_that_is_not_there(s3: Any, settings: Any, tmp_path: Path, large: bool) -> None:
    options = {"BUCKET": "missing", "CLIENT": {"region_name": "us-east-1"}}
    bucket = Bucket(use_mount(settings, tmp_path, **options))
    content = b"x" * (9 * 1024 * 1024)
    given = upload("a", content)._replace(content=BytesIO(content)) if large else upload("a", b"")
    with pytest.raises(S3Unavailable, match="does not exist"):
        bucket.put(given)
    with pytest.raises(S3Unavailable):
        bucket.list_folder("")


def test_an_object_that_boto3_refuses_to_send(bucket: Bucket) -> None:
    with pytest.raises(S3Error, match="Parameter validation failed"):
        bucket.put(upload("a", b"one", ContentType=7))


@pytest.mark.parametrize(
    ("options", "wanted"),
    [
        ({}, "when_supported"),
        ({"CLIENT": {"endpoint_url": "http://127.0.0.1:1"}}, "when_required"),
        ({"CHECKSUMS": False}, "when_required"),
        ({"CLIENT": {"endpoint_url": "http://127.0.0.1:1"}, "CHECKSUMS": True}, "when_supported"),
    ],
)
def test_checksums_are_asked_for_on_aws_only(
    settings: Any, tmp_path: Path, options: dict[str, Any], wanted: str
) -> None:
    config = Bucket(use_mount(settings, tmp_path, **options))._client.meta.config
    assert config.request_checksum_calculation == wanted


def test_a_config_of_ones_own_comes_first(settings: Any, tmp_path: Path) -> None:
    options = {"CLIENT": {"config": Config(connect_timeout=1)}}
    config = Bucket(use_mount(settings, tmp_path, **options))._client.meta.config
    assert config.connect_timeout == 1
    assert config.read_timeout == 60


@pytest.mark.parametrize("large", [False, True])
def test_a_small_body_is_sent_without_asking_first(
    bucket: Bucket, tmp_path: Path, large: bool
) -> None:
    sent: list[Any] = []
    events = bucket._client.meta.events
    events.register("before-send.s3", lambda request, **_: sent.append(request))
    content = b"x" * (9 * 1024 * 1024 if large else 3)
    path = tmp_path / "content"
    path.write_bytes(content)
    with path.open("rb") as file:
        given = upload("a", content)
        bucket.put(given._replace(content=file) if large else given)
    assert any("Expect" in request.headers for request in sent) is large


def test_few_large_files_are_in_memory_at_a_time(
    bucket: Bucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    lock, now, most = threading.Lock(), 0, 0

    def upload_fileobj(*_: Any, **__: Any) -> None:
        nonlocal now, most
        with lock:
            now += 1
            most = max(most, now)
        time.sleep(0.02)
        with lock:
            now -= 1

    given = upload("a", b"")._replace(content=BytesIO())
    bucket._client.put_object(Bucket="uploads", Key="a", Metadata=given.metadata)
    monkeypatch.setattr(bucket._client, "upload_fileobj", upload_fileobj)
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: bucket.put(given), range(8)))
    assert most == boto3_writer.LARGE_AT_A_TIME
