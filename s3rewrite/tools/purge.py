"""Chooses files to take down, and sees to it that they are."""

import time
from collections.abc import Sequence
from functools import partial

from s3rewrite.core.patterns import matches
from s3rewrite.disk.signatures import signature_of
from s3rewrite.registry.lease import LeaseTaken
from s3rewrite.registry.purges import DONE
from s3rewrite.s3.versions import names_in
from s3rewrite.sync.context import SyncContext
from s3rewrite.sync.passes import purge_pass, retry_while_leased
from s3rewrite.sync.reporting.report import Report
from s3rewrite.sync.scan import Findings, ScanError, scan

PERIOD = 0.5
"""Seconds between two looks."""


def with_pattern(context: SyncContext, pattern: str) -> list[str]:
    """The published names, and those of objects, that a pattern names. Raises S3Error."""
    names = {name for name, _ in context.registry.names()} | names_in(context.bucket)
    return sorted(name for name in names if matches(name, (pattern,)))


def missing(context: SyncContext) -> list[str]:
    """The names of objects that have no file on the disk. Raises S3Error, OSError, ScanError."""
    findings = Findings()
    has_files = any(directory.names for directory in scan(context.storage, None, findings))
    if findings.errors or not has_files:
        raise ScanError("the disk is empty, or not all of it can be read: is it mounted?")
    names = names_in(context.bucket)
    return sorted(name for name in names if signature_of(context.storage, name) is None)


def finish(context: SyncContext, names: Sequence[str], seconds: float) -> dict[str, str]:
    """Take down what was asked for, by the loop or here. Name -> why it is not proved, or "".

    Ends at once where nothing more can be done now; the loop, or the next call, tries again.
    """
    until = time.monotonic() + seconds
    while True:
        report = _try(context, until)
        purges = context.registry.purges.read()
        left = [name for name in names if name in purges and DONE not in purges[name].flags]
        is_over = time.monotonic() >= until or context.stop.is_set()
        if is_over or report.failures.keys() >= set(left):
            reason = report.stopped or "not proved in time; it is tried again by the loop"
            return {n: report.failures.get(n, reason) if n in left else "" for n in names}
        context.stop.wait(PERIOD)


def _try(context: SyncContext, until: float) -> Report:
    seconds = max(0.0, until - time.monotonic())
    try:
        return retry_while_leased(partial(purge_pass, context), seconds, context.stop)
    except LeaseTaken as error:
        return Report(context.mount.alias, (), stopped=str(error))
