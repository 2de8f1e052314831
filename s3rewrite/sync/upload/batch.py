"""Uploads a few files together: each step in the order that makes a link a proof.

1. Open the file, let it settle, and read it once: fingerprint and signature. Make its references
   work from S3, or keep the file local. Compress it where that is worth it.
2. If the entry has that fingerprint, give it the new signature: done. Otherwise find out what is
   under its key: it is written on condition that this is still there.
3. Claim the name with a token: from here on no page links it. While an earlier write of other
   bytes may still arrive at S3, the name stays local instead; unless that write has a condition
   which will not hold, and the service honours conditions.
4. If the bucket holds these bytes, go on; otherwise put them there, or have S3 copy them (`moves`).
5. Look at the file again, through the descriptor and the path. If it was changed, start again.
6. Publish the name, if token and lease still stand.

The files take each step together: one round trip to Redis claims them, one publishes them.
"""

from collections.abc import Iterable, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from typing import NamedTuple

import redis

from s3rewrite.registry import Outcome
from s3rewrite.s3.errors import ConditionFailed, ConditionUnknown, S3Unavailable
from s3rewrite.s3.objects import SMALL
from s3rewrite.sync.context import SyncContext
from s3rewrite.sync.plan import Task
from s3rewrite.sync.reporting.report import Result
from s3rewrite.sync.upload.attempt import (
    PENDING,
    REFUSALS,
    Attempt,
    ObjectLookup,
    UploadOutcome,
    UploadResult,
)
from s3rewrite.sync.upload.freed_attempt import attempt_of

ATTEMPTS = 3
"""Attempts in one pass at a file that changes while it is uploaded."""


class UploadRequest(NamedTuple):
    """A file to upload, and how to find the object that the bucket may have of it."""

    task: Task
    lookup: ObjectLookup


def upload(context: SyncContext, requests: Sequence[UploadRequest]) -> list[UploadOutcome]:
    """Bring some files to S3 and publish them; returns an outcome for each.

    PENDING means that the file kept changing, that whoever changed it will leave a hint, or that
    the pass is to stop.
    """
    files = [_File(request) for request in requests]
    for _ in range(ATTEMPTS):
        remaining = [file for file in files if file.needs_attempt()]
        if context.stop.is_set() or not remaining:
            break
        attempts = [attempt_of(context, *file.request, file.refusals) for file in remaining]
        _run(context, attempts)
        for file, attempt in zip(remaining, attempts, strict=True):
            file.add(attempt)
    return [file.final_outcome() for file in files]


@dataclass
class _File:
    """A file, and what its attempts came to so far."""

    request: UploadRequest
    outcome: UploadOutcome = PENDING
    refusals: int = 0
    new: list[Attempt] = field(default_factory=list)
    """Attempts that wrote objects where none was; none of them if a write may still arrive."""

    def needs_attempt(self) -> bool:
        """Whether another attempt may succeed."""
        outcome = self.outcome
        if not isinstance(outcome, UploadResult) or outcome.result is not Result.PENDING:
            return False
        if outcome.has_unconfirmed_write or outcome.would_replace:
            return False
        # A large file that changes all the time is not sent again and again.
        return outcome.bytes_sent <= SMALL

    def add(self, attempt: Attempt) -> None:
        """Take over the outcome of an attempt."""
        before, after = self.outcome, attempt.outcome
        if isinstance(after, ConditionFailed):
            attempt.forget_remembered()
            is_unknown = isinstance(after, ConditionUnknown)
            self.refusals, after = REFUSALS if is_unknown else self.refusals + 1, PENDING
        elif self.refusals == REFUSALS and attempt.bytes_sent:
            attempt.context.bucket.send_no_conditions()
        if isinstance(before, UploadResult) and isinstance(after, UploadResult):
            after = after._replace(bytes_sent=before.bytes_sent + after.bytes_sent)
        self.outcome = after
        # What was listed is there no longer.
        if self.refusals or attempt.bytes_sent or attempt.is_new:
            self.request = self.request._replace(lookup=attempt.context.bucket.head)
        # A write that may still arrive could come after the deletion of its object.
        if not attempt.is_settled:
            self.new = []
        elif attempt.is_new:
            self.new.append(attempt)

    def final_outcome(self) -> UploadOutcome:
        """The outcome; with its orphans, if the file was removed during the upload."""
        outcome = self.outcome
        is_pending = isinstance(outcome, UploadResult) and outcome.result is Result.PENDING
        is_missing = is_pending or isinstance(outcome, FileNotFoundError)
        if not (self.new and is_missing and self.new[0].file.is_removed()):
            return outcome
        bytes_sent = sum(attempt.bytes_sent for attempt in self.new)
        orphans = tuple(attempt.payload.fingerprint for attempt in self.new)
        return UploadResult(Result.PENDING, bytes_sent, orphans=orphans)


