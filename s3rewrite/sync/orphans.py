"""Objects of files that were gone once they were sent: other programs' temporary files, mostly.

Deleted behind all uploads of a pass, when nobody writes: no upload can take one for its own.
"""

from s3rewrite.disk.signatures import signature_of
from s3rewrite.sync.context import SyncContext
from s3rewrite.sync.delete import delete_objects
from s3rewrite.sync.reporting.report import Report, Result


def is_orphan(*, is_new: bool, is_published: bool, on_disk: bool) -> bool:
    """Whether an object that was just written is nobody's.

    `is_new`: this pass wrote it where no object was, surely, and that write is over. What was
    there before may be the last copy of something; a write that may still arrive would bring
    back what is deleted: DELETE_MISSING finds these.

    | is new | published | file on disk | orphan |
    |--------|-----------|--------------|--------|
    | no     | any       | any          | no     |
    | yes    | yes       | any          | no     |
    | yes    | no        | yes          | no     |
    | yes    | no        | no           | yes    |
    """
    return is_new and not (is_published or on_disk)


def delete_orphans(job: SyncContext, report: Report) -> None:
    """Delete of the objects that the pass has left those that nobody has.

    Raises S3Error, OSError, redis.RedisError, LeaseLost; then DELETE_MISSING finds the rest.
    """
    if not report.leftovers or report.stopped:
        return
    published = job.registry.get({found.name for found in report.leftovers})
    orphans = [
        found
        for found in report.leftovers
        if is_orphan(
            is_new=True,
            is_published=found.name in published,
            on_disk=signature_of(job.storage, found.name) is not None,
        )
    ]
    report.add(Result.PENDING, -len({found.name for found in orphans}))
    delete_objects(job, orphans, report)
