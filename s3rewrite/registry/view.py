"""A web process's cached picture of a mount's registry, believed for a limited time.

A page whose names are cached costs Redis nothing. The first request after `poll_seconds` reads
what changed since, in the same round trip as the names that are missing. There is no thread,
nothing happens at import, and a forked process begins with an empty cache.

A poll reads the change stream from the last change that it has seen, that one included: as long
as that change is still there, nothing between was lost, whatever was trimmed or flushed meanwhile.
Where it is gone, or the epoch is another, the view drops its whole cache. And it believes an epoch
only on the server process on which that began: after a failover or a restart, which may have
brought back what was withdrawn, pages link local files until a pass has compared the entries with
files and bucket.
"""

import logging
import os
import threading
import time
from collections.abc import Callable, Sequence

import redis

from s3rewrite.core.counters import link_counter
from s3rewrite.core.entries import MAX_NAME_BYTES, Entry, decode_entry, split
from s3rewrite.registry.commands import Registry
from s3rewrite.registry.entry_cache import EntryCache
from s3rewrite.registry.scripts import script_source

logger = logging.getLogger("s3rewrite.registry")

MAX_CHANGES = 1000
"""Changes that one poll reads; after more, dropping the cache is cheaper."""

PAUSES = (1.0, 2.0, 4.0, 8.0)
"""Seconds for which the view leaves Redis alone after a failure, the second, and so on."""


