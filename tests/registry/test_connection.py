from typing import Any

import pytest
import redis
from django_redis import get_redis_connection

from s3rewrite.registry.connection import close_clients, get_client


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
