"""What the admin's page shows of the mounts: figures, a bar, a plot of passes, and names."""

import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, NamedTuple

import redis

from s3rewrite import conf
from s3rewrite.conf import url_prefix
from s3rewrite.core.mounts import Mount
from s3rewrite.core.paths import parse_local_path, quote_name
from s3rewrite.explain.publication import name_at, reasons_by_name
from s3rewrite.linking.resolver import get_resolver
from s3rewrite.monitoring.status import KINDS, Status, Verdict, ago, status_of, verdict
from s3rewrite.registry import loop_registry
from s3rewrite.registry.journal import Journal, Problem

SHOWN = 100
"""Names of each kind that are shown."""

PLOTTED = 60
"""Passes that are plotted."""


class BarSegment(NamedTuple):
    """A part of the bar: the kind of its names, how many there are, and their percentage."""

    kind: str
    names: int
    percent: float


class PlottedPass(NamedTuple):
    """A pass in the plot: its time in percent of the longest one's, and what it did."""

    height: float
    is_ok: bool
    title: str


class LocalName(NamedTuple):
    """A name that is not on S3, why, and for how long."""

    name: str
    reason: str
    since: str


@dataclass(frozen=True)
class Overview:
    """One mount."""

    status: Status
    verdict: Verdict
    segments: list[BarSegment]
    passes: list[PlottedPass]
    failed: list[LocalName]
    public: list[LocalName]
    kept_local: list[LocalName]

    @property
    def since_last(self) -> str:
        """How long ago the last pass over all files ended; "" if there was none."""
        return _since(self.status.last["ended"]) if self.status.last else ""

    @property
    def since_pending(self) -> str:
        """For how long names have been pending; "" if none are."""
        since = self.status.pending_since
        return _since(since) if since is not None else ""


class Location(NamedTuple):
    """Where a file is, and why."""

    mount: str
    name: str
    url: str
    reason: str


def overviews() -> list[Overview]:
    """Every mount, in the order of S3REWRITE."""
    return [_overview(mount) for mount in conf.mounts().values()]


def find(query: str) -> list[Location]:
    """Where a file is, by its name or a URL of it: a location in each mount that can have it."""
    return [
        _locate(mount, name) for mount in conf.mounts().values() if (name := _name(mount, query))
    ]


def _overview(mount: Mount) -> Overview:
    status = status_of(mount)
    failed, public, kept = map(status.of_kind, KINDS)
    counts = {
        "published": status.published,
        "pending": max(0, status.pending),
        "failed": len(failed),
        "public": len(public),
        "kept local": len(kept),
    }
    total = sum(counts.values()) or 1
    segments = [BarSegment(kind, n, round(100 * n / total, 2)) for kind, n in counts.items()]
    names = map(_names, (failed, public, kept))
    return Overview(status, verdict(status), segments, _passes(mount), *names)


def _passes(mount: Mount) -> list[PlottedPass]:
    """The last passes, the latest one last."""
    try:
        passes = Journal(loop_registry(mount)).passes(PLOTTED)[::-1]
    except redis.RedisError:
        return []
    longest = max((record["seconds"] for record in passes), default=0) or 1
    # A pass that took no time has a height, too, to be seen.
    heights = [max(2.0, 100 * record["seconds"] / longest) for record in passes]
    return [
        PlottedPass(height, bool(record.get("ok")), _title(record))
        for height, record in zip(heights, passes, strict=True)
    ]


def _title(record: dict[str, Any]) -> str:
    ended = f"{datetime.fromtimestamp(record['ended'], UTC):%Y-%m-%d %H:%M:%S UTC}"
    counts = f"{record['uploaded']:,} uploaded, {record['failed']:,} failed"
    stopped = f": {record['stopped']}" if record["stopped"] else ""
    return f"{ended}: {counts}, {record['seconds']:.1f} s{stopped}"


def _names(problems: dict[str, Problem]) -> list[LocalName]:
    return [
        LocalName(name, problem.reason, _since(problem.since))
        for name, problem in list(problems.items())[:SHOWN]
    ]


def _since(seconds: float) -> str:
    return ago(time.time() - seconds)


def _name(mount: Mount, query: str) -> str:
    """The name in a mount that a query means; "" if it means none there."""
    if name := name_at(mount, query):
        return name
    prefix = url_prefix(mount)
    # Of an absolute URL, on whatever host, the path counts.
    path = query.partition("://")[2].partition("/")[2]
    for text in (query, f"/{path}"):
        if prefix and text.startswith(prefix):
            match = parse_local_path(text[len(prefix) :].encode())
            return match.name if match else ""
    return "" if query.startswith(("/", "http://", "https://")) else query


def _locate(mount: Mount, name: str) -> Location:
    url = url_prefix(mount) + quote_name(name)
    reason = reasons_by_name(mount, [name])[name]
    if reason is None:
        return Location(mount.alias, name, get_resolver().url(url), "on S3")
    return Location(mount.alias, name, url, f"local: {reason.text}")
