"""A pass: scan, plan and apply, over a whole mount or over some names."""

import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from itertools import chain, islice
from typing import TypeVar

import redis

from s3rewrite import conf
from s3rewrite.entries import Signature, are_published, decode_all, join, split
from s3rewrite.registry.lease import held
from s3rewrite.sync.adopt import known_objects
from s3rewrite.sync.attempt import Known
from s3rewrite.sync.delete import delete_withdrawn
from s3rewrite.sync.errors import S3Error
from s3rewrite.sync.job import Job, LeaseLost
from s3rewrite.sync.objects import Object
from s3rewrite.sync.plan import Plan, Task, plan
from s3rewrite.sync.reconcile import reconcile
from s3rewrite.sync.relink import in_circles, refers
from s3rewrite.sync.report import Report, Result
from s3rewrite.sync.rules import concerned, rules
from s3rewrite.sync.scan import Directory, Findings, ScanError, scan, signature_of
from s3rewrite.sync.uploads import Uploads, Waiting

T = TypeVar("T")

MAX_REFERRING = 10_000
"""Files that are put off to the end of a pass."""

BATCH = 32
"""Directories that are compared with the registry in one round trip."""


def whole_pass(job: Job) -> Report:
    """Bring a whole mount in step. Raises LeaseTaken where another pass is running.

    Whatever else goes wrong is in the report.
    """
    return _reported(job, _scan_and_apply)


def pass_over(job: Job, names: Iterable[str]) -> Report:
    """Bring these names of a mount in step, as `whole_pass` does."""

    def work(job: Job, report: Report) -> None:
        with Uploads(job, report) as uploads:
            one_pass = _Pass(job, report, uploads)
            one_pass.apply_names(names)
        _upload_referring(job, report, one_pass.referring)

    return _reported(job, work)


def _reported(job: Job, work: Callable[[Job, Report], None]) -> Report:
    report = Report(job.mount.alias)
    began = time.monotonic()
    try:
        with _leased(job) as leased:
            work(leased, report)
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
    directories = scan(job.storage, job.excluded, job.mount.prefix, findings)
    first = _first_with_files(directories)
    if not (first or job.registry.is_empty()):
        raise ScanError(
            f"the storage of mount {job.mount.alias} is empty, though files of it are published: "
            "nothing was withdrawn or deleted. Is its disk mounted?"
        )
    seen: set[str] = set()
    with Uploads(job, report) as uploads:
        one_pass = _Pass(job, report, uploads)
        for batch in _batches(chain(first, directories)):
            seen.update(directory.path for directory in batch)
            one_pass.apply_directories(batch)
            if uploads.is_over:
                break
        _note(job, report, findings)
        if report.is_scan_complete and not uploads.is_over:
            one_pass.withdraw_vanished(seen)
    _upload_referring(job, report, one_pass.referring)
    if report.is_scan_complete and not report.stopped and not job.stop.is_set():
        one_pass.note_rules()
    if report.is_scan_complete and not uploads.is_over:
        delete_withdrawn(job, report)


def _upload_referring(job: Job, report: Report, tasks: list[tuple[Task, Known]]) -> None:
    """Upload files that refer to others behind those; some of them refer to each other."""
    while tasks:
        with Uploads(job, report) as uploads:
            for task, known in tasks:
                if uploads.is_over:
                    report.add(Result.PENDING)
                else:
                    uploads.submit(task, known)
        if len(uploads.waiting) == len(tasks) or uploads.is_over:
            _note_waiting(report, uploads.waiting)
            return
        tasks = [(waiting.task, waiting.known) for waiting in uploads.waiting]


def _note_waiting(report: Report, waiting: list[Waiting]) -> None:
    """Those that wait for each other stay local; the others are left for the next pass."""
    for name in in_circles({one.task.name: one.waits_for for one in waiting}):
        report.skipped[name] = f"{report.skipped[name]}, and refers back to it"
        report.add(Result.PENDING, -1)
    report.add(Result.PENDING, len(waiting))


def _first_with_files(directories: Iterator[Directory]) -> list[Directory]:
    """The directories up to the first one that has a file; none where there is no file."""
    looked_at: list[Directory] = []
    for directory in directories:
        looked_at.append(directory)
        if directory.files:
            return looked_at
    return []


def _note(job: Job, report: Report, findings: Findings) -> None:
    report.skipped |= findings.skipped
    report.is_scan_complete = not findings.errors
    for name, reason in findings.errors.items():
        report.fail(name, reason, "disk")
        job.progress.failed(name, reason)


