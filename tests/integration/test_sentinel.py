"""A site whose Redis is named by Sentinels: the master is lost, a replica takes its place."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import redis

from demo.servers import HOST, Valkey
from s3rewrite.core.mounts import Mount
from s3rewrite.registry import view_of
from s3rewrite.sync.passes import whole_pass
from tests.integration.many_redis import MASTER, behind_sentinels, until
from tests.integration.test_redis_faults import is_linked
from tests.support.factories import job, use_mount, write
from tests.support.passes import Puts
from tests.support.publishing import closed_clients

__all__ = ["closed_clients"]


@pytest.fixture
def pair(tmp_path: Path, settings: Any) -> Iterator[tuple[Valkey, Valkey]]:
    """A master and its replica, which the sentinels of the cache know."""
    with behind_sentinels(tmp_path / "redis") as (master, replica, sentinels):
        settings.CACHES = {
            "default": {
                "BACKEND": "django_redis.cache.RedisCache",
                # django-redis keeps one pool a URL, whatever sentinels it was found by.
                "LOCATION": f"redis://{MASTER}/0?client_name=of-{master.port}",
                "OPTIONS": {
                    "CONNECTION_FACTORY": "django_redis.pool.SentinelConnectionFactory",
                    "SENTINELS": [(HOST, sentinel.port) for sentinel in sentinels],
                },
            }
        }
        yield master, replica


@pytest.fixture
def mount(
    settings: Any,
    root: Path,
    pair: tuple[Valkey, Valkey],
    bucket: str,
    client_options: dict[str, Any],
) -> Mount:
    options = {"POLL_SECONDS": 0.0, "MAX_STALENESS": 0.5, "CHECK_LOCAL": False}
    return use_mount(settings, root, BUCKET=bucket, CLIENT=client_options, **options)


def published(mount: Mount, root: Path) -> None:
    write(root, "a.txt")
    assert whole_pass(job(mount)).is_ok
    assert is_linked()


@pytest.mark.parametrize("loss", ["killed", "frozen"])
def test_the_master_is_lost(
    mount: Mount, root: Path, pair: tuple[Valkey, Valkey], puts: Puts, loss: str
) -> None:
    published(mount, root)
    master, replica = pair
    with redis.Redis.from_url(replica.url) as other:
        until(lambda: bool(other.keys("*")))
        puts.keys.clear()
        (master.stop if loss == "killed" else master.pause)()
        until(lambda: not is_linked())
        until(lambda: other.info("replication")["role"] == "master")
    try:
        view_of(mount)._retry_at = 0.0
        # What the replica holds may lack the last changes: nothing is believed unseen.
        assert not is_linked()
        until(lambda: whole_pass(job(mount)).is_ok)
        view_of(mount)._retry_at = 0.0
        assert is_linked()
        assert puts.keys == []
    finally:
        master.resume()
