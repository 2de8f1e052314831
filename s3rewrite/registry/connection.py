"""Redis clients, taken from django-redis."""

from typing import Any, cast

import redis
from django_redis import get_redis_connection
from redis.backoff import NoBackoff
from redis.retry import Retry

_clients: dict[tuple[str, float], redis.Redis] = {}


def client(cache: str, timeout: float) -> redis.Redis:
    """A client of a CACHES alias, with a timeout in seconds of its own and no second try.

    django-redis keeps one pool a URL for the whole process, whatever the alias says, so a
    timeout needs a pool of its own. A pool of another kind (Sentinel, a cluster's client) is
    used as it is: its timeouts are those of its alias.
    Raises NotImplementedError where the alias is not a django-redis cache.
    """
    if (cache, timeout) not in _clients:
        _clients[cache, timeout] = _made(cache, timeout)
    return _clients[cache, timeout]


def close() -> None:
    """Close the connections of all clients, and begin with new ones."""
    while _clients:
        _, found = _clients.popitem()
        found.close()
        if pool := getattr(found, "connection_pool", None):
            pool.disconnect()


def _made(cache: str, timeout: float) -> redis.Redis:
    found = cast("redis.Redis", get_redis_connection(cache))
    pool: Any = getattr(found, "connection_pool", None)
    if type(pool) not in (redis.ConnectionPool, redis.BlockingConnectionPool):
        return found
    options: dict[str, Any] = dict(pool.connection_kwargs)
    options |= {
        "socket_timeout": timeout,
        "socket_connect_timeout": timeout,
        "retry": Retry(NoBackoff(), 0),
        "retry_on_timeout": False,
        "retry_on_error": [],
    }
    own = redis.ConnectionPool(connection_class=pool.connection_class, **options)
    return redis.Redis(connection_pool=own)
