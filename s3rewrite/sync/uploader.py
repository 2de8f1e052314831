"""Where the uploads of a pass are done, by the mount's UPLOADS."""

from types import TracebackType
from typing import Protocol, Self

from s3rewrite.sync.context import SyncContext
from s3rewrite.sync.plan import Task
from s3rewrite.sync.reporting.report import Report
from s3rewrite.sync.upload.attempt import ObjectLookup
from s3rewrite.sync.upload.recorder import Waiting
from s3rewrite.sync.upload.threads import ThreadUploader


class Uploader(Protocol):
    """What brings files to S3 for a pass, and enters into its report what became of each.

    Leaving the block waits for those under way. No more are begun once the stop flag is set, or
    something has failed that would fail for every other file too.
    """

    @property
    def is_over(self) -> bool:
        """Whether no more uploads are begun."""

    @property
    def waiting(self) -> list[Waiting]:
        """The files that refer to others which are not on S3 yet."""

    @property
    def replacing(self) -> list[tuple[Task, ObjectLookup]]:
        """The files under whose keys other bytes lie, perhaps the only copies of freed files."""

    def submit(self, task: Task, known: ObjectLookup) -> None:
        """Upload a file soon; waits while enough others are waiting.

        One that waits already is not queued again: it will be read as it is by then.
        """

    def __enter__(self) -> Self: ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None: ...


def uploader_of(job: SyncContext, report: Report) -> Uploader:
    """What uploads for a pass: threads of this process, or the workers of a task framework."""
    if job.mount.uploads == "loop" or job.choices.dry_run:
        return ThreadUploader(job, report)
    # The framework may not be there, and is slow to import.
    from s3rewrite.sync.workers.coordinator import TaskUploader  # noqa: PLC0415

    return TaskUploader(job, report)
