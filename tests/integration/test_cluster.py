"""A site on a Redis Cluster: all that one server does, and a node that is lost."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import redis
from django.core.cache import cache
from django_redis import get_redis_connection
from redis.crc import key_slot

from s3rewrite.conf import location_digest
from s3rewrite.core.mounts import Mount
from s3rewrite.registry import Registry, View, loop_registry, view_of
from s3rewrite.registry.cluster import Cluster
from s3rewrite.registry.journal import Journal
from s3rewrite.registry.keys import MountKeys
from s3rewrite.sync.passes import pass_over, whole_pass
from tests.integration.many_redis import Node, clustered, until
from tests.integration.test_redis_faults import is_linked
from tests.support.factories import job, use_mount, write
from tests.support.passes import Puts
from tests.support.publishing import closed_clients

__all__ = ["closed_clients"]


@pytest.fixture
def mount(
    settings: Any, root: Path, caches: None, bucket: str, client_options: dict[str, Any]
) -> Mount:
    options = {"POLL_SECONDS": 0.0, "MAX_STALENESS": 0.5, "CHECK_LOCAL": False}
    return use_mount(settings, root, BUCKET=bucket, CLIENT=client_options, **options)


@pytest.fixture
def nodes(tmp_path: Path, mount: Mount, settings: Any) -> Iterator[list[Node]]:
    """Three masters and a replica of the one that holds the mount's keys."""
    slot = key_slot(MountKeys(mount.alias, location_digest(mount)).epoch.encode())
    with clustered(tmp_path / "cluster", slot) as nodes:
        settings.CACHES = {
            "default": {
                "BACKEND": "django_redis.cache.RedisCache",
                "LOCATION": nodes[0].url,
                "OPTIONS": {"CONNECTION_FACTORY": "s3rewrite.registry.cluster.ConnectionFactory"},
            }
        }
        yield nodes


@pytest.fixture
def registry(mount: Mount, nodes: list[Node]) -> Registry:
    return loop_registry(mount)


def holder(mount: Mount, nodes: list[Node]) -> Node:
    """The master of the mount's keys."""
    key = loop_registry(mount).keys.directories
    for node in nodes[:3]:
        with redis.Redis.from_url(node.url) as client:
            try:
                client.exists(key)
            except redis.ResponseError:
                continue
            return node
    raise AssertionError


def round_trips(registry: Registry, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many commands each round trip carries that a page with three new names costs."""
    sent: list[int] = []
    original = redis.client.Pipeline.execute

    def execute(self: Any, *args: Any, **options: Any) -> Any:
        sent.append(len(self.command_stack))
        return original(self, *args, **options)

    with monkeypatch.context() as patch:
        patch.setattr(redis.client.Pipeline, "execute", execute)
        found = View(registry).get_many(["a.txt", "b/c.txt", "x/y.txt"])
    assert [entry is not None for entry in found] == [True, True, False]
    return sent


def test_the_whole_way(
    registry: Registry, mount: Mount, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert isinstance(get_redis_connection("default"), Cluster)
    cache.set("a", 1)
    cache.set("b", 2)
    assert (cache.get("a"), cache.get("b")) == (1, 2)
    for name in ("a.txt", "b/c.txt", "d/e/f.txt"):
        write(root, name)
    assert whole_pass(job(mount)).is_ok
    assert {name for name, _ in registry.names()} == {"a.txt", "b/c.txt", "d/e/f.txt"}
    assert is_linked()
    assert round_trips(registry, monkeypatch) == [6]
    registry.withdraw(["a.txt"], hint=True)
    assert not is_linked()
    assert registry.hints.read("0-0", 0.1)[1] == ["a.txt"]
    assert pass_over(job(mount), ["a.txt"]).is_ok
    assert is_linked()
    (root / "b/c.txt").unlink()
    assert whole_pass(job(mount)).is_ok
    assert registry.withdrawn(0)[0].name == "b/c.txt"
    assert Journal(registry).totals().names == 2
    registry.clear()
    assert registry.is_empty()
    assert not is_linked()


@pytest.mark.parametrize("loss", ["killed", "frozen"])
def test_a_node_is_lost(
    registry: Registry, mount: Mount, root: Path, nodes: list[Node], puts: Puts, loss: str
) -> None:
    write(root, "a.txt")
    assert whole_pass(job(mount)).is_ok
    assert is_linked()
    puts.keys.clear()
    lost = holder(mount, nodes)
    time.sleep(0.2)  # the replica hears of it
    (lost.stop if loss == "killed" else lost.pause)()
    try:
        until(lambda: not is_linked())
        until(lambda: nodes[3].is_master)
        view_of(mount)._retry_at = 0.0
        # Another process: what it holds may lack the last changes.
        assert not is_linked()
        until(lambda: whole_pass(job(mount)).is_ok)
        view_of(mount)._retry_at = 0.0
        until(is_linked)
        assert puts.keys == []
    finally:
        lost.resume()


def test_another_node_is_lost(
    registry: Registry, mount: Mount, root: Path, nodes: list[Node]
) -> None:
    write(root, "a.txt")
    assert whole_pass(job(mount)).is_ok
    mine = holder(mount, nodes)
    next(node for node in nodes[:3] if node is not mine).stop()
    assert is_linked()


def test_a_cdn_is_cleared_of_everything_first(registry: Registry) -> None:
    registry.edge.begin("a CDN", overwrites=True)
    assert registry.edge.uncleared().keys() == {""}
