"""Brings directories, trees and single names in step: compares them with what is published.

What follows is withdrawn at once, or uploaded in the pool.
"""

import time
from collections.abc import Iterable
from itertools import islice

from s3rewrite import conf
from s3rewrite.core.batches import batches
from s3rewrite.core.debounce import is_young
from s3rewrite.core.entries import Entry, Signature, are_published, by_directory, join, split
from s3rewrite.disk.ground import is_there
from s3rewrite.disk.signatures import signature_of
from s3rewrite.s3.lookup import known_objects
from s3rewrite.s3.objects import no_object
from s3rewrite.sync.context import SyncContext
from s3rewrite.sync.freeing.free import AT_A_TIME, freeable
from s3rewrite.sync.freeing.only_copies import OnlyCopies
from s3rewrite.sync.hints import tree_of
from s3rewrite.sync.plan import Plan, Task, plan, wrong_marks
from s3rewrite.sync.reporting.report import Report, Result
from s3rewrite.sync.scan import Directory, Findings, scan
from s3rewrite.sync.upload.attempt import Known
from s3rewrite.sync.upload.content_rules import concerned, rules
from s3rewrite.sync.upload.references import refers
from s3rewrite.sync.uploader import Uploader

MAX_REFERRING = 10_000
"""Files that are put off to the end of a pass."""

BATCH = 32
"""Directories that are compared with the registry in one round trip."""


