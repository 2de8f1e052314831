"""What says 200 to everything and is no S3: nothing is believed on its word."""

from collections.abc import Callable, Iterator
from hashlib import md5, sha256
from io import BytesIO
from itertools import count, product
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from demo.servers import SeaweedFS
from s3rewrite.s3 import writer
from s3rewrite.s3.bucket import Bucket
from s3rewrite.s3.errors import NotS3Error, S3Error
from s3rewrite.s3.objects import SMALL, Digests, Object, Upload
from tests.integration.faulty_s3 import Exchange, Fault, FaultyS3, answers, faulty
from tests.support.factories import use_mount

HTML = b"<!DOCTYPE html>\n<html><head><title>Sign in</title><meta charset=utf-8></head><p>Hello<br>"
XHTML = b"<?xml version='1.0'?>\n<html xmlns='http://www.w3.org/1999/xhtml'><head/><body/></html>"
PAGES = [HTML, XHTML, b"\n <HTML></HTML>", b"", b"OK", b"{}", b"<p>hello</p>", b"<a/>"]

CONTENT = b"the bytes"
MD5 = md5(CONTENT).hexdigest()
WRONG = ["", '""', "abc", '"x-1"', f'"{MD5}-1"', f'"{"0" * 32}"', f'W/"{"f" * 32}"']
RIGHT = [MD5, f'"{MD5}"', f'"{MD5.upper()}"', f'W/"{MD5}"', f" {MD5} "]


@pytest.fixture
def proxy(seaweedfs: SeaweedFS) -> Iterator[FaultyS3]:
    with faulty(seaweedfs) as proxy:
        yield proxy


