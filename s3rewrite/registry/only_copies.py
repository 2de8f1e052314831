"""When the only copies of freed files were looked at, and which of them were lost then."""

import json
from typing import Any, NamedTuple

from s3rewrite.registry.commands import Registry

MOST = 10_000
"""Names that are remembered."""


class Looked(NamedTuple):
    """A look at all only copies: when, in seconds since 1970, and the names that were lost."""

    at: float = 0.0
    lost: frozenset[str] = frozenset()


def last_look(registry: Registry) -> Looked:
    """The last one; one that was never, where nothing is known of it. Raises redis.RedisError."""
    value: Any = registry.client.get(registry.keys.only_copies)
    try:
        at, *lost = json.loads(value)
        return Looked(float(at), frozenset(map(str, lost)))
    except (TypeError, ValueError):
        return Looked()


def note_look(registry: Registry, looked: Looked) -> None:
    """Remember a look. Raises redis.RedisError."""
    value = json.dumps([looked.at, *sorted(looked.lost)[:MOST]])
    registry.client.set(registry.keys.only_copies, value)
