"""Orphans: objects whose files were gone by the time they were sent, mostly temporary files.

They are deleted after all uploads of a pass, when no upload can adopt one.
"""

from contextlib import suppress

from s3rewrite.disk.signatures import signature_of
from s3rewrite.sync.context import SyncContext
from s3rewrite.sync.delete import delete_objects
from s3rewrite.sync.reporting.report import Report


def is_orphan(*, is_published: bool, on_disk: bool) -> bool:
    """Whether no file needs an object that the pass wrote where none was before.

    An older object may be the last copy of something, and a write that may still arrive would
    bring back what is deleted: these are no leftovers, and DELETE_MISSING finds them.

    | published | file on disk | orphan |
    |-----------|--------------|--------|
    | yes       | any          | no     |
    | no        | yes          | no     |
    | no        | no           | yes    |
    """
    return not (is_published or on_disk)


def delete_orphans(context: SyncContext, report: Report) -> None:
    """Delete those of the pass's leftovers that are orphans; the other leftovers stay.

    Raises S3Error, OSError, redis.RedisError, LeaseLost; DELETE_MISSING finds the rest then.
    """
    if not report.leftovers or report.stopped:
        return
    published = context.registry.get({leftover.name for leftover in report.leftovers})
    orphans = [
        leftover
        for leftover in report.leftovers
        if is_orphan(
            is_published=leftover.name in published,
            on_disk=_may_be_on_disk(context, leftover.name),
        )
    ]
    delete_objects(context, orphans, report)
    orphan_names = {orphan.name for orphan in orphans}
    report.leftovers = [left for left in report.leftovers if left.name not in orphan_names]


def _may_be_on_disk(context: SyncContext, name: str) -> bool:
    with suppress(OSError):
        return signature_of(context.storage, name) is not None
    return True
