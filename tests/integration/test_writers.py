"""What every writer has to do, on real servers: the same bytes, headers, names, errors and ends."""

import sys
import threading
import time
from collections.abc import Callable, Iterator
from hashlib import md5, sha256
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from botocore.config import Config

from demo.servers import SeaweedFS
from s3rewrite.s3 import writer
from s3rewrite.s3.bandwidth import BURST, STEP
from s3rewrite.s3.boto3_writer import Boto3Writer
from s3rewrite.s3.bucket import Bucket
from s3rewrite.s3.errors import CredentialsRefused, S3Error, S3Unavailable
from s3rewrite.s3.objects import SMALL, Digests, Upload
from s3rewrite.s3.obstore.support import LARGEST
from s3rewrite.s3.obstore.writer import ObstoreWriter
from s3rewrite.s3.unconfirmed_writes import REFUSED
from tests.integration.faulty_s3 import (
    Exchange,
    FaultyS3,
    answers,
    faulty,
    loses_answer,
    resets,
    stores_other_bytes,
)
from tests.support.factories import use_mount

WRITERS = {"boto3": Boto3Writer, "obstore": ObstoreWriter}

Make = Callable[..., Bucket]


@pytest.fixture(params=list(WRITERS))
def library(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """The library that is to write."""
    monkeypatch.setattr(writer, "has_obstore", lambda: request.param == "obstore")
    return str(request.param)


@pytest.fixture
def used(library: str, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The libraries that were asked to write, in that order."""
    used: list[str] = []

    def noting(name: str, put: Any) -> Any:
        def noted(*arguments: Any) -> Any:
            used.append(name)
            return put(*arguments)

        return noted

    for name, kind in WRITERS.items():
        monkeypatch.setattr(kind, "put", noting(name, kind.put))
    return used


@pytest.fixture
def make(settings: Any, tmp_path: Path, bucket: str, used: list[str]) -> Make:
    def make(client: dict[str, Any], **options: Any) -> Bucket:
        options = {"BUCKET": bucket, "CLIENT": client, **options}
        return Bucket(use_mount(settings, tmp_path / "media", **options))

    return make


@pytest.fixture
def there(make: Make, client_options: dict[str, Any]) -> Bucket:
    """The bucket on a server without faults."""
    return make(client_options)


@pytest.fixture
def proxy(seaweedfs: SeaweedFS) -> Iterator[FaultyS3]:
    with faulty(seaweedfs) as proxy:
        yield proxy


@pytest.fixture
def behind(make: Make, proxy: FaultyS3) -> Bucket:
    """The bucket behind a proxy with faults."""
    return make(proxy.client_options)


@pytest.fixture
def impatient(make: Make, proxy: FaultyS3) -> Bucket:
    """The same, which waits a second for an answer."""
    return make({**proxy.client_options, "config": Config(read_timeout=1)})


def upload(key: str, content: bytes = b"bytes", **parameters: Any) -> Upload:
    digests = Digests(sha256(content).hexdigest(), md5(content).hexdigest())
    return Upload(key, content, digests, parameters)


def in_parts(given: Upload) -> Upload:
    assert isinstance(given.content, bytes)
    return given._replace(content=BytesIO(given.content))


def body(s3_client: Any, bucket: Bucket, key: str) -> bytes:
    content: bytes = s3_client.get_object(Bucket=bucket.name, Key=key)["Body"].read()
    return content


PARAMETERS = {
    "ContentType": "text/css; charset=utf-8",
    "CacheControl": "public, max-age=31536000, immutable",
    "ContentDisposition": 'attachment; filename="a b.css"',
    "ContentEncoding": "gzip",
    "ContentLanguage": "de-CH",
    "Metadata": {"own": "yes, it is", "x.y_z-1": "~!*'()"},
    "Tagging": "team=web%26co&empty=",
}


def test_bytes_headers_metadata_and_tags(
    there: Bucket, s3_client: Any, library: str, used: list[str]
) -> None:
    assert there.put(upload("a.css", b"one", **PARAMETERS))
    found = s3_client.get_object(Bucket=there.name, Key="a.css")
    assert found["Body"].read() == b"one"
    for name in PARAMETERS.keys() - {"Metadata", "Tagging"}:
        assert found[name] == PARAMETERS[name]
    sha = {"s3rewrite-sha256": sha256(b"one").hexdigest()}
    assert found["Metadata"] == {"own": "yes, it is", "x.y_z-1": "~!*'()", **sha}
    tags = s3_client.get_object_tagging(Bucket=there.name, Key="a.css")["TagSet"]
    assert {tag["Key"]: tag["Value"] for tag in tags} == {"team": "web&co", "empty": ""}
    assert used == [library]


KEYS = [
    "a b/ü é 日本 🐈.txt",
    "e\N{COMBINING ACUTE ACCENT}",
    "a+b%20c%2Fd%.txt",
    "a?b#c&d=e;f:g@h!$,*'()[]{}|^`\"<>~",
    "%2e%2e/..a/.b",
    "/".join(["d" * 99] * 10),
]


@pytest.mark.parametrize("key", KEYS)
def test_special_keys(
    there: Bucket, s3_client: Any, key: str, library: str, used: list[str]
) -> None:
    assert there.put(upload(key, key.encode()))
    assert body(s3_client, there, key) == key.encode()
    listed = s3_client.list_objects_v2(Bucket=there.name)["Contents"]
    assert [item["Key"] for item in listed] == [key]
    assert used == [library]


@pytest.mark.parametrize(
    ("key", "parameters"),
    [
        ("a//b", {}),
        ("a\x01b", {}),
        ("a", {"StorageClass": "STANDARD"}),
        ("a", {"ACL": "private"}),
        ("a", {"Metadata": {"content-type": "mine"}}),
        ("a", {"CacheControl": "max-age=1,  public"}),
        ("a", {"Tagging": "team=b c"}),
        ("a", {"Tagging": "team=b+c"}),
        ("a", {"Tagging": "team=b%20c"}),
    ],
)
def test_what_only_boto3_can_do_is_left_to_it(
    there: Bucket, s3_client: Any, used: list[str], key: str, parameters: dict[str, Any]
) -> None:
    assert there.put(upload(key, **parameters))
    assert s3_client.list_objects_v2(Bucket=there.name)["KeyCount"] == 1
    assert used == ["boto3"]


@pytest.mark.parametrize("size", [0, 1, LARGEST, LARGEST + 1, SMALL])
def test_sizes(there: Bucket, s3_client: Any, library: str, used: list[str], size: int) -> None:
    content = b"x" * size
    assert there.put(upload("a", content))
    assert body(s3_client, there, "a") == content
    assert used == [library if size <= LARGEST else "boto3"]


@pytest.mark.parametrize("size", [SMALL + 1, 2 * SMALL + 1])
def test_a_large_file_goes_in_parts_and_stays_open(
    there: Bucket, s3_client: Any, size: int
) -> None:
    given = in_parts(upload("a", b"x" * size))
    assert there.put(given)
    assert body(s3_client, there, "a") == b"x" * size
    assert not given.content.closed  # type: ignore[union-attr]


def test_a_large_upload_is_abandoned(there: Bucket, s3_client: Any) -> None:
    with pytest.raises(S3Unavailable, match="stopped"):
        there.put(in_parts(upload("a", b"x" * (SMALL + 1))), lambda: False)
    assert there.head("a") is None
    assert not s3_client.list_multipart_uploads(Bucket=there.name).get("Uploads")


def test_an_object_is_replaced(there: Bucket, s3_client: Any) -> None:
    there.put(upload("a", b"one"))
    there.put(upload("a", b"two", ContentType="text/plain"))
    assert body(s3_client, there, "a") == b"two"


def test_additional_checksums(
    make: Make, client_options: dict[str, Any], s3_client: Any, library: str, used: list[str]
) -> None:
    there = make(client_options, CHECKSUMS=True)
    assert there.put(upload("a"))
    found = s3_client.head_object(Bucket=there.name, Key="a", ChecksumMode="ENABLED")
    kinds = {"boto3": "ChecksumCRC64NVME ChecksumCRC32".split(), "obstore": ["ChecksumSHA256"]}
    assert any(found.get(kind) for kind in kinds[library])
    assert used == [library]


def test_wrong_credentials(make: Make, client_options: dict[str, Any], used: list[str]) -> None:
    there = make({**client_options, "aws_secret_access_key": "wrong"})
    with pytest.raises(S3Unavailable, match=r"fix CLIENT.s credentials") as caught:
        there.put(upload("a"))
    assert caught.value.is_settled


def test_no_credentials(
    make: Make, client_options: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    given = {name: client_options[name] for name in ("endpoint_url", "region_name")}
    with pytest.raises(S3Unavailable, match="give credentials in CLIENT"):
        make(given).put(upload("a"))


def test_credentials_and_endpoint_of_the_environment(
    make: Make,
    client_options: dict[str, Any],
    monkeypatch: pytest.MonkeyPatch,
    library: str,
    used: list[str],
) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", client_options["aws_access_key_id"])
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", client_options["aws_secret_access_key"])
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", client_options["endpoint_url"])
    assert make({}, CHECKSUMS=False).put(upload("a"))
    assert used == [library]


def test_those_of_the_mount_come_before_those_of_the_environment(
    make: Make,
    client_options: dict[str, Any],
    monkeypatch: pytest.MonkeyPatch,
    library: str,
    used: list[str],
) -> None:
    for name in ("AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    monkeypatch.setenv("AWS_SESSION_TOKEN", "of somebody else")
    assert make(client_options).put(upload("a"))
    assert used == [library]


ROLE = """
import json, sys, time
from pathlib import Path
number = Path({count!r})
number.write_text(number.read_text() + "I")
end = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 60))
key = "KEY" + number.read_text()
print(json.dumps(dict(
    Version=1, AccessKeyId=key, SecretAccessKey="s", SessionToken="t", Expiration=end)))
