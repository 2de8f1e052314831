"""Where a pass offers batches of names to workers, and receives what became of them.

All of it belongs to one lease and goes when that ends: nobody reads later messages.
"""

import json
from collections.abc import Sequence
from typing import Any

from s3rewrite.registry.commands import Registry
from s3rewrite.registry.replies import Check, is_text

EXPIRY_SECONDS = 3600
"""Seconds after which batches and messages expire that nobody claims or reads."""

READ_SIZE = 1000
"""Messages that one round trip reads at most."""

Message = dict[str, Any]
"""What a worker reports of a batch: JSON, with the batch's id as "batch"."""

MESSAGE: dict[Any, Check] = {"batch": is_text}


class TaskChannel:
    """The batches of one lease. Every method may raise redis.RedisError."""

    def __init__(self, registry: Registry, lease: str) -> None:
        self._scripts = registry.scripts
        self._client = registry.client
        self._replies = registry.replies
        self._offered = registry.keys.offered(lease)
        self._messages = registry.keys.messages(lease)

    # The pass

    def offer(self, batch: str) -> None:
        """Let one worker claim a batch."""
        with self._scripts.pipeline() as pipeline:
            pipeline.sadd(self._offered, batch)
            pipeline.expire(self._offered, EXPIRY_SECONDS)
            pipeline.execute()

    def receive(self, wait: float) -> list[Message]:
        """The next messages, in their order; waits up to `wait` seconds for the first."""
        raws: Any = self._client.lpop(self._messages, READ_SIZE)
        if not raws and wait > 0:
            first: Any = self._client.blpop([self._messages], wait)
            raws = first[1:] if first else []
        records = (
            self._replies.parse_record("a worker's message", raw, MESSAGE) for raw in raws or ()
        )
        return [record for record in records if record]

    def clear(self) -> None:
        """Withdraw all offers, and drop all messages."""
        self._client.unlink(self._offered, self._messages)

    # Workers

    def claim(self, batch: str) -> bool:
        """Whether the batch was on offer: only one worker gets it."""
        return bool(self._client.srem(self._offered, batch))

    def send(self, messages: Sequence[Message]) -> None:
        """Report to the pass."""
        with self._scripts.pipeline() as pipeline:
            pipeline.rpush(self._messages, *map(json.dumps, messages))
            pipeline.expire(self._messages, EXPIRY_SECONDS)
            pipeline.execute()
