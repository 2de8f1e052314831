"""Files to S3 and into the registry: each step in the order that makes a link a proof.

1. open the file, let it settle, read it once: fingerprint and signature; what it refers to is
   made to lead there from S3, or the file is kept local;
2. the entry has that fingerprint: give it the new signature, done;
3. claim the name with a token: from here on no page links it. Not while an earlier write of
   other bytes may still arrive: then the name stays local until that is over;
4. the bucket holds these bytes: go on; otherwise put them there;
5. look at the file again, through the descriptor and the path: changed, begin anew;
6. publish, if token and lease still stand.

A few small files take each step together: one round trip to Redis claims them, one publishes them.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from typing import IO, NamedTuple

import redis

from s3rewrite.entries import FINGERPRINT_LENGTH, Entry
from s3rewrite.mounts import Mount
from s3rewrite.registry import Claim, Outcome
from s3rewrite.sync.content_types import content_type
from s3rewrite.sync.errors import S3Error, S3Unavailable
from s3rewrite.sync.files import OpenFile, digests_of, opened
from s3rewrite.sync.job import Job, LeaseLost
from s3rewrite.sync.objects import Digests, Object, Upload
from s3rewrite.sync.plan import Task
from s3rewrite.sync.relink import KeptLocal, relinked
from s3rewrite.sync.report import Result

ATTEMPTS = 3
"""Times that a file which changes while it is uploaded is tried in one pass."""

Known = Callable[[str], Object | None]
"""Key -> what the bucket holds under it."""

FAILURES = (KeptLocal, LeaseLost, OSError, S3Error, redis.RedisError)


class Wanted(NamedTuple):
    """A file that is to be uploaded."""

    task: Task
    known: Known


class Uploaded(NamedTuple):
    """What became of a task, and the bytes that were sent for it."""

    result: Result
    sent: int = 0
    is_doubtful: bool = False
    """Left, as an earlier write of other bytes may still arrive at S3."""


End = Uploaded | Exception
"""What became of a task: one of FAILURES where it failed."""


def upload(job: Job, wanted: Sequence[Wanted]) -> list[End]:
    """Bring some files to S3 and publish them; says of each what became of it.

    PENDING where it kept changing, was changed by somebody who will leave a hint, or the pass
    is to stop.
    """
    ends: list[End] = [Uploaded(Result.PENDING) for _ in wanted]
    left = list(range(len(wanted)))
    for _ in range(ATTEMPTS):
        if job.stop.is_set() or not left:
            break
        attempts = [_Attempt(job, *wanted[at]) for at in left]
        _make(job, attempts)
        for at, attempt in zip(left, attempts, strict=True):
            ends[at] = _added(ends[at], attempt.end)
        left = [at for at in left if _is_to_be_tried_again(ends[at])]
    return ends


def _added(before: End, end: End) -> End:
    if isinstance(before, Uploaded) and isinstance(end, Uploaded):
        return end._replace(sent=before.sent + end.sent)
    return end


def _is_to_be_tried_again(end: End) -> bool:
    return isinstance(end, Uploaded) and end.result is Result.PENDING and not end.is_doubtful


@dataclass
class _Attempt:
    """One file on its way."""

    job: Job
    task: Task
    known: Known
    end: End = field(default_factory=lambda: Uploaded(Result.PENDING))
    is_over: bool = False
    is_settled: bool = True
    """Whether no request of its write to S3 can arrive any more."""
    is_told: bool = False
    """Whether the registry knows."""
    claim: Claim | None = None
    file: OpenFile = field(init=False)
    entry: Entry = field(init=False)
    upload: Upload = field(init=False)

    def finish(self, end: End) -> None:
        """No step follows."""
        self.end, self.is_over = end, True

    @contextmanager
    def failing(self) -> Iterator[None]:
        """A step whose failure is this file's alone."""
        try:
            yield
        except FAILURES as error:
            self.finish(error)

    def read(self, stack: ExitStack) -> None:
        """Steps 1 and 2. The file is open until the stack is left."""
        self.file = stack.enter_context(opened(self.job.storage, self.task.name))
        digests, content = bytes_to_send(self.job.mount, self.task.name, self.file)
        self.entry = Entry(self.file.signature, digests.sha256[:FINGERPRINT_LENGTH])
        if not self.file.is_unchanged():
            self.finish(Uploaded(Result.PENDING))
        elif self._is_refreshed():
            self.finish(Uploaded(Result.REFRESHED))
        key = self.job.mount.paths.key(self.task.name, self.entry.fingerprint)
        self.upload = Upload(key, content, digests, _parameters(self.job, self.task.name))

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
        content = self.upload.content
        size = len(content) if isinstance(content, bytes) else self.file.signature.size
        found = None if self.job.choices.force else self.known(self.upload.key)
        if found and found.holds(size, self.upload.digests):
            self.end = Uploaded(Result.ADOPTED)
        elif self.job.stop.is_set():
            self.finish(Uploaded(Result.PENDING))
        else:
            self._put()
            self.end = Uploaded(Result.UPLOADED, size)

    def look_again(self) -> None:
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

    def _put(self) -> None:
        self.is_settled = False
        try:
            self.is_settled = self.job.bucket.put(
                self.upload, proceed=lambda: not self.job.stop.is_set()
            )
        except S3Error as error:
            self.is_settled = error.is_settled
            raise

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


