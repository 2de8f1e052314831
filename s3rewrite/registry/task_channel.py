"""Where a pass hands out batches of names, and hears what became of them.

All of it is of one lease and goes when that ends: what comes later is heard by nobody.
"""

import json
from collections.abc import Sequence
from typing import Any

from s3rewrite.registry.commands import Registry
from s3rewrite.registry.replies import Check, is_text

EXPIRY_SECONDS = 3600
"""Seconds after which what nobody hears or takes up any more is gone,"""

READ_SIZE = 1000
"""and messages that are read in one round trip."""

Message = dict[str, Any]
"""What is told; the rest of JSON."""

MESSAGE: dict[Any, Check] = {"batch": is_text}


class TaskChannel:
    """The batches of one lease. Every method may raise redis.RedisError."""

    def __init__(self, registry: Registry, lease: str) -> None:
        self._scripts = registry.scripts
        self._client = registry.client
        self._door = registry.replies
        self._handed = registry.keys.offered(lease)
        self._told = registry.keys.messages(lease)

    # The pass

    def offer(self, batch: str) -> None:
        """A batch may be taken up."""
        with self._scripts.pipeline() as pipeline:
            pipeline.sadd(self._handed, batch)
            pipeline.expire(self._handed, EXPIRY_SECONDS)
            pipeline.execute()

    def receive(self, wait: float) -> list[Message]:
        """What was told since, in its order; waits up to `wait` seconds for the first."""
        found: Any = self._client.lpop(self._told, READ_SIZE)
        if not found and wait > 0:
            first: Any = self._client.blpop([self._told], wait)
            found = [first[1]] if first else []
        read = (self._door.parse_record("what workers tell", raw, MESSAGE) for raw in found or ())
        return [message for message in read if message]

    def clear(self) -> None:
        """Nothing is handed out any more."""
        self._client.unlink(self._handed, self._told)

    # Workers

    def claim(self, batch: str) -> bool:
        """Whether the batch was there to be taken up: it is given once."""
        return bool(self._client.srem(self._handed, batch))

    def send(self, messages: Sequence[Message]) -> None:
        """Tell the pass."""
        with self._scripts.pipeline() as pipeline:
            pipeline.rpush(self._told, *map(json.dumps, messages))
            pipeline.expire(self._told, EXPIRY_SECONDS)
            pipeline.execute()