class View:
    """Names -> entries, of one mount, for one process. Safe to share between threads.

    All limits are in seconds: how often the view asks for changes at most, after which time
    without an answer it believes its cache no longer, and how long a request waits for Redis.
    """

    def __init__(
        self,
        registry: Registry,
        clock: Callable[[], float] = time.monotonic,
        *,
        poll_seconds: float = 1.0,
        max_staleness: float = 5.0,
        redis_timeout: float = 0.25,
    ) -> None:
        self.alias = registry.alias
        self.is_suspended = False
        """Whether only files without a local copy are linked, by the last answer."""
        self._registry = registry
        self._clock = clock
        self._poll_seconds = poll_seconds
        self._max_staleness = max_staleness
        self._redis_timeout = redis_timeout
        self._reset()

    def is_warm(self, names: Sequence[str]) -> bool:
        """Whether `get_many(names)` answers without asking Redis."""
        now = self._clock()
        may_ask = now >= self._retry_at
        is_due = now - self._polled_at >= self._poll_seconds
        return self._pid == os.getpid() and not (may_ask and (is_due or self._missing(names)))

    def get_many(self, names: Sequence[str]) -> list[Entry | None]:
        """The entry of each name, or None: link it locally. Never raises an error of Redis."""
        if self._pid != os.getpid():
            self._reset()
        if not self.is_warm(names):
            self._refresh(names)
        return self.get_cached(names)

    def get_cached(self, names: Sequence[str]) -> list[Entry | None]:
        """As `get_many`, from what this process knows already: does not ask Redis."""
        if not self.is_trusted():
            return [None] * len(names)
        with self._lock:
            entries = [self._cache.get(name) for name in names]
        # What visitors would not get there is linked locally, if there is a local copy.
        if self.is_suspended:
            return [entry if entry and entry.freed else None for entry in entries]
        return entries

    def is_trusted(self) -> bool:
        """Whether what the view knows is of an epoch, and young enough to be believed."""
        is_fresh = self._clock() - self._polled_at < self._max_staleness
        return is_fresh and self._epoch is not None

    def withdraw(self, names: Sequence[str], *, hint: bool) -> None:
        """Withdraw names as a registry does, and forget them. Raises redis.RedisError."""
        try:
            self._registry.withdraw(names, hint=hint)
        finally:  # in any case: what Redis has done is not known after an error
            with self._lock:
                for name in names:
                    self._cache.forget(name)

    def _reset(self) -> None:
        self._pid = os.getpid()
        self._lock = threading.Lock()  # guards the cache, never held while Redis is asked
        self._asking = threading.Lock()  # held by the one thread that asks
        self._cache = EntryCache()
        self.host = ""  # the kernel on which the loop runs
        self._epoch: bytes | None = None
        self.is_suspended = False
        self._cursor: bytes | None = None  # the id of the last change that was seen
        self._polled_at = float("-inf")
        self._failures = 0  # since the last answer
        self._retry_at = float("-inf")

    def _missing(self, names: Sequence[str]) -> list[str]:
        with self._lock:
            unknown = (name for name in names if name not in self._cache)
            # No file has a longer name: a visitor may have made it up.
            return list(dict.fromkeys(name for name in unknown if len(name) <= MAX_NAME_BYTES))

    def _refresh(self, names: Sequence[str]) -> None:
        """Ask Redis, one thread at a time. The others wait only for names that are not cached."""
        if not self._asking.acquire(timeout=self._wait_limit(names)):
            return
        try:
            # Another thread may have asked for the same, or met a failure, in the meantime. And
            # a change may drop a name that was cached when the question was put: ask twice.
            for _ in range(2):
                if not self.is_warm(names):
                    self._ask(names)
        except redis.RedisError as error:
            self._pause(error)
        finally:
            self._asking.release()

    def _wait_limit(self, names: Sequence[str]) -> float:
        """How many seconds to wait for another thread that asks.

        | all names are cached | the last answer is                   | wait            |
        |----------------------|--------------------------------------|-----------------|
        | no                   | of any age                           | `redis_timeout` |
        | yes                  | fresh, as traffic keeps it           | 0               |
        | yes                  | older, as Redis is away: the cache   | 0               |
        |                      | holds until `max_staleness`          |                 |
        | yes                  | older, after a time without requests | `redis_timeout` |
        """
        age = self._clock() - self._polled_at
        is_fresh = age < self._poll_seconds + self._redis_timeout
        needs_nothing = (is_fresh or self._failures > 0) and not self._missing(names)
        return 0 if needs_nothing else self._redis_timeout

    def _ask(self, names: Sequence[str]) -> None:
        """One round trip: epoch and suspensions, the changes since the last one, missing names.

        In this order: an entry read after the changes is at least as new as they are.
        """
        asked_at = self._clock()  # before, so that no answer counts as newer than it is
        missing: dict[str, list[str]] = {}
        for name in self._missing(names):
            missing.setdefault(split(name)[0], []).append(name)
        keys = self._registry.keys
        with self._registry.scripts.pipeline() as pipeline:
            # In full, as asking whether the server knows a script costs a round trip.
            state_keys = (keys.epoch, keys.suspended, keys.outage)
            pipeline.eval(script_source("current_epoch"), len(state_keys), *state_keys)
            pipeline.get(keys.host)
            if self._cursor is None:
                pipeline.xrevrange(keys.changes, count=1)
            else:
                pipeline.xrange(keys.changes, min=self._cursor, count=MAX_CHANGES)
            for directory, group in missing.items():
                pipeline.hmget(keys.directory(directory), [split(name)[1] for name in group])
            state, host, changes, *hashes = pipeline.execute(raise_on_error=False)
        check_type = self._registry.replies.check_type
        with self._lock:
            epoch, suspended = check_type("epoch", state, (None, 0))
            self.is_suspended = bool(suspended)
            self.host = (check_type("host", host, None) or b"").decode(errors="replace")
            self._apply(epoch, check_type("changes", changes, []))
            for group, values in zip(missing.values(), hashes, strict=True):
                self._remember(group, check_type("a directory", values, [None] * len(group)))
        self._succeed(asked_at)
        if counts := link_counter():
            count = sum(map(len, missing.values()))
            counts.count_poll(self.alias, missing=count, is_ok=True)

    def _apply(self, epoch: bytes | None, changes: list[tuple[bytes, dict[bytes, bytes]]]) -> None:
        """Drop what changed; the whole cache, where that is not known."""
        is_whole = len(changes) < MAX_CHANGES
        if epoch != self._epoch or not (changes and changes[0][0] == self._cursor and is_whole):
            self._cache.clear()
            self._epoch = epoch
        # Without a cursor the next poll begins at the end of the stream, with an empty cache.
        self._cursor = changes[-1][0] if changes and is_whole else None
        # The first change was seen before; or all was dropped, and the others do no harm.
        for _, fields in changes[1:]:
            raw = fields.get(b"n", fields.get(b"e"))  # "n": a name, "e": an epoch has begun
            if name := self._registry.replies.parse_name("a change", raw):
                self._cache.forget(name)
            else:
                self._cache.clear()

    def _remember(self, names: list[str], values: list[bytes | None]) -> None:
        """Cache the entries of names of one directory, as Redis holds them."""
        for name, value in zip(names, values, strict=True):
            entry = decode_entry(value)
            self._cache.put(name, entry)
            if value is not None and not entry:
                self._registry.replies.log_dropped("entries", {name: value})

    def _succeed(self, asked_at: float) -> None:
        if self._failures:
            extra = {"mount": self.alias}
            logger.info("Redis answers again for mount %r.", self.alias, extra=extra)
        self._failures = 0
        self._polled_at = asked_at

    def _pause(self, error: redis.RedisError) -> None:
        """The circuit breaker: leave Redis alone for a while, longer each time. Logs the first."""
        if not self._failures:
            message = "Redis does not answer for mount %r: pages link local files meanwhile. %s"
            extra = {"mount": self.alias, "reason": str(error)}
            logger.warning(message, self.alias, error, extra=extra)
        self._retry_at = self._clock() + PAUSES[min(self._failures, len(PAUSES) - 1)]
        self._failures += 1
        if counts := link_counter():
            counts.count_poll(self.alias, missing=0, is_ok=False)
