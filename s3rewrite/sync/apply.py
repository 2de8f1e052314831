"""Brings directories, trees and single names in step: compares them with the published set.

Names that must not be linked are withdrawn at once; uploads are handed to the uploader.
"""

import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import cached_property
from itertools import islice

from s3rewrite import conf
from s3rewrite.core.batches import batches
from s3rewrite.core.debounce import is_young
from s3rewrite.core.entries import (
    Entry,
    Signature,
    group_by_directory,
    join,
    matches_published,
    split,
)
from s3rewrite.disk.access import is_there
from s3rewrite.disk.open_file import root_of
from s3rewrite.disk.signatures import signature_of
from s3rewrite.s3.lookup import known_objects
from s3rewrite.s3.objects import no_object
from s3rewrite.sync.context import SyncContext
from s3rewrite.sync.edge import clear_edge
from s3rewrite.sync.freeing.free import MAX_FREED, find_freeable
from s3rewrite.sync.freeing.only_copies import OnlyCopies
from s3rewrite.sync.hints import tree_of
from s3rewrite.sync.plan import Plan, Task, plan
from s3rewrite.sync.purge import purge
from s3rewrite.sync.reporting.report import Report, Result
from s3rewrite.sync.scan import Findings, ScannedDirectory, scan
from s3rewrite.sync.upload.attempt import ObjectLookup
from s3rewrite.sync.upload.content_rules import affected_by, rules
from s3rewrite.sync.upload.references import refers
from s3rewrite.sync.uploader import Uploader

MAX_REFERRING = 10_000
"""Files whose upload is put off to the end of a pass."""

MAX_PLANNED = 100_000
"""Files whose upload is put off to the end of a scan."""

BATCH = 32
"""Directories that are compared with the registry in one round trip."""


PURGE_PERIOD = 1.0
"""Seconds after which a long pass looks again at what is to be taken down, and at the CDN."""