class Changes:
    """What a pass finds changed, and does about it."""

    def __init__(self, job: SyncContext, report: Report, uploads: Uploader) -> None:
        self._job = job
        self._report = report
        self._uploads = uploads
        self._is_answering = False
        self._has_stubs = False
        self._rules = rules(job.mount, list(conf.mounts().values()))
        self._again = concerned(job.registry.rules(), self._rules)
        self.referring: list[tuple[Task, Known]] = []
        """Files that may refer to others: they are uploaded behind those."""
        self.freeable: list[str] = []
        """Files that may be freed behind all uploads."""
        self.needed: set[str] = set()
        """Keys of freed files that were renamed."""
        self.only_copies = OnlyCopies(job, report)

    def apply_tree(self, findings: Findings, below: str = "") -> None:
        """Bring in step what lies below a directory; "" is all.

        What a complete scan no longer met is withdrawn. Raises ScanError.
        """
        found = scan(self._job.storage, self._job.mount, findings, below)
        self.apply_scan(found, findings, below)

    def apply_scan(self, found: Iterable[Directory], findings: Findings, below: str = "") -> None:
        """The same, of a scan that has begun already."""
        seen: set[str] = set()
        for batch in batches(found, BATCH):
            seen.update(directory.path for directory in batch)
            self._apply_directories(batch)
            self._answer_hints()
            if self._uploads.is_over:
                break
        self._note(findings)
        if not (findings.errors or self._uploads.is_over):
            self._withdraw_vanished(seen, below)
            if not below:
                self._job.seen.has_stubs = self._has_stubs

    def apply_hints(self, hints: Iterable[str]) -> None:
        """Bring in step the names and the trees that hints speak of. Raises ScanError."""
        names = []
        for hint in hints:
            below = tree_of(hint)
            if below is None:
                names.append(hint)
            else:
                self.apply_tree(Findings(), below)
        self._apply_names(names)

    def note_rules(self) -> None:
        """All files were sent by the rules that hold now."""
        if self._again and not self._job.choices.dry_run:
            self._job.registry.set_rules(self._rules)

    def _apply_directories(self, batch: list[Directory]) -> None:
        self._job.progress.moved()
        published = self._job.registry.encoded([directory.path for directory in batch])
        force = self._job.choices.force
        looks_closer = force or self._again is not None
        for directory, found in zip(batch, published, strict=True):
            self._note_freed(directory)
            if not looks_closer and are_published(directory.files, found, directory.freed):
                self._report.add(Result.KEPT, len(directory.files))
                self._note_freeable(directory)
                continue
            entries = self._job.registry.decoded(directory.path, found)
            self._mark(directory, entries)
            planned = plan(directory.path, directory.files, entries, force=force, again=self._again)
            self._leave_young(planned)
            self._apply(directory.path, planned)
        self.only_copies.look(batch)

    def _leave_young(self, planned: Plan) -> None:
        """Leave what somebody may be writing: nobody has said that it is finished."""
        settle, now = self._job.settle, time.time()
        young: list[Task] = []
        settled: list[Task] = []
        for task in planned.uploads:
            (young if is_young(task.signature, settle, now) else settled).append(task)
        if not young:
            return
        planned.uploads = settled
        self._job.registry.withdraw(task.name for task in young if task.entry)
        self._report.young += [task.name for task in young]
        self._report.add(Result.PENDING, len(young))

    def _apply_names(self, names: Iterable[str]) -> None:
        for directory, basenames in by_directory(names).items():
            paths = {basename: join(directory, basename) for basename in basenames}
            looked_at = self._looked_at(paths.values())
            published = self._job.registry.get(looked_at)
            entries = {split(name)[1]: entry for name, entry in published.items()}
            local = {split(name)[1]: found for name, found in looked_at.items() if found}
            self._apply(directory, plan(directory, local, entries))

    def _note_freeable(self, directory: Directory) -> None:
        room = AT_A_TIME - len(self.freeable)
        self.freeable += islice(freeable(self._job, directory, time.time()), room)

    def _mark(self, directory: Directory, entries: dict[str, Entry]) -> None:
        """Have the entries say which files are freed."""
        if self._job.choices.dry_run:
            return
        changes = [
            (join(directory.path, basename), old, old._replace(freed=not old.freed))
            for basename in wrong_marks(directory.files, entries, directory.freed)
            for old in (entries[basename],)
        ]
        self._job.registry.refresh_all(changes, self._job.lease)

    def _note_freed(self, directory: Directory) -> None:
        paths = self._job.mount.paths
        if directory.freed:
            self._has_stubs = self._job.seen.has_stubs = True
        for basename, stub in directory.freed.items():
            if stub.key != paths.key(join(directory.path, basename), stub.fingerprint):
                self.needed.add(stub.key)

    def _withdraw_vanished(self, seen: set[str], below: str) -> None:
        """Withdraw the names in directories that a complete scan did not meet."""
        registry = self._job.registry
        vanished = (path for path in set(registry.directories()) if path not in seen)
        for batch in batches((path for path in vanished if _is_in(path, below)), BATCH):
            for path, entries in zip(batch, registry.entries(batch), strict=True):
                self._withdraw(join(path, basename) for basename in entries)

    def _note(self, findings: Findings) -> None:
        """What a scan met besides files."""
        self._report.skipped |= findings.skipped
        for name, reason in findings.errors.items():
            self._report.is_scan_complete = False
            self._fail(name, reason)

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
            lookup = known if task.entry is None else no_object
            careful = task._replace(is_careful=self._job.is_careful)
            if refers(task.name) and len(self.referring) < MAX_REFERRING:
                self.referring.append((careful, lookup))
            else:
                self._uploads.submit(careful, lookup)
            self._answer_hints()

    def _answer_hints(self) -> None:
        """Names that were changed meanwhile do not wait for the end of a long pass."""
        if self._is_answering:
            return
        self._is_answering = True
        self.apply_hints(self._job.hinted())
        self._is_answering = False

    def _withdraw(self, names: Iterable[str]) -> None:
        """Withdraw names whose files are gone, or excluded; not one that came back meanwhile."""
        gone = [name for name, found in self._looked_at(names).items() if found is None]
        if not self._job.choices.dry_run:
            self._job.registry.withdraw(gone, is_found=True)
        for name in gone:
            self._tell(name, Result.WITHDRAWN)

    def _look(self, name: str) -> Signature | None:
        """The signature of a file that may go to S3; of another one the reason is noted."""
        if self._job.excluded(name):
            return None
        if reason := self._job.kept_local(name):
            if is_there(self._job.storage, name):
                self._report.skipped[name] = reason
            return None
        return signature_of(self._job.storage, name)

    def _looked_at(self, names: Iterable[str]) -> dict[str, Signature | None]:
        """What files are now, None where none is to be there.

        One that cannot be looked at has failed, alone: what it is, is not known.
        """
        looked_at: dict[str, Signature | None] = {}
        for name in names:
            try:
                looked_at[name] = self._look(name)
            except OSError as error:
                self._fail(name, f"cannot be looked at: {error.strerror or error}")
        return looked_at

    def _fail(self, name: str, reason: str) -> None:
        self._report.fail(name, reason, "disk")
        self._job.progress.failed(name, reason)

    def _tell(self, name: str, result: Result) -> None:
        self._report.add(result)
        self._job.progress.done(name, result)


def _is_in(path: str, below: str) -> bool:
    return not below or path == below or path.startswith(f"{below}/")
