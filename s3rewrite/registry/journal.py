"""What passes and loops tell of themselves: kept beside the published set, for those who watch.

Nothing here decides what is linked. All of it may be lost, and is written anew by the next pass.
"""

import json
import os
import socket
import time
from collections.abc import Iterable, Mapping
from functools import partial
from itertools import islice
from typing import Any, NamedTuple

from s3rewrite.registry.commands import Registry
from s3rewrite.registry.replies import Check, is_number, is_text, is_time, is_time_or_none

MAX_PASSES = 200
"""Passes that are remembered; those that did nothing are not."""

MAX_PROBLEMS = 10_000
"""Names whose reasons are remembered."""

LOOP_SECONDS = 20.0
"""Seconds for which a loop counts as alive after it last said so."""

PROGRESS_SECONDS = 10.0
"""Seconds after which a pass that says nothing counts as over."""

TOTALS_PATIENCE = 50
"""What took a second to count is counted again after so many seconds."""

MAX_REASON = 1000
"""Characters of a reason that are kept."""

LOOP: dict[Any, Check] = {"holder": is_text, "interval": is_number}
PROGRESS: dict[Any, Check] = dict.fromkeys(("planned", "done", "seconds"), is_number)
TOTALS: dict[Any, Check] = dict.fromkeys(("names", "size"), is_number)
PROBLEM: dict[Any, Check] = {0: is_text, 1: is_text, 2: is_time}
PASS: dict[Any, Check] = {
    **dict.fromkeys(("uploaded", "kept", "pending", "failed", "seconds"), is_number),
    **dict.fromkeys(("by", "stopped"), is_text),
    "ended": is_time,
    "pending_since": is_time_or_none,
}
"""What is told, as it is read again; what more there is of a pass is only shown to machines."""


class Problem(NamedTuple):
    """Why a name is not on S3."""

    kind: str
    """"failed" or "kept local"."""
    reason: str
    since: float
    """Seconds since 1970."""


class Totals(NamedTuple):
    """How much is published."""

    names: int
    size: int
    """Bytes."""


class Journal:
    """Reads and writes what is told of one mount. Every method may raise redis.RedisError."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        self._client = registry.client
        self._keys = registry.keys
        self._door = registry.replies

    # Telling

    def record_heartbeat(self, interval: float) -> None:
        """A loop with that interval in seconds runs here."""
        told = {"holder": f"{socket.gethostname()}:{os.getpid()}", "interval": interval}
        self._client.set(self._keys.loop, json.dumps(told), px=int(LOOP_SECONDS * 1000))

    def clear_heartbeat(self) -> None:
        """The loop that runs here ends."""
        self._client.delete(self._keys.loop)

    def record_progress(self, told: Mapping[str, Any]) -> None:
        """How far the pass is that runs now."""
        expires = int(PROGRESS_SECONDS * 1000)
        self._client.set(self._keys.progress, json.dumps(dict(told)), px=expires)

    def record_pass(self, told: Mapping[str, Any], *, is_whole: bool) -> None:
        """A pass has ended so. Of those that changed nothing only the last whole one is kept."""
        entry = {**told, "ended": time.time()}
        with self._client.pipeline() as pipeline:
            if is_whole:
                pipeline.set(self._keys.last, json.dumps(entry))
            if told["eventful"]:
                fields: dict[Any, Any] = {"pass": json.dumps(entry)}
                pipeline.xadd(self._keys.passes, fields, maxlen=MAX_PASSES)
            pipeline.delete(self._keys.progress)
            pipeline.execute()

    def record_problems(
        self, found: Mapping[str, tuple[str, str]], names: Iterable[str] | None
    ) -> None:
        """Name -> kind and reason, of all names, or of those that were looked at.

        A trouble that goes on keeps the time at which it began.
        """
        before = self.problems()
        now = time.time()
        kept: dict[str, Problem] = {}
        if names is not None:
            looked_at = set(names)
            kept = {name: trouble for name, trouble in before.items() if name not in looked_at}
        for name, (kind, reason) in found.items():
            since = before[name].since if name in before else now
            kept[_readable(name)] = Problem(kind, _readable(reason[:MAX_REASON]), since)
        with self._client.pipeline() as pipeline:
            pipeline.delete(self._keys.problems)
            if kept:
                few = islice(kept.items(), MAX_PROBLEMS)
                fields: dict[Any, Any] = {name: json.dumps(trouble) for name, trouble in few}
                pipeline.hset(self._keys.problems, mapping=fields)
            pipeline.execute()

    # Reading

    def loop(self) -> dict[str, Any] | None:
        """The loop that runs over the mount: `holder`, `interval`; None where none does."""
        return self._record("loop", self._keys.loop, LOOP)

    def progress(self) -> dict[str, Any] | None:
        """How far the pass is that runs now; None where none does."""
        return self._record("progress", self._keys.progress, PROGRESS)

    def passes(self, count: int = MAX_PASSES) -> list[dict[str, Any]]:
        """The last passes, the latest first, each as it was told, and when it `ended`."""
        read = partial(self._client.xrevrange, self._keys.passes, count=count)
        found: Any = self._door.read("passes", read, [])
        records = (
            self._door.parse_record("passes", fields.get(b"pass", b""), PASS) for _, fields in found
        )
        return [record for record in records if record]

    def last(self) -> dict[str, Any] | None:
        """The last pass over all files, as it was told, and when it `ended`."""
        return self._record("last", self._keys.last, PASS)

    def problems(self) -> dict[str, Problem]:
        """Name -> why it is not on S3."""
        read = partial(self._client.hgetall, self._keys.problems)
        found: Any = self._door.read("problems", read, {})
        rows = (
            (raw, self._door.parse_record("problems", value, PROBLEM))
            for raw, value in found.items()
        )
        return {
            raw.decode(errors="backslashreplace"): Problem(*row[: len(PROBLEM)])
            for raw, row in rows
            if row
        }

    def totals(self) -> Totals:
        """How much is published; counted anew now and then, as that takes its time."""
        if known := self._record("totals", self._keys.totals, TOTALS):
            return Totals(known["names"], known["size"])
        began = time.monotonic()
        names = size = 0
        for _, entry in self._registry.names():
            names += 1
            size += entry.signature.size
        patience = max(1.0, TOTALS_PATIENCE * (time.monotonic() - began))
        told = json.dumps({"names": names, "size": size})
        self._client.set(self._keys.totals, told, px=int(patience * 1000))
        return Totals(names, size)

    def _record(self, where: str, key: str, form: dict[Any, Check]) -> dict[str, Any] | None:
        raw: Any = self._door.read(where, lambda: self._client.get(key), None)
        found: dict[str, Any] | None = self._door.parse_record(where, raw, form)
        return found


def _readable(text: str) -> str:
    """Text without what UTF-8 cannot write, such as the names of some files."""
    return text.encode(errors="backslashreplace").decode()
