from pathlib import Path
from typing import Any

import pytest
import redis
from django.core.cache import caches
from django.core.exceptions import ImproperlyConfigured
from django_redis import get_redis_connection

from s3rewrite.registry.connection import close_clients, get_client
from tests.support.factories import use_mount
from tests.support.publishing import closed_clients, publish, published

__all__ = ["closed_clients"]


@pytest.mark.usefixtures("caches")
def test_timeouts_are_its_own() -> None:
    short, long = get_client("default", 0.1), get_client("default", 3.0)
    assert short.connection_pool.connection_kwargs["socket_timeout"] == 0.1
    assert long.connection_pool.connection_kwargs["socket_timeout"] == 3.0
    theirs = get_redis_connection("default").connection_pool
    assert theirs is not short.connection_pool
    assert short.ping()


def test_the_alias_s_other_options_are_kept(settings: Any, redis_url: str) -> None:
    location = redis_url.replace("/0", "") + "/0?client_name=me"
    backend = "django_redis.cache.RedisCache"
    settings.CACHES = {"default": {"BACKEND": backend, "LOCATION": location}}
    close_clients()
    assert get_client("default", 1.0).connection_pool.connection_kwargs["client_name"] == "me"


def test_a_refused_port_is_tried_once(settings: Any) -> None:
    with pytest.raises(redis.ConnectionError):
        get_client("default", 0.2).ping()


@pytest.mark.usefixtures("caches")
def test_a_pool_of_another_kind_is_used_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    class Cluster:
        def close(self) -> None:
            pass

    cluster = Cluster()
    monkeypatch.setattr("s3rewrite.registry.connection.get_redis_connection", lambda _: cluster)
    close_clients()
    assert get_client("default", 1.0) is cluster
    close_clients()


# A URL of its own, and Django's own cache


def test_the_url_of_a_database(redis_url: str) -> None:
    client = get_client(redis_url.replace("/0", "/2"), 0.7)
    kwargs = client.connection_pool.connection_kwargs
    assert (kwargs["db"], kwargs["socket_timeout"]) == (2, 0.7)
    assert client.ping()


def test_the_cache_of_django(settings: Any, redis_url: str) -> None:
    backend = "django.core.cache.backends.redis.RedisCache"
    location = redis_url.replace("/0", "/2")
    settings.CACHES = {"default": {"BACKEND": backend, "LOCATION": location}}
    close_clients()
    client = get_client("default", 0.7)
    kwargs = client.connection_pool.connection_kwargs
    assert (kwargs["db"], kwargs["socket_timeout"]) == (2, 0.7)
    assert client.connection_pool is not caches["default"]._cache.get_client().connection_pool
    assert client.ping()


@pytest.mark.parametrize(
    "backend", ["django.core.cache.backends.redis.RedisCache", "django_redis.cache.RedisCache"]
)
def test_clearing_the_cache_leaves_a_registry_with_a_url(
    settings: Any, redis_url: str, tmp_path: Path, backend: str
) -> None:
    settings.CACHES = {"default": {"BACKEND": backend, "LOCATION": redis_url}}
    mount = use_mount(settings, tmp_path, REDIS=redis_url.replace("/0", "/1"))
    publish(mount, tmp_path, "a.jpg")
    caches["default"].clear()
    assert [*published(mount)] == ["a.jpg"]


def test_a_cache_that_is_not_in_redis(settings: Any) -> None:
    settings.CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
    close_clients()
    with pytest.raises(ImproperlyConfigured, match="is no cache in Redis"):
        get_client("default", 1.0)
