"""Hints in Redis: what somebody asks the loop to look at. `sync/hints.py` says what they mean."""

from collections.abc import Iterable
from typing import Any

import redis

from s3rewrite.registry.keys import Keys
from s3rewrite.registry.replies import ReplyChecker, is_hint

MAX_HINTS = 100_000


class HintStream:
    """The hints of one mount. Every method may raise redis.RedisError."""

    def __init__(self, alias: str, client: redis.Redis, keys: Keys) -> None:
        self.alias = alias
        self.client = client
        self.keys = keys
        self.replies = ReplyChecker(alias)

    def add_hints(self, hints: Iterable[str]) -> None:
        """Have the loop look at these, without withdrawing them; what is no hint is left out."""
        with self.client.pipeline(transaction=False) as pipeline:
            for hint in hints:
                raw = hint.encode(errors="surrogatepass")
                if is_hint(raw):
                    fields: dict[Any, Any] = {"n": raw}
                    pipeline.xadd(self.keys.hints, fields, maxlen=MAX_HINTS)
            pipeline.execute()

    def last_hint_id(self) -> str:
        """The cursor behind the last hint."""
        found: Any = self.replies.read(
            "hints", lambda: self.client.xrevrange(self.keys.hints, count=1), []
        )
        return found[0][0].decode() if found else "0-0"

    def read_hints(self, cursor: str, wait: float) -> tuple[str, list[str]]:
        """The next hints after `cursor`, waiting up to `wait` seconds; with the new cursor.

        One that is none is left behind.
        """
        streams: dict[Any, Any] = {self.keys.hints: cursor}
        found: Any = self.client.xread(streams, count=1000, block=max(1, int(wait * 1000)))
        messages = _messages(found)
        if not messages:
            return cursor, []
        hints = [self.replies.parse_hint(fields.get(b"n")) for _, fields in messages]
        unique = dict.fromkeys(hint for hint in hints if hint is not None)
        return messages[-1][0].decode(), list(unique)


def is_before(cursor: str, other: str) -> bool:
    """Whether a cursor is one of a stream that has not come as far as the other one."""
    return _numbers(cursor) < _numbers(other)


def _numbers(cursor: str) -> tuple[int, ...]:
    return tuple(map(int, cursor.split("-")))


def _messages(reply: Any) -> list[tuple[bytes, dict[bytes, bytes]]]:
    """The messages of XREAD of one stream: RESP3 answers a mapping, RESP2 a list of pairs."""
    if not reply:
        return []
    if isinstance(reply, dict):
        found = next(iter(reply.values()))
        return list(found[0]) if found and isinstance(found[0], list) else list(found)
    return list(reply[0][1])
