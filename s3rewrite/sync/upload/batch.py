"""Files to S3 and into the registry: each step in the order that makes a link a proof.

1. open the file, let it settle, read it once: fingerprint and signature; what it refers to is
   made to lead there from S3, or the file is kept local; it is compressed where that is worth it;
2. the entry has that fingerprint: give it the new signature, done;
3. claim the name with a token: from here on no page links it. Not while an earlier write of
   other bytes may still arrive: then the name stays local until that is over;
4. the bucket holds these bytes: go on; otherwise put them there;
5. look at the file again, through the descriptor and the path: changed, begin anew;
6. publish, if token and lease still stand.

A few small files take each step together: one round trip to Redis claims them, one publishes them.
"""

from collections.abc import Iterable, Sequence
from contextlib import ExitStack, suppress
from typing import NamedTuple, TypeGuard

import redis

from s3rewrite.s3.errors import S3Unavailable
from s3rewrite.s3.objects import SMALL
from s3rewrite.sync.context import SyncContext
from s3rewrite.sync.plan import Task
from s3rewrite.sync.reporting.report import Result
from s3rewrite.sync.upload.attempt import Attempt, End, ObjectLookup, Uploaded
from s3rewrite.sync.upload.freed_attempt import attempt_of

ATTEMPTS = 3
"""Times that a file which changes while it is uploaded is tried in one pass."""


class UploadRequest(NamedTuple):
    """A file that is to be uploaded."""

    task: Task
    known: ObjectLookup


def upload(job: SyncContext, wanted: Sequence[UploadRequest]) -> list[End]:
    """Bring some files to S3 and publish them; says of each what became of it.

    PENDING where it kept changing, was changed by somebody who will leave a hint, or the pass
    is to stop.
    """
    ends: list[End] = [Uploaded(Result.PENDING) for _ in wanted]
    left = list(range(len(wanted)))
    new: list[list[Attempt]] = [[] for _ in wanted]
    for _ in range(ATTEMPTS):
        if job.stop.is_set() or not left:
            break
        attempts = [attempt_of(job, *wanted[at]) for at in left]
        _make(job, attempts)
        for at, attempt in zip(left, attempts, strict=True):
            ends[at] = _added(ends[at], attempt.end)
            new[at] = [*new[at], *[attempt] * attempt.is_new] if attempt.is_settled else []
        left = [at for at in left if _is_to_be_tried_again(ends[at])]
    return [_with_left(end, made) for end, made in zip(ends, new, strict=True)]


def _with_left(end: End, new: Sequence[Attempt]) -> End:
    """An end, with the objects that were made for a file that is gone by now."""
    is_gone = isinstance(end, FileNotFoundError) or _is_pending(end)
    if not (new and is_gone and new[0].file.is_removed()):
        return end
    left = tuple(attempt.sending.fingerprint for attempt in new)
    sent = sum(attempt.sending.size for attempt in new)
    return Uploaded(Result.PENDING, sent, left=left)


def _added(before: End, end: End) -> End:
    if isinstance(before, Uploaded) and isinstance(end, Uploaded):
        return end._replace(sent=before.sent + end.sent)
    return end


def _is_to_be_tried_again(end: End) -> bool:
    """A large file that somebody writes to is not sent again and again."""
    if not _is_pending(end) or end.is_doubtful or end.would_replace:
        return False
    return end.sent <= SMALL


def _is_pending(end: End) -> TypeGuard[Uploaded]:
    return isinstance(end, Uploaded) and end.result is Result.PENDING


def _make(job: SyncContext, attempts: Sequence[Attempt]) -> None:
    with ExitStack() as stack:
        for attempt in attempts:
            with attempt.contain_failure():
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


def _under_way(attempts: Iterable[Attempt]) -> list[Attempt]:
    return [attempt for attempt in attempts if not attempt.is_over]


def _claim(job: SyncContext, attempts: Sequence[Attempt]) -> None:
    under_way = _under_way(attempts)
    wanted = [(attempt.task.name, attempt.entry.fingerprint) for attempt in under_way]
    claims = job.registry.claim_all(wanted, job.lease)
    for attempt, claim in zip(under_way, claims, strict=True):
        attempt.claimed(claim)


def _write(attempts: Sequence[Attempt]) -> None:
    away: Exception | None = None
    for attempt in _under_way(attempts):
        with attempt.contain_failure():
            if away:
                raise away  # as it would be for this one
            attempt.write()
        away = attempt.end if isinstance(attempt.end, S3Unavailable) else None


def _publish(job: SyncContext, attempts: Sequence[Attempt]) -> None:
    for attempt in _under_way(attempts):
        with attempt.contain_failure():
            attempt.verify_unchanged()
    under_way = [(one, one.claim) for one in _under_way(attempts) if one.claim]
    given = [(claim, attempt.entry, attempt.is_settled) for attempt, claim in under_way]
    outcomes = job.registry.publish_all(given, job.lease)
    for (attempt, _), outcome in zip(under_way, outcomes, strict=True):
        attempt.published(outcome)


def _settle(job: SyncContext, attempts: Sequence[Attempt]) -> None:
    """Tell the registry how writes ended, where no publication has told it."""
    claims = [one.claim for one in attempts if one.claim and one.is_settled and not one.is_told]
    with suppress(redis.RedisError):  # then they are in doubt for a while longer
        job.registry.confirm_writes(claims)
