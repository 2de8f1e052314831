import asyncio
import gc
import tracemalloc
from collections.abc import AsyncIterator, Callable, Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from asgiref.testing import ApplicationCommunicator
from django.core.asgi import get_asgi_application
from django.http import FileResponse, HttpRequest, StreamingHttpResponse
from django.test import AsyncRequestFactory, Client, RequestFactory
from django.urls import path

from s3rewrite import conf
from s3rewrite.core.entries import FINGERPRINT_LENGTH, Entry, Signature
from s3rewrite.linking import resolver as links
from s3rewrite.middleware import S3RewriteMiddleware
from s3rewrite.rewriters import html
from tests.support.factories import use_mount

CDN = "https://cdn.example.com/media/"
LOCAL = b'<p><img src="/media/a.jpg"></p>'
LINKED = LOCAL.replace(b"/media/", CDN.encode())
CHUNKS = [b"<p><img s", b'rc="/media/a', b'.jpg"></p>']
ENTRY = Entry(Signature(0, 0), "0" * FINGERPRINT_LENGTH)
REQUEST = RequestFactory().get("/page/")


class Everything:
    """A view in which all but b.jpg is published; says what it was asked for."""

    host = ""
    asked: list[list[str]]

    def __init__(self) -> None:
        self.asked = []

    def get_many(self, names: list[str]) -> list[Entry | None]:
        self.asked.append(names)
        return [None if name == "b.jpg" else ENTRY for name in names]

    get_cached = get_many

    def is_warm(self, names: list[str]) -> bool:
        return True


