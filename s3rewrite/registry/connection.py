"""Redis clients, taken from django-redis."""

from typing import Any, cast

import redis
from django.core.exceptions import ImproperlyConfigured
from django_redis import get_redis_connection
from redis.backoff import NoBackoff
from redis.retry import Retry
from redis.sentinel import Sentinel, SentinelConnectionPool

from s3rewrite.core.redaction import RedactedDict, redact
from s3rewrite.registry.cluster import Cluster

_clients: dict[tuple[str, float], redis.Redis] = {}


def get_client(cache: str, timeout: float) -> redis.Redis:
    """A client of a CACHES alias, with a timeout in seconds of its own and no second try.

    django-redis keeps one pool a URL for the whole process, whatever the alias says, so a
    timeout needs a pool of its own: of a single server, of the master that Sentinel names, or
    of a cluster. A pool of another kind is used as it is: its timeouts are those of its alias.
    Raises NotImplementedError where the alias is not a django-redis cache.
    """
    if (cache, timeout) not in _clients:
        _clients[cache, timeout] = _made(cache, timeout)
    return _clients[cache, timeout]


def close_clients() -> None:
    """Close the connections of all clients, and begin with new ones."""
    while _clients:
        _, found = _clients.popitem()
        found.close()
        if pool := getattr(found, "connection_pool", None):
            pool.disconnect()


def _made(cache: str, timeout: float) -> redis.Redis:
    found: Any = _connection(cache)
    waits = {"socket_timeout": timeout, "socket_connect_timeout": timeout}
    once = {"retry": Retry(NoBackoff(), 0), "retry_on_timeout": False, "retry_on_error": []}
    if isinstance(found, Cluster):
        return cast("redis.Redis", found.copy_with(**waits))
    pool: Any = getattr(found, "connection_pool", None)
    if type(pool) is SentinelConnectionPool:
        return redis.Redis(connection_pool=_by_sentinel(pool, waits, once))
    if type(pool) not in (redis.ConnectionPool, redis.BlockingConnectionPool):
        return cast("redis.Redis", found)
    options = RedactedDict(pool.connection_kwargs | waits | once)
    own = redis.ConnectionPool(connection_class=pool.connection_class, **options)
    return redis.Redis(connection_pool=own)


def _connection(cache: str) -> Any:
    try:
        return get_redis_connection(cache)
    except ValueError as error:
        # The password may be in the message, and in the frames that a debug page would show.
        reason = f"the LOCATION of CACHES[{cache!r}] is no URL of a Redis: {redact(str(error))}"
        raise ImproperlyConfigured(reason) from None


def _by_sentinel(pool: Any, waits: dict[str, Any], once: dict[str, Any]) -> SentinelConnectionPool:
    """A pool of connections to the same master; the sentinels too are asked with these waits."""
    named: Any = pool.sentinel_manager
    addresses = [_address(one) for one in named.sentinels]
    sentinel = Sentinel(  # type: ignore[no-untyped-call]
        addresses,
        named.min_other_sentinels,
        named.sentinel_kwargs | waits | {"retry": once["retry"]},
    )
    options = RedactedDict(pool.connection_kwargs | waits | once)
    del options["connection_pool"]
    return SentinelConnectionPool(  # type: ignore[no-untyped-call]
        pool.service_name,
        sentinel,
        is_master=pool.is_master,
        connection_class=pool.connection_class,
        **options,
    )


def _address(sentinel: redis.Redis) -> tuple[str, int]:
    known = sentinel.connection_pool.connection_kwargs
    return known["host"], known["port"]
