"""One file to S3 and into the registry: each step in the order that makes a link a proof.

1. open the file, let it settle, read it once: fingerprint and signature; what it refers to is
   made to lead there from S3, or the file is kept local;
2. the entry has that fingerprint: give it the new signature, done;
3. claim the name with a token: from here on no page links it;
4. the bucket holds these bytes: go on; otherwise put them there;
5. look at the file again, through the descriptor and the path: changed, begin anew;
6. publish, if token and lease still stand.
"""

from collections.abc import Callable
from typing import IO, NamedTuple

from s3rewrite.entries import FINGERPRINT_LENGTH, Entry
from s3rewrite.mounts import Mount
from s3rewrite.registry import Claim, Outcome
from s3rewrite.sync.content_types import content_type
from s3rewrite.sync.files import OpenFile, digests_of, opened
from s3rewrite.sync.job import Job, LeaseLost
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
        if uploaded.result is not Result.PENDING:
            return Uploaded(uploaded.result, sent)
    return Uploaded(Result.PENDING, sent)


def _attempt(job: Job, task: Task, file: OpenFile, known: Known) -> Uploaded:
    digests, content = bytes_to_send(job.mount, task.name, file)
    entry = Entry(file.signature, digests.sha256[:FINGERPRINT_LENGTH])
    if not file.is_unchanged():
        return Uploaded(Result.PENDING)
    if _refreshed(job, task, entry):
        return Uploaded(Result.REFRESHED)
    claim = job.registry.claim(task.name, job.lease, entry.fingerprint)
    if claim is None:
        raise LeaseLost
    key = job.mount.paths.key(task.name, entry.fingerprint)
    found = None if job.choices.force else known(key)
    size = len(content) if isinstance(content, bytes) else file.signature.size
    if found and found.holds(size, digests):
        return _published(job, claim, file, entry, Uploaded(Result.ADOPTED))
    if job.stop.is_set():
        return Uploaded(Result.PENDING)
    upload = Upload(key, content, digests, _parameters(job, task.name))
    job.bucket.put(upload, proceed=lambda: not job.stop.is_set())
    uploaded = Uploaded(Result.UPLOADED, size)
    return _published(job, claim, file, entry, uploaded)


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


def _published(
    job: Job, claim: Claim, file: OpenFile, entry: Entry, uploaded: Uploaded
) -> Uploaded:
    if not file.is_unchanged():
        return Uploaded(Result.PENDING, uploaded.sent)
    outcome = job.registry.publish(claim, job.lease, entry)
    if outcome is Outcome.FENCED:
        raise LeaseLost
    if outcome is Outcome.SUPERSEDED:
        return Uploaded(Result.PENDING, uploaded.sent)
    return uploaded


def _parameters(job: Job, name: str) -> dict[str, object]:
    given = {"ContentType": content_type(name), **job.mount.object_parameters}
    if job.mount.keys == "fingerprint":
        given.setdefault("CacheControl", "public, max-age=31536000, immutable")
    return given
