"""A pass: scan, plan and apply, over a whole mount or over what hints speak of."""

import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from itertools import chain

import redis

from s3rewrite.registry.lease import held
from s3rewrite.sync.apply import Changes
from s3rewrite.sync.delete import delete_withdrawn
from s3rewrite.sync.errors import S3Error
from s3rewrite.sync.freeing import free
from s3rewrite.sync.job import Job, LeaseLost
from s3rewrite.sync.orphans import delete_orphans
from s3rewrite.sync.reconcile import reconcile
from s3rewrite.sync.referring import ROUNDS, Queue, Wanted, in_circles
from s3rewrite.sync.replacing import may_replace
from s3rewrite.sync.report import Report, Result
from s3rewrite.sync.scan import Directory, Findings, ScanError, scan
from s3rewrite.sync.uploading import uploading


def whole_pass(job: Job) -> Report:
    """Bring a whole mount in step. Raises LeaseTaken where another pass is running.

    Whatever else goes wrong is in the report.
    """
    return _reported(job, _scan_and_apply)


def pass_over(job: Job, hints: Iterable[str]) -> Report:
    """Bring in step what the hints speak of: names, and trees. As `whole_pass` does."""

    def work(job: Job, report: Report) -> None:
        with uploading(job, report) as uploads:
            changes = Changes(job, report, uploads)
            changes.apply_hints(hints)
        _upload_rest(job, report, uploads.replacing, changes.referring)

    return _reported(job, work)


def _reported(job: Job, work: Callable[[Job, Report], None]) -> Report:
    report = Report(job.mount.alias)
    began = time.monotonic()
    try:
        with _leased(job) as leased:
            work(leased, report)
            delete_orphans(leased, report)
    except redis.RedisError as error:
        report.stopped = f"Redis: {error}"
    except (LeaseLost, OSError, S3Error, ScanError) as error:
        report.stopped = str(error)
    report.seconds = time.monotonic() - began
    return report


@contextmanager
def _leased(job: Job) -> Iterator[Job]:
    """The job with the mount's lease. A dry run changes nothing, and needs none."""
    if job.choices.dry_run:
        yield job
        return
    with held(job.registry) as lease:
        leased = job.with_lease(lease)
        reconcile(leased)
        yield leased


def _scan_and_apply(job: Job, report: Report) -> None:
    findings = Findings()
    directories = scan(job.storage, job.mount, findings)
    first = _first_with_files(directories)
    if not (first or job.registry.is_empty()):
        raise ScanError(
            f"the storage of mount {job.mount.alias} is empty, though files of it are published: "
            "nothing was withdrawn or deleted. Is its disk mounted?"
        )
    with uploading(job, report) as uploads:
        changes = Changes(job, report, uploads)
        changes.apply_scan(chain(first, directories), findings)
    _upload_rest(job, report, uploads.replacing, changes.referring)
    if report.is_scan_complete and not report.stopped and not job.stop.is_set():
        changes.note_rules()
    changes.only_copies.close()
    if report.is_scan_complete and not uploads.is_over:
        delete_withdrawn(job, report, changes.needed)
        free(job, report, changes.freeable, findings.own)


def _upload_rest(job: Job, report: Report, replacing: Wanted, referring: Wanted) -> None:
    """Upload what had to wait for the others: those that refer to other files last.

    Of these, one that waits for a file which replaces other bytes is read again behind that one.
    """
    _upload_in_turn(job, report, may_replace(job, report, replacing))
    queue, replacing = _upload_in_turn(job, report, referring)
    if replacing:
        replacing += queue.left()
        queue, _ = _upload_in_turn(job, report, may_replace(job, report, replacing))
    _note_waiting(report, queue.waits_for())


def _upload_in_turn(job: Job, report: Report, tasks: Wanted) -> tuple[Queue, Wanted]:
    """Upload files that may refer to others behind those; some of them refer to each other.

    One that waits is read again once that has ended which it waits for. Returns what is left, and
    those under whose keys other bytes lie.
    """
    queue = Queue(tasks)
    replacing: Wanted = []
    for _ in range(ROUNDS):
        if not (tasks := queue.take()):
            break
        with uploading(job, report) as uploads:
            for task, known in tasks:
                if uploads.is_over:
                    report.add(Result.PENDING)
                else:
                    uploads.submit(task, known)
        replacing += uploads.replacing
        queue.ended(tasks, uploads.waiting)
        if uploads.is_over:
            break
    return queue, replacing


def _note_waiting(report: Report, waits_for: dict[str, str]) -> None:
    """Those that wait for each other stay local; the others are left for the next pass."""
    circles = in_circles(waits_for)
    for name in circles:
        report.skipped[name] = f"{report.skipped[name]}, and refers back to it"
    report.add(Result.PENDING, len(waits_for) - len(circles))


def _first_with_files(directories: Iterator[Directory]) -> list[Directory]:
    """The directories up to the first one that has a file; none where there is no file."""
    looked_at: list[Directory] = []
    for directory in directories:
        looked_at.append(directory)
        if directory.files:
            return looked_at
    return []
