"""Objects that cannot be fetched, or come in part: each costs itself alone."""

import re
from collections.abc import Iterator
from io import StringIO
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
from django.core.management import CommandError, call_command

from demo.servers import SeaweedFS
from tests.integration.faulty_s3 import Exchange, Fault, FaultyS3, answers, faulty
from tests.support.factories import use_mount

NAMES = ["a.txt", "b/c.txt", "d.txt"]


@pytest.fixture
def proxy(seaweedfs: SeaweedFS) -> Iterator[FaultyS3]:
    with faulty(seaweedfs) as proxy:
        yield proxy


@pytest.fixture
def root(
    settings: Any, caches: None, tmp_path: Path, bucket: str, proxy: FaultyS3, s3_client: Any
) -> Path:
    use_mount(settings, tmp_path / "media", BUCKET=bucket, CLIENT=proxy.client_options)
    for name in NAMES:
        s3_client.put_object(Bucket=bucket, Key=f"media/{name}", Body=name.encode())
    return tmp_path / "media"


def only(name: str, fault: Fault) -> Fault:
    """A fault of one object."""

    def meets(exchange: Exchange) -> None:
        if unquote(exchange.path).split("?")[0].endswith(f"/media/{name}"):
            fault(exchange)
        else:
            exchange.reply(*exchange.forward())

    return meets


def half(exchange: Exchange) -> None:
    """The connection ends in the middle of the bytes."""
    status, headers, body = exchange.forward()
    exchange.send_response_only(status)
    for name, value in headers.items():
        exchange.send_header(name, value)
    exchange.end_headers()
    exchange.wfile.write(body[: len(body) // 2])
    exchange.hang_up()


def other_bytes(exchange: Exchange) -> None:
    status, headers, body = exchange.forward()
    exchange.reply(status, headers, body.swapcase())


def page(exchange: Exchange) -> None:
    exchange.reply(200, {"Content-Type": "text/html"}, b"<!DOCTYPE html><p>Sign in")


FAULTS = {
    ("GET", answers(403, "InvalidObjectState")): "it is in an archive .Glacier.: bring it back",
    ("GET", answers(404, "NoSuchKey")): "NoSuchKey, GetObject",
    ("HEAD", answers(404, "NoSuchKey")): "Not Found .404, HeadObject.",
    ("HEAD", answers(302, "")): "HeadObject|what answered is not S3",
    ("GET", half): "bucket test-",
    ("GET", other_bytes): "the bucket gave other bytes than were sent to it",
    ("GET", page): "the bucket gave other bytes than were sent to it",
}


@pytest.mark.parametrize(("method", "fault"), FAULTS)
@pytest.mark.parametrize("name", ["a.txt", "b/c.txt"])
def test_one_object_that_does_not_come(
    root: Path, proxy: FaultyS3, method: str, fault: Fault, name: str
) -> None:
    proxy.faults[method] = [only(name, fault)]
    out = StringIO()
    with pytest.raises(CommandError, match=r"^1 file could not be restored"):
        call_command("s3rewrite_restore", stdout=out)
    assert re.search(rf"^failed {name}: .*({FAULTS[method, fault]})", out.getvalue(), re.MULTILINE)
    there = [path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_file()]
    assert sorted(there) == sorted(set(NAMES) - {name})
    proxy.faults.clear()
    call_command("s3rewrite_restore", stdout=out)
    assert (root / name).read_bytes() == name.encode()


def test_a_page_in_place_of_the_listing_is_said(root: Path, proxy: FaultyS3) -> None:
    proxy.faults["GET"] = [page]
    with pytest.raises(CommandError, match=r"^media: bucket test-.*what answered is not S3"):
        call_command("s3rewrite_restore", stdout=StringIO())
