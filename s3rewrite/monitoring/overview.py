"""What the admin's page shows of the mounts: figures, charts and names."""

import time
from contextlib import suppress
from dataclasses import dataclass
from typing import NamedTuple

import redis
from django.utils.translation import gettext as _

from s3rewrite import conf
from s3rewrite.conf import url_prefix
from s3rewrite.core.mounts import Mount
from s3rewrite.core.paths import parse_local_path, quote_name
from s3rewrite.explain.publication import MISSING, PRIVATE, name_at, reasons_by_name
from s3rewrite.explain.reasons import Reason
from s3rewrite.linking.resolver import get_resolver
from s3rewrite.monitoring.charts import BarSegment, Chart, charts, segments
from s3rewrite.monitoring.status import KINDS, Status, Verdict, ago, status_of, verdict
from s3rewrite.registry import loop_registry
from s3rewrite.registry.journal import Journal, Problem
from s3rewrite.registry.search import latest, search

SHOWN = 100
"""Names of each kind that are shown."""

PLOTTED = 60
"""Passes that are plotted."""

LATEST = 10
"""Changes, whose names are shown."""


class LocalName(NamedTuple):
    """A name that is not on S3, why, and for how long."""

    name: str
    reason: str
    since: str


class LatestFile(NamedTuple):
    """A file that was published lately, its URL on pages now, and how long ago."""

    name: str
    url: str
    since: str


@dataclass(frozen=True)
class Overview:
    """One mount."""

    status: Status
    verdict: Verdict
    segments: list[BarSegment]
    charts: list[Chart]
    latest: list[LatestFile]
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


@dataclass
class Found:
    """Where the files are that somebody looks for."""

    locations: list[Location]
    is_all: bool = True
    """Whether all names were looked at, and all that match are shown."""

    def add_names(self, mount: Mount, name: str, *, is_part: bool) -> None:
        """Add the file of a name; with `is_part` also published ones whose names contain it."""
        names: list[str] = []
        if is_part:
            with suppress(redis.RedisError):
                names, is_all = search(loop_registry(mount), name)
                self.is_all &= is_all and len(names) <= SHOWN
        names = [found for found in names[:SHOWN] if found != name]
        reasons = reasons_by_name(mount, [name, *names])
        # Where others match, a file that is not there is not what was meant.
        if not (names and reasons[name] == MISSING):
            names.insert(0, name)
        self.locations += [_locate(mount, found, reasons[found]) for found in names]


def overviews() -> list[Overview]:
    """Every mount, in the order of S3REWRITE."""
    return [_overview(mount) for mount in conf.mounts().values()]


def find(query: str) -> Found:
    """Where files are, by a name, a part of it, or a URL."""
    found = Found([])
    for mount in conf.mounts().values():
        if name := _name(mount, query):
            found.add_names(mount, name, is_part=name == query)
    return found


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
    try:
        registry = loop_registry(mount)
        passes, changed = Journal(registry).passes(PLOTTED)[::-1], latest(registry, LATEST)
    except redis.RedisError:
        passes, changed = [], {}
    shown = [LatestFile(name, _url(mount, name), _since(at)) for name, at in changed.items()]
    drawn = segments(counts), charts(passes)
    return Overview(status, verdict(status), *drawn, shown, *map(_names, (failed, public, kept)))


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


def _locate(mount: Mount, name: str, reason: Reason | None) -> Location:
    if reason is PRIVATE:
        text = _("on S3, private")
    else:
        text = _("on S3") if reason is None else _("local: %s") % reason.text
    return Location(mount.alias, name, _url(mount, name, is_linked=reason is None), text)


def _url(mount: Mount, name: str, *, is_linked: bool = True) -> str:
    url = url_prefix(mount) + quote_name(name)
    return get_resolver().url(url) if is_linked else url
