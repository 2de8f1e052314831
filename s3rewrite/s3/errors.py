"""Errors of S3, as sentences that say what to do. Pure but for botocore's types."""

from botocore.exceptions import (
    ClientError,
    ConnectTimeoutError,
    CredentialRetrievalError,
    EndpointConnectionError,
    HTTPClientError,
    NoCredentialsError,
    PartialCredentialsError,
    ProxyConnectionError,
    SSLError,
)
from botocore.parsers import ResponseParserError

from s3rewrite.core.redaction import redact

CREDENTIALS_HINTS = {
    "401": "the credentials are not valid there: fix CLIENT's credentials",
    "ExpiredToken": "the credentials have expired: renew them",
    "InvalidAccessKeyId": "the access key is not known there: fix CLIENT's credentials",
    "InvalidSecurity": "the credentials are not valid there: fix CLIENT's credentials",
    "InvalidToken": "the session token is not valid: renew the credentials",
    "SignatureDoesNotMatch": "the secret key is wrong: fix CLIENT's credentials",
    "TokenRefreshRequired": "the credentials have expired: renew them",
    "Unauthorized": "the credentials are not valid there: fix CLIENT's credentials",
}
"""S3's code -> what to do, where other credentials would do."""

WHOLE_BUCKET_HINTS = CREDENTIALS_HINTS | {
    "NoSuchBucket": "the bucket does not exist: create it, or fix BUCKET",
    "RequestTimeTooSkewed": "this machine's clock is wrong: set it",
    "PermanentRedirect": "the bucket is in another region: fix CLIENT's region_name",
    "AuthorizationHeaderMalformed": "the region is wrong: fix CLIENT's region_name",
}
"""S3's code -> what to do, where every other object would meet the same."""

OBJECT_HINTS = {
    "AccessDenied": "the credentials may not do this: allow it in the bucket's or user's policy",
    "AccessControlListNotSupported": "the bucket takes no ACLs: remove ACL from OBJECT_PARAMETERS",
    "EntityTooLarge": "the file is larger than the service takes",
    "KeyTooLongError": "the key is too long for S3",
    "SlowDown": "the service asks for fewer requests",
    "NotImplemented": "the service does not support this",
    "InvalidObjectState": "it is in an archive (Glacier): bring it back from there first",
}
"""S3's code -> what to do, where other objects may succeed."""

NOT_S3 = "fix CLIENT's endpoint_url, or what answers in its place (a proxy, a login page)"

CONDITION_FAILED = frozenset(
    {"412", "ConditionalRequestConflict", "NoSuchKey", "PreconditionFailed"}
)
"""Codes for a PUT whose condition does not hold, or for which others wrote at the same time.
https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html"""

WRITES = frozenset({"PutObject", "CreateMultipartUpload", "UploadPart", "CompleteMultipartUpload"})

UNREACHABLE = (ConnectTimeoutError, EndpointConnectionError, ProxyConnectionError, SSLError)
UNREADABLE = (ResponseParserError, KeyError, ValueError)
"""What botocore raises for an answer that lacks a part, or has a number that is none."""
NO_CREDENTIALS = (CredentialRetrievalError, NoCredentialsError, PartialCredentialsError)


class S3Error(Exception):
    """S3 refused or failed a request, for one object."""

    def __init__(self, message: str = "", *, code: str = "", is_settled: bool = False) -> None:
        super().__init__(redact(message))
        self.code = code
        """S3's name for it, such as AccessDenied; "" where no answer came."""
        self.is_settled = is_settled
        """Of a write: whether none of its requests can arrive any more."""


class NotS3Error(S3Error):
    """Something other than S3 answered, or did not do what it said."""


class S3Unavailable(S3Error):
    """S3 cannot be used now: every other object would fail too."""


class CredentialsRefused(S3Unavailable):
    """There are no credentials, or S3 refused them; a new client may find others."""


class ConditionFailed(S3Error):
    """What is under the key is not what the condition of a write says: nothing was written."""


class ConditionUnknown(ConditionFailed):
    """The condition of a write was refused, which the service may not know: nothing was written."""


class NeedsBoto3(Exception):
    """A write that obstore did not do and boto3 may."""

    def __init__(self, *, is_permanent: bool, etag: str | None = None) -> None:
        super().__init__()
        self.is_permanent = is_permanent
        """Whether obstore would fail in the same way for every other object."""
        self.etag = etag
        """The ETag of what it wrote, "" where the answer has none; None if it wrote nothing."""


def translated(
    error: Exception,
    bucket: str,
    *,
    has_checksums: bool = False,
) -> S3Error:
    """An error of boto3 as one of our errors, with a sentence for people."""
    if isinstance(error, HTTPClientError) and isinstance(own := error.kwargs.get("error"), S3Error):
        return own  # raised while the body was read
    if isinstance(error, NO_CREDENTIALS):
        return CredentialsRefused(f"bucket {bucket}: {error} (give credentials in CLIENT)")
    if isinstance(error, UNREACHABLE):
        return S3Unavailable(f"bucket {bucket}: S3 cannot be reached: {error}")
    if isinstance(error, UNREADABLE) and not isinstance(error, UnicodeError):
        return NotS3Error(f"bucket {bucket}: what answered is not S3: {NOT_S3}")
    if not isinstance(error, ClientError):
        return S3Error(f"bucket {bucket}: {error}")
    answer = error.response.get("Error", {})
    code, message = str(answer.get("Code", "")), answer.get("Message", "")
    return refused(bucket, code, message, error.operation_name, has_checksums=has_checksums)


def refused(
    bucket: str, code: str, message: str, operation: str, *, has_checksums: bool
) -> S3Error:
    """S3's refusal of a request as one of our errors.

    `has_checksums` says that the request had CHECKSUMS, which some services do not know.
    """
    hints = WHOLE_BUCKET_HINTS | OBJECT_HINTS
    hint = hints.get(code, message or "no reason given")
    if code == "NotImplemented" and operation in WRITES:
        hint += ": set CHECKSUMS to False" if has_checksums else ": look at OBJECT_PARAMETERS"
    kind = S3Unavailable if code in WHOLE_BUCKET_HINTS else S3Error
    if code in CREDENTIALS_HINTS:
        kind = CredentialsRefused
    if operation == "PutObject" and code in CONDITION_FAILED:
        kind = ConditionFailed
    return kind(f"bucket {bucket}: {hint} ({code}, {operation})", code=code)


def kind_of_failure(error: Exception) -> str:
    """The kind under which an error is counted: S3's code, "S3" without one, or "disk"."""
    return (error.code or "S3") if isinstance(error, S3Error) else "disk"