class _Pass:
    """Applies plans: what is withdrawn at once, what is uploaded in the pool."""

    def __init__(self, job: Job, report: Report, uploads: Uploads) -> None:
        self._job = job
        self._report = report
        self._uploads = uploads
        self._is_answering = False
        self._rules = rules(job.mount, list(conf.mounts().values()))
        self._again = concerned(job.registry.rules(), self._rules)
        self.referring: list[tuple[Task, Known]] = []
        """Files that may refer to others: they are uploaded behind those."""

    def apply_directories(self, batch: list[Directory]) -> None:
        """Compare directories with the registry, and apply what follows."""
        self._job.progress.moved()
        published = self._job.registry.encoded([directory.path for directory in batch])
        force = self._job.choices.force
        looks_closer = force or self._again is not None
        for directory, found in zip(batch, published, strict=True):
            if not looks_closer and are_published(directory.files, found):
                self._report.add(Result.KEPT, len(directory.files))
                continue
            entries = decode_all(found)
            planned = plan(directory.path, directory.files, entries, force=force, again=self._again)
            self._apply(directory.path, planned)

    def apply_names(self, names: Iterable[str]) -> None:
        """Compare single names with the registry, and apply what follows."""
        for directory, basenames in _by_directory(names).items():
            paths = {basename: join(directory, basename) for basename in basenames}
            published = self._job.registry.get(paths.values())
            entries = {split(name)[1]: entry for name, entry in published.items()}
            local = {
                basename: found
                for basename, name in paths.items()
                if (found := self._look(name)) is not None
            }
            self._apply(directory, plan(directory, local, entries))

    def withdraw_vanished(self, seen: set[str]) -> None:
        """Withdraw the names in directories that a complete scan did not meet."""
        vanished = (path for path in set(self._job.registry.directories()) if path not in seen)
        for batch in _batches(vanished):
            for path, entries in zip(batch, self._job.registry.entries(batch), strict=True):
                self._withdraw(join(path, basename) for basename in entries)

    def note_rules(self) -> None:
        """All files were sent by the rules that hold now."""
        if self._again and not self._job.choices.dry_run:
            self._job.registry.set_rules(self._rules)

    def _apply(self, directory: str, planned: Plan) -> None:
        self._report.add(Result.KEPT, planned.kept)
        self._withdraw(planned.withdrawals)
        if self._job.choices.dry_run:
            for task in planned.uploads:
                self._tell(task.name, Result.UPLOADED)
        else:
            self._upload(directory, planned)

    def _upload(self, directory: str, planned: Plan) -> None:
        unknown = sum(task.entry is None for task in planned.uploads)
        known = known_objects(self._job.bucket, directory, unknown, planned.kept)
        for task in planned.uploads:
            if self._uploads.is_over:
                self._report.add(Result.PENDING)
                continue
            # Where other bytes were published, the bucket does not hold these.
            lookup = known if task.entry is None else _nothing
            if refers(task.name) and len(self.referring) < MAX_REFERRING:
                self.referring.append((task, lookup))
            else:
                self._uploads.submit(task, lookup)
            self._answer_hints()

    def _answer_hints(self) -> None:
        """Names that were changed meanwhile do not wait for the end of a long pass."""
        if self._is_answering:
            return
        self._is_answering = True
        self.apply_names(self._job.hinted())
        self._is_answering = False

    def _withdraw(self, names: Iterable[str]) -> None:
        """Withdraw names whose files are gone, or excluded; not one that came back meanwhile."""
        gone = [name for name in names if self._look(name) is None]
        if not self._job.choices.dry_run:
            self._job.registry.withdraw(gone)
        for name in gone:
            self._tell(name, Result.WITHDRAWN)

    def _look(self, name: str) -> Signature | None:
        return None if self._job.excluded(name) else signature_of(self._job.storage, name)

    def _tell(self, name: str, result: Result) -> None:
        self._report.add(result)
        self._job.progress.done(name, result)


def _by_directory(names: Iterable[str]) -> dict[str, list[str]]:
    grouped: dict[str, list[str]] = {}
    for name in names:
        directory, basename = split(name)
        grouped.setdefault(directory, []).append(basename)
    return grouped


def _nothing(_: str) -> Object | None:
    return None


def _batches(items: Iterable[T]) -> Iterator[list[T]]:
    found = iter(items)
    while batch := list(islice(found, BATCH)):
        yield batch
