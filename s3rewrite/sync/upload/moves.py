"""A file whose bytes S3 has under another key: they are copied there, and no byte is sent.

The registry says which name had the same bytes before (`gone`): that of a file that was renamed,
for one. And where BUCKET, PREFIX or KEYS were changed, the object is where it was. Either may be
wrong: what is copied, and what the copy then is, has to have the ETag of the bytes that were read.
"""

from s3rewrite.core.patterns import all_parameters
from s3rewrite.registry import Claim
from s3rewrite.s3.bucket import ABSENT, Bucket
from s3rewrite.s3.errors import CONDITION_FAILED, S3Error, S3Unavailable
from s3rewrite.s3.objects import Object, Source, Upload
from s3rewrite.s3.retries import is_transient
from s3rewrite.sync.context import SyncContext
from s3rewrite.sync.upload.content import Payload, has_bytes

ABOUT_ONE = ABSENT | CONDITION_FAILED | {"InvalidObjectState", "NoSuchBucket"}
"""Codes of a copy that failed for its source, or for what is under its key."""


def copy_bytes(context: SyncContext, claim: Claim, upload: Upload, payload: Payload) -> bool | None:
    """Have S3 copy the bytes of a file; None where they have to be sent.

    Returns whether no request to copy them can arrive any more. Raises OSError, S3Unavailable,
    redis.RedisError.
    """
    there = context.bucket if claim.source else context.former_bucket
    if there is None or not context.bucket.makes_copies:
        return None
    key = there.mount.paths.key(claim.source or claim.name, payload.fingerprint)
    if (there.name, key) == (context.bucket.name, upload.key):
        return None
    try:
        source = _source(context, there, key, payload)
        return _copy(context, source, upload, payload) if source else None
    except S3Error as error:
        if isinstance(error, S3Unavailable) and not error.code:
            raise
        if not _may_work_for_others(error.code):
            context.bucket.make_no_copies()
        return None


def _may_work_for_others(code: str) -> bool:
    """Whether another copy may succeed after one failed; "" for one without an answer."""
    status = int(code) if code.isdecimal() else 400
    return not code or code in ABOUT_ONE or is_transient(status, code)


def _source(context: SyncContext, there: Bucket, key: str, payload: Payload) -> Source | None:
    """The object, if it has the bytes. That of a small file has an ETag that can be foretold."""
    etag = payload.digests.md5
    if not etag:
        existing = there.head(key)
        if not (existing and has_bytes(there, key, payload, existing, context.should_continue)):
            return None
        etag = existing.etag
    has_tags = any("Tagging" in own for own in all_parameters(there.mount.object_parameters))
    return Source(there.name, key, etag, payload.size, has_tags)


def _copy(context: SyncContext, source: Source, upload: Upload, payload: Payload) -> bool | None:
    bucket = context.bucket
    etag, is_settled = bucket.copy(upload, source, context.should_continue)
    # Without its metadata, which say what they were told.
    copy = Object(payload.size, etag)
    if etag == source.etag or has_bytes(bucket, upload.key, payload, copy, context.should_continue):
        return is_settled
    bucket.make_no_copies()
    return None
