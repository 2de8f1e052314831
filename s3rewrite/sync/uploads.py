"""Uploads in this process. A failed file does not stop the others; S3 being away does."""

from types import TracebackType
from typing import Self

from s3rewrite.sync.attempt import Known
from s3rewrite.sync.books import Books, Waiting
from s3rewrite.sync.job import Job
from s3rewrite.sync.plan import Task
from s3rewrite.sync.pool import Pool
from s3rewrite.sync.report import Report
from s3rewrite.sync.upload import Wanted


class Uploads:
    """Uploads by threads of this process, as `Uploading` says."""

    def __init__(self, job: Job, report: Report) -> None:
        self._books = Books(job, report)
        self._pool = Pool(job, self._books)

    @property
    def is_over(self) -> bool:
        """Whether no more uploads are begun."""
        return self._books.is_over

    @property
    def waiting(self) -> list[Waiting]:
        """The files that refer to others which are not on S3 yet."""
        return self._books.waiting

    @property
    def replacing(self) -> list[tuple[Task, Known]]:
        """The files under whose keys other bytes lie, perhaps the only copies of freed files."""
        return self._books.replacing

    def submit(self, task: Task, known: Known) -> None:
        """Upload a file soon; waits while enough others are waiting.

        One that waits already is not queued again: it will be read as it is by then.
        """
        if self._pool.is_queued(task.name):
            return
        self._books.planned()
        self._pool.submit(Wanted(task, known))

    def __enter__(self) -> Self:
        self._pool.__enter__()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._pool.__exit__(kind, error, traceback)
        self._books.close()