@pytest.fixture(params=["boto3", "obstore"])
def library(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setattr(writer, "has_obstore", lambda: request.param == "obstore")
    return str(request.param)


@pytest.fixture
def behind(settings: Any, tmp_path: Path, bucket: str, proxy: FaultyS3) -> Bucket:
    options = {"BUCKET": bucket, "CLIENT": proxy.client_options}
    return Bucket(use_mount(settings, tmp_path / "media", **options))


def upload(key: str, content: bytes = CONTENT) -> Upload:
    digests = Digests(sha256(content).hexdigest(), md5(content).hexdigest())
    return Upload(key, content, digests, {})


def large(key: str) -> Upload:
    content = b"x" * (SMALL + 1)
    return Upload(key, BytesIO(content), Digests(sha256(content).hexdigest(), ""), {})


def told(step: Callable[[], object]) -> str:
    """The error of a step; "" for none."""
    try:
        step()
    except S3Error as error:
        return str(error)
    return ""


def page(body: bytes, status: int = 200, **headers: str) -> Fault:
    headers = {name.replace("_", "-"): value for name, value in headers.items()}
    return lambda exchange: exchange.reply(status, {"Content-Type": "text/html", **headers}, body)


class Answer(NamedTuple):
    """How a PUT is answered, and what became of it."""

    stored: str
    """Whose bytes: ours, another's, or nobody's."""
    etag: str
    body: bytes
    status: int
    head: str
    """Who answers the HEAD behind it: S3, a page, or a redirect to one."""

    def __call__(self, exchange: Exchange) -> None:
        if self.stored == "ours":
            assert exchange.forward()[0] == 200
        elif self.stored == "others":
            name, key = exchange.path.lstrip("/").split("/", 1)
            client = exchange.server.behind.client()
            metadata = {"s3rewrite-sha256": sha256(CONTENT).hexdigest()}
            other = CONTENT.swapcase()
            client.put_object(Bucket=name, Key=key, Body=other, Metadata=metadata)
            client.close()
        headers = {"ETag": self.etag} if self.etag else {}
        exchange.reply(self.status, headers, b"" if self.status == 204 else self.body)


HEADS: dict[str, list[Fault | None]] = {
    "s3": [None],
    "page": [page(b"", Content_Length="9")],
    "page with an ETag": [page(b"", Content_Length="9", ETag=f'"{MD5}"')],
    "no length": [page(b"")],
    "redirect": [page(b"", 302, Location="https://login.example/")],
}


@st.composite
def put_answers(draw: st.DrawFn) -> Answer:
    stored = draw(st.sampled_from(["ours", "others", "nothing"]))
    etags = RIGHT + WRONG if stored == "ours" else WRONG
    return Answer(
        stored,
        draw(st.sampled_from(etags)),
        draw(st.sampled_from(PAGES)),
        draw(st.sampled_from([200, 200, 200, 204])),
        draw(st.sampled_from(list(HEADS))),
    )


def test_a_put_that_is_believed_has_stored_the_bytes(
    behind: Bucket, proxy: FaultyS3, s3_client: Any, library: str
) -> None:
    keys = count()
    obstore = behind._writer._obstore

    @settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
    @given(put_answers())
    def check(answer: Answer) -> None:
        behind._writer._obstore = obstore
        proxy.faults = {"PUT": [answer], "HEAD": HEADS[answer.head]}
        proxy.requests.clear()
        key = f"{next(keys)}.txt"
        said = told(lambda: behind.put(upload(key)))
        if said:
            assert any(
                words in said for words in ("fix CLIENT's endpoint_url", "other bytes", "302")
            )
            assert not (answer.etag in RIGHT and answer.body == b"")
            return
        assert s3_client.get_object(Bucket=behind.name, Key=key)["Body"].read() == CONTENT
        if answer.etag in RIGHT:
            assert proxy.requests == ["PUT"]

    check()


def test_ordinary_small_files_cost_one_request(
    behind: Bucket, proxy: FaultyS3, library: str
) -> None:
    for number in range(5):
        assert behind.put(upload(f"{number}.txt"))
    assert proxy.requests == ["PUT"] * 5


def test_a_proof_by_head_is_as_good(behind: Bucket, proxy: FaultyS3, library: str) -> None:
    def without_etag(exchange: Exchange) -> None:
        exchange.forward()
        exchange.reply(200, {}, b"")

    proxy.faults["PUT"] = [without_etag]
    assert behind.put(upload("a.txt"))
    assert proxy.requests[-1] == "HEAD"


def test_who_may_not_look_is_told(behind: Bucket, proxy: FaultyS3, library: str) -> None:
    proxy.faults = {"PUT": [page(b"")], "HEAD": [answers(403, "AccessDenied")]}
    with pytest.raises(S3Error, match="allow these credentials s3:GetObject"):
        behind.put(upload("a.txt"))


# Each request of a large file: POST ?uploads, PUT of each part, POST ?uploadId, HEAD.
LARGE = {
    "POST": [[page], [None, page]],
    "PUT": [[page], [None, page]],
    "HEAD": [[page]],
}


@pytest.mark.parametrize("body", [HTML, XHTML, b""])
@pytest.mark.parametrize(("method", "at"), [(m, at) for m in LARGE for at in range(len(LARGE[m]))])
def test_a_large_file(
    behind: Bucket, proxy: FaultyS3, s3_client: Any, method: str, at: int, body: bytes
) -> None:
    proxy.faults[method] = [make and make(body) for make in LARGE[method][at]]
    with pytest.raises(S3Error):
        behind.put(large("a.bin"))
    del proxy.faults[method]
    assert behind.put(large("a.bin"))
    assert s3_client.head_object(Bucket=behind.name, Key="a.bin")["ContentLength"] == SMALL + 1


def test_a_page_is_no_empty_bucket(behind: Bucket, proxy: FaultyS3) -> None:
    asks: list[Callable[[], Any]] = [
        lambda: behind.list_folder(""),
        lambda: behind.list_times(""),
        lambda: list(behind.walk("")),
    ]
    for ask, body in product(asks, PAGES):
        proxy.faults["GET"] = [page(body)]
        with pytest.raises(NotS3Error, match="what answered is not S3: fix CLIENT's endpoint_url"):
            ask()


def test_an_empty_bucket_is_one(behind: Bucket) -> None:
    assert behind.list_folder("") == behind.list_times("") == {}
    assert list(behind.walk("")) == [{}]


def test_a_page_deletes_nothing(behind: Bucket, proxy: FaultyS3, s3_client: Any) -> None:
    behind.put(upload("a.txt"))
    for body in PAGES:
        proxy.faults = {"POST": [page(body)], "DELETE": [page(body)]}
        try:
            failed = behind.delete(["a.txt"])
        except S3Error:
            failed = {"a.txt": ""}
        assert failed.keys() == {"a.txt"}
    assert s3_client.head_object(Bucket=behind.name, Key="a.txt")


ODD = ["a b.txt", "ü日本🐈", "a&b<c>'\"", "a\tb", "a\nb", "a\r\nb", "x" * 200, "a//b", "100%"]


def test_what_is_deleted_is_said(behind: Bucket, s3_client: Any) -> None:
    for key in ODD:
        s3_client.put_object(Bucket=behind.name, Key=key)
    assert behind.delete([*ODD, "not there"]) == {}
    assert "Contents" not in s3_client.list_objects_v2(Bucket=behind.name)


@pytest.mark.parametrize("head", HEADS)
def test_what_was_not_copied_is_not_deleted(behind: Bucket, proxy: FaultyS3, head: str) -> None:
    behind.put(upload("a.txt"))
    for body in (*PAGES, b"<CopyObjectResult/>"):
        proxy.faults = {"PUT": [page(body)], "HEAD": HEADS[head]}
        assert behind.copy_below("trash/", ["a.txt"]).keys() == {"a.txt"}


def test_a_copy_that_nobody_sees_is_none(behind: Bucket, proxy: FaultyS3) -> None:
    behind.put(upload("a.txt"))
    body = f"<CopyObjectResult><ETag>&quot;{MD5}&quot;</ETag></CopyObjectResult>".encode()
    proxy.faults["PUT"] = [page(body)]
    assert "no copy of a.txt is at trash/a.txt" in behind.copy_below("trash/", ["a.txt"])["a.txt"]


def test_what_is_not_there_need_not_be_copied(behind: Bucket, s3_client: Any) -> None:
    behind.put(upload("a.txt"))
    assert behind.copy_below("trash/", ["a.txt", "b.txt"]) == {}
    assert s3_client.head_object(Bucket=behind.name, Key="trash/a.txt")


@pytest.mark.parametrize(
    ("headers", "told"),
    [
        ({}, Object(-1, "", "", "")),
        ({"Content-Length": "9"}, Object(9, "", "", "")),
        ({"ETag": f'W/"{MD5.upper()}"'}, Object(-1, MD5, "", "")),
        ({"X-Amz-Meta-S3rewrite-Sha256": "1f"}, Object(-1, "", "1f", "")),
    ],
)
def test_a_head_proves_no_more_than_it_says(
    behind: Bucket, proxy: FaultyS3, headers: dict[str, str], told: Object
) -> None:
    proxy.faults["HEAD"] = [lambda exchange: exchange.reply(200, headers, b"")]
    found = behind.head("a.txt")
    assert found == told
    assert not found.holds(len(CONTENT), upload("a.txt").digests)
