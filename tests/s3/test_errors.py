import pytest
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    EndpointConnectionError,
    NoCredentialsError,
    ReadTimeoutError,
)

from s3rewrite.s3.errors import (
    CredentialsRefused,
    S3Error,
    S3Unavailable,
    kind_of_failure,
    translated,
)


def refusal(code: str, message: str = "their words") -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": message}}, "PutObject")


@pytest.mark.parametrize(
    ("error", "kind", "words"),
    [
        (refusal("NoSuchBucket"), S3Unavailable, "the bucket does not exist"),
        (refusal("ExpiredToken"), CredentialsRefused, "renew them"),
        (refusal("AccessDenied"), S3Error, "policy"),
        (refusal("SlowDown"), S3Error, "fewer requests"),
        (refusal("Strange"), S3Error, "their words"),
        (ClientError({}, "PutObject"), S3Error, "no reason given"),
        (NoCredentialsError(), CredentialsRefused, "give credentials in CLIENT"),
        (EndpointConnectionError(endpoint_url="http://s"), S3Unavailable, "cannot be reached"),
        (ReadTimeoutError(endpoint_url="http://s"), S3Error, "Read timeout"),
    ],
)
def test_each_error_becomes_a_sentence(
    error: BotoCoreError | ClientError, kind: type[S3Error], words: str
) -> None:
    found = translated(error, "uploads")
    assert type(found) is kind
    assert words in str(found)
    assert "bucket uploads" in str(found)


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (translated(refusal("AccessDenied"), "uploads"), "AccessDenied"),
        (translated(ReadTimeoutError(endpoint_url="http://s"), "uploads"), "S3"),
        (S3Error("it stored other bytes"), "S3"),
        (PermissionError("no right"), "disk"),
    ],
)
def test_failures_are_of_few_kinds(error: Exception, kind: str) -> None:
    assert kind_of_failure(error) == kind
