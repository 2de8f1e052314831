"""Uploads the files that had to wait for the others of a pass, in rounds.

Files that replace other bytes wait until it is known whether a freed file needs those; files that
refer to others wait until these are on S3.
"""

from s3rewrite.sync.context import SyncContext
from s3rewrite.sync.reporting.report import Report, Result
from s3rewrite.sync.upload.referring import ROUNDS, ReferenceQueue, Tasks, find_cycles
from s3rewrite.sync.upload.replacing import may_replace
from s3rewrite.sync.uploader import uploader_of


def upload_deferred(
    context: SyncContext, report: Report, replacing: Tasks, referring: Tasks
) -> None:
    """Upload the files that had to wait; last those that refer to other files.

    Raises ScanError, redis.RedisError.
    """
    if not (replacing or referring):
        return
    _upload_in_rounds(context, report, may_replace(context, report, replacing))
    queue, replacing = _upload_in_rounds(context, report, referring)
    if replacing:
        # Those that wait for them are read again after them, whatever is under their own keys.
        replacing += queue.remaining()
        allowed = may_replace(context, report, replacing)
        queue, _ = _upload_in_rounds(context, report, allowed)
    _record_waiting(report, queue.waits_for())


def _upload_in_rounds(
    context: SyncContext, report: Report, tasks: Tasks
) -> tuple[ReferenceQueue, Tasks]:
    """Upload files, each after those that it refers to; some of them refer to each other.

    A file that waits for another is read again after that one has ended. Returns the files that
    remain, and those under whose keys other bytes lie.
    """
    queue = ReferenceQueue(tasks)
    replacing: Tasks = []
    for _ in range(ROUNDS):
        if not (tasks := queue.take()):
            break
        with uploader_of(context, report) as uploader:
            for task, lookup in tasks:
                if uploader.is_over:
                    report.add(Result.PENDING)
                else:
                    uploader.submit(task, lookup)
        replacing += uploader.replacing
        queue.record_round(tasks, uploader.waiting)
        if uploader.is_over:
            break
    return queue, replacing


def _record_waiting(report: Report, waits_for: dict[str, str]) -> None:
    """Files that wait for each other stay local; the others are left for the next pass."""
    cycles = find_cycles(waits_for)
    for name in cycles:
        report.skipped[name] = f"{report.skipped[name]}, and refers back to it"
    report.add(Result.PENDING, len(waits_for) - len(cycles))
