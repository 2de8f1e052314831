"""What can go wrong with S3, as sentences that say what to do. Pure but for botocore's types."""

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectTimeoutError,
    CredentialRetrievalError,
    EndpointConnectionError,
    NoCredentialsError,
    PartialCredentialsError,
    ProxyConnectionError,
    SSLError,
)
from botocore.parsers import ResponseParserError

from s3rewrite.core.redaction import redact

HINTS = {
    "NoSuchBucket": "the bucket does not exist: create it, or mend BUCKET",
    "InvalidAccessKeyId": "the access key is not known there: mend CLIENT's credentials",
    "SignatureDoesNotMatch": "the secret key is wrong: mend CLIENT's credentials",
    "ExpiredToken": "the credentials have expired: renew them",
    "InvalidToken": "the session token is not valid: renew the credentials",
    "RequestTimeTooSkewed": "this machine's clock is wrong: set it",
    "PermanentRedirect": "the bucket is in another region: mend CLIENT's region_name",
    "AuthorizationHeaderMalformed": "the region is wrong: mend CLIENT's region_name",
    "AccessDenied": "the credentials may not do this: allow it in the bucket's or user's policy",
    "AccessControlListNotSupported": "the bucket takes no ACLs: remove ACL from OBJECT_PARAMETERS",
    "EntityTooLarge": "the file is larger than the service takes",
    "KeyTooLongError": "the key is too long for S3",
    "SlowDown": "the service asks for fewer requests",
    "NotImplemented": "the service does not support this",
    "InvalidObjectState": "it is in an archive (Glacier): bring it back there first",
}

WRITES = frozenset({"PutObject", "CreateMultipartUpload", "UploadPart", "CompleteMultipartUpload"})

NO_S3 = "mend CLIENT's endpoint_url, or what answers in its place (a proxy, a login page)"

WHOLE_BUCKET = frozenset(
    {
        "NoSuchBucket",
        "InvalidAccessKeyId",
        "SignatureDoesNotMatch",
        "ExpiredToken",
        "InvalidToken",
        "RequestTimeTooSkewed",
        "PermanentRedirect",
        "AuthorizationHeaderMalformed",
    }
)
"""Codes that would meet every other object too."""

SLOWED = frozenset(
    {
        "BandwidthLimitExceeded",
        "RequestLimitExceeded",
        "SlowDown",
        "Throttling",
        "ThrottlingException",
    }
)
"""Codes with which a service asks for fewer requests."""

UNREACHABLE = (ConnectTimeoutError, EndpointConnectionError, ProxyConnectionError, SSLError)
NO_CREDENTIALS = (CredentialRetrievalError, NoCredentialsError, PartialCredentialsError)


class S3Error(Exception):
    """S3 refused or failed one request, for one object."""

    def __init__(self, message: str = "") -> None:
        super().__init__(redact(message))

    code = ""
    """What S3 calls it, such as AccessDenied; "" where no answer came."""
    is_settled = False
    """Of a write: whether none of its requests can arrive any more."""


class NotS3Error(S3Error):
    """What answered is not S3, or did not do what it said."""


class S3Unavailable(S3Error):
    """S3 cannot be used now: another object would meet the same."""


class LeftToBoto3(Exception):
    """A write that obstore did not do, and boto3 may; `is_settled` as in S3Error."""

    is_settled = False

    def __init__(self, *, for_good: bool) -> None:
        super().__init__()
        self.for_good = for_good
        """Whether it will be the same for every other object."""


def translated(
    error: BotoCoreError | ClientError | ResponseParserError,
    bucket: str,
    *,
    has_checksums: bool = False,
) -> S3Error:
    """An error of boto3 as one of ours, with a sentence for people."""
    if isinstance(error, NO_CREDENTIALS):
        return S3Unavailable(f"bucket {bucket}: {error} (give credentials in CLIENT)")
    if isinstance(error, UNREACHABLE):
        return S3Unavailable(f"bucket {bucket}: S3 cannot be reached: {error}")
    if isinstance(error, ResponseParserError):
        return NotS3Error(f"bucket {bucket}: what answered is not S3: {NO_S3}")
    if not isinstance(error, ClientError):
        return S3Error(f"bucket {bucket}: {error}")
    answer = error.response.get("Error", {})
    code, message = str(answer.get("Code", "")), answer.get("Message", "")
    return refused(bucket, code, message, error.operation_name, has_checksums=has_checksums)


def refused(
    bucket: str, code: str, message: str, operation: str, *, has_checksums: bool
) -> S3Error:
    """A refusal of S3, by its code, as one of ours.

    `has_checksums` where what was written had CHECKSUMS, which some services do not know.
    """
    hint = HINTS.get(code, message or "no reason given")
    if code == "NotImplemented" and operation in WRITES:
        hint += ": set CHECKSUMS to False" if has_checksums else ": look at OBJECT_PARAMETERS"
    kind = S3Unavailable if code in WHOLE_BUCKET else S3Error
    found = kind(f"bucket {bucket}: {hint} ({code}, {operation})")
    found.code = code
    return found


def kind_of_failure(error: Exception) -> str:
    """The kind of an error, for who counts them: S3's code, "S3" without one, or "disk"."""
    return (error.code or "S3") if isinstance(error, S3Error) else "disk"
