"""Redis clients: of a URL, or as a cache of Django's or django-redis has them."""

from typing import Any, cast

import redis
from django.core.cache import InvalidCacheBackendError, caches
from django.core.cache.backends.redis import RedisCache
from django.core.exceptions import ImproperlyConfigured
from django_redis import get_redis_connection
from django_redis.client import ShardClient
from redis.backoff import NoBackoff
from redis.exceptions import RedisClusterException
from redis.retry import Retry
from redis.sentinel import Sentinel, SentinelConnectionPool

from s3rewrite.core.redaction import RedactedDict, redact
from s3rewrite.registry.cluster import Cluster

BYTES = {"decode_responses": False, "encoding": "utf-8", "encoding_errors": "strict"}
"""How this package reads and writes, whatever the alias says: names are bytes of UTF-8."""


class UnusableRedis(ImproperlyConfigured, redis.RedisError):
    """The settings name no Redis that can be used. It is met as any other failure of Redis is."""


_clients: dict[tuple[str, float], redis.Redis] = {}


def get_client(cache: str, timeout: float) -> redis.Redis:
    """A client of a CACHES alias or a URL, with a timeout in seconds and no second try.

    django-redis keeps one pool a URL for the whole process, whatever the alias says, so a
    timeout needs a pool of its own: of a single server, of the master that Sentinel names, of a
    cluster, or of one of the servers of a sharded client, always the same. A pool of another kind
    is used as it is: its timeouts are those of its alias. Raises UnusableRedis where the
    alias is no cache in Redis, or where such a pool decodes what Redis replies.
    """
    if (cache, timeout) not in _clients:
        try:
            _clients[cache, timeout] = _new_client(cache, timeout)
        except RedisClusterException as error:  # which is no RedisError: no node answers
            raise redis.ConnectionError(redact(str(error))) from None
    return _clients[cache, timeout]


def close_clients() -> None:
    """Close the connections of all clients, and begin with new ones."""
    while _clients:
        _, client = _clients.popitem()
        client.close()
        if pool := getattr(client, "connection_pool", None):
            pool.disconnect()


def _new_client(cache: str, timeout: float) -> redis.Redis:
    shared: Any = _shared_client(cache)
    timeouts: dict[str, Any] = {"socket_timeout": timeout, "socket_connect_timeout": timeout}
    timeouts |= BYTES
    no_retries = {"retry": Retry(NoBackoff(), 0), "retry_on_timeout": False, "retry_on_error": []}
    if isinstance(shared, Cluster):
        return cast("redis.Redis", shared.copy_with(**timeouts))
    pool: Any = getattr(shared, "connection_pool", None)
    if type(pool) is SentinelConnectionPool:
        return redis.Redis(connection_pool=_sentinel_pool(pool, timeouts, no_retries))
    if type(pool) not in (redis.ConnectionPool, redis.BlockingConnectionPool):
        if getattr(pool, "connection_kwargs", {}).get("decode_responses"):
            reason = "has a pool of another kind that decodes what Redis replies"
            hint = 'take "decode_responses" out of its OPTIONS, or name another alias as "CACHE"'
            raise UnusableRedis(f"CACHES[{cache!r}] {reason}: {hint}.")
        return cast("redis.Redis", shared)
    options = RedactedDict(pool.connection_kwargs | timeouts | no_retries)
    return redis.Redis(
        connection_pool=redis.ConnectionPool(connection_class=pool.connection_class, **options)
    )


def _shared_client(cache: str) -> Any:
    """A client of that URL, or the one that the cache has."""
    is_url = "://" in cache
    try:
        if is_url:
            return redis.Redis.from_url(cache)
        backend: Any = caches[cache]
        if isinstance(backend, RedisCache):  # Django has no other way to the client of its cache
            return backend._cache.get_client(write=True)
        client = getattr(backend, "client", None)
        if isinstance(client, ShardClient):
            return client.get_server("{s3rewrite}")
        return get_redis_connection(cache)
    except (InvalidCacheBackendError, NotImplementedError) as error:
        reason = f"CACHES[{cache!r}] is no cache in Redis: {redact(str(error))}"
        raise UnusableRedis(reason) from None
    except ValueError as error:
        # The password may be in the message, and in the frames that a debug page would show.
        place = "REDIS" if is_url else f"the LOCATION of CACHES[{cache!r}]"
        reason = f"{place} is no URL of a Redis: {redact(str(error))}"
        raise UnusableRedis(reason) from None


def _sentinel_pool(
    pool: Any, timeouts: dict[str, Any], no_retries: dict[str, Any]
) -> SentinelConnectionPool:
    """A pool of connections to the same master, whose sentinels have these timeouts too."""
    manager: Any = pool.sentinel_manager
    # No variable holds these: a debug page would show their passwords.
    connections = (sentinel.connection_pool.connection_kwargs for sentinel in manager.sentinels)
    sentinel = Sentinel(  # type: ignore[no-untyped-call]
        [(options["host"], options["port"]) for options in connections],
        manager.min_other_sentinels,
        manager.sentinel_kwargs | timeouts | {"retry": no_retries["retry"]},
    )
    options = RedactedDict(pool.connection_kwargs | timeouts | no_retries)
    del options["connection_pool"]
    return SentinelConnectionPool(  # type: ignore[no-untyped-call]
        pool.service_name,
        sentinel,
        is_master=pool.is_master,
        connection_class=pool.connection_class,
        **options,
    )