class Applier:
    """Finds what has changed for a pass, and does what the plan says."""

    def __init__(self, context: SyncContext, report: Report, uploads: Uploader) -> None:
        self._context = context
        self._report = report
        self._uploads = uploads
        self._is_answering = False
        self._next_purge = time.monotonic() + PURGE_PERIOD  # the pass has begun with one
        self._has_stubs = False
        self._planned: list[tuple[str, Plan]] = []
        self._planned_count = 0
        self._rules = rules(context.mount, list(conf.mounts().values()))
        self._must_resend = affected_by(context.registry.rules(), self._rules)
        self._root = root_of(context.storage)
        self._is_compared = self._root == context.memory.compared_root
        self.referring: list[tuple[Task, ObjectLookup]] = []
        """Files that may refer to others; they are uploaded after those."""
        self.freeable: list[str] = []
        """Files that may be freed after all uploads."""
        self.needed_keys: set[str] = set()
        """Keys of freed files that were renamed: the bytes are still under the old name's key."""
        self.only_copies = OnlyCopies(context, report)

    def apply_scan(
        self, directories: Iterable[ScannedDirectory], findings: Findings, below: str = ""
    ) -> None:
        """Bring in step the directories of a scan below a path; "" is the whole storage.

        Withdraws what a complete scan did not meet. Raises ScanError.
        """
        with self._withdrawing_first():
            self._apply_scan(directories, findings, below)

    def _apply_scan(
        self, directories: Iterable[ScannedDirectory], findings: Findings, below: str
    ) -> None:
        met: set[str] = set()
        for batch in batches(directories, BATCH):
            met.update(directory.path for directory in batch)
            self._apply_directories(batch)
            self._answer_hints()
            if self._uploads.is_over:
                break
        self._report.skipped |= findings.skipped
        for name, reason in findings.errors.items():
            self._report.is_scan_complete = False
            self._fail(name, reason)
        # What a scan did not meet is gone only if the scan could see everything.
        if not (findings.errors or self._uploads.is_over):
            self._withdraw_vanished(met, below)
            if not below:
                self._context.memory.has_stubs = self._has_stubs

    def apply_hints(self, hints: Iterable[str]) -> None:
        """Bring in step the names and the trees that hints name. Raises ScanError."""
        names = []
        with self._withdrawing_first():
            for hint in hints:
                below = tree_of(hint)
                if below is None:
                    names.append(hint)
                    continue
                findings = Findings()
                found = scan(self._context.storage, self._context.mount, findings, below)
                self._apply_scan(found, findings, below)
            self._apply_names(names)

    @contextmanager
    def _withdrawing_first(self) -> Iterator[None]:
        """Uploads begin after the block: what it finds gone may be what they are to copy."""
        outer, self._planned = self._planned, []
        try:
            yield
            planned = self._planned
        finally:
            self._planned = outer
            self._planned_count = sum(len(due.uploads) for _, due in outer)
        for directory, due in planned:
            self._upload(directory, due)

    def record_rules(self) -> None:
        """Record that all files were sent by the current rules, and compared."""
        if self._context.options.dry_run:
            return
        self._context.memory.compared_root = self._root
        self._context.registry.set_place(conf.place(self._context.mount))
        if self._must_resend:
            self._context.registry.set_rules(self._rules)

    def _apply_directories(self, batch: list[ScannedDirectory]) -> None:
        self._context.progress.moved()
        registry, force = self._context.registry, self._context.options.force
        values = registry.encoded_entries([directory.path for directory in batch])
        for directory, encoded in zip(batch, values, strict=True):
            self._note_stubs(directory)
            self._context.memory.published.remember_directory(directory.path, encoded)
            must_resend = self._resend_test(directory)
            # Most directories are unchanged: their entries are compared without decoding them.
            if not (force or must_resend) and matches_published(
                directory.names, directory.numbers, encoded, directory.stubs
            ):
                self._report.add(Result.KEPT, len(directory.names))
                room = MAX_FREED - len(self.freeable)
                self.freeable += islice(find_freeable(self._context, directory, time.time()), room)
                continue
            entries = registry.decode_entries(directory.path, encoded)
            self._correct_marks(directory, entries)
            path = directory.path
            planned = plan(path, directory.files, entries, force=force, must_resend=must_resend)
            self._defer_unsettled(planned)
            self._apply(path, planned)
        self.only_copies.compare(batch)

    def _resend_test(self, directory: ScannedDirectory) -> Callable[[str], bool] | None:
        """Tells by its basename whether an unchanged file is read all the same; None: none is.

        By other rules it may mean other bytes. And where only the digest can tell one release's
        file from the next one's, it decides once in each process.
        """
        if self._is_compared or 0 not in directory.numbers[2::3]:
            return self._must_resend
        files, stubs = directory.files, directory.stubs
        if all(s.change for name, s in files.items() if name not in stubs):
            return self._must_resend
        by_rules = self._must_resend or (lambda _: False)
        return lambda name: by_rules(name) or not (files[name].change or name in stubs)

    def _note_stubs(self, directory: ScannedDirectory) -> None:
        paths = self._context.mount.paths
        if directory.stubs:
            self._has_stubs = self._context.memory.has_stubs = True
        for basename, stub in directory.stubs.items():
            if stub.key != paths.key(join(directory.path, basename), stub.fingerprint):
                self.needed_keys.add(stub.key)

    def _correct_marks(self, directory: ScannedDirectory, entries: dict[str, Entry]) -> None:
        """Make the entries of unchanged files say whether they are freed."""
        if self._context.options.dry_run:
            return
        path, files, stubs = directory.path, directory.files, directory.stubs
        changes = [
            (join(path, basename), old, Entry(files[basename], old.fingerprint, not old.freed))
            for basename, old in entries.items()
            if old.freed != (basename in stubs) and old.signature.plain == files.get(basename)
        ]
        self._context.registry.refresh_all(changes, self._context.lease)

    def _defer_unsettled(self, planned: Plan) -> None:
        """Leave files that were changed just now: a scan cannot tell that they are complete."""
        settle, now = self._context.settle, time.time()
        uploads, planned.uploads = planned.uploads, []
        unsettled: list[Task] = []
        for task in uploads:
            is_unsettled = is_young(task.signature, settle, now)
            (unsettled if is_unsettled else planned.uploads).append(task)
        self._context.registry.withdraw(task.name for task in unsettled if task.entry)
        self._report.unsettled |= dict.fromkeys(task.name for task in unsettled)

    def _apply_names(self, names: Iterable[str]) -> None:
        for directory, basenames in group_by_directory(names).items():
            signatures = self._signatures(join(directory, basename) for basename in basenames)
            published = self._context.registry.get(signatures)
            entries = {split(name)[1]: entry for name, entry in published.items()}
            local = {split(name)[1]: found for name, found in signatures.items() if found}
            self._apply(directory, plan(directory, local, entries))

    def _apply(self, directory: str, planned: Plan) -> None:
        self._report.add(Result.KEPT, planned.kept)
        self._withdraw(planned.withdrawals)
        if self._context.options.dry_run:
            for task in planned.uploads:
                self._record(task.name, Result.UPLOADED)
        elif self._may_wait(planned):
            self._planned.append((directory, planned))
            self._planned_count += len(planned.uploads)
        else:
            self._upload(directory, planned)

    def _may_wait(self, planned: Plan) -> bool:
        """Whether the uploads of a directory are put off to the end of the scan.

        Not where nothing is published, which could have been renamed; nor where pages would link
        a changed file meanwhile, as they do not look at it.
        """
        is_linked = not self._context.mount.check_local and any(t.entry for t in planned.uploads)
        has_room = self._planned_count < MAX_PLANNED
        return bool(planned.uploads) and has_room and not is_linked and self._has_entries

    @cached_property
    def _has_entries(self) -> bool:
        return not self._context.registry.is_empty()

    def _upload(self, directory: str, planned: Plan) -> None:
        due = set(filter(self._context.is_lookup_due, planned.uploads))
        known = known_objects(self._context.bucket, directory, len(due), planned.kept)
        for task in planned.uploads:
            if self._uploads.is_over:
                self._report.add(Result.PENDING)
                continue
            lookup = known if task in due else no_object
            careful = task._replace(is_careful=self._context.is_careful)
            if refers(task.name) and len(self.referring) < MAX_REFERRING:
                self.referring.append((careful, lookup))
            else:
                self._uploads.submit(careful, lookup)
            self._answer_hints()

    def _answer_hints(self) -> None:
        """Apply the hints that came meanwhile: they do not wait for the end of a long pass."""
        if self._is_answering:  # applying a hint leads here again
            return
        self._is_answering = True
        cleared: list[str] = []
        try:
            if time.monotonic() >= self._next_purge:
                purge(self._context, self._report)
                cleared = clear_edge(self._context)
                self._next_purge = time.monotonic() + PURGE_PERIOD
            self.apply_hints([*self._context.take_hints(), *cleared])
        finally:
            self._is_answering = False

    def _withdraw_vanished(self, met: set[str], below: str) -> None:
        """Withdraw all names in the directories that a complete scan did not meet."""
        registry = self._context.registry
        vanished = [
            path
            for path in set(registry.directories()) - met
            if not below or f"{path}/".startswith(f"{below}/")
        ]
        for batch in batches(vanished, BATCH):
            for path, entries in zip(batch, registry.entries(batch), strict=True):
                self._withdraw(join(path, basename) for basename in entries)

    def _withdraw(self, names: Iterable[str]) -> None:
        """Withdraw names whose files are gone or must stay local, unless they have come back."""
        gone = [name for name, found in self._signatures(names).items() if found is None]
        if not self._context.options.dry_run:
            registry = self._context.registry
            # First: a pass that dies in between leaves no object of which nobody knows.
            registry.purges.expose(filter(self._context.is_kept_local, gone))
            registry.withdraw(gone, is_found=True)
        for name in gone:
            self._record(name, Result.WITHDRAWN)

    def _signatures(self, names: Iterable[str]) -> dict[str, Signature | None]:
        """Name -> signature now; None if no file of that name may be on S3.

        A file whose state cannot be read fails alone, and is left out.
        """
        signatures: dict[str, Signature | None] = {}
        for name in names:
            try:
                signatures[name] = self._signature(name)
            except OSError as error:
                self._fail(name, f"cannot be looked at: {error.strerror or error}")
        return signatures

    def _signature(self, name: str) -> Signature | None:
        context = self._context
        if context.is_excluded(name):
            return None
        if reason := context.local_reason(name):
            if is_there(context.storage, name):
                self._report.skipped[name] = reason
            return None
        return signature_of(context.storage, name)

    def _fail(self, name: str, reason: str) -> None:
        self._context.fail(self._report, name, reason, "disk")

    def _record(self, name: str, result: Result) -> None:
        self._report.add(result)
        self._context.progress.done(name, result)
