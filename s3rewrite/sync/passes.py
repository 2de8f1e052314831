"""A pass: scan, plan and apply, over a whole mount or over what hints name."""

import threading
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from itertools import chain
from typing import TypeVar

import redis

from s3rewrite.disk.signatures import kernel_id
from s3rewrite.registry.lease import LeaseTaken, held
from s3rewrite.s3.errors import S3Error
from s3rewrite.sync.apply import Applier
from s3rewrite.sync.context import LeaseLost, SyncContext
from s3rewrite.sync.deferred import upload_deferred
from s3rewrite.sync.delete import delete_withdrawn
from s3rewrite.sync.edge import begin_edge, publish_cleared
from s3rewrite.sync.exposed import find_exposed
from s3rewrite.sync.freeing.free import free
from s3rewrite.sync.orphans import delete_orphans
from s3rewrite.sync.purge import purge
from s3rewrite.sync.reconcile import reconcile
from s3rewrite.sync.reporting.report import Report, Result
from s3rewrite.sync.scan import Findings, ScanError, ScannedDirectory, nothing_yet, scan
from s3rewrite.sync.second_look import look_again
from s3rewrite.sync.uploader import uploader_of

T = TypeVar("T")

Work = Callable[[SyncContext, Report], None]

PERIOD = 0.1
"""Seconds between two tries to get the lease."""


def whole_pass(context: SyncContext) -> Report:
    """Bring a whole mount in step. Raises LeaseTaken while another pass is running.

    The report names everything else that goes wrong.
    """
    return _run_pass(context, Report(context.mount.alias), _sync_all)


def pass_over(context: SyncContext, hints: Collection[str]) -> Report:
    """Bring in step what hints name: files, and trees. As `whole_pass` does."""

    return _run_pass(context, Report(context.mount.alias, hints), partial(_sync_hinted, hints))


def purge_pass(context: SyncContext) -> Report:
    """Only take down what people have asked for. As `whole_pass` does."""
    return _run_pass(context, Report(context.mount.alias, ()), lambda *_: None)


def retry_while_leased(action: Callable[[], T], seconds: float, stop: threading.Event) -> T:
    """Return what `action` returns; call it again while it raises LeaseTaken.

    Raises the last LeaseTaken after so many seconds, or once the stop flag is set.
    """
    until = time.monotonic() + seconds
    while True:
        try:
            return action()
        except LeaseTaken:
            if time.monotonic() >= until or stop.wait(PERIOD):
                raise


def _run_pass(context: SyncContext, report: Report, sync: Work) -> Report:
    began = time.monotonic()
    try:
        with _leased(context) as leased:
            purge(leased, report)
            sync(leased, report)
            delete_orphans(leased, report)
            if not report.stopped:
                find_exposed(leased, report)
                look_again(leased, report)
                publish_cleared(leased, partial(_sync_cleared, leased, report))
    except redis.RedisError as error:
        report.stopped = f"Redis: {error}"
    except (LeaseLost, OSError, S3Error, ScanError) as error:
        report.stopped = str(error)
    if problem := context.memory.cdn_problem:
        report.fail(context.mount.public_url, problem, "CDN")
    leftovers = {leftover.name for leftover in report.leftovers}
    report.add(Result.PENDING, len(leftovers | report.unsettled.keys()))
    report.seconds = time.monotonic() - began
    return report


@contextmanager
def _leased(context: SyncContext) -> Iterator[SyncContext]:
    """The context with the mount's lease. A dry run changes nothing and needs none."""
    if context.options.dry_run:
        yield context
        return
    has_workers = context.mount.uploads == "tasks"
    with held(context.registry, is_shared=has_workers) as lease:
        leased = context.with_lease(lease)
        reconcile(leased)
        begin_edge(leased)
        yield leased


def _sync_hinted(hints: Collection[str], context: SyncContext, report: Report) -> None:
    with uploader_of(context, report) as uploads:
        applier = Applier(context, report, uploads)
        applier.apply_hints(hints)
    upload_deferred(context, report, uploads.replacing, applier.referring)


def _sync_cleared(context: SyncContext, report: Report, names: Sequence[str]) -> None:
    report.counts[Result.CLEARING] -= min(len(names), report.counts[Result.CLEARING])
    _sync_hinted(names, context, report)


def _sync_all(context: SyncContext, report: Report) -> None:
    notice = nothing_yet(context.mount, context.storage)
    if notice and context.registry.is_empty():
        report.notices.append(notice)
        return
    findings = Findings()
    directories = scan(context.storage, context.mount, findings)
    # An empty disk looks like one that is not mounted: nothing is withdrawn before a file is seen.
    first = _until_first_file(directories)
    if not (first or context.registry.is_empty()):
        raise ScanError(
            f"the storage of mount {context.mount.alias} is empty, though files of it are "
            "published: nothing was withdrawn or deleted. Is its disk mounted?"
        )
    if not context.options.dry_run:
        context.registry.set_host(kernel_id())
    with uploader_of(context, report) as uploads:
        applier = Applier(context, report, uploads)
        applier.apply_scan(chain(first, directories), findings)
    upload_deferred(context, report, uploads.replacing, applier.referring)
    if report.is_scan_complete and not report.stopped and not context.stop.is_set():
        applier.record_rules()
    applier.only_copies.close()
    # Deleting and freeing rely on a scan that has seen every file, and on finished uploads.
    if report.is_scan_complete and not uploads.is_over:
        delete_withdrawn(context, report, applier.needed_keys)
        free(context, report, applier.freeable, findings.own_files)


def _until_first_file(directories: Iterator[ScannedDirectory]) -> list[ScannedDirectory]:
    """The directories up to the first one with a file; none if there is no file."""
    passed: list[ScannedDirectory] = []
    for directory in directories:
        passed.append(directory)
        if directory.names:
            return passed
    return []
