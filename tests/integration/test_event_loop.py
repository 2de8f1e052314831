"""The event loop never waits for Redis: a heartbeat goes on while Redis is frozen."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from django.core.handlers.asgi import ASGIRequest
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.test import AsyncRequestFactory

from demo.servers import Valkey
from s3rewrite.core.mounts import Mount
from s3rewrite.middleware import S3RewriteMiddleware
from s3rewrite.registry import View, view_of
from tests.support.factories import use_mount
from tests.support.publishing import closed_clients, publish

__all__ = ["closed_clients"]

REDIS_TIMEOUT = 1.0
LAG = REDIS_TIMEOUT / 4
"""Seconds that a beat may come late on a busy machine."""

BEAT = 0.01
KNOWN = '<img src="/media/a.txt">'
UNKNOWN = '<img src="/media/b.txt">'
LINKED = '<img src="https://cdn.example.com/a.txt">'


@asynccontextmanager
async def heartbeat() -> AsyncIterator[None]:
    """A task that beats all the while; fails where a beat came late."""
    late = [0.0]

    async def beat() -> None:
        while True:
            began = time.monotonic()
            await asyncio.sleep(BEAT)
            late.append(time.monotonic() - began - BEAT)

    task = asyncio.create_task(beat())
    await asyncio.sleep(2 * BEAT)
    yield
    while len(late) < 5:
        await asyncio.sleep(BEAT)
    task.cancel()
    assert max(late) < LAG


@pytest.fixture(params=[60.0, 0.0], ids=["between polls", "at a poll"])
def mount(request: pytest.FixtureRequest, settings: Any, caches: None, tmp_path: Path) -> Mount:
    """A mount with one published name, which this process knows."""
    mount = use_mount(
        settings,
        tmp_path / "media",
        PUBLIC_URL="https://cdn.example.com/",
        POLL_SECONDS=request.param,
        MAX_STALENESS=120.0,
        REDIS_TIMEOUT=REDIS_TIMEOUT,
    )
    publish(mount, tmp_path / "media", "a.txt")
    assert view_of(mount).get_many(["a.txt"])[0]
    # The first pages of a process compile the patterns.
    for page in (whole, streamed):
        with asyncio.Runner() as runner:
            assert runner.run(page(KNOWN)) == LINKED
    return mount


@pytest.fixture
def frozen(mount: Mount, valkey: Valkey) -> Iterator[None]:
    valkey.pause()
    yield
    valkey.resume()


async def whole(body: str) -> str:
    async def view(request: HttpRequest) -> HttpResponse:
        return HttpResponse(body)

    response: Any = await answered(view)
    return str(response.content.decode())


async def streamed(body: str) -> str:
    async def chunks() -> AsyncIterator[str]:
        for piece in (body[:12], body[12:], "<p>"):
            yield piece

    async def view(request: HttpRequest) -> StreamingHttpResponse:
        return StreamingHttpResponse(chunks())

    response: Any = await answered(view)
    found = b"".join([chunk async for chunk in response])
    return found.decode().removesuffix("<p>")


async def answered(view: Callable[[ASGIRequest], Awaitable[Any]]) -> Any:
    middleware: Any = S3RewriteMiddleware(view)
    return await middleware(AsyncRequestFactory().get("/"))


@pytest.mark.usefixtures("frozen")
@pytest.mark.parametrize("page", [whole, streamed])
async def test_what_is_known_stays_linked(page: Callable[[str], Awaitable[str]]) -> None:
    async with heartbeat():
        assert await asyncio.gather(*(page(KNOWN) for _ in range(10))) == [LINKED] * 10


@pytest.mark.usefixtures("frozen")
@pytest.mark.parametrize("page", [whole, streamed])
async def test_what_is_not_known_is_local(page: Callable[[str], Awaitable[str]]) -> None:
    async with heartbeat():
        assert await asyncio.gather(*(page(UNKNOWN) for _ in range(10))) == [UNKNOWN] * 10


@pytest.mark.usefixtures("frozen")
async def test_a_poll_that_gets_due_on_the_way_waits_for_the_next_page(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    is_warm = View.is_warm
    early = [True]
    # Nothing was due when the question was put; right behind it a poll may be.
    monkeypatch.setattr(
        View, "is_warm", lambda view, names: early.pop() if early else is_warm(view, names)
    )
    async with heartbeat():
        assert await whole(KNOWN) == LINKED


@pytest.mark.usefixtures("frozen")
async def test_the_heartbeat_tells() -> None:
    with pytest.raises(AssertionError):
        async with heartbeat():
            time.sleep(1.5 * LAG)
