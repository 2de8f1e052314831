"""One try at uploading one file: the steps that `batch` describes, and the outcome."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import NamedTuple

import redis

from s3rewrite.core.entries import Entry, Signature
from s3rewrite.disk.access import find_local_reason
from s3rewrite.disk.open_file import OpenFile, opened
from s3rewrite.registry import Claim, Outcome, Write
from s3rewrite.s3.errors import S3Error, S3Unavailable
from s3rewrite.s3.objects import Object, Upload, condition_on
from s3rewrite.sync.context import LeaseLost, SyncContext
from s3rewrite.sync.plan import Task
from s3rewrite.sync.reporting.report import Result
from s3rewrite.sync.upload.content import Payload, bucket_holds, payload_of, upload_of
from s3rewrite.sync.upload.moves import copy_bytes
from s3rewrite.sync.upload.references import KeptLocal

REFUSALS = 2
"""After so many, a file is written without a condition: perhaps they do not work here."""

ObjectLookup = Callable[[str], Object | None]
"""Key -> the object that the bucket has under it."""

FAILURES = (KeptLocal, LeaseLost, OSError, S3Error, redis.RedisError)
"""The errors that are an outcome of a file. Any other one is a bug, and stops the pass."""


TAKEN_DOWN = "it was taken down, and only Redis keeps it local: name it in EXCLUDE, or delete it"


class UploadResult(NamedTuple):
    """The outcome for a file where nothing failed."""

    result: Result
    bytes_sent: int = 0
    has_unconfirmed_write: bool = False
    """PENDING, as an earlier write of other bytes may still arrive at S3."""
    would_replace: bool = False
    """PENDING, as its key has other bytes: perhaps the only copy of a freed file."""
    orphans: tuple[str, ...] = ()
    """Fingerprints of new objects of a file that was removed during the upload."""


UploadOutcome = UploadResult | Exception
"""The exception is one of FAILURES."""

PENDING = UploadResult(Result.PENDING)


@dataclass
class Attempt:
    """One try at uploading one file. `batch` takes the steps in their order."""

    context: SyncContext
    task: Task
    lookup: ObjectLookup
    outcome: UploadOutcome = PENDING
    is_finished: bool = False
    """Whether no step follows."""
    bytes_sent: int = 0
    is_settled: bool = True
    """Whether no request of its write to S3 can arrive any more."""
    is_new: bool = False
    """Whether it wrote an object where none was, and that write has settled."""
    is_write_confirmed: bool = False
    """Whether publishing has reported `is_settled` to the registry already."""
    refusals: int = 0
    """How many attempts before this one found other objects than their conditions said."""
    existing: Object | None = None
    """What is under the key, where that matters."""
    is_remembered: bool = False
    """Whether this process only remembers it."""
    is_there: bool = False
    """Whether that has the bytes already."""
    lookup_error: Exception | None = None
    claim: Claim | None = None
    file: OpenFile = field(init=False)
    payload: Payload = field(init=False)
    entry: Entry = field(init=False)
    upload: Upload = field(init=False)

    def finish(self, outcome: UploadOutcome) -> None:
        """Skip the steps that follow."""
        self.outcome, self.is_finished = outcome, True

    @contextmanager
    def contain_failure(self) -> Iterator[None]:
        """Run a step whose failure is the outcome of this file alone."""
        try:
            yield
        except NotADirectoryError as error:  # a directory above it is a file now
            self.finish(FileNotFoundError(str(error)))
        except FAILURES as error:
            self.finish(error)

    def read(self, stack: ExitStack) -> None:
        """Steps 1 and 2. The file stays open until the stack closes it."""
        self.open(stack)
        context, name = self.context, self.task.name
        # What the steps below claim, send and publish is about these bytes.
        self.payload = payload_of(context.mount, name, self.file)
        self.entry = Entry(self._signature(), self.payload.fingerprint)
        self.upload = upload_of(context.mount, name, self.payload)
        # The signature must be that of the bytes that were read, or the entry would be wrong.
        if not self.file.is_unchanged():
            self.finish(PENDING)
        elif self._refresh():
            self.finish(UploadResult(Result.REFRESHED))

    def open(self, stack: ExitStack) -> None:
        """Open the file; the stack closes it. Raises KeptLocal, OSError."""
        context, name = self.context, self.task.name
        self.file = stack.enter_context(opened(context.storage, name))
        # Somebody may have put a symbolic link in its place since the scan.
        if why := find_local_reason(context.storage, context.mount, name, self.file.file):
            raise KeptLocal(why.reason)

    def look_up(self, unavailable: S3Unavailable | None) -> None:
        """Step 2, too: what is under the key, and on which condition that is replaced.

        Step 4 raises what goes wrong here: the name is withdrawn before that, in any case.
        """
        try:
            if unavailable:
                raise unavailable
            self._look_up()
        except (OSError, S3Error) as error:
            self.lookup_error = error

    def _look_up(self) -> None:
        context, is_forced = self.context, self.context.options.force
        remembered = None if self.refusals else context.remembered_object(self.task)
        self.is_remembered = remembered is not None
        if self.task.is_careful and (self.task.entry or is_forced):
            self.existing = context.bucket.head(self.upload.key)
        elif not is_forced:
            self.existing = remembered or self.lookup(self.upload.key)
        # Where other bytes were published, the bucket does not hold the new ones.
        is_possible = self.task.entry is None or self.refusals
        if self.existing and is_possible and not is_forced:
            self.is_there = self._has_payload(self.existing)
        if self._may_have_condition():
            self.upload = self.upload._replace(condition=condition_on(self.existing))

    def planned_write(self) -> Write:
        """What step 4 will write or find, for the claim."""
        name, fingerprint = self.task.name, self.entry.fingerprint
        return Write(name, fingerprint, self.upload.condition, self._expected_etag())

    def record_claim(self, claim: Claim | Outcome) -> None:
        """Step 3: what the registry answered."""
        if isinstance(claim, Claim):
            self.claim = claim
        elif claim is Outcome.FENCED:
            self.finish(LeaseLost())
        elif claim is Outcome.PURGED:
            self.finish(KeptLocal(TAKEN_DOWN))
        else:  # DOUBTFUL, UNPROVEN: a late write would replace the bytes of a published name
            self.finish(PENDING._replace(has_unconfirmed_write=True))

    def write(self) -> None:
        """Step 4."""
        if self.lookup_error:
            raise self.lookup_error
        if self.is_there:
            self.outcome = UploadResult(Result.ADOPTED)
        elif self.task.is_careful and (self.existing or self.refusals):
            # `replacing` uploads it, once no freed file needs the bytes that are there.
            self.finish(PENDING._replace(would_replace=True))
        elif self.context.stop.is_set():
            self.finish(PENDING)
        else:
            self.outcome = self._copy_or_put()
            # With an entry, or with `force`, the lookup says nothing: None is no proof then.
            was_looked_up = not (self.task.entry or self.context.options.force or self.refusals)
            self.is_new = was_looked_up and self.existing is None and self.is_settled

    def verify_unchanged(self) -> None:
        """Step 5."""
        if not self.file.is_unchanged():
            self.finish(self._pending())

    def record_publication(self, outcome: Outcome) -> None:
        """Step 6: what the registry answered."""
        self.is_write_confirmed = True
        if outcome is Outcome.FENCED:
            self.finish(LeaseLost())
        elif outcome is Outcome.PUBLISHED:
            self.remember()
            self.finish(self.outcome)
        elif outcome is Outcome.UNCLEARED:
            self.finish(UploadResult(Result.CLEARING, self.bytes_sent))
        else:  # SUPERSEDED: another upload, or the next pass, publishes the name
            self.finish(self._pending())

    def remember(self) -> None:
        """Remember what was published, in case that Redis forgets it."""
        size, etag = self.payload.size, self.payload.digests.md5
        if self.is_there and self.existing:
            size, etag = self.existing.size, self.existing.etag
        self.context.memory.published.remember(self.task.name, self.entry, size, etag)

    def forget_remembered(self) -> None:
        """The condition did not hold: where it was remembered, ETags may be no MD5s here."""
        if self.is_remembered:
            self.context.memory.published.forget_sent()

    def _has_payload(self, existing: Object) -> bool:
        """Whether the object has these bytes already, whoever sent them."""
        context = self.context
        return bucket_holds(
            context.bucket, self.task.name, self.payload, existing, context.should_continue
        )

    def _may_have_condition(self) -> bool:
        """Whether it is known what is under the key, and the service takes conditions.

        A large file is written by a last request that names its parts, and those have none.
        """
        is_known = self.context.is_overwriting and not self.context.options.force
        is_small = isinstance(self.payload.content, bytes)
        bucket = self.context.bucket
        return is_known and is_small and self.refusals < REFUSALS and bucket.sends_conditions

    def _expected_etag(self) -> str:
        if self.is_there and self.existing:
            return condition_on(self.existing) or "?"
        return self.upload.digests.md5 or ("?" if self.upload.content == b"" else "-")

    def _copy_or_put(self) -> UploadResult:
        self.context.memory.published.sent.pop(self.task.name, None)
        # Until S3 answers, nobody knows whether the write will arrive.
        self.is_settled = False
        if self.claim and not self.context.options.force:
            is_settled = copy_bytes(self.context, self.claim, self.upload, self.payload)
            if is_settled is not None:
                self.is_settled = is_settled
                return UploadResult(Result.ADOPTED)
        self._put()
        self.bytes_sent = self.payload.size
        return UploadResult(Result.UPLOADED, self.bytes_sent)

    def _put(self) -> None:
        try:
            self.is_settled = self.context.bucket.put(
                self.upload, proceed=self.context.should_continue
            )
        except S3Error as error:
            self.is_settled = error.is_settled
            raise

    def _signature(self) -> Signature:
        """The file's signature; in a worker, whose disk may give it another inode, the loop's."""
        seen, read = self.task.signature, self.file.signature
        is_worker = self.context.mount.uploads == "tasks"
        return seen if is_worker and seen.plain == read.plain else read

    def _pending(self) -> UploadResult:
        return UploadResult(Result.PENDING, self.bytes_sent)

    def _refresh(self) -> bool:
        """Give the entry the new signature, if its bytes are the same. Raises LeaseLost."""
        old, context = self.task.entry, self.context
        if old is None or context.options.force or old.fingerprint != self.entry.fingerprint:
            return False
        if old == self.entry:  # where only the digest could tell
            return True
        outcome = context.registry.refresh(self.task.name, context.lease, old, self.entry)
        if outcome is Outcome.FENCED:
            raise LeaseLost
        return outcome is Outcome.PUBLISHED
