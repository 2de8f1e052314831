"""Hints in Redis: names that the loop is asked to look at. `sync/hints.py` says what they mean."""

from collections.abc import Iterable
from typing import Any

import redis

from s3rewrite.registry.keys import MountKeys
from s3rewrite.registry.replies import ReplyChecker, is_hint

MAX_HINTS = 100_000
READ_SIZE = 1000
"""Hints that one read returns at most."""


class HintStream:
    """The hints of one mount. Every method may raise redis.RedisError."""

    def __init__(self, client: redis.Redis, keys: MountKeys, replies: ReplyChecker) -> None:
        self._client = client
        self._key = keys.hints
        self._replies = replies

    def add(self, hints: Iterable[str]) -> None:
        """Ask the loop to look at these names, which stay published; leave out invalid ones."""
        with self._client.pipeline(transaction=False) as pipeline:
            for hint in hints:
                raw = hint.encode(errors="surrogatepass")
                if is_hint(raw):
                    pipeline.xadd(self._key, {"n": raw}, maxlen=MAX_HINTS)
            pipeline.execute()

    def last_id(self) -> str:
        """The cursor behind the last hint."""
        messages: Any = self._replies.read(
            "hints", lambda: self._client.xrevrange(self._key, count=1), []
        )
        return messages[0][0].decode() if messages else "0-0"

    def read(self, cursor: str, wait: float) -> tuple[str, list[str]]:
        """The next valid hints after `cursor`, each once, and the new cursor.

        Waits up to `wait` seconds for the first one.
        """
        reply = self._client.xread(
            {self._key: cursor}, count=READ_SIZE, block=max(1, int(wait * 1000))
        )
        messages = _messages(reply)
        if not messages:
            return cursor, []
        hints = [self._replies.parse_hint(fields.get(b"n")) for _, fields in messages]
        unique = dict.fromkeys(hint for hint in hints if hint is not None)
        return messages[-1][0].decode(), list(unique)


def is_before(cursor: str, other: str) -> bool:
    """Whether a stream ends at `cursor`, before it has come to `other`."""
    return tuple(map(int, cursor.split("-"))) < tuple(map(int, other.split("-")))


def _messages(reply: Any) -> list[tuple[bytes, dict[bytes, bytes]]]:
    """The messages that XREAD read from one stream.

    RESP2 answers [[key, messages]], RESP3 {key: [messages]}, as redis-py passes them on.
    """
    if not reply:
        return []
    if isinstance(reply, dict):
        messages = next(iter(reply.values()))
        return list(messages[0]) if messages and isinstance(messages[0], list) else list(messages)
    return list(reply[0][1])
