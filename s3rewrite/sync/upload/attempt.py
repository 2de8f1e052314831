"""One file on its way to S3: the steps that `upload` describes, and how they end."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import NamedTuple

import redis

from s3rewrite.core.entries import Entry
from s3rewrite.disk.ground import kept_local
from s3rewrite.disk.open_file import OpenFile, opened
from s3rewrite.registry import Claim, Outcome
from s3rewrite.s3.errors import S3Error
from s3rewrite.s3.objects import Object, Upload
from s3rewrite.sync.context import LeaseLost, SyncContext
from s3rewrite.sync.plan import Task
from s3rewrite.sync.reporting.report import Result
from s3rewrite.sync.upload.content import Payload, bucket_holds, payload_of, upload_of
from s3rewrite.sync.upload.references import KeptLocal

ObjectLookup = Callable[[str], Object | None]
"""Key -> what the bucket holds under it."""

FAILURES = (KeptLocal, LeaseLost, OSError, S3Error, redis.RedisError)


class Uploaded(NamedTuple):
    """What became of a task, and the bytes that were sent for it."""

    result: Result
    sent: int = 0
    is_doubtful: bool = False
    """Left, as an earlier write of other bytes may still arrive at S3."""
    would_replace: bool = False
    """Left, as other bytes lie under its key: perhaps the only copy of a freed file."""
    left: tuple[str, ...] = ()
    """Fingerprints of the objects that were written where none was, of a file that is gone."""


End = Uploaded | Exception
"""What became of a task: one of FAILURES where it failed."""


@dataclass
class Attempt:
    """One file on its way."""

    job: SyncContext
    task: Task
    known: ObjectLookup
    end: End = field(default_factory=lambda: Uploaded(Result.PENDING))
    is_over: bool = False
    is_settled: bool = True
    """Whether no request of its write to S3 can arrive any more."""
    is_new: bool = False
    """Whether its object was written where none was, and that write is over."""
    is_told: bool = False
    """Whether the registry knows."""
    claim: Claim | None = None
    file: OpenFile = field(init=False)
    sending: Payload = field(init=False)
    entry: Entry = field(init=False)
    upload: Upload = field(init=False)

    def finish(self, end: End) -> None:
        """No step follows."""
        self.end, self.is_over = end, True

    @contextmanager
    def contain_failure(self) -> Iterator[None]:
        """A step whose failure is this file's alone."""
        try:
            yield
        except FAILURES as error:
            self.finish(error)

    def read(self, stack: ExitStack) -> None:
        """Steps 1 and 2. The file is open until the stack is left."""
        self.file = stack.enter_context(opened(self.job.storage, self.task.name))
        if why := kept_local(self.job.storage, self.job.mount, self.task.name, self.file.file):
            raise KeptLocal(why.reason)  # somebody has put a link in its place since the scan
        self.sending = payload_of(self.job.mount, self.task.name, self.file)
        self.entry = Entry(self.file.signature, self.sending.fingerprint)
        if not self.file.is_unchanged():
            self.finish(Uploaded(Result.PENDING))
        elif self._is_refreshed():
            self.finish(Uploaded(Result.REFRESHED))
        self.upload = upload_of(self.job.mount, self.task.name, self.sending)

    def claimed(self, claim: Claim | Outcome) -> None:
        """The end of step 3."""
        if claim is Outcome.FENCED:
            self.finish(LeaseLost())
        elif isinstance(claim, Claim):
            self.claim = claim
        else:
            self.finish(Uploaded(Result.PENDING, is_doubtful=True))

    def write(self) -> None:
        """Step 4."""
        found = self._known()
        if found and not self.job.choices.force and self._holds(found):
            self.end = Uploaded(Result.ADOPTED)
        elif self.task.is_careful and found:
            self.finish(Uploaded(Result.PENDING, would_replace=True))
        elif self.job.stop.is_set():
            self.finish(Uploaded(Result.PENDING))
        else:
            self._put()
            self.is_new = found is None and self.is_settled and self._is_unknown
            self.end = Uploaded(Result.UPLOADED, self.sending.size)

    def _known(self) -> Object | None:
        """What lies under the key, as far as it matters."""
        if self.task.is_careful and (self.task.entry or self.job.choices.force):
            return self.job.bucket.head(self.upload.key)
        return None if self.job.choices.force else self.known(self.upload.key)

    def verify_unchanged(self) -> None:
        """Step 5."""
        if not self.file.is_unchanged():
            self.finish(self._pending())

    def published(self, outcome: Outcome) -> None:
        """The end of step 6."""
        self.is_told = True
        if outcome is Outcome.FENCED:
            self.finish(LeaseLost())
        else:
            self.finish(self.end if outcome is Outcome.PUBLISHED else self._pending())

    def _holds(self, found: Object) -> bool:
        """Whether the bucket holds these bytes already, whoever sent them."""
        job = self.job
        return bucket_holds(job.bucket, self.task.name, self.sending, found, job.should_continue)

    def _put(self) -> None:
        self.is_settled = False
        try:
            self.is_settled = self.job.bucket.put(self.upload, proceed=self.job.should_continue)
        except S3Error as error:
            self.is_settled = error.is_settled
            raise

    @property
    def _is_unknown(self) -> bool:
        """Whether `known` was asked, and answers: it says nothing of what was published."""
        return self.task.entry is None and not self.job.choices.force

    def _pending(self) -> Uploaded:
        return Uploaded(Result.PENDING, self.end.sent if isinstance(self.end, Uploaded) else 0)

    def _is_refreshed(self) -> bool:
        """Whether the entry stood, with the same bytes, and now has the new signature."""
        old = self.task.entry
        if old is None or self.job.choices.force or old.fingerprint != self.entry.fingerprint:
            return False
        outcome = self.job.registry.refresh(self.task.name, self.job.lease, old, self.entry)
        if outcome is Outcome.FENCED:
            raise LeaseLost
        return outcome is Outcome.PUBLISHED
