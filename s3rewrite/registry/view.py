"""A web process's cached, leased picture of a mount's registry.

A page whose names are known costs Redis nothing. Whichever request comes first after
`poll_seconds` reads what changed since, in the same round trip as the names that are missing.
There is no thread, nothing happens at import, and a forked process starts anew.

The change stream is read from the last change seen, that one included: as long as it is still
there, nothing between was lost, whatever was trimmed or flushed meanwhile. Where it is gone, or
the epoch is another, everything cached is dropped. And an epoch is believed only on the server
process on which it began: after a failover or a restart, which may have brought back what was
withdrawn, everything is local until a pass has compared the entries with files and bucket.
"""

import logging
import os
import threading
import time
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import redis

from s3rewrite.core.counters import link_counter
from s3rewrite.core.entries import MAX_NAME_BYTES, Entry, decode_entry, split
from s3rewrite.registry.commands import Registry
from s3rewrite.registry.entry_cache import EntryCache
from s3rewrite.registry.scripts import script_source

logger = logging.getLogger("s3rewrite.registry")

MAX_CHANGES = 1000
"""Changes that one poll reads; after more, dropping what is cached is cheaper."""

PAUSES = (1.0, 2.0, 4.0, 8.0)
"""Seconds in which Redis is left alone after a failure, the second, and so on."""


class Times(NamedTuple):
    """How long a view believes what it knows, in seconds."""

    poll_seconds: float = 1.0
    max_staleness: float = 5.0
    redis_timeout: float = 0.25


DEFAULT_TIMES = Times()


