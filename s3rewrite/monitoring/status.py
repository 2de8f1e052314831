"""How a mount is: what is published, what is not and why, and whether somebody sees to it."""

import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from enum import IntEnum
from typing import Any

import redis

from s3rewrite.core.mounts import Mount
from s3rewrite.registry import loop_registry
from s3rewrite.registry.journal import Journal, Problem, Totals

MAX_AGE = 300.0
"""Seconds that the last pass may lie back, or a file may be pending, before it is a trouble."""


class Level(IntEnum):
    """How bad it is; also the exit code, as monitors know them.

    https://www.monitoring-plugins.org/doc/guidelines.html#AEN78
    """

    OK = 0
    WARNING = 1
    CRITICAL = 2
    UNKNOWN = 3


@dataclass(frozen=True)
class Status:
    """One mount, as its registry and its journal have it now."""

    mount: str
    published: int = 0
    bytes: int = 0
    pending: int = 0
    pending_since: float | None = None
    """Seconds since 1970."""
    problems: Mapping[str, Problem] = field(default_factory=dict)
    """Name -> why it is not on S3."""
    last: Mapping[str, Any] | None = None
    """The last pass over all files."""
    running: Mapping[str, Any] | None = None
    """How far the pass is that runs now."""
    loop: Mapping[str, Any] | None = None
    """The loop that runs."""
    error: str = ""
    """Why nothing is known."""

    def of_kind(self, kind: str) -> dict[str, Problem]:
        """The names that failed, or were kept local."""
        return {name: found for name, found in self.problems.items() if found.kind == kind}

    @property
    def rate(self) -> float:
        """Files a second of the pass that runs, or of the last one."""
        told = self.running or self.last or {}
        done = told.get("done", told.get("uploaded", 0))
        return float(done / told["seconds"]) if done and told.get("seconds") else 0.0

    def as_dict(self) -> dict[str, Any]:
        """For `--json`."""
        found = asdict(self)
        del found["problems"]
        for kind in ("failed", "kept local"):
            found[kind.replace(" ", "_")] = {
                name: {"reason": trouble.reason, "since": trouble.since}
                for name, trouble in self.of_kind(kind).items()
            }
        return {**found, "rate": self.rate}


@dataclass(frozen=True)
class Verdict:
    """How bad a mount is, and the sentences that say why, with what to do."""

    level: Level
    sentences: tuple[str, ...] = ()


def status_of(mount: Mount) -> Status:
    """How a mount is now; with `error` where Redis does not say."""
    try:
        return _read(mount.alias, Journal(loop_registry(mount)))
    except (redis.RedisError, NotImplementedError) as error:
        return Status(mount.alias, error=f"Redis does not answer: {error}")


def _read(alias: str, journal: Journal) -> Status:
    last, running = journal.last(), journal.progress()
    totals: Totals = journal.totals()
    pending = running["planned"] - running["done"] if running else (last or {}).get("pending", 0)
    return Status(
        alias,
        *totals,
        pending,
        (last or {}).get("pending_since"),
        journal.problems(),
        last,
        running,
        journal.loop(),
    )


def verdict(status: Status, now: float | None = None, max_age: float = MAX_AGE) -> Verdict:
    """What a monitor is told. Pure but for the clock where `now` is not given.

    | Redis | somebody sees to it       | the last pass | names   | pending for | level    |
    |-------|---------------------------|---------------|---------|-------------|----------|
    | away  |                           |               |         |             | UNKNOWN  |
    | there | no loop, no recent pass   |               |         |             | CRITICAL |
    | there | a loop or a recent pass   | stopped       |         |             | CRITICAL |
    | there | a loop or a recent pass   | ended         | failed  |             | WARNING  |
    | there | a loop or a recent pass   | ended         | fine    | too long    | WARNING  |
    | there | a loop or a recent pass   | ended         | fine    | not so long | OK       |
    """
    now = time.time() if now is None else now
    if status.error:
        return Verdict(Level.UNKNOWN, (status.error,))
    if absent := _absent(status, now, max_age):
        return Verdict(Level.CRITICAL, (absent,))
    if status.last and status.last["stopped"]:
        return Verdict(Level.CRITICAL, (f"the last pass stopped: {status.last['stopped']}",))
    sentences = tuple(_warnings(status, now, max_age))
    return Verdict(Level.WARNING if sentences else Level.OK, sentences)


def _absent(status: Status, now: float, max_age: float) -> str:
    """Why nobody sees to the mount; "" where somebody does."""
    if status.loop:
        return ""
    if status.last is None:
        return "no pass was ever made: run s3rewrite_loop beside the site"
    age = now - status.last["ended"]
    if status.last["by"] != "loop" and age <= max_age:
        return ""
    return f"no loop runs, and the last pass ended {ago(age)} ago: start s3rewrite_loop"


def _warnings(status: Status, now: float, max_age: float) -> list[str]:
    found = []
    if failed := status.of_kind("failed"):
        name, trouble = next(iter(failed.items()))
        found.append(f"{len(failed):,} failed, such as {name}: {trouble.reason}")
    since = status.pending_since
    if not failed and since is not None and now - since > max_age:
        found.append(f"{status.pending:,} pending, the oldest for {ago(now - since)}")
    return found


def ago(seconds: float) -> str:
    """A time for people: `3 min`."""
    for unit, size in (("d", 86_400), ("h", 3600), ("min", 60)):
        if seconds >= 2 * size:
            return f"{seconds / size:.0f} {unit}"
    return f"{max(0.0, seconds):.0f} s"