"""


def test_credentials_of_a_role_are_renewed_before_they_end(
    make: Make, proxy: FaultyS3, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, used: list[str],
    library: str,
) -> None:  # fmt: skip
    (tmp_path / "count").write_text("")
    (tmp_path / "role.py").write_text(ROLE.format(count=str(tmp_path / "count")))
    config = f"[default]\ncredential_process = {sys.executable} {tmp_path / 'role.py'}\n"
    (tmp_path / "config").write_text(config)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    keys = []

    def notes_key(exchange: Exchange) -> None:
        keys.append(exchange.headers["Authorization"].split("Credential=")[1].split("/")[0])
        etag = md5(exchange.body).hexdigest()
        exchange.reply(200, {"ETag": f'"{etag}"'}, b"")

    proxy.faults["PUT"] = [notes_key]
    own = {name: proxy.client_options[name] for name in ("endpoint_url", "region_name")}
    there = make(own, CHECKSUMS=False)
    for _ in range(3):
        assert there.put(upload("a"))
        threading.Event().wait(0.2)
    assert used == [library] * 3
    # They end in a minute, so boto3 renews them for each request.
    assert len(set(keys)) == 3


REFUSALS = [
    (403, "AccessDenied", S3Error, "allow it in the bucket's or user's policy"),
    (400, "ExpiredToken", CredentialsRefused, "renew them"),
    (403, "InvalidAccessKeyId", CredentialsRefused, "the access key is not known there"),
    (404, "NoSuchBucket", S3Unavailable, "create it, or fix BUCKET"),
    (403, "RequestTimeTooSkewed", S3Unavailable, "this machine's clock is wrong"),
    (400, "EntityTooLarge", S3Error, "larger than the service takes"),
    (501, "NotImplemented", S3Error, "does not support this: look at OBJECT_PARAMETERS"),
    (409, "OperationAborted", S3Error, r"no \(OperationAborted, PutObject\)"),
]


@pytest.mark.parametrize(("status", "code", "kind", "words"), REFUSALS)
def test_a_refusal_is_said_once_and_is_the_end(
    behind: Bucket, proxy: FaultyS3, status: int, code: str, kind: type[S3Error], words: str
) -> None:
    proxy.faults["PUT"] = [answers(status, code)]
    with pytest.raises(S3Error, match=words) as caught:
        behind.put(upload("a"))
    assert type(caught.value) is kind
    assert caught.value.is_settled is (code in REFUSED or status < 500)
    assert "\n" not in str(caught.value)
    assert proxy.requests == ["PUT"]


def test_a_service_that_does_not_know_checksums(make: Make, proxy: FaultyS3) -> None:
    proxy.faults["PUT"] = [answers(501, "NotImplemented")]
    with pytest.raises(S3Error, match="does not support this: set CHECKSUMS to False"):
        make(proxy.client_options, CHECKSUMS=True).put(upload("a"))


@pytest.mark.parametrize(
    ("fault", "is_settled"),
    [
        (answers(503, "SlowDown"), True),
        (answers(503, "ServiceUnavailable"), True),
        (answers(500, "InternalError"), False),
        (answers(502, "BadGateway"), False),
        (answers(429, "TooManyRequests"), True),
        (answers(429, "of-no-known-form"), True),
        (answers(408, "RequestTimeout"), True),
        (answers(425, "TooEarly"), True),
        (answers(400, "RequestTimeout"), True),
        (answers(400, "SlowDown"), True),
        (answers(507, "InsufficientStorage"), False),
        (answers(520, "OfAProxy"), False),
        (resets, False),
        (loses_answer, False),
    ],
)
def test_what_passes_is_tried_again(
    behind: Bucket, proxy: FaultyS3, s3_client: Any, fault: Any, is_settled: bool
) -> None:
    proxy.faults["PUT"] = [fault, fault, None]
    assert behind.put(upload("a", b"one")) is is_settled
    assert proxy.requests == ["PUT"] * 3
    assert body(s3_client, behind, "a") == b"one"
    # Each write is counted by itself.
    assert behind.put(upload("a", b"two"))


@pytest.mark.parametrize(
    ("fault", "words", "is_settled"),
    [
        (answers(503, "SlowDown"), "the service asks for fewer requests", True),
        (answers(500, "InternalError"), "InternalError", False),
        (resets, "bucket test-", False),
        (loses_answer, "bucket test-", False),
    ],
)
def test_what_does_not_pass_is_said_after_three_tries(
    behind: Bucket, proxy: FaultyS3, fault: Any, words: str, is_settled: bool
) -> None:
    proxy.faults["PUT"] = [fault]
    with pytest.raises(S3Error, match=words) as caught:
        behind.put(upload("a"))
    assert caught.value.is_settled is is_settled
    assert not isinstance(caught.value, S3Unavailable)
    assert proxy.requests == ["PUT"] * 3


def test_an_answer_in_time_after_one_that_came_too_late(
    impatient: Bucket, proxy: FaultyS3, s3_client: Any
) -> None:
    def hangs(exchange: Exchange) -> None:
        exchange.forward()
        threading.Event().wait(2)
        exchange.hang_up()

    proxy.faults["PUT"] = [hangs, None]
    assert not impatient.put(upload("a", b"one"))
    assert body(s3_client, impatient, "a") == b"one"


def test_other_bytes_than_were_sent(behind: Bucket, proxy: FaultyS3) -> None:
    proxy.faults["PUT"] = [stores_other_bytes]
    with pytest.raises(S3Error, match="stored other bytes than it was sent") as caught:
        behind.put(upload("a"))
    assert caught.value.is_settled


def test_a_refused_connection(make: Make, client_options: dict[str, Any]) -> None:
    away = make({**client_options, "endpoint_url": "http://127.0.0.1:9"})
    with pytest.raises(S3Unavailable, match="S3 cannot be reached") as caught:
        away.put(upload("a"))
    assert caught.value.is_settled


def test_nothing_is_sent_without_a_lease(behind: Bucket, proxy: FaultyS3) -> None:
    behind.may_send = lambda: False
    with pytest.raises(S3Unavailable, match="the lease was lost") as caught:
        behind.put(upload("a"))
    assert caught.value.is_settled
    assert proxy.requests == []


def test_nothing_is_tried_again_without_a_lease(behind: Bucket, proxy: FaultyS3) -> None:
    behind.put(upload("a"))
    proxy.requests.clear()
    proxy.faults["PUT"] = [loses_answer]
    behind.may_send = lambda: not proxy.requests
    with pytest.raises(S3Unavailable, match="the lease was lost") as caught:
        behind.put(upload("a"))
    assert not caught.value.is_settled
    assert proxy.requests == ["PUT"]


SLOW_DOWNS = [
    (503, "SlowDown"),
    (503, "ServiceUnavailable"),
    (429, "TooManyRequests"),
    (429, "429"),
    (400, "RequestTimeout"),
    (400, "ThrottlingException"),
]


class SlowLine:
    """A line over which four requests at a time arrive; where there are more, none does."""

    def __init__(self) -> None:
        self.now = self.sent = 0
        self._changed = threading.Lock()

    def __call__(self, exchange: Exchange) -> None:
        with self._changed:
            self.now += 1
            self.sent += 1
            is_too_slow = self.now > 4
        try:
            threading.Event().wait(1.1 if is_too_slow else 0.1)
            if is_too_slow:
                exchange.hang_up()  # an error where the client was faster
            else:
                exchange.reply(*exchange.forward())
        finally:
            with self._changed:
                self.now -= 1


def test_a_slow_line_gets_fewer_requests_at_a_time(impatient: Bucket, proxy: FaultyS3) -> None:
    line = SlowLine()
    proxy.faults["PUT"] = [line]
    failures: list[S3Error] = []

    def put(number: int) -> None:
        try:
            impatient.put(upload(f"{number}"))
        except S3Error as error:
            failures.append(error)

    threads = [threading.Thread(target=put, args=(number,)) for number in range(32)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    # With as many at a time as before each of them would be sent three times, and fail.
    assert len(failures) < 16
    assert line.sent < 2 * len(threads)
    assert impatient._writer.throttle.concurrency.current <= 8


def test_a_server_that_asks_for_fewer_requests_gets_fewer(behind: Bucket, proxy: FaultyS3) -> None:
    limit = behind._writer.throttle.concurrency
    for answer in SLOW_DOWNS:
        limit.current, limit.changed_at = 16, float("-inf")
        proxy.faults["PUT"] = [answers(*answer), None]
        assert behind.put(upload("a"))
        assert limit.current == 8, answer
    proxy.faults["PUT"] = [answers(500, "InternalError"), None]
    behind.put(upload("b"))
    assert behind._writer.throttle.concurrency.current == 8


@pytest.mark.parametrize("library", ["obstore"], indirect=True)
class TestWhatBoto3MayMakeMoreOf:
    def test_a_bucket_that_is_somewhere_else_is_boto3s_from_then_on(
        self, behind: Bucket, proxy: FaultyS3, used: list[str]
    ) -> None:
        proxy.faults["PUT"] = [answers(301, "PermanentRedirect"), None]
        assert behind.put(upload("a"))
        assert behind.put(upload("b"))
        assert used == ["obstore", "boto3", "boto3"]

    def test_so_is_one_whose_etags_are_none(
        self, behind: Bucket, proxy: FaultyS3, used: list[str]
    ) -> None:
        proxy.faults["PUT"] = [lambda exchange: exchange.reply(200, {}, b""), None]
        assert behind.put(upload("a"))
        assert used == ["obstore", "boto3"]

    def test_so_is_one_that_encrypts(
        self, behind: Bucket, proxy: FaultyS3, used: list[str]
    ) -> None:
        def encrypts(exchange: Exchange) -> None:
            status, headers, answer = exchange.forward()
            etag = {"ETag": f'"{"0" * 32}"', "x-amz-server-side-encryption": "aws:kms"}
            exchange.reply(status, {**headers, **etag}, answer)

        proxy.faults["PUT"] = [encrypts]
        assert behind.put(upload("a"))
        assert behind.put(upload("b"))
        assert used == ["obstore", "boto3", "boto3"]

    def test_one_that_was_away_is_not(
        self, make: Make, seaweedfs: SeaweedFS, used: list[str]
    ) -> None:
        with faulty(seaweedfs) as proxy:
            bucket = make(proxy.client_options)
            address = proxy.server_address
        with pytest.raises(S3Unavailable):
            bucket.put(upload("a"))
        with faulty(seaweedfs, address[1]):
            assert bucket.put(upload("a"))
        assert used == ["obstore", "boto3", "obstore"]

    def test_an_unseen_end_before_is_not_forgotten(
        self, behind: Bucket, proxy: FaultyS3, used: list[str]
    ) -> None:
        proxy.faults["PUT"] = [loses_answer, answers(301, "PermanentRedirect"), None]
        assert not behind.put(upload("a"))
        assert used == ["obstore", "boto3"]


@pytest.mark.parametrize("library", ["obstore"], indirect=True)
@pytest.mark.parametrize(
    "client",
    [
        {"verify": False},
        {"use_ssl": False},
        {"config": Config(proxies={"http": "http://127.0.0.1:9"})},
        {"config": Config(signature_version="s3")},
        {"config": Config(s3={"payload_signing_enabled": True})},
        {"config": Config(retries={"total_max_attempts": 1})},
    ],
)
def test_a_client_that_obstore_cannot_be(
    make: Make, client_options: dict[str, Any], used: list[str], client: dict[str, Any]
) -> None:
    assert make({**client_options, **client})._writer._obstore is None


@pytest.mark.parametrize("library", ["obstore"], indirect=True)
@pytest.mark.parametrize("variable", ["http_proxy", "HTTP_PROXY"])
def test_a_proxy_of_the_environment(
    make: Make, client_options: dict[str, Any], monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv(variable, "http://127.0.0.1:9")
    assert make(client_options)._writer._obstore is None


# BANDWIDTH


@pytest.mark.parametrize(
    ("size", "a_second", "writes"),
    [(9000, 100_000, None), (60_000, 100_000, "boto3"), (SMALL + 5, 20_000_000, "boto3")],
)
def test_bytes_are_sent_no_faster_than_they_may(
    make: Make,
    client_options: dict[str, Any],
    s3_client: Any,
    library: str,
    used: list[str],
    size: int,
    a_second: int,
    writes: str | None,
) -> None:
    limited = make(client_options, BANDWIDTH=a_second)
    given = upload("a", bytes(range(256)) * (size // 256))
    given = in_parts(given) if size > SMALL else given
    began, count = time.monotonic(), max(1, 60_000 // size)
    for _ in range(count):
        assert limited.put(given)
    assert time.monotonic() - began >= (count - 1 / 2) * size / a_second - BURST - STEP
    assert set(used) == {writes or library}
    assert len(body(s3_client, limited, "a")) == size // 256 * 256


def test_bytes_that_are_sent_again_count_again(make: Make, proxy: FaultyS3) -> None:
    proxy.faults["PUT"] = [resets, None]
    limited = make(proxy.client_options, BANDWIDTH=100_000)
    began = time.monotonic()
    limited.put(upload("a", bytes(50_000)))
    assert proxy.requests == ["PUT", "PUT"]
    assert time.monotonic() - began >= 2 * 0.5 - BURST - STEP


@pytest.mark.parametrize("size", [90, 5000, SMALL + 1])
def test_who_waits_for_the_line_can_be_stopped(
    make: Make, client_options: dict[str, Any], size: int
) -> None:
    limited = make(client_options, BANDWIDTH=1000)
    given = upload("a", bytes(size))
    given = in_parts(given) if size > SMALL else given
    until = time.monotonic() + 1

    def send() -> None:
        while True:
            limited.put(given, lambda: time.monotonic() < until)

    with pytest.raises(S3Unavailable, match="stopped"):
        send()


def test_nothing_more_is_sent_without_the_lease(make: Make, client_options: dict[str, Any]) -> None:
    limited = make(client_options, BANDWIDTH=1000)
    until = time.monotonic() + 0.5
    limited.may_send = lambda: time.monotonic() < until
    with pytest.raises(S3Unavailable, match="lease"):
        limited.put(upload("a", bytes(5000)))


def test_no_request_is_too_late_for_its_body(make: Make, client_options: dict[str, Any]) -> None:
    patient = {**client_options, "config": Config(read_timeout=1, retries={"max_attempts": 0})}
    assert make(patient, BANDWIDTH=2000).put(upload("a", bytes(6000)))
