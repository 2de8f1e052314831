"""One file to S3 and into the registry: each step in the order that makes a link a proof.

1. open the file, let it settle, read it once: fingerprint and signature; what it refers to is
   made to lead there from S3, or the file is kept local;
2. the entry has that fingerprint: give it the new signature, done;
3. claim the name with a token: from here on no page links it. Not while an earlier write of
   other bytes may still arrive: then the name stays local until that is over;
4. the bucket holds these bytes: go on; otherwise put them there;
5. look at the file again, through the descriptor and the path: changed, begin anew;
6. publish, if token and lease still stand.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import IO, NamedTuple

import redis

from s3rewrite.entries import FINGERPRINT_LENGTH, Entry
from s3rewrite.mounts import Mount
from s3rewrite.registry import Claim, Outcome
from s3rewrite.sync.content_types import content_type
from s3rewrite.sync.errors import S3Error
from s3rewrite.sync.files import OpenFile, digests_of, opened
from s3rewrite.sync.job import Job, LeaseLost
from s3rewrite.sync.parts import holds_in_parts
from s3rewrite.sync.plan import Task
from s3rewrite.sync.relink import relinked
from s3rewrite.sync.report import Result
from s3rewrite.sync.transfer import Digests, Object, Upload

ATTEMPTS = 3
"""Times that a file which changes while it is uploaded is tried in one pass."""

Known = Callable[[str], Object | None]
"""Key -> what the bucket holds under it."""


class Uploaded(NamedTuple):
    """What became of a task, and the bytes that were sent for it."""

    result: Result
    sent: int = 0
    is_doubtful: bool = False
    """Left, as an earlier write of other bytes may still arrive at S3."""


def upload(job: Job, task: Task, known: Known) -> Uploaded:
    """Bring one file to S3 and publish it.

    PENDING where it kept changing, was changed by somebody who will leave a hint, or the pass
    is to stop. Raises KeptLocal, OSError, S3Error, redis.RedisError, LeaseLost.
    """
    sent = 0
    for _ in range(ATTEMPTS):
        if job.stop.is_set():
            break
        try:
            with opened(job.storage, task.name) as file:
                uploaded = _attempt(job, task, file, known)
        except FileNotFoundError:
            job.registry.withdraw([task.name])
            return Uploaded(Result.WITHDRAWN, sent)
        sent += uploaded.sent
        if uploaded.result is not Result.PENDING or uploaded.is_doubtful:
            return uploaded._replace(sent=sent)
    return Uploaded(Result.PENDING, sent)


def _attempt(job: Job, task: Task, file: OpenFile, known: Known) -> Uploaded:
    digests, content = bytes_to_send(job.mount, task.name, file)
    entry = Entry(file.signature, digests.sha256[:FINGERPRINT_LENGTH])
    if not file.is_unchanged():
        return Uploaded(Result.PENDING)
    if _refreshed(job, task, entry):
        return Uploaded(Result.REFRESHED)
    claim = job.registry.claim(task.name, job.lease, entry.fingerprint)
    if claim is Outcome.FENCED:
        raise LeaseLost
    if not isinstance(claim, Claim):
        return Uploaded(Result.PENDING, is_doubtful=True)
    upload = Upload(
        job.mount.paths.key(task.name, entry.fingerprint),
        content,
        digests,
        _parameters(job, task.name),
    )
    with _settling(job, claim) as writing:
        size = len(content) if isinstance(content, bytes) else file.signature.size
        found = None if job.choices.force else known(upload.key)
        if found and _holds(job, upload, found, size):
            return _published(job, claim, file, entry, writing)
        if job.stop.is_set():
            return Uploaded(Result.PENDING)
        writing.put(upload, size)
        return _published(job, claim, file, entry, writing)


def _holds(job: Job, upload: Upload, found: Object, size: int) -> bool:
    """Whether the bucket holds these bytes already, whoever sent them."""
    return found.holds(size, upload.digests) or (
        found.size == size
        and holds_in_parts(job.bucket, upload.key, found, upload.content, job.goes_on)
    )


@dataclass
class _Writing:
    """What is known of a claim's write to S3."""

    job: Job
    is_settled: bool = True
    """Whether no request of it can arrive any more."""
    is_told: bool = False
    """Whether the registry knows."""
    uploaded: Uploaded = field(default_factory=lambda: Uploaded(Result.ADOPTED))

    def put(self, upload: Upload, size: int) -> None:
        """Write the object."""
        self.is_settled = False
        try:
            self.is_settled = self.job.bucket.put(upload, proceed=self.job.goes_on)
        except S3Error as error:
            self.is_settled = error.is_settled
            raise
        self.uploaded = Uploaded(Result.UPLOADED, size)


@contextmanager
def _settling(job: Job, claim: Claim) -> Iterator[_Writing]:
    """Tell the registry how a write ended, where no publication has told it."""
    writing = _Writing(job)
    try:
        yield writing
    finally:
        if writing.is_settled and not writing.is_told:
            with suppress(redis.RedisError):  # then it is in doubt for a while longer
                job.registry.settle([claim])


def bytes_to_send(mount: Mount, name: str, file: OpenFile) -> tuple[Digests, bytes | IO[bytes]]:
    """The bytes of a file, with its references made to work from S3, and their digests.

    Raises KeptLocal, OSError.
    """
    digests, content = file.read()
    changed = relinked(mount, name, content, file.signature.size)
    return (digests, content) if changed is None else (digests_of(changed), changed)


def _refreshed(job: Job, task: Task, entry: Entry) -> bool:
    """Whether the entry stood, with the same bytes, and now has the new signature."""
    old = task.entry
    if old is None or job.choices.force or old.fingerprint != entry.fingerprint:
        return False
    outcome = job.registry.refresh(task.name, job.lease, old, entry)
    if outcome is Outcome.FENCED:
        raise LeaseLost
    return outcome is Outcome.PUBLISHED


def _published(job: Job, claim: Claim, file: OpenFile, entry: Entry, writing: _Writing) -> Uploaded:
    pending = Uploaded(Result.PENDING, writing.uploaded.sent)
    if not file.is_unchanged():
        return pending
    outcome = job.registry.publish(claim, job.lease, entry, is_settled=writing.is_settled)
    writing.is_told = True
    if outcome is Outcome.FENCED:
        raise LeaseLost
    return writing.uploaded if outcome is Outcome.PUBLISHED else pending


def _parameters(job: Job, name: str) -> dict[str, object]:
    given = {"ContentType": content_type(name), **job.mount.object_parameters}
    if job.mount.keys == "fingerprint":
        given.setdefault("CacheControl", "public, max-age=31536000, immutable")
    return given
