"""Servers go away and come back, and the visitor sees every picture all the time."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import redis
from playwright.sync_api import expect

from demo.run import Demo
from tests.browser.conftest import Visitor, read

Draw = Callable[[str, str], Path]


@pytest.fixture(autouse=True)
def no_outage_before(demo: Demo) -> Iterator[None]:
    """The loop of the next test has seen no outage, and so waits for the end of one no longer."""
    yield
    demo.loop.resume()
    demo.loop.stop()
    demo.loop.start()


PAGE_SECONDS = 3.0  # at most, for a page while Redis does not answer


def test_without_redis_all_is_local_until_it_is_back(visitor: Visitor, demo: Demo):
    visitor.wait_until_all_from(demo.seaweedfs.url)
    demo.valkey.stop()
    open_quickly(visitor)
    visitor.wait_until_all_from(demo.site.url)
    open_quickly(visitor)
    visitor.wait_until_all_from(demo.site.url)  # of the other worker process, maybe
    demo.valkey.start()
    visitor.wait_until_all_from(demo.seaweedfs.url)
    assert visitor.problems == []


def test_pages_come_while_redis_hangs(visitor: Visitor, demo: Demo):
    visitor.wait_until_all_from(demo.seaweedfs.url)
    demo.valkey.pause()
    open_quickly(visitor)
    visitor.wait_until_all_from(demo.site.url)
    demo.valkey.resume()
    visitor.wait_until_all_from(demo.seaweedfs.url)
    assert visitor.problems == []


def test_uploads_and_overwrites_without_redis(visitor: Visitor, demo: Demo, draw: Draw):
    visitor.upload(draw("no-redis.png", "crimson"))
    expect(visitor.badge("No redis")).to_have_text("S3")
    demo.valkey.stop()
    new = draw("b/no-redis.png", "navy")
    visitor.overwrite("No redis", new)
    visitor.upload(draw("no-redis-either.png", "gold"))
    expect(visitor.badge("No redis")).to_have_text("local")
    expect(visitor.badge("No redis either")).to_have_text("local")
    assert read(visitor.source("No redis")) == new.read_bytes()
    demo.valkey.start()
    expect(visitor.badge("No redis either")).to_have_text("S3")
    expect(visitor.badge("No redis")).to_have_text("S3")
    assert read(visitor.source("No redis")) == new.read_bytes()


def test_a_redis_that_lost_everything_is_filled_again(visitor: Visitor, demo: Demo):
    visitor.wait_until_all_from(demo.seaweedfs.url)
    demo.loop.pause()
    with redis.Redis.from_url(demo.valkey.url) as client:
        client.flushall()
    visitor.wait_until_all_from(demo.site.url)
    demo.loop.resume()
    visitor.wait_until_all_from(demo.seaweedfs.url)
    assert visitor.problems == []


def test_without_s3_uploads_are_local_and_no_picture_is_missing(
    visitor: Visitor, demo: Demo, draw: Draw
):
    count = len(visitor.wait_until_all_from(demo.seaweedfs.url))
    demo.seaweedfs.stop()
    # At first pages still link to S3, and heal themselves; soon the loop has them link locally.
    visitor.open()
    assert len(visitor.wait_until_all_from(demo.site.url)) == count
    path = draw("no-s3.png", "gold")
    visitor.upload(path)
    expect(visitor.badge("No s3")).to_have_text("local")
    assert '<img src="/media/pictures/no-s3' in visitor.open("cards/").text()
    visitor.open()
    visitor.overwrite("No s3", draw("b/no-s3.png", "navy"))
    demo.seaweedfs.start()
    expect(visitor.badge("No s3")).to_have_text("S3")
    assert len(visitor.wait_until_all_from(demo.seaweedfs.url)) == count + 1


def test_an_open_page_keeps_its_pictures_while_s3_is_away(visitor: Visitor, demo: Demo):
    visitor.wait_until_all_from(demo.seaweedfs.url)
    demo.seaweedfs.stop()
    for _ in range(60):
        assert all(visitor.sources())
        visitor.page.wait_for_timeout(50)


def test_the_page_tells_which_server_is_away(visitor: Visitor, demo: Demo):
    for name, server in (("redis", demo.valkey), ("s3", demo.seaweedfs)):
        item = visitor.page.locator(f"[data-server={name}]")
        expect(item).to_have_class("up")
        server.pause()
        expect(item).to_have_class("down")
        server.resume()
        expect(item).to_have_class("up")


def open_quickly(visitor: Visitor) -> None:
    start = time.monotonic()
    assert visitor.open().ok
    assert time.monotonic() - start < PAGE_SECONDS
