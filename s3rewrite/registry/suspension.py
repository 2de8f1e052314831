"""What has pages link locally though S3 holds the files: an outage, or somebody's decision.

A loop marks an outage, which lasts until a loop sees its end, or somebody resumes. People suspend
a mount for as long as they like. Web processes see the records in the poll that they make anyway.
"""

import json
import re
import time
from datetime import UTC, datetime
from typing import Any, NamedTuple

from s3rewrite.registry.commands import Registry
from s3rewrite.registry.replies import Check, is_text, is_time, is_time_or_none
from s3rewrite.registry.scripts import script_source

TURN_SECONDS = 10.0
"""Seconds after its last probe for which no other loop's probes count."""

MAX_WHY = 300
"""Characters of a reason that are kept."""

_START = re.compile(rb'\{"since": \d')
"""How a record begins, by which web processes know one; anything else counts as absent."""

RECORD: dict[Any, Check] = {
    "since": is_time,
    "until": is_time_or_none,
    **dict.fromkeys(("why", "by"), is_text),
}


class Suspension(NamedTuple):
    """Since when a mount is suspended, until when at the most (seconds since 1970), and why."""

    since: float
    until: float | None
    why: str
    by: str
    is_outage: bool = False
    """Whether a loop has seen it, and will see its end."""

    @property
    def sentence(self) -> str:
        """For people."""
        until = f" until {_clock(self.until)}" if self.until else ""
        return f"suspended since {_clock(self.since)}{until} by {self.by}: {self.why}"


DAMAGED = Suspension(0.0, None, "its record in Redis is damaged: s3rewrite_resume", "somebody")


class Suspensions:
    """Reads and writes those of one mount. Every method may raise redis.RedisError."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        self._client = registry.client
        self._keys = registry.keys

    def suspend(self, by: str, why: str, seconds: float | None = None) -> None:
        """Somebody suspends the mount, for so many seconds or until it is resumed."""
        self._write(self._keys.suspended, by, why, seconds)

    def resume(self) -> bool:
        """Nothing suspends the mount any more; returns whether something did."""
        return bool(self._client.delete(self._keys.suspended, self._keys.outage))

    def begin_outage(self, by: str, why: str) -> None:
        """A loop sees that visitors do not get the mount's files."""
        self._write(self._keys.outage, by, why, None)

    def end_outage(self) -> None:
        """A loop sees that visitors get them again."""
        self._client.delete(self._keys.outage)

    def take_turn(self, owner: str) -> tuple[bool, bool]:
        """Whether this loop's probes count now, not another's; and whether an outage is marked."""
        prober, milliseconds = self._keys.prober, int(TURN_SECONDS * 1000)
        with self._registry.scripts.pipeline() as pipeline:
            pipeline.set(prober, owner, nx=True, px=milliseconds)
            pipeline.eval(script_source("renew"), 1, prober, owner, milliseconds)
            pipeline.exists(self._keys.outage)
            _, is_mine, is_marked = pipeline.execute()
        return bool(is_mine), bool(is_marked)

    def end_turn(self, owner: str) -> None:
        """Let another loop's probes count at once."""
        self._registry.scripts.run("renew", [self._keys.prober], [owner, 0])

    def current(self) -> tuple[Suspension, ...]:
        """What suspends the mount now: somebody's decision, then an outage."""
        replies, keys = self._registry.replies, (self._keys.suspended, self._keys.outage)
        raws: Any = replies.read("suspensions", lambda: self._client.mget(keys), [])
        current: list[Suspension] = []
        for key, raw in zip(keys, raws, strict=False):
            if raw and _START.match(raw):
                record = replies.parse_record("suspensions", raw, RECORD)
                fields = {name: record[name] for name in RECORD} if record else {}
                is_outage = key == self._keys.outage
                current.append(Suspension(**fields, is_outage=is_outage) if record else DAMAGED)
        return tuple(current)

    def _write(self, key: str, by: str, why: str, seconds: float | None) -> None:
        now = time.time()
        until = now + seconds if seconds else None
        record = {"since": now, "until": until, "why": why[:MAX_WHY], "by": by}
        self._client.set(key, json.dumps(record), px=int(seconds * 1000) if seconds else None)


def _clock(seconds: float) -> str:
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d %H:%M} UTC"
