"""What a page shows of the mounts: figures, a bar, a plot of the last passes, names and reasons."""

import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, NamedTuple

import redis

from s3rewrite import conf
from s3rewrite.conf import url_prefix
from s3rewrite.core.mounts import Mount
from s3rewrite.core.paths import parse_local_path
from s3rewrite.explain.publication import reasons_by_name
from s3rewrite.linking.resolver import get_resolver
from s3rewrite.monitoring.status import Status, Verdict, ago, status_of, verdict
from s3rewrite.registry import loop_registry
from s3rewrite.registry.journal import Journal, Problem

SHOWN = 100
"""Names of each kind that are shown."""

PLOTTED = 60
"""Passes that are plotted."""


class Share(NamedTuple):
    """A part of the bar: its kind, how many names, and percent of all."""

    kind: str
    names: int
    percent: float


class Bar(NamedTuple):
    """A pass in the plot: its height in percent of the highest, and what it did."""

    height: float
    is_ok: bool
    title: str


class Named(NamedTuple):
    """A name that is not on S3."""

    name: str
    reason: str
    since: str


@dataclass(frozen=True)
class Overview:
    """One mount."""

    status: Status
    verdict: Verdict
    shares: list[Share]
    passes: list[Bar]
    failed: list[Named]
    kept_local: list[Named]

    @property
    def since_last(self) -> str:
        """How long ago the last pass over all files ended, "" where there was none."""
        return _since(self.status.last["ended"]) if self.status.last else ""

    @property
    def since_pending(self) -> str:
        """For how long names have been pending, "" where none are."""
        since = self.status.pending_since
        return _since(since) if since is not None else ""


class Found(NamedTuple):
    """Where a file is, and why."""

    mount: str
    name: str
    url: str
    why: str


def overviews() -> list[Overview]:
    """Every mount, in the order of S3REWRITE."""
    return [_overview(mount) for mount in conf.mounts().values()]


def find(query: str) -> list[Found]:
    """Where a file is: by its name, or by its local URL. One answer for each mount that has it."""
    return [
        _found(mount, name) for mount in conf.mounts().values() if (name := _name(mount, query))
    ]


def _overview(mount: Mount) -> Overview:
    status = status_of(mount)
    failed, kept = status.of_kind("failed"), status.of_kind("kept local")
    counts = {
        "published": status.published,
        "pending": max(0, status.pending),
        "failed": len(failed),
        "kept local": len(kept),
    }
    return Overview(
        status, verdict(status), _shares(counts), _passes(mount), _named(failed), _named(kept)
    )


def _shares(counts: dict[str, int]) -> list[Share]:
    whole = sum(counts.values()) or 1
    return [Share(kind, count, round(100 * count / whole, 2)) for kind, count in counts.items()]


def _passes(mount: Mount) -> list[Bar]:
    try:
        told = Journal(loop_registry(mount)).passes(PLOTTED)[::-1]
    except (redis.RedisError, NotImplementedError):
        return []
    highest = max((one["seconds"] for one in told), default=0) or 1
    return [
        Bar(max(2.0, 100 * one["seconds"] / highest), bool(one.get("ok")), _title(one))
        for one in told
    ]


def _title(told: dict[str, Any]) -> str:
    ended = _time(told["ended"]).strftime("%Y-%m-%d %H:%M:%S UTC")
    did = f"{told['uploaded']:,} uploaded, {told['failed']:,} failed, {told['seconds']:.1f} s"
    return f"{ended}: {did}{': ' + told['stopped'] if told['stopped'] else ''}"


def _named(troubles: dict[str, Problem]) -> list[Named]:
    return [
        Named(name, trouble.reason, _since(trouble.since))
        for name, trouble in list(troubles.items())[:SHOWN]
    ]


def _time(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def _since(seconds: float) -> str:
    return ago(time.time() - seconds)


def _name(mount: Mount, query: str) -> str:
    """The name that a query means in a mount, "" where it means none there."""
    prefix = url_prefix(mount)
    path = query.partition("://")[2].partition("/")[2]
    for text in (query, f"/{path}"):
        if prefix and text.startswith(prefix):
            found = parse_local_path(text[len(prefix) :].encode())
            return found.name if found else ""
    return "" if query.startswith(("/", "http://", "https://")) else query


def _found(mount: Mount, name: str) -> Found:
    local = url_prefix(mount) + name
    why = reasons_by_name(mount, [name])[name]
    if why is None:
        return Found(mount.alias, name, get_resolver().url(local), "on S3")
    return Found(mount.alias, name, local, f"local: {why.text}")