def _run(context: SyncContext, attempts: Sequence[Attempt]) -> None:
    # The stack keeps all files open until the end: step 5 looks at the descriptors again.
    with ExitStack() as stack:
        for attempt in attempts:
            with attempt.contain_failure():
                attempt.read(stack)
        try:
            _look_up(attempts)
            _claim(context, attempts)
            _write(attempts)
            _publish(context, attempts)
        except redis.RedisError as error:  # of a command for all files: each of them fails
            for attempt in _unfinished(attempts):
                attempt.finish(error)
        finally:
            _confirm_writes(context, attempts)


def _unfinished(attempts: Iterable[Attempt]) -> list[Attempt]:
    return [attempt for attempt in attempts if not attempt.is_finished]


def _look_up(attempts: Sequence[Attempt]) -> None:
    # One file waits for S3 to time out, not each of them.
    unavailable: S3Unavailable | None = None
    for attempt in _unfinished(attempts):
        attempt.look_up(unavailable)
        if isinstance(attempt.lookup_error, S3Unavailable):
            unavailable = attempt.lookup_error


def _claim(context: SyncContext, attempts: Sequence[Attempt]) -> None:
    unfinished = _unfinished(attempts)
    writes = [attempt.planned_write() for attempt in unfinished]
    registry, lease = context.registry, context.lease
    is_proven = context.bucket.honours_conditions is True
    claims = registry.claim_all(writes, lease, are_honoured=is_proven)
    if Outcome.UNPROVEN in claims and context.honours_conditions():
        unproven = [w for w, claim in zip(writes, claims, strict=True) if claim is Outcome.UNPROVEN]
        proven = iter(registry.claim_all(unproven, lease, are_honoured=True))
        claims = [next(proven) if claim is Outcome.UNPROVEN else claim for claim in claims]
    for attempt, claim in zip(unfinished, claims, strict=True):
        attempt.record_claim(claim)


def _write(attempts: Sequence[Attempt]) -> None:
    # One file waits for S3 to time out, not each of them.
    unavailable: S3Unavailable | None = None
    for attempt in _unfinished(attempts):
        with attempt.contain_failure():
            if unavailable:
                raise unavailable
            attempt.write()
        if isinstance(attempt.outcome, S3Unavailable):
            unavailable = attempt.outcome


def _publish(context: SyncContext, attempts: Sequence[Attempt]) -> None:
    for attempt in _unfinished(attempts):
        with attempt.contain_failure():
            attempt.verify_unchanged()
    unfinished = [(attempt, attempt.claim) for attempt in _unfinished(attempts) if attempt.claim]
    publications = [(claim, attempt.entry, attempt.is_settled) for attempt, claim in unfinished]
    outcomes = context.registry.publish_all(publications, context.lease)
    for (attempt, _), outcome in zip(unfinished, outcomes, strict=True):
        attempt.record_publication(outcome)


def _confirm_writes(context: SyncContext, attempts: Sequence[Attempt]) -> None:
    """Tell the registry which writes have settled, where no publication did so."""
    claims = [
        attempt.claim
        for attempt in attempts
        if attempt.claim and attempt.is_settled and not attempt.is_write_confirmed
    ]
    # If Redis is away, these names stay local until the writes are surely over.
    with suppress(redis.RedisError):
        context.registry.confirm_writes(claims)