@pytest.fixture
def view(settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Everything:
    found = Everything()
    monkeypatch.setattr(links, "view_of", lambda mount: found)
    settings.MIDDLEWARE = [conf.MIDDLEWARE]
    settings.ROOT_URLCONF = __name__
    use_mount(settings, tmp_path, PUBLIC_URL=CDN, CHECK_LOCAL=False, CONTEXTS=["css", "json"])
    return found


def processed(response: StreamingHttpResponse) -> StreamingHttpResponse:
    assert S3RewriteMiddleware(lambda request: response)(REQUEST) is response
    return response


async def aprocessed(response: StreamingHttpResponse) -> StreamingHttpResponse:
    async def view(request: HttpRequest) -> StreamingHttpResponse:
        return response

    found: Any = S3RewriteMiddleware(view)(AsyncRequestFactory().get("/page/"))
    assert await found is response
    return response


def sent(response: StreamingHttpResponse) -> list[bytes]:
    return list(response)  # type: ignore[call-overload,no-any-return]


async def chunks_of(chunks: list[bytes]) -> AsyncIterator[bytes]:
    for chunk in chunks:
        yield chunk


@pytest.mark.parametrize(
    ("content_type", "chunks", "expected"),
    [
        ("text/html", CHUNKS, [b"<p>", LINKED[3:]]),
        ("text/html", [LOCAL], [LINKED]),
        ("text/html", [b"<p", b">a<i"], [b"<p>a", b"<i"]),
        ("text/css", [b"p{mask:url(/media/a", b");"], [b"p{", b"mask:url(/media/a);"]),
        (
            "text/css",
            [b"p{background:url(/media/a", b");"],
            [b"p{", b"background:url(https://cdn.example.com/media/a);"],
        ),
        (
            "application/json",
            [b'["/media/a', b'"]'],
            [b"[", b'"https://cdn.example.com/media/a"]'],
        ),
        ("text/plain", CHUNKS, CHUNKS),
        ("text/html; charset=utf-16", CHUNKS, CHUNKS),
        ("application/rss+xml", CHUNKS, CHUNKS),
    ],
)
def test_chunks(
    view: Everything, content_type: str, chunks: list[bytes], expected: list[bytes]
) -> None:
    response = StreamingHttpResponse(iter(chunks), content_type=content_type)
    assert sent(processed(response)) == expected


async def test_async_chunks(view: Everything) -> None:
    response = await aprocessed(StreamingHttpResponse(chunks_of(CHUNKS)))
    assert [chunk async for chunk in response] == [b"<p>", LINKED[3:]]  # type: ignore[attr-defined]


async def test_an_async_end_without_an_end(view: Everything) -> None:
    response = await aprocessed(StreamingHttpResponse(chunks_of([b"<p><i"])))
    assert [chunk async for chunk in response] == [b"<p>", b"<i"]  # type: ignore[attr-defined]


def test_text_of_strings(view: Everything) -> None:
    response = processed(StreamingHttpResponse(chunk.decode() for chunk in CHUNKS))
    assert b"".join(sent(response)) == LINKED


def test_one_batch_a_chunk(view: Everything) -> None:
    chunks = [LOCAL * 10, b"<p>", LOCAL * 10]
    assert sent(processed(StreamingHttpResponse(chunks))) == [LINKED * 10, b"<p>", LINKED * 10]
    assert view.asked == [["a.jpg"] * 10] * 2


def test_a_chunk_is_asked_for_when_it_is_wanted(view: Everything) -> None:
    """Back-pressure: what nobody reads is not made. The first byte comes with the first chunk."""
    given = []

    def body() -> Iterator[bytes]:
        for chunk in (LOCAL, LOCAL, LOCAL):
            given.append(chunk)
            yield chunk

    flow = iter(processed(StreamingHttpResponse(body())))  # type: ignore[call-overload]
    assert (next(flow), len(given)) == (LINKED, 1)
    assert (next(flow), len(given)) == (LINKED, 2)


STALE = {
    "Content-Length": str(len(LOCAL)),
    "ETag": '"x"',
    "Last-Modified": "yesterday",
    "Content-Digest": "md5=:x:",
    "Accept-Ranges": "bytes",
}


def test_headers_that_speak_of_other_bytes_go(view: Everything) -> None:
    response = processed(StreamingHttpResponse(CHUNKS, headers={**STALE, "X-Other": "1"}))
    assert not set(STALE) & set(response.headers)
    assert response["X-Other"] == "1"


def test_headers_stay_where_the_body_does(view: Everything) -> None:
    response = processed(StreamingHttpResponse(CHUNKS, content_type="text/plain", headers=STALE))
    assert {name: response[name] for name in STALE} == STALE


def test_what_a_head_request_is_told(view: Everything) -> None:
    """As GET: nothing of a body that nobody knows."""
    response = Client().head("/slow/")
    assert not response.has_header("Content-Length")


# Files


def test_a_file(view: Everything) -> None:
    response = processed(FileResponse(BytesIO(LOCAL * 1000), filename="a.html"))
    assert b"".join(sent(response)) == LINKED * 1000
    assert not response.has_header("Content-Length")
    # A server would send that by itself, past the middleware.
    assert response.file_to_stream is None  # type: ignore[attr-defined]


@pytest.mark.django_db  # whose connections are looked at when a response is closed
def test_a_file_is_closed(view: Everything) -> None:
    file = BytesIO(LOCAL)
    response = processed(FileResponse(file, filename="a.html"))
    response.close()
    assert file.closed


def test_a_download_is_left_alone(view: Everything) -> None:
    response = processed(FileResponse(BytesIO(LOCAL), as_attachment=True, filename="a.html"))
    assert b"".join(sent(response)) == LOCAL
    assert response["Content-Length"] == str(len(LOCAL))
    assert response.file_to_stream is not None  # type: ignore[attr-defined]


# Errors


def explode(*args: Any, **options: Any) -> Any:
    raise RuntimeError("a mistake of ours")


MISTAKES: dict[str, Callable[[pytest.MonkeyPatch], None]] = {
    "reading": lambda patch: patch.setattr(html.HtmlReader, "take", explode),
    "the end": lambda patch: patch.setattr(html.HtmlReader, "finish", explode),
    "resolving": lambda patch: patch.setattr(links, "view_of", explode),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_of_ours_leaves_the_body_as_it_was(
    view: Everything,
    mistake: str,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    MISTAKES[mistake](monkeypatch)
    chunks = [*CHUNKS, b"<!--", b"--", b">", b"<i"]
    assert b"".join(sent(processed(StreamingHttpResponse(chunks)))) == b"".join(chunks)
    assert "'/page/'" in caplog.records[0].getMessage()


@pytest.mark.parametrize("mistake", MISTAKES)
async def test_a_mistake_of_ours_leaves_an_async_body_as_it_was(
    view: Everything,
    mistake: str,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    MISTAKES[mistake](monkeypatch)
    response = await aprocessed(StreamingHttpResponse(chunks_of(CHUNKS)))
    found = [chunk async for chunk in response]  # type: ignore[attr-defined]
    assert b"".join(found) == b"".join(CHUNKS)
    assert caplog.records


def broken() -> Iterator[bytes]:
    yield b"<p><img s"
    raise ValueError("a mistake of the view")


def test_a_mistake_of_the_view_comes_behind_what_it_gave(view: Everything) -> None:
    flow = iter(processed(StreamingHttpResponse(broken())))  # type: ignore[call-overload]
    assert [next(flow), next(flow)] == [b"<p>", b"<img s"]
    with pytest.raises(ValueError, match="of the view"):
        next(flow)


async def test_a_mistake_of_an_async_view_comes_behind_what_it_gave(view: Everything) -> None:
    async def body() -> AsyncIterator[bytes]:
        for chunk in broken():
            yield chunk

    response = await aprocessed(StreamingHttpResponse(body()))
    flow = aiter(response)  # type: ignore[call-overload]
    assert [await anext(flow), await anext(flow)] == [b"<p>", b"<img s"]
    with pytest.raises(ValueError, match="of the view"):
        await anext(flow)


# Leaving


@pytest.mark.django_db  # whose connections are looked at when a response is closed
def test_a_body_that_is_given_up_is_closed(view: Everything) -> None:
    closed = []

    def body() -> Iterator[bytes]:
        try:
            yield LOCAL
            yield LOCAL
        finally:
            closed.append(True)

    response = processed(StreamingHttpResponse(body()))
    assert next(iter(response)) == LINKED  # type: ignore[call-overload]
    response.close()
    assert closed


left: list[str] = []


async def slow(request: HttpRequest) -> StreamingHttpResponse:
    async def body() -> AsyncIterator[bytes]:
        try:
            while True:
                yield LOCAL
                await asyncio.sleep(0.01)
        finally:
            left.append("closed")

    return StreamingHttpResponse(body())


urlpatterns = [path("slow/", slow)]


async def test_a_visitor_who_leaves_ends_the_view(view: Everything) -> None:
    left.clear()
    request = AsyncRequestFactory()._base_scope(path="/slow/", method="GET")
    communicator = ApplicationCommunicator(get_asgi_application(), request)
    await communicator.send_input({"type": "http.request"})
    assert (await communicator.receive_output())["type"] == "http.response.start"
    assert (await communicator.receive_output())["body"] == LINKED
    await communicator.send_input({"type": "http.disconnect"})
    await communicator.wait()
    gc.collect()
    await asyncio.sleep(0)
    assert left == ["closed"]


# Memory

PAGE = b"<p>text</p>" * 400 + LOCAL


def peak(megabytes: int) -> int:
    body = (PAGE for _ in range(megabytes * 1_000_000 // len(PAGE)))
    tracemalloc.start()
    try:
        for _ in processed(StreamingHttpResponse(body)):  # type: ignore[attr-defined]
            pass
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_memory_does_not_grow_with_the_body(view: Everything, monkeypatch: Any) -> None:
    monkeypatch.setattr(Everything, "get_many", lambda view, names: [ENTRY] * len(names))
    peak(1)
    assert peak(10) < peak(1) + 200_000
