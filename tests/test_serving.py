"""A file's bytes as a response. What freed files need is in tests/integration/test_freeing.py."""

import asyncio
import os
from pathlib import Path
from typing import Any

import pytest
from django.test import AsyncRequestFactory, RequestFactory
from hypothesis import given
from hypothesis import strategies as st

from s3rewrite import serving
from s3rewrite.serving import send_file

BODY = bytes(range(100))


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    found = tmp_path_factory.mktemp("files") / "a.bin"
    found.write_bytes(BODY)
    return found


def ask(path: Path, name: str = "a.bin", method: str = "get", **headers: str) -> Any:
    request = getattr(RequestFactory(), method)("/", headers=headers)
    return send_file(request, name, str(path))


def body(response: Any) -> bytes:
    content = b"".join(response.streaming_content) if response.streaming else response.content
    response.close()
    return bytes(content)


def test_a_whole_file(path: Path) -> None:
    response = ask(path)
    assert (response.status_code, body(response)) == (200, BODY)
    assert response["Content-Length"] == "100"
    assert response["Accept-Ranges"] == "bytes"
    assert response["X-Content-Type-Options"] == "nosniff"
    assert response.s3rewrite is False


@given(st.integers(0, 130), st.integers(0, 130))
def test_any_range(path: Path, first: int, last: int) -> None:
    response = ask(path, range=f"bytes={first}-{last}")
    expected = BODY[first : last + 1]
    if expected:
        assert response.status_code == 206
        assert response["Content-Range"] == f"bytes {first}-{min(last, 99)}/100"
        assert response["Content-Length"] == str(len(expected))
        assert body(response) == expected
    else:
        assert (response.status_code, response["Content-Range"]) == (416, "bytes */100")


@pytest.mark.parametrize(
    ("asked", "status", "expected"),
    [
        ("bytes=90-", 206, BODY[90:]),
        ("bytes=-5", 206, BODY[-5:]),
        ("bytes=-500", 206, BODY),
        ("bytes=-0", 416, b""),
        ("bytes=100-", 416, b""),
        ("bytes=0-1,5-6", 200, BODY),
        ("lines=0-1", 200, BODY),
        ("bytes=9999999999999999999-", 200, BODY),
    ],
)
def test_a_range_that_is_written_otherwise(
    path: Path, asked: str, status: int, expected: bytes
) -> None:
    response = ask(path, range=asked)
    assert (response.status_code, body(response)) == (status, expected)


def test_a_part_of_a_file_that_has_changed_since_is_the_whole(path: Path) -> None:
    etag = ask(path, method="head")["ETag"]
    same = ask(path, range="bytes=0-0", **{"if-range": etag})
    assert same.status_code == 206
    same.close()
    other = ask(path, range="bytes=0-0", **{"if-range": '"other"'})
    assert body(other) == BODY


def test_what_the_visitor_has_is_not_sent_again(path: Path) -> None:
    head = ask(path, method="head")
    assert (head.content, head["Content-Length"]) == (b"", "100")
    again = ask(path, **{"if-none-match": head["ETag"]})
    assert (again.status_code, again["ETag"]) == (304, head["ETag"])


def test_a_file_that_becomes_shorter_ends_early(tmp_path: Path) -> None:
    path = tmp_path / "a.bin"
    path.write_bytes(b"a" * serving.CHUNK * 2)
    response = ask(path)
    os.truncate(path, serving.CHUNK)
    assert len(body(response)) == serving.CHUNK


def test_what_is_no_file_is_none(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo")
    for found in (tmp_path / "fifo", tmp_path, tmp_path / "missing"):
        with pytest.raises(OSError, match=str(found)):
            ask(found)


@pytest.mark.parametrize(
    ("name", "is_shown"), [("a.jpg", True), ("a.pdf", True), ("a.svg", False), ("a.html", False)]
)
def test_what_could_run_as_a_page_is_downloaded(path: Path, name: str, is_shown: bool) -> None:
    response = ask(path, name, method="head")
    assert (response.get("Content-Disposition") is None) == is_shown


def test_what_is_compressed_says_so(path: Path) -> None:
    assert ask(path, "a.svgz", method="head")["Content-Encoding"] == "gzip"


def descriptors() -> set[str]:
    return {entry.name for entry in Path("/proc/self/fd").iterdir()}


def ask_for_a_folder(path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        ask(path.parent)


def test_every_way_closes_its_file(path: Path) -> None:
    before = descriptors()
    ask(path, method="head")
    ask(path, range="bytes=100-")
    ask(path).close()
    body(ask(path))
    ask_for_a_folder(path)
    assert descriptors() == before


def test_under_asgi_chunks_are_read_in_a_thread(path: Path) -> None:
    async def read() -> bytes:
        response: Any = send_file(AsyncRequestFactory().get("/"), "a.bin", str(path))
        return b"".join([chunk async for chunk in response.streaming_content])

    assert asyncio.run(read()) == BODY
