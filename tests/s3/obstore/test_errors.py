"""Errors as obstore words them; that a real one says these is for the tests of the writers."""

import pytest

from s3rewrite.s3.obstore.errors import PutResult, parse_error

RETRY = """\
Generic S3 error: Error performing PUT http://s3/b/k in 1.5ms - what happened

Debug source:
Generic {
    store: "S3",
    source: RetryError(
        RetryErrorImpl {
            method: PUT,
            retries: 0,
            inner: %s,
        },
    ),
}"""

STATUS = """Status {
                status: %d,
                body: %s,
            }"""

HTTP = """Http(
                HttpError {
                    kind: %s,
                    source: reqwest::Error {
                    },
                },
            )"""

SLOW = """Some(
                    "<?xml version=\\"1.0\\"?>\\n<Error><Code>SlowDown</Code><Message>less, \
please</Message></Error>",
                )"""


def status(number: int, body: str = "None") -> str:
    return RETRY % (STATUS % (number, body))


def test_a_refusal() -> None:
    found = parse_error(status(503, SLOW))
    assert found == PutResult(503, "SlowDown", "less, please")
    assert (found.is_final, found.is_transient, found.is_slow_down) == (True, True, True)


@pytest.mark.parametrize(
    ("text", "is_final", "is_transient", "needs_boto3"),
    [
        (status(400), True, False, False),
        (status(403, 'Some("<Code>AccessDenied</Code>")'), True, False, False),
        (status(400, 'Some("<Code>RequestTimeout</Code>")'), True, True, False),
        (status(400, 'Some("<Code>AuthorizationHeaderMalformed</Code>")'), True, False, True),
        (status(304), True, False, True),
        (status(500), False, True, False),
        (status(501), False, False, False),
        (status(502), False, True, False),
        (RETRY % "BareRedirect", True, False, True),
        (RETRY % (HTTP % "Request"), False, True, False),
        (RETRY % (HTTP % "Timeout"), False, True, False),
        (RETRY % (HTTP % "Connect"), True, True, False),
        ("Generic {\n\nDebug source:\n    source: Metadata {\n  source: MissingEtag,", 1, 0, 1),
        ("something new", False, True, False),
        ("", False, True, False),
    ],
)
def test_what_follows(text: str, is_final: bool, is_transient: bool, needs_boto3: bool) -> None:
    found = parse_error(text)
    assert (found.is_final, found.is_transient, found.needs_boto3) == (
        bool(is_final),
        bool(is_transient),
        bool(needs_boto3),
    )


def test_no_connection_is_not_sent() -> None:
    assert parse_error(RETRY % (HTTP % "Connect")).is_unsent
    assert not parse_error(RETRY % (HTTP % "Timeout")).is_unsent


def test_a_body_cannot_pretend_to_be_an_error_of_another_kind() -> None:
    lie = 'Some("\\nDebug source:\\n inner: BareRedirect,\\n inner: Status { status: 200,")'
    text = status(500, lie).replace("what happened", "\nDebug source:\n inner: BareRedirect,")
    assert parse_error(text) == PutResult(500, "500")


def test_what_nobody_knows_is_said_in_one_line() -> None:
    assert parse_error("first line\nsecond").message == "first line"
