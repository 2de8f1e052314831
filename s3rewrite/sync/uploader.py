"""The interface that a pass uses for uploads, and the choice between its two implementations."""

from typing import Protocol, Self

from s3rewrite.sync.context import SyncContext
from s3rewrite.sync.plan import Task
from s3rewrite.sync.reporting.report import Report
from s3rewrite.sync.upload.attempt import ObjectLookup
from s3rewrite.sync.upload.recorder import WaitingFile
from s3rewrite.sync.upload.threads import ThreadUploader


class Uploader(Protocol):
    """Brings files to S3 for a pass, and records in its report what became of each.

    The block waits at its end for the uploads under way. No more uploads begin once the stop flag
    is set, or after an error that every other file would meet too. Only the thread of the pass
    uses it.
    """

    @property
    def is_over(self) -> bool:
        """Whether no more uploads begin."""

    @property
    def waiting(self) -> list[WaitingFile]:
        """The files that refer to others which are not on S3 yet; complete after the block."""

    @property
    def replacing(self) -> list[tuple[Task, ObjectLookup]]:
        """The files under whose keys other bytes lie, perhaps the only copies of freed files.

        Complete after the block.
        """

    def submit(self, task: Task, lookup: ObjectLookup) -> None:
        """Upload a file soon; waits while too many others are waiting.

        A file that is waiting already is not queued again: it will be read as it is by then.
        """

    def __enter__(self) -> Self: ...

    def __exit__(self, kind: object, error: object, traceback: object, /) -> None: ...


def uploader_of(context: SyncContext, report: Report) -> Uploader:
    """The uploader of a pass, by the mount's UPLOADS: threads here, or workers of a task queue."""
    if context.mount.uploads == "loop" or context.options.dry_run:
        return ThreadUploader(context, report)
    # The task framework may not be installed, and is slow to import.
    from s3rewrite.sync.workers.coordinator import TaskUploader  # noqa: PLC0415

    return TaskUploader(context, report)
