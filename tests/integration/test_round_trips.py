"""What a page costs Redis, counted where the bytes leave."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import redis
from django.core.files.base import ContentFile
from django.http import HttpResponse
from django.test import RequestFactory

from s3rewrite.core.mounts import Mount
from s3rewrite.middleware import S3RewriteMiddleware
from s3rewrite.registry import Registry, loop_registry, view_of
from s3rewrite.storage import S3RewriteStorage
from tests.support.factories import use_mount
from tests.support.publishing import closed_clients, publish

__all__ = ["closed_clients"]

CDN = "https://cdn.example.com/media/"


class Wire:
    """Counts what a web process sends to Redis, and what Redis was asked."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.sends = 0
        send = redis.Connection.send_packed_command

        def counted(connection: Any, command: Any, *args: Any, **options: Any) -> Any:
            self.sends += 1
            return send(connection, command, *args, **options)

        monkeypatch.setattr(redis.Connection, "send_packed_command", counted)


@pytest.fixture
def mount(settings: Any, caches: None, tmp_path: Path) -> Mount:
    options = {"PUBLIC_URL": CDN, "POLL_SECONDS": 60.0, "MAX_STALENESS": 120.0}
    return use_mount(settings, tmp_path / "media", **options)


@pytest.fixture
def wire(mount: Mount, monkeypatch: pytest.MonkeyPatch) -> Iterator[Wire]:
    view_of(mount).get_many([])  # connected, and its first poll is over
    with monkeypatch.context() as patch:
        yield Wire(patch)


def rendered(names: list[str]) -> bytes:
    body = "".join(f'<img src="/media/{name}">' for name in names)
    middleware = S3RewriteMiddleware(lambda request: HttpResponse(body))
    response: Any = middleware(RequestFactory().get("/"))
    return bytes(response.content)


@pytest.mark.parametrize("count", [1, 50, 500])
def test_a_cold_page_costs_one_round_trip_and_a_warm_one_none(
    mount: Mount, tmp_path: Path, wire: Wire, count: int
) -> None:
    names = [f"{number % 9}/{number}.jpg" for number in range(count)]
    for name in names[:: max(1, count // 20)]:
        publish(mount, tmp_path / "media", name)
    wire.sends = 0
    cold = rendered(names)
    assert wire.sends == 1
    assert cold.count(CDN.encode()) == len(names[:: max(1, count // 20)])
    assert [rendered(names) for _ in range(5)] == [cold] * 5
    assert wire.sends == 1


def test_redis_itself_hears_nothing_of_a_warm_page(
    mount: Mount, tmp_path: Path, redis_client: "redis.Redis[bytes]"
) -> None:
    publish(mount, tmp_path / "media", "a.jpg")
    rendered(["a.jpg", "b.jpg"])
    before = redis_client.info("stats")["total_commands_processed"]
    for _ in range(20):
        assert CDN.encode() in rendered(["a.jpg", "b.jpg"])
    after = redis_client.info("stats")["total_commands_processed"]
    assert after - before <= 1  # this INFO, or the one before


def test_a_page_without_a_link_asks_nothing(mount: Mount, wire: Wire) -> None:
    rendered([])
    assert wire.sends == 0


@pytest.mark.parametrize(("is_changed", "sends"), [(False, 1), (True, 2)])
def test_a_poll_is_one_round_trip_and_what_changed_on_the_page_one_more(
    mount: Mount,
    tmp_path: Path,
    wire: Wire,
    monkeypatch: pytest.MonkeyPatch,
    is_changed: bool,
    sends: int,
) -> None:
    publish(mount, tmp_path / "media", "a.jpg")
    for _ in range(2):
        age(monkeypatch, mount)
        rendered(["a.jpg", "b.jpg"])
    if is_changed:
        publish(mount, tmp_path / "media", "b.jpg")
    age(monkeypatch, mount)
    wire.sends = 0
    page = rendered(["a.jpg", "b.jpg"])
    assert page.count(CDN.encode()) == 1 + is_changed
    assert wire.sends == sends
    assert rendered(["a.jpg", "b.jpg"]) == page
    assert wire.sends == sends


def test_a_save_costs_two_round_trips_and_no_new_registry(
    mount: Mount, wire: Wire, monkeypatch: pytest.MonkeyPatch
) -> None:
    storage = S3RewriteStorage()
    storage.save("first.txt", ContentFile(b"bytes"))  # Redis knows the script from now on
    made: list[Registry] = []
    monkeypatch.setattr(Registry, "__init__", lambda registry, *_, **__: made.append(registry))
    wire.sends = 0
    storage.save("a.txt", ContentFile(b"bytes"))
    assert (wire.sends, made) == (2, [])


def test_a_mount_has_one_registry_for_each_timeout(settings: Any, mount: Mount) -> None:
    before = loop_registry(mount)
    assert before is loop_registry(mount) is not view_of(mount)._registry
    settings.CACHES = settings.CACHES
    assert loop_registry(mount) is not before


def age(monkeypatch: pytest.MonkeyPatch, mount: Mount) -> None:
    """Make the next request the one that polls."""
    view = view_of(mount)
    monkeypatch.setattr(view, "_polled_at", view._polled_at - 61)
