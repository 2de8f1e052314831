"""Services that lack what S3 calls optional, or answer in another form: one name pays, at most."""

import re
from collections.abc import Callable, Iterator
from hashlib import md5
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command

from demo.servers import SeaweedFS
from s3rewrite.core.entries import Signature
from s3rewrite.core.mounts import Mount
from s3rewrite.registry import Registry
from s3rewrite.registry.lease import held
from s3rewrite.s3 import writer
from s3rewrite.s3.bucket import Bucket
from s3rewrite.s3.conditions import are_honoured
from s3rewrite.s3.errors import CredentialsRefused, S3Error
from s3rewrite.sync.passes import whole_pass
from s3rewrite.sync.plan import Task
from s3rewrite.sync.reporting.report import Result
from s3rewrite.sync.upload.attempt import UploadResult
from s3rewrite.sync.upload.batch import UploadRequest
from s3rewrite.sync.upload.batch import upload as upload_files
from tests.integration.faulty_s3 import (
    Exchange,
    Fault,
    FaultyS3,
    answers,
    faulty,
    loses_answer,
    resets,
)
from tests.integration.test_writers import upload
from tests.support.factories import job, use_mount, write
from tests.support.passes import counts, keys


@pytest.fixture
def proxy(seaweedfs: SeaweedFS) -> Iterator[FaultyS3]:
    with faulty(seaweedfs) as proxy:
        yield proxy


@pytest.fixture
def client_options(proxy: FaultyS3) -> dict[str, Any]:
    return proxy.client_options