class View:
    """Names -> entries, of one mount, for one process. Safe to share between threads."""

    def __init__(
        self,
        registry: Registry,
        times: Times = DEFAULT_TIMES,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.alias = registry.alias
        self._registry = registry
        self._times = times
        self._clock = clock
        self._reset()

    def is_warm(self, names: Sequence[str]) -> bool:
        """Whether `get_many(names)` answers without asking Redis."""
        now = self._clock()
        return self._pid == os.getpid() and not (
            self._may_ask(now) and (self._poll_is_due(now) or self._missing(names))
        )

    def get_many(self, names: Sequence[str]) -> list[Entry | None]:
        """The entry of each name, or None: link it locally. Never raises an error of Redis."""
        if self._pid != os.getpid():
            self._reset()
        if not self.is_warm(names):
            self._refresh(names)
        return self._answers(names)

    def is_trusted(self) -> bool:
        """Whether what is known is young enough to be believed, and of an epoch."""
        is_leased = self._clock() - self._polled_at < self._times.max_staleness
        return is_leased and self._epoch is not None

    def get_cached(self, names: Sequence[str]) -> list[Entry | None]:
        """As `get_many`, of what this process knows already: Redis is not asked."""
        return self._answers(names)

    def forget(self, names: Sequence[str]) -> None:
        """This process changed these names: ask again at their next use."""
        with self._lock:
            for name in names:
                self._cache.forget(name)

    def _reset(self) -> None:
        self._pid = os.getpid()
        self._lock = threading.Lock()
        self._asking = threading.Lock()
        self._cache = EntryCache()
        self._epoch: bytes | None = None
        self._cursor: bytes | None = None
        self._polled_at = float("-inf")
        self._failures = 0
        self._retry_at = float("-inf")

    def _may_ask(self, now: float) -> bool:
        return now >= self._retry_at

    def _poll_is_due(self, now: float) -> bool:
        return now - self._polled_at >= self._times.poll_seconds

    def _missing(self, names: Sequence[str]) -> list[str]:
        with self._lock:
            unknown = (name for name in names if name not in self._cache)
            # No file has a longer name: a visitor may have made it up.
            return list(dict.fromkeys(name for name in unknown if len(name) <= MAX_NAME_BYTES))

    def _answers(self, names: Sequence[str]) -> list[Entry | None]:
        if not self.is_trusted():
            return [None] * len(names)
        with self._lock:
            return [self._cache.get(name) for name in names]

    def _refresh(self, names: Sequence[str]) -> None:
        """Ask Redis, one thread at a time. The others wait only for what they do not know."""
        if not self._asking.acquire(timeout=self._patience(names)):
            return
        try:
            # Another thread may have asked for the same, or met a failure, in the meantime. And
            # a change may drop a name that seemed known when the question was put: ask twice.
            for _ in range(2):
                if not self.is_warm(names):
                    self._ask(names)
        except redis.RedisError as error:
            self._pause(error)
        finally:
            self._asking.release()

    def _patience(self, names: Sequence[str]) -> float:
        """How long to wait for another thread that asks: what is known is fresh while traffic
        keeps it so, but not after a quiet time. Where Redis is away, `max_staleness` counts."""
        age = self._clock() - self._polled_at
        is_fresh = age < self._times.poll_seconds + self._times.redis_timeout
        knows = (is_fresh or self._failures > 0) and not self._missing(names)
        return 0 if knows else self._times.redis_timeout

    def _ask(self, names: Sequence[str]) -> None:
        """One round trip: the epoch, the changes since the last one seen, then missing names.

        In this order: an entry read after the changes is at least as new as they are.
        """
        asked_at = self._clock()
        missing = self._missing(names)
        keys = self._registry.keys
        with self._registry.scripts.pipeline() as pipeline:
            # In full, as asking whether the server knows a script costs a round trip.
            pipeline.eval(script_source("current_epoch"), 1, keys.epoch)
            if self._cursor is None:
                pipeline.xrevrange(keys.changes, count=1)
            else:
                pipeline.xrange(keys.changes, min=self._cursor, count=MAX_CHANGES)
            grouped = _by_directory(missing)
            for directory, found in grouped.items():
                pipeline.hmget(keys.directory(directory), [basename for _, basename in found])
            epoch, changes, *replies = pipeline.execute(raise_on_error=False)
        door = self._registry.replies
        with self._lock:
            self._apply(
                door.check_type("epoch", epoch, None), door.check_type("changes", changes, [])
            )
            for found, reply in zip(grouped.values(), replies, strict=True):
                self._remember([name for name, _ in found], reply)
        self._succeed(asked_at)
        if counts := link_counter():
            counts.count_poll(self.alias, missing=len(missing), is_ok=True)

    def _apply(self, epoch: bytes | None, changes: list[tuple[bytes, dict[bytes, bytes]]]) -> None:
        """Drop what changed; everything, where it cannot be told what did."""
        is_whole = len(changes) < MAX_CHANGES
        if epoch != self._epoch or not (changes and changes[0][0] == self._cursor and is_whole):
            self._cache.clear()
            self._epoch = epoch
        self._cursor = changes[-1][0] if changes and is_whole else None
        for _, fields in changes[1:]:
            if name := self._registry.replies.parse_name(
                "a change", fields.get(b"n", fields.get(b"e"))
            ):
                self._cache.forget(name)
            else:
                self._cache.clear()

    def _remember(self, names: list[str], reply: Any) -> None:
        """The entries of names of one directory, as Redis answered."""
        door = self._registry.replies
        values: list[bytes | None] = door.check_type("a directory", reply, [None] * len(names))
        for name, value in zip(names, values, strict=True):
            entry = decode_entry(value)
            self._cache.put(name, entry)
            if value is not None and not entry:
                door.log_dropped("entries", {name: value})

    def _succeed(self, asked_at: float) -> None:
        if self._failures:
            extra = {"mount": self.alias}
            logger.info("Redis answers again for mount %r.", self.alias, extra=extra)
        self._failures = 0
        self._polled_at = asked_at

    def _pause(self, error: redis.RedisError) -> None:
        """The breaker: leave Redis alone for a while, longer each time. Said once."""
        if not self._failures:
            message = "Redis does not answer for mount %r: pages link local files meanwhile. %s"
            extra = {"mount": self.alias, "reason": str(error)}
            logger.warning(message, self.alias, error, extra=extra)
        self._retry_at = self._clock() + PAUSES[min(self._failures, len(PAUSES) - 1)]
        self._failures += 1
        if counts := link_counter():
            counts.count_poll(self.alias, missing=0, is_ok=False)


def _by_directory(names: Sequence[str]) -> dict[str, list[tuple[str, str]]]:
    grouped: dict[str, list[tuple[str, str]]] = {}
    for name in names:
        directory, basename = split(name)
        grouped.setdefault(directory, []).append((name, basename))
    return grouped
