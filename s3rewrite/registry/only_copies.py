"""When the only copies of freed files were looked at, and which of them were lost then."""

import json
from functools import partial
from typing import Any, NamedTuple

from s3rewrite.registry.commands import Registry
from s3rewrite.registry.replies import is_text, is_time

MAX_LOST = 10_000
"""Names that are remembered."""


class OnlyCopiesCheck(NamedTuple):
    """A look at all only copies: when, in seconds since 1970, and the names that were lost."""

    checked_at: float = 0.0
    lost: frozenset[str] = frozenset()


def read_last_check(registry: Registry) -> OnlyCopiesCheck:
    """The last one; one that was never, where nothing is known of it. Raises redis.RedisError."""
    where, key = "the only copies", registry.keys.only_copies
    raw: Any = registry.replies.read(where, partial(registry.client.get, key), None)
    record = registry.replies.parse_record(where, raw, {0: is_time})
    if not isinstance(record, list):
        return OnlyCopiesCheck()
    at, *lost = record
    return OnlyCopiesCheck(float(at), frozenset(filter(is_text, lost)))


def record_check(registry: Registry, looked: OnlyCopiesCheck) -> None:
    """Remember a look. Raises redis.RedisError."""
    value = json.dumps([looked.checked_at, *sorted(looked.lost)[:MAX_LOST]])
    registry.client.set(registry.keys.only_copies, value)