def _make(job: Job, attempts: Sequence[_Attempt]) -> None:
    with ExitStack() as stack:
        for attempt in attempts:
            with attempt.failing():
                attempt.read(stack)
        try:
            _claim(job, attempts)
            _write(attempts)
            _publish(job, attempts)
        except redis.RedisError as error:
            for attempt in _under_way(attempts):
                attempt.finish(error)
        finally:
            _settle(job, attempts)


def _under_way(attempts: Iterable[_Attempt]) -> list[_Attempt]:
    return [attempt for attempt in attempts if not attempt.is_over]


def _claim(job: Job, attempts: Sequence[_Attempt]) -> None:
    under_way = _under_way(attempts)
    wanted = [(attempt.task.name, attempt.entry.fingerprint) for attempt in under_way]
    claims = job.registry.claim_all(wanted, job.lease)
    for attempt, claim in zip(under_way, claims, strict=True):
        attempt.claimed(claim)


def _write(attempts: Sequence[_Attempt]) -> None:
    away: Exception | None = None
    for attempt in _under_way(attempts):
        with attempt.failing():
            if away:
                raise away  # as it would be for this one
            attempt.write()
        away = attempt.end if isinstance(attempt.end, S3Unavailable) else None


def _publish(job: Job, attempts: Sequence[_Attempt]) -> None:
    for attempt in _under_way(attempts):
        with attempt.failing():
            attempt.look_again()
    under_way = [(one, one.claim) for one in _under_way(attempts) if one.claim]
    given = [(claim, attempt.entry, attempt.is_settled) for attempt, claim in under_way]
    outcomes = job.registry.publish_all(given, job.lease)
    for (attempt, _), outcome in zip(under_way, outcomes, strict=True):
        attempt.published(outcome)


def _settle(job: Job, attempts: Sequence[_Attempt]) -> None:
    """Tell the registry how writes ended, where no publication has told it."""
    claims = [one.claim for one in attempts if one.claim and one.is_settled and not one.is_told]
    with suppress(redis.RedisError):  # then they are in doubt for a while longer
        job.registry.settle(claims)


def bytes_to_send(mount: Mount, name: str, file: OpenFile) -> tuple[Digests, bytes | IO[bytes]]:
    """The bytes of a file, with its references made to work from S3, and their digests.

    Raises KeptLocal, OSError.
    """
    digests, content = file.read()
    changed = relinked(mount, name, content, file.signature.size)
    return (digests, content) if changed is None else (digests_of(changed), changed)


def _parameters(job: Job, name: str) -> dict[str, object]:
    given = {"ContentType": content_type(name), **job.mount.object_parameters}
    if job.mount.keys == "fingerprint":
        given.setdefault("CacheControl", "public, max-age=31536000, immutable")
    return given
