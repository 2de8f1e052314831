"""What passes and loops report of themselves, kept beside the published set for people to see.

Nothing here decides what is linked. All of it may be lost: the next pass writes it again.
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
"""Passes that are kept; those that did nothing are not."""

MAX_PROBLEMS = 10_000
"""Names whose reasons are kept."""

LOOP_SECONDS = 20.0
"""Seconds for which a loop counts as alive after its last heartbeat."""

PROGRESS_SECONDS = 10.0
"""Seconds after which a pass that reports nothing counts as over."""

TOTALS_PATIENCE = 50
"""Totals that took a second to count are counted again after so many seconds."""

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
"""The fields that readers rely on; what else a pass has is only shown to machines."""


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
    """Reads and writes the reports of one mount. Every method may raise redis.RedisError."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        self._client = registry.client
        self._keys = registry.keys
        self._replies = registry.replies

    # Writing

    def record_heartbeat(self, interval: float) -> None:
        """A loop with that interval in seconds runs here."""
        record = {"holder": f"{socket.gethostname()}:{os.getpid()}", "interval": interval}
        self._write(self._keys.loop, record, LOOP_SECONDS)

    def clear_heartbeat(self) -> None:
        """The loop that runs here ends."""
        self._client.delete(self._keys.loop)

    def record_progress(self, progress: Mapping[str, Any]) -> None:
        """How far the pass is that runs now."""
        self._write(self._keys.progress, progress, PROGRESS_SECONDS)

    def record_pass(self, report: Mapping[str, Any], *, is_whole: bool) -> None:
        """A pass has ended. Of those that changed nothing only the last whole one is kept."""
        record = json.dumps({**report, "ended": time.time()})
        with self._client.pipeline() as pipeline:
            if is_whole:
                pipeline.set(self._keys.last, record)
            if report["eventful"]:
                pipeline.xadd(self._keys.passes, {"pass": record}, maxlen=MAX_PASSES)
            pipeline.delete(self._keys.progress)
            pipeline.execute()

    def record_problems(
        self, problems: Mapping[str, tuple[str, str]], names: Iterable[str] | None
    ) -> None:
        """Name -> kind and reason, of all names, or of those that a pass has looked at.

        A problem that goes on keeps the time at which it began.
        """
        before = self.problems()
        now = time.time()
        kept: dict[str, Problem] = {}
        if names is not None:
            seen = set(names)
            kept = {name: problem for name, problem in before.items() if name not in seen}
        for name, (kind, reason) in problems.items():
            since = before[name].since if name in before else now
            kept[_readable(name)] = Problem(kind, _readable(reason[:MAX_REASON]), since)
        with self._client.pipeline() as pipeline:
            pipeline.delete(self._keys.problems)
            if kept:
                first = islice(kept.items(), MAX_PROBLEMS)
                fields: dict[Any, Any] = {name: json.dumps(problem) for name, problem in first}
                pipeline.hset(self._keys.problems, mapping=fields)
            pipeline.execute()

    # Reading

    def loop(self) -> dict[str, Any] | None:
        """The loop that runs over the mount: `holder`, `interval`; None where none does."""
        return self._read("loop", self._keys.loop, LOOP)

    def progress(self) -> dict[str, Any] | None:
        """How far the pass is that runs now; None where none does."""
        return self._read("progress", self._keys.progress, PROGRESS)

    def passes(self, count: int = MAX_PASSES) -> list[dict[str, Any]]:
        """The last passes, the latest first, each as it was reported, and when it `ended`."""
        read = partial(self._client.xrevrange, self._keys.passes, count=count)
        messages: Any = self._replies.read("passes", read, [])
        raws = (fields.get(b"pass", b"") for _, fields in messages)
        records = (self._replies.parse_record("passes", raw, PASS) for raw in raws)
        return [record for record in records if record]

    def last(self) -> dict[str, Any] | None:
        """The last pass over all files, as it was reported, and when it `ended`."""
        return self._read("last", self._keys.last, PASS)

    def problems(self) -> dict[str, Problem]:
        """Name -> why it is not on S3."""
        read = partial(self._client.hgetall, self._keys.problems)
        problems = {}
        for raw, value in self._replies.read("problems", read, {}).items():
            if row := self._replies.parse_record("problems", value, PROBLEM):
                problems[raw.decode(errors="backslashreplace")] = Problem(*row[: len(PROBLEM)])
        return problems

    def totals(self) -> Totals:
        """How much is published; counted again only now and then, as that takes its time."""
        if known := self._read("totals", self._keys.totals, TOTALS):
            return Totals(known["names"], known["size"])
        began = time.monotonic()
        names = size = 0
        for _, entry in self._registry.names():
            names += 1
            size += entry.signature.size
        totals = Totals(names, size)
        expiry = max(1.0, TOTALS_PATIENCE * (time.monotonic() - began))
        self._write(self._keys.totals, totals._asdict(), expiry)
        return totals

    def _write(self, key: str, record: Mapping[str, Any], seconds: float) -> None:
        self._client.set(key, json.dumps(dict(record)), px=int(seconds * 1000))

    def _read(self, where: str, key: str, checks: dict[Any, Check]) -> dict[str, Any] | None:
        raw: Any = self._replies.read(where, lambda: self._client.get(key), None)
        record: dict[str, Any] | None = self._replies.parse_record(where, raw, checks)
        return record


def _readable(text: str) -> str:
    """Text with what UTF-8 cannot write, such as in the names of some files, as escapes."""
    return text.encode(errors="backslashreplace").decode()
