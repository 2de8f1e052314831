"""Takes files down: no page links them, S3 and the CDN forget them, a visitor's request proves it.

In any order of crashes: a name stays in `registry/purges.py` until the proof.
"""

import threading
from concurrent.futures import ThreadPoolExecutor

from s3rewrite.conf import object_url
from s3rewrite.core.mounts import Mount
from s3rewrite.core.paths import quote_name, split_version
from s3rewrite.registry import Outcome, Withdrawn
from s3rewrite.registry.edge import EVERYTHING
from s3rewrite.registry.purges import DONE, HELD, QUARANTINED, Purge
from s3rewrite.s3.errors import S3Error, S3Unavailable
from s3rewrite.s3.versions import versions_of
from s3rewrite.s3.visitors import why_not_gone
from s3rewrite.signing import SigningError, VisitorRequest, visitor_request
from s3rewrite.sync.context import LeaseLost, SyncContext
from s3rewrite.sync.edge import clear_edge
from s3rewrite.sync.reporting.report import Report, Result
from s3rewrite.sync.scan import Findings
from s3rewrite.sync.upload.replacing import needed_keys

LATE = "an earlier upload of it may still arrive at S3: it is looked at again, for 16 minutes"
NEEDED = (
    "its object has the only copy of {name}, a freed file: the next pass moves that copy, or "
    "`s3rewrite_restore --freed` brings it back"
)
UNKNOWN = (
    "not every directory can be read: a freed file in one of them may have its only copy under "
    "this name's key"
)


def purge(context: SyncContext, report: Report) -> None:
    """Take down what people have asked for.

    Raises S3Unavailable, redis.RedisError, LeaseLost, ScanError.
    """
    registry = context.registry
    if context.options.dry_run or not (purges := registry.purges.read()):
        return
    for name, done in purges.items():
        if DONE in done.flags and context.is_excluded(name):
            registry.purges.end(name, done, context.lease, "")
    wanted = {name: wish for name, wish in purges.items() if DONE not in wish.flags}
    registry.withdraw(wanted)  # whoever asked for it may have died in between
    # By then no page believes an older view of the registry.
    due = {name: wish for name, wish in wanted.items() if wish.age >= context.mount.max_staleness}
    report.postponed += wanted.keys() - due.keys()
    reasons = _delete_all(context, due)
    registry.hints.add(clear_edge(context))  # others that may be published now
    waiting = registry.edge.uncleared() if context.mount.cdn else {}
    for name, wish in due.items():
        if not context.should_continue():
            break  # the next pass goes on
        is_waiting = name in waiting or EVERYTHING in waiting
        problem = context.memory.cdn_problem if is_waiting else ""
        if is_waiting and not (reasons[name] or problem):
            report.postponed.append(name)
        elif reason := reasons[name] or problem or _end(context, name, wish):
            _fail(context, report, name, f"not taken down: {reason}")
        else:
            report.failures.pop(name, None)
            report.add(Result.DELETED)
            context.progress.done(name, Result.DELETED)


def _fail(context: SyncContext, report: Report, name: str, reason: str) -> None:
    """Report a failure; a long pass that meets it again only has the last reason."""
    if name in report.failures:
        report.failures[name] = reason
    else:
        context.fail(report, name, reason, "purge")


def _delete_all(context: SyncContext, due: dict[str, Purge]) -> dict[str, str]:
    """Delete the objects of names. Name -> why it could not be done, or ""."""
    copies = _OnlyCopies(context)
    with ThreadPoolExecutor(context.mount.threads, "s3rewrite-purge") as pool:
        reasons = pool.map(lambda item: _delete(context, copies, *item), due.items())
        return dict(zip(due, reasons, strict=True))


class _OnlyCopies:
    """Which keys freed files need. The disk is scanned once, and only if objects are to go."""

    def __init__(self, context: SyncContext) -> None:
        self._context = context
        self._findings = Findings()
        self._needed: dict[str, str] | None = None
        self._lock = threading.Lock()

    def why_needed(self, keys: set[str]) -> str:
        """Why these keys must not be deleted; "" if they may. Raises ScanError."""
        with self._lock:
            if self._needed is None:
                may_be = self._context.may_have_stubs
                self._needed = needed_keys(self._context, self._findings) if may_be else {}
        if blocked := keys & self._needed.keys():
            return NEEDED.format(name=self._needed[blocked.pop()])
        return UNKNOWN if self._findings.errors else ""


def _delete(context: SyncContext, copies: _OnlyCopies, name: str, wish: Purge) -> str:
    """Delete all objects of a name; why that could not be done, or ""."""
    bucket, quarantine = context.bucket, context.mount.quarantine
    try:
        versions = versions_of(bucket, name)
        if QUARANTINED in wish.flags:
            versions = [one for one in versions if not one.key.startswith(quarantine)]
        keys = {version.key for version in versions}
        if reason := versions and copies.why_needed(keys):
            return reason
        context.memory.purged.setdefault(name, set()).update(keys)
        if not versions:
            return ""
        claim = context.registry.begin_delete(name, context.lease, "")
        if claim is None:
            raise LeaseLost
        failed = bucket.copy_below(quarantine, keys) if QUARANTINED in wish.flags else {}
        failed = failed or bucket.delete(versions)
        context.registry.confirm_writes([claim])
    except S3Unavailable:
        raise
    except S3Error as error:
        return str(error)
    if context.mount.cdn:
        context.registry.edge.mark([name])
    return f"not deleted: {next(iter(failed.values()))}" if failed else ""


def _end(context: SyncContext, name: str, wish: Purge) -> str:
    """Prove that a name is gone, and end its purge; why that is not so, or ""."""
    registry, mount = context.registry, context.mount
    keys = context.memory.purged.get(name, set()).copy()
    if not (mount.paths.fingerprinted and split_version(name)):  # another name's version
        keys.add(mount.prefix + name)
    if QUARANTINED in wish.flags:
        keys |= {mount.quarantine + key for key in keys}
    if reason := _why_not_gone(mount, sorted(keys)):
        if mount.cdn:  # it may have fetched the object again before that was deleted
            registry.edge.mark([name])
        return reason
    left = f"{wish.value}{DONE}" if HELD in wish.flags else ""
    outcome = registry.purges.end(name, wish, context.lease, left)
    if outcome is Outcome.FENCED:
        raise LeaseLost
    if outcome is Outcome.DOUBTFUL:
        return LATE
    context.memory.purged.pop(name, None)
    if not mount.paths.fingerprinted:
        registry.forget_withdrawn([Withdrawn(name), Withdrawn(name, was_freed=True)])
    return ""


def _why_not_gone(mount: Mount, keys: list[str]) -> str:
    try:
        return why_not_gone(visits_of(mount, keys))
    except SigningError as error:
        return f"nothing proves that it is gone: {error}"


def visits_of(mount: Mount, keys: list[str]) -> list[VisitorRequest]:
    """How a visitor could get the objects of these keys. Raises SigningError."""
    return [visitor_request(mount, url) for url in urls_of(mount, keys)]


def urls_of(mount: Mount, keys: list[str]) -> list[str]:
    """Where the objects of these keys are: at the service, and at PUBLIC_URL; each URL once."""
    urls = [object_url(mount, key) for key in keys]
    urls += [
        mount.visitor_url(mount.public_url + quote_name(key.removeprefix(mount.prefix)))
        for key in keys
        if key.startswith(mount.prefix)
    ]
    return list(dict.fromkeys(filter(None, urls)))