@pytest.fixture(params=["boto3", "obstore"])
def lane(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setattr(writer, "has_obstore", lambda: request.param == "obstore")
    return str(request.param)


def wants_md5(exchange: Exchange) -> None:
    """Some services refuse what S3 wants a checksum for, where it is not an MD5."""
    if "?" in exchange.path and not exchange.headers.get("Content-MD5"):
        answers(400, "InvalidRequest")(exchange)
    else:
        exchange.reply(*exchange.forward())


def changes(pattern: str, replacement: str, *, header: str = "") -> Fault:
    """The service answers as S3 does, but for a part of its body or a header."""

    def changed(exchange: Exchange) -> None:
        status, headers, body = exchange.forward()
        if header:
            headers = {name: value for name, value in headers.items() if name.lower() != header}
            headers |= {header: replacement} if replacement else {}
        else:
            body = re.sub(pattern.encode(), replacement.encode(), body)
        exchange.reply(status, headers, body)

    return changed


def test_an_md5_is_sent_where_s3_wants_a_checksum(
    settings: Any, mount: Mount, root: Path, proxy: FaultyS3, s3_client: Any
) -> None:
    use_mount(settings, root, **settings.S3REWRITE["media"] | {"CORS": True})
    there = Bucket(mount)
    for key in "abc":
        there.put(upload(key))
    proxy.faults = {"POST": [wants_md5], "PUT": [wants_md5]}
    proxy.requests.clear()
    assert there.delete("abc") == {}
    assert proxy.requests == ["POST"]
    call_command("s3rewrite_setup", "--private")
    assert s3_client.get_bucket_cors(Bucket=mount.bucket)["CORSRules"]


REFUSALS = [
    answers(501, "NotImplemented"),
    answers(405, "MethodNotAllowed"),
    answers(400, "MalformedXML"),
    answers(400, "MissingContentMD5"),
    answers(400, "InvalidRequest"),
    answers(409, "OfAnotherName"),
    changes("<Deleted>.*</Deleted>", ""),
    changes("<Deleted><Key>b</Key></Deleted>", "<Error><Code>Odd</Code></Error>"),
    changes(
        "<Deleted><Key>(.)</Key></Deleted>", r"<Error><Key>\1</Key><Code>NoSuchKey</Code></Error>"
    ),
    changes("<Key>b</Key>", "<Key>another</Key>"),
]


@pytest.mark.parametrize("fault", REFUSALS)
def test_deleting_one_by_one_where_together_does_not_work(
    mount: Mount, proxy: FaultyS3, s3_client: Any, fault: Fault
) -> None:
    there = Bucket(mount)
    for key in "abcd":
        there.put(upload(key))
    proxy.faults["POST"] = [fault]
    assert there.delete("abc") == {}
    assert keys(s3_client, mount) == ["d"]


def test_a_service_that_deletes_nothing_is_believed(
    mount: Mount, proxy: FaultyS3, s3_client: Any
) -> None:
    there = Bucket(mount)
    there.put(upload("a"))
    proxy.faults = {"POST": [answers(501, "NotImplemented")], "DELETE": [answers(501, "No")]}
    assert there.delete(["a"]).keys() == {"a"}
    assert keys(s3_client, mount) == ["a"]


@pytest.mark.parametrize(
    "fault", [*(answers(403, code) for code in ("AccessDenied", "InternalError")), resets]
)
def test_what_would_not_work_one_by_one_is_not_tried(
    mount: Mount, proxy: FaultyS3, fault: Fault
) -> None:
    proxy.faults["POST"] = [fault]
    with pytest.raises(S3Error):
        Bucket(mount).delete("abc")
    assert "DELETE" not in proxy.requests


def only_listings(fault: Fault) -> Fault:
    def of_listings(exchange: Exchange) -> None:
        if "list-type" in exchange.path:
            fault(exchange)
        else:
            exchange.reply(*exchange.forward())

    return of_listings


LISTINGS = {
    "none at all": answers(501, "NotImplemented"),
    "not allowed": answers(403, "AccessDenied"),
    "a name that XML cannot hold": changes("<Key>", "<Key>\x1b"),
    "no times": changes("<LastModified>.*?</LastModified>", ""),
    "times of another form": changes("<LastModified>.*?<", "<LastModified>yesterday<"),
    "sizes of another form": changes("<Size>.*?<", "<Size>1 kB<"),
    "no ETags": changes("<ETag>.*?</ETag>", ""),
    "no keys": changes("<Key>.*?</Key>", ""),
}


@pytest.mark.parametrize("listing", LISTINGS)
def test_a_listing_of_another_form_costs_no_file(
    mount: Mount, root: Path, registry: Registry, proxy: FaultyS3, listing: str
) -> None:
    for name in "abc":
        write(root, f"{name}.txt", name.encode())
    whole_pass(job(mount))
    registry.client.flushall()
    proxy.faults["GET"] = [only_listings(LISTINGS[listing])]
    report = whole_pass(job(mount))
    assert sum(counts(report).get(result, 0) for result in (Result.ADOPTED, Result.UPLOADED)) == 3
    assert report.failures == {}


CONTENT = b"bytes"
MD5 = md5(CONTENT).hexdigest()
ETAGS = ["", MD5, f'"{MD5.upper()}"', f'W/"{MD5}"', '"an_opaque=one/"', f'"{"0" * 32}"', '"0-1"']


@pytest.mark.parametrize("etag", ETAGS)
def test_an_etag_of_any_form(
    mount: Mount, root: Path, registry: Registry, proxy: FaultyS3, lane: str, etag: str
) -> None:
    write(root, "a.txt", CONTENT)
    proxy.faults = {
        "PUT": [changes("", etag, header="etag")],
        "HEAD": [changes("", etag, header="etag")],
        "GET": [only_listings(changes("<ETag>.*?</ETag>", f"<ETag>{etag}</ETag>"))],
    }
    # What obstore wrote is found there, or sent again: its ETag is not that of the bytes.
    assert whole_pass(job(mount)).changes == 1
    registry.client.flushall()
    assert counts(whole_pass(job(mount))) == {Result.ADOPTED: 1}
    there = Bucket(mount)
    assert there.copy_below("trash/", ["media/a.txt"]) == {}
    assert b"".join(there.get("trash/media/a.txt")) == CONTENT


@pytest.mark.parametrize("etag", ETAGS[1:])
def test_a_file_is_freed_whatever_its_etag(
    settings: Any, mount: Mount, root: Path, proxy: FaultyS3, etag: str
) -> None:
    options = {"KEEP_LOCAL": False, "FREE_AFTER": 0}
    mount = use_mount(settings, root, **settings.S3REWRITE["media"] | options)
    path = write(root, "a.bin", CONTENT)
    for method in ("PUT", "HEAD", "GET"):
        proxy.faults[method] = [changes("", etag, header="etag")]
    for _ in range(2):
        assert whole_pass(job(mount)).failures == {}
    assert path.is_symlink()


def test_a_copy_whose_answer_has_no_etag(mount: Mount, proxy: FaultyS3) -> None:
    there = Bucket(mount)
    there.put(upload("a"))
    proxy.faults["PUT"] = [changes("<ETag>.*</ETag>", "")]
    assert there.copy_below("trash/", ["a"]) == {}


def test_a_time_of_another_form_costs_no_file(mount: Mount, proxy: FaultyS3) -> None:
    there = Bucket(mount)
    there.put(upload("a"))
    proxy.faults["HEAD"] = [changes("", "yesterday", header="last-modified")]
    assert there.head("a")


ASKED: dict[str, Callable[[Bucket], object]] = {
    "an object": lambda there: there.head("a"),
    "the bucket": lambda there: there.call("head_bucket"),
    "a part": lambda there: there.call("head_object", Key="a", PartNumber=1),
}


@pytest.mark.parametrize("asked", ASKED)
@pytest.mark.parametrize(("status", "code"), [(400, "ExpiredToken"), (403, "InvalidAccessKeyId")])
def test_a_refusal_without_a_body_is_asked_for_its_reason(
    mount: Mount, proxy: FaultyS3, asked: str, status: int, code: str
) -> None:
    proxy.faults = {"HEAD": [answers(status, code)], "GET": [answers(status, code)]}
    with pytest.raises(CredentialsRefused, match=r"have expired|not known there") as caught:
        ASKED[asked](Bucket(mount))
    assert caught.value.code == code
    assert set(proxy.requests[:-1]) == {"HEAD"}  # botocore itself asks for the bucket's region
    assert proxy.requests[-1] == "GET"


def test_what_may_not_be_seen_is_not_there(mount: Mount, proxy: FaultyS3) -> None:
    for code in ("AccessDenied", "NoSuchKey"):
        proxy.faults = {"HEAD": [answers(403, code)], "GET": [answers(403, code)]}
        assert Bucket(mount).head("a") is None


def test_a_refusal_that_is_not_repeated_is_said_as_it_is(mount: Mount, proxy: FaultyS3) -> None:
    there = Bucket(mount)
    there.put(upload("a"))
    proxy.faults["HEAD"] = [answers(400, "")]
    with pytest.raises(S3Error, match=r"\(400, HeadObject\)"):
        there.head("a")


def only_on_condition(fault: Fault) -> Fault:
    def on_condition(exchange: Exchange) -> None:
        if exchange.headers.get("If-None-Match") or exchange.headers.get("If-Match"):
            fault(exchange)
        else:
            exchange.reply(*exchange.forward())

    return on_condition


UNKNOWN_CONDITIONS = [
    answers(501, "NotImplemented"),
    answers(400, "InvalidArgument"),
    answers(400, "InvalidRequest"),
    answers(405, "MethodNotAllowed"),
    answers(412, "PreconditionFailed"),
    answers(409, "ConditionalRequestConflict"),
]


@pytest.mark.usefixtures("lane")
@pytest.mark.parametrize("fault", UNKNOWN_CONDITIONS)
def test_a_service_that_takes_no_conditions(
    mount: Mount, root: Path, proxy: FaultyS3, registry: Registry, fault: Fault
) -> None:
    proxy.faults["PUT"] = [only_on_condition(fault)]
    write(root, "a.txt")
    context = job(mount)
    assert counts(whole_pass(context)) == {Result.UPLOADED: 1}
    assert not context.bucket.sends_conditions
    proxy.requests.clear()
    write(root, "b.txt")

    assert counts(whole_pass(context)) == {Result.UPLOADED: 1, Result.KEPT: 1}
    assert proxy.requests.count("PUT") == 1
    assert registry.client.hkeys(registry.keys.unconfirmed_writes) == []
    assert not job(mount).honours_conditions()


@pytest.mark.usefixtures("lane")
def test_credentials_that_may_write_and_not_read(
    mount: Mount, root: Path, proxy: FaultyS3, registry: Registry
) -> None:
    """S3 wants s3:GetObject for If-Match."""
    context = job(mount)
    write(root, "a.txt", b"one")
    whole_pass(context)
    proxy.faults["PUT"] = [only_on_condition(answers(403, "AccessDenied"))]
    write(root, "a.txt", b"two", age=1)
    assert counts(whole_pass(context)) == {Result.UPLOADED: 1}
    assert registry.get(["a.txt"])


@pytest.mark.usefixtures("lane")
def test_an_object_that_changed_behind_its_back(
    mount: Mount, root: Path, s3_client: Any, registry: Registry
) -> None:
    context = job(mount)
    write(root, "a.txt", b"one")
    whole_pass(context)
    for there in (b"another's", b"two"):
        s3_client.put_object(Bucket=mount.bucket, Key=f"{mount.prefix}a.txt", Body=there)
        write(root, "a.txt", b"two", age=1)
        report = whole_pass(context)
        assert report.counts[Result.UPLOADED] + report.counts[Result.ADOPTED] == 1
        assert registry.get(["a.txt"])
        assert context.bucket.sends_conditions
        write(root, "a.txt", b"one")
        whole_pass(context)


def test_the_real_one_honours_conditions(mount: Mount, s3_client: Any) -> None:
    there = Bucket(mount)
    assert are_honoured(there)
    assert keys(s3_client, mount) == []


@pytest.mark.parametrize(
    "faults",
    [[loses_answer, None], [answers(503, "SlowDown")] * 3 + [None], [resets] * 3 + [None]],
)
def test_a_passing_fault_proves_nothing(
    mount: Mount, proxy: FaultyS3, faults: list[Fault | None]
) -> None:
    context = job(mount)
    proxy.faults["PUT"] = faults
    assert not context.honours_conditions()
    assert context.bucket.honours_conditions is None
    assert context.honours_conditions()


def test_where_remembered_etags_are_not_the_objects_they_are_forgotten(
    mount: Mount, root: Path, proxy: FaultyS3
) -> None:
    """As under KMS, where no ETag is an MD5."""
    context = job(mount)
    write(root, "a.txt", b"one")
    whole_pass(context)
    fingerprint, size, _ = context.memory.published.sent["a.txt"]
    context.memory.published.sent["a.txt"] = (fingerprint, size, "0" * 32)
    for content, puts in ((b"two", 2), (b"three", 1)):
        proxy.requests.clear()
        write(root, "a.txt", content)
        assert counts(whole_pass(context)) == {Result.UPLOADED: 1}
        assert proxy.requests.count("PUT") == puts
    assert context.bucket.sends_conditions


def test_an_object_that_may_not_be_seen_is_no_orphan_and_may_be_an_only_copy(
    mount: Mount, root: Path, proxy: FaultyS3, s3_client: Any
) -> None:
    s3_client.put_object(Bucket=mount.bucket, Key="media/a.txt", Body=b"somebody's")
    proxy.faults["HEAD"] = [answers(403, "AccessDenied")]
    proxy.faults["GET"] = [answers(403, "AccessDenied")]
    write(root, "a.txt", b"one")
    context = job(mount)
    with held(context.registry) as lease:
        leased = context.with_lease(lease)
        task = Task("a.txt", Signature(3, 1), None)
        request = UploadRequest(task._replace(is_careful=True), leased.bucket.head)
        (outcome,) = upload_files(leased, [request])
    assert isinstance(outcome, UploadResult)
    assert outcome.would_replace
    assert (
        s3_client.get_object(Bucket=mount.bucket, Key="media/a.txt")["Body"].read() == b"somebody's"
    )
