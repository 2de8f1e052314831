"""The thread that probes: a real Redis, and a door that fails."""

import logging
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import redis

from demo.servers import HOST, Valkey
from s3rewrite.core.mounts import Mount
from s3rewrite.outage import probe
from s3rewrite.outage import prober as module
from s3rewrite.outage.hysteresis import Verdict
from s3rewrite.outage.prober import AGAIN, Prober
from s3rewrite.registry import loop_registry
from s3rewrite.registry.suspension import Suspensions
from tests.integration.test_round_trips import Wire
from tests.outage.doors import Door
from tests.support.factories import use_mount
from tests.support.publishing import closed_clients, publish

__all__ = ["closed_clients"]


class Handler(BaseHTTPRequestHandler):
    asked: list[str] = []

    def do_GET(self) -> None:
        self.asked.append(self.path)
        is_there = not self.path.endswith("gone.jpg")
        self.send_response(200 if is_there else 404)
        self.send_header("Content-Length", "5")
        self.end_headers()
        self.wfile.write(b"bytes")

    def log_message(self, *_: object) -> None: ...


@pytest.fixture
def door() -> Iterator[Door]:
    Handler.asked.clear()
    with ThreadingHTTPServer((HOST, 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        with Door(server.server_address[1]) as door:
            yield door
        server.shutdown()
        thread.join()


@pytest.fixture
def mount(
    settings: Any, caches: None, tmp_path: Path, door: Door, monkeypatch: pytest.MonkeyPatch
) -> Mount:
    # On a machine that has much to do, too, an answer comes in time.
    monkeypatch.setattr(probe, "DEADLINE", 60.0)
    monkeypatch.setattr(probe, "IDLE", 60.0)
    return use_mount(settings, tmp_path / "media", PUBLIC_URL=f"{door.url}/m/")


@pytest.fixture
def said() -> list[str]:
    return []


@pytest.fixture
def prober(mount: Mount, tmp_path: Path, said: list[str]) -> Prober:
    publish(mount, tmp_path / "media", "a.jpg")
    return Prober(mount, threading.Event(), said.append)


def whys(mount: Mount) -> list[str]:
    return [suspension.why for suspension in Suspensions(loop_registry(mount)).current()]


def steps(prober: Prober, count: int) -> list[float]:
    return [prober.step() for _ in range(count)]


def test_an_outage_begins_and_ends(
    prober: Prober, mount: Mount, door: Door, said: list[str], caplog: pytest.LogCaptureFixture
) -> None:
    assert 1.0 < prober.step() <= 2.0
    door.fail("503")
    assert all(0.0 <= wait <= AGAIN for wait in steps(prober, 2))
    assert whys(mount) == []
    prober.step()
    assert whys(mount) == [f"{HOST}: it answers with the status 503"]
    steps(prober, 3)
    door.heal()
    steps(prober, 4)
    assert whys(mount) != []
    prober.step()
    assert whys(mount) == []
    assert said == [
        "media: pages link local files, as visitors do not get those of S3. "
        f"{HOST}: it answers with the status 503",
        "media: pages link to S3 again",
    ]
    assert [record.levelno for record in caplog.records] == [logging.WARNING] * 2


def test_the_next_loop_goes_on_where_one_died(prober: Prober, mount: Mount, door: Door) -> None:
    door.fail("refused")
    steps(prober, 3)
    door.heal()
    loop_registry(mount).client.delete(loop_registry(mount).keys.prober)
    other = Prober(mount, threading.Event(), lambda said: None)
    steps(other, 4)
    assert whys(mount) != []
    other.step()
    assert whys(mount) == []


def test_one_loop_probes(prober: Prober, mount: Mount, door: Door) -> None:
    prober.step()
    other = Prober(mount, threading.Event(), lambda said: None)
    other._owner = "elsewhere:1"
    visits = door.visits
    steps(other, 5)
    assert door.visits == visits


def test_what_somebody_resumed_is_suspended_again_at_once(
    prober: Prober, mount: Mount, door: Door
) -> None:
    door.fail("refused")
    steps(prober, 3)
    Suspensions(loop_registry(mount)).resume()
    prober.step()
    assert len(whys(mount)) == 1


def test_a_decision_of_people_stays(prober: Prober, mount: Mount) -> None:
    Suspensions(loop_registry(mount)).suspend("anna", "maintenance")
    steps(prober, 7)
    assert whys(mount) == ["maintenance"]


def test_names_take_turns(prober: Prober, mount: Mount, tmp_path: Path) -> None:
    for name in ("b.jpg", "c d.jpg", "e/f.jpg", "e/g.jpg"):
        publish(mount, tmp_path / "media", name)
    for _ in range(40):
        prober.step()
    assert set(Handler.asked) == {
        "/m/a.jpg", "/m/b.jpg", "/m/c%20d.jpg", "/m/e/f.jpg", "/m/e/g.jpg",
    }  # fmt: skip


def test_a_file_that_is_gone_meanwhile_proves_nothing(
    prober: Prober, mount: Mount, tmp_path: Path
) -> None:
    publish(mount, tmp_path / "media", "gone.jpg")
    loop_registry(mount).withdraw(["a.jpg"])
    prober._names = list(loop_registry(mount).sample(1).items()) * 5
    loop_registry(mount).withdraw(["gone.jpg"])
    steps(prober, 5)
    assert whys(mount) == []
    assert Handler.asked == ["/m/gone.jpg"] * 5


def test_a_file_that_visitors_miss_is_an_outage_if_all_are(
    prober: Prober, mount: Mount, tmp_path: Path
) -> None:
    publish(mount, tmp_path / "media", "gone.jpg")
    loop_registry(mount).withdraw(["a.jpg"])
    steps(prober, 3)
    assert whys(mount) == [f"{HOST}: it answers with the status 404"]


def test_nothing_is_probed_where_nothing_is_published(
    prober: Prober, mount: Mount, door: Door
) -> None:
    loop_registry(mount).withdraw(["a.jpg"])
    steps(prober, 3)
    assert door.visits == 0


def test_without_a_network_links_stay(
    prober: Prober, mount: Mount, said: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "probe", lambda url, headers: (Verdict.UNKNOWN, "cdn: silent"))
    steps(prober, 20)
    assert whys(mount) == []
    assert said == [
        "media: links stay as they are, as this host has no network, or too much to do. cdn: silent"
    ]


def test_without_redis(prober: Prober, valkey: Valkey) -> None:
    valkey.stop()
    assert 0.0 <= prober.step() <= 2.0


def test_it_ends_with_the_flag(prober: Prober) -> None:
    thread = threading.Thread(target=prober.run)
    thread.start()
    prober.stop.set()
    thread.join(30)
    assert not thread.is_alive()


def test_a_probe_costs_redis_one_round_trip(
    prober: Prober, monkeypatch: pytest.MonkeyPatch, mount: Mount, tmp_path: Path
) -> None:
    for number in range(30):
        publish(mount, tmp_path / "media", f"{number}.jpg")
    prober.step()
    wire = Wire(monkeypatch)
    steps(prober, 10)
    assert wire.sends == 10


def test_a_sample_of_a_damaged_registry(mount: Mount, redis_client: "redis.Redis[bytes]") -> None:
    registry = loop_registry(mount)
    assert registry.sample(3) == {}
    redis_client.sadd(registry.keys.directories, b"\xff")
    assert registry.sample(3) == {}
    redis_client.delete(registry.keys.directories)
    redis_client.set(registry.keys.directories, "x")
    assert registry.sample(3) == {}
    redis_client.delete(registry.keys.directories)
    redis_client.sadd(registry.keys.directories, "d")
    redis_client.hset(registry.keys.directory("d"), mapping={b"\xff": b"x", b"a": b"no entry"})
    assert registry.sample(3) == {}


@pytest.mark.parametrize(("site", "is_asked"), [(True, True), (False, False)])
def test_a_public_url_at_the_site_is_probed_there(
    settings: Any, tmp_path: Path, mount: Mount, door: Door, site: bool, is_asked: bool
) -> None:
    """Without SITE_URL nobody knows the host: nothing is asked, and nothing suspended."""
    options = {"SITE_URL": f"http://{HOST}:{door.port}"} if site else {}
    own = use_mount(settings, tmp_path / "media", PUBLIC_URL="/s3/", **options)
    publish(own, tmp_path / "media", "a.jpg")
    for _ in range(3):
        Prober(own, threading.Event()).step()
    assert bool(Handler.asked) is is_asked
    assert set(Handler.asked) <= {"/s3/a.jpg"}
    assert Suspensions(loop_registry(own)).current() == ()
