"""When a pass last checked the only copies of freed files, and which of them were lost then."""

import json
from functools import partial
from typing import Any, NamedTuple

from s3rewrite.registry.commands import Registry
from s3rewrite.registry.replies import is_text, is_time

MAX_LOST = 10_000
"""Names that are kept."""


class OnlyCopiesCheck(NamedTuple):
    """A check of all only copies: when, in seconds since 1970, and the names that were lost."""

    checked_at: float = 0.0
    lost: frozenset[str] = frozenset()


def read_last_check(registry: Registry) -> OnlyCopiesCheck:
    """The last check; an empty one in 1970 where none is known. Raises redis.RedisError."""
    where, key = "the only copies", registry.keys.only_copies
    raw: Any = registry.replies.read(where, partial(registry.client.get, key), None)
    record = registry.replies.parse_record(where, raw, {0: is_time})
    if not isinstance(record, list):
        return OnlyCopiesCheck()
    checked_at, *lost = record
    return OnlyCopiesCheck(float(checked_at), frozenset(filter(is_text, lost)))


def record_check(registry: Registry, check: OnlyCopiesCheck) -> None:
    """Remember a check. Raises redis.RedisError."""
    value = json.dumps([check.checked_at, *sorted(check.lost)[:MAX_LOST]])
    registry.client.set(registry.keys.only_copies, value)
