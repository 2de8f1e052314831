"""How a mount is doing: what is published, what is not and why, and whether a loop runs."""

import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from enum import IntEnum
from typing import Any

import redis
from django.utils.translation import gettext as _

from s3rewrite.core.mounts import Mount
from s3rewrite.registry import loop_registry
from s3rewrite.registry.journal import Journal, Problem
from s3rewrite.registry.suspension import Suspension, Suspensions
from s3rewrite.sync.reporting.journal import FAILED, KEPT_LOCAL, PUBLIC

MAX_AGE = 300.0
"""Seconds since the last pass, or for which a file is pending, after which that is a problem."""


KINDS = (FAILED, PUBLIC, KEPT_LOCAL)
"""The kinds of problems of a name."""


class Level(IntEnum):
    """How bad it is; also the exit code that monitors expect.

    https://www.monitoring-plugins.org/doc/guidelines.html#AEN78
    """

    OK = 0
    WARNING = 1
    CRITICAL = 2
    UNKNOWN = 3


@dataclass(frozen=True)
class Status:
    """One mount, by its registry and its journal."""

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
    """The progress of the pass that runs now."""
    loop: Mapping[str, Any] | None = None
    """The loop that runs: its `holder` and `interval`."""
    access: str = "public"
    """As the setting of this name has it."""
    suspensions: tuple[Suspension, ...] = ()
    """What has pages link locally."""
    error: str = ""
    """Why none of this is known; "" if it is."""

    def of_kind(self, kind: str) -> dict[str, Problem]:
        """The names that failed, are public and should not be, or were kept local."""
        return {name: problem for name, problem in self.problems.items() if problem.kind == kind}

    @property
    def rate(self) -> float:
        """Files a second of the pass that runs, or of the last one."""
        record = self.running or self.last or {}
        done, seconds = record.get("done", record.get("uploaded", 0)), record.get("seconds")
        return float(done / seconds) if done and seconds else 0.0

    def as_dict(self) -> dict[str, Any]:
        """The fields of `s3rewrite_status --json`."""
        fields = asdict(self)
        del fields["problems"]
        fields["suspensions"] = [suspension._asdict() for suspension in self.suspensions]
        for kind in KINDS:
            fields[kind.replace(" ", "_")] = {
                name: {"reason": problem.reason, "since": problem.since}
                for name, problem in self.of_kind(kind).items()
            }
        return {**fields, "rate": self.rate}


@dataclass(frozen=True)
class Verdict:
    """How bad a mount is, and the sentences that say why, with what to do."""

    level: Level
    sentences: tuple[str, ...] = ()


def status_of(mount: Mount) -> Status:
    """How a mount is doing now; only `error` is set where Redis does not answer."""
    try:
        journal = Journal(loop_registry(mount))
        last, running, totals = journal.last(), journal.progress(), journal.totals()
        problems, loop = journal.problems(), journal.loop()
        suspensions = Suspensions(loop_registry(mount)).current()
    except redis.RedisError as error:
        error_text = _("Redis does not answer: %s") % error
        return Status(mount.alias, access=mount.access, error=error_text)
    pending = running["planned"] - running["done"] if running else (last or {}).get("pending", 0)
    since = (last or {}).get("pending_since")
    return Status(
        mount.alias,
        *totals,
        pending,
        since,
        problems,
        last,
        running,
        loop,
        mount.access,
        suspensions,
    )


def verdict(status: Status, now: float | None = None, max_age: float = MAX_AGE) -> Verdict:
    """The verdict on a mount. Pure, but for the clock where `now` is not given.

    | Redis | what runs                 | the last pass | names   | pending for | level    |
    |-------|---------------------------|---------------|---------|-------------|----------|
    | away  |                           |               |         |             | UNKNOWN  |
    | there | no loop, no recent pass   |               |         |             | CRITICAL |
    | there | a loop or a recent pass   | stopped       |         |             | CRITICAL |
    | there | a loop or a recent pass   | ended         | failed  |             | WARNING  |
    | there | a loop or a recent pass   | ended         | public  |             | WARNING  |
    | there | a loop or a recent pass   | ended         | fine    | too long    | WARNING  |
    | there | a loop or a recent pass   | ended         | fine    | not so long | OK       |

    A mount that is suspended is a WARNING at least: pages link its files locally.
    """
    now = time.time() if now is None else now
    if status.error:
        return Verdict(Level.UNKNOWN, (status.error,))
    suspended = tuple(suspension.sentence for suspension in status.suspensions)
    if any(found.is_outage for found in status.suspensions) and not status.loop:
        suspended += (
            _("it stays suspended until a loop runs and S3 answers, or s3rewrite_resume"),
        )
    if reason := _why_nothing_runs(status, now, max_age):
        return Verdict(Level.CRITICAL, (reason, *suspended))
    if status.last and status.last["stopped"]:
        reason = _("the last pass stopped: %s") % status.last["stopped"]
        return Verdict(Level.CRITICAL, (reason, *suspended))
    warning = _warning(status, now, max_age)
    sentences = (*((warning,) if warning else ()), *suspended)
    return Verdict(Level.WARNING if sentences else Level.OK, sentences)


def _why_nothing_runs(status: Status, now: float, max_age: float) -> str:
    """Why the mount's files are not synced; "" if a loop or a job of cron does it."""
    if status.loop:
        return ""
    if status.last is None:
        return _("no pass was ever made: run s3rewrite_loop beside the site")
    age = now - status.last["ended"]
    if status.last["by"] != "loop" and age <= max_age:
        return ""  # cron runs s3rewrite_sync
    text = _("no loop runs, and the last pass ended %s ago: start s3rewrite_loop")
    return text % ago(age)


def _warning(status: Status, now: float, max_age: float) -> str:
    for kind, text in (
        (FAILED, _("%(count)s failed, such as %(name)s: %(reason)s")),
        (PUBLIC, _("%(count)s should not be public, such as %(name)s: %(reason)s")),
    ):
        if found := status.of_kind(kind):
            name, problem = next(iter(found.items()))
            return text % {"count": f"{len(found):,}", "name": name, "reason": problem.reason}
    since = status.pending_since
    if since is not None and now - since > max_age:
        values = {"count": f"{status.pending:,}", "time": ago(now - since)}
        return _("%(count)s pending, the oldest for %(time)s") % values
    return ""


def ago(seconds: float) -> str:
    """A time span for people: `3 min`."""
    for unit, size in (("d", 86_400), ("h", 3600), ("min", 60)):
        if seconds >= 2 * size:
            return f"{seconds / size:.0f} {unit}"
    return f"{max(0.0, seconds):.0f} s"
