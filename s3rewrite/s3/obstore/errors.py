"""What obstore's errors say. Pure.

They have no fields; behind their sentence stands the error as Rust prints it, where whatever
comes from names and servers is in quotes and on one line.
"""

import re
from typing import NamedTuple

from s3rewrite.s3.ends import REFUSALS
from s3rewrite.s3.errors import SLOWED

SEPARATOR = "\nDebug source:\n"

MISPLACED = frozenset(
    {
        "AuthorizationHeaderMalformed",
        "IllegalLocationConstraintException",
        "PermanentRedirect",
        "TemporaryRedirect",
    }
)
"""Codes of a bucket that is somewhere else, where boto3 may follow."""

TRANSIENT = frozenset({500, 502, 503, 504})
RETRIED = SLOWED | REFUSALS
"""Statuses and codes that are tried again, as in boto3's standard mode.
https://docs.aws.amazon.com/sdkref/latest/guide/feature-retry-behavior.html"""

NO_ANSWER = {
    "Timeout": "S3 did not answer in time",
    "Request": "the connection was closed before S3 answered",
}

_STATUS = re.compile(
    r"^ *inner: Status \{\n *status: (\d{3}),\n *body: (.*(?:\n.*)?)", re.MULTILINE
)
_HTTP = re.compile(r"^ *inner: Http\(\n *HttpError \{\n *kind: (\w+),$", re.MULTILINE)
_REDIRECT = re.compile(r"^ *inner: BareRedirect,$", re.MULTILINE)
_NO_ETAG = re.compile(r"^ *source: MissingEtag,$", re.MULTILINE)
_CODE = re.compile(r"<Code>(\w+)</Code>")
_MESSAGE = re.compile(r"<Message>([^<]*)</Message>")


class Answer(NamedTuple):
    """How one attempt ended."""

    status: int = 0
    """0 where there was no answer."""
    code: str = ""
    message: str = ""
    is_unsent: bool = False
    """No connection came about."""
    is_strange: bool = False
    """One that boto3 may make more of."""

    @property
    def is_end(self) -> bool:
        """Whether the request is over for sure. See `ends`."""
        return self.is_unsent or self.code in REFUSALS or 0 < self.status < 500

    @property
    def is_transient(self) -> bool:
        """Whether another attempt may go well."""
        return not self.status or self.status in TRANSIENT or self.code in RETRIED

    @property
    def is_slowed(self) -> bool:
        """Whether the service asks for fewer requests."""
        return self.code in SLOWED


def answer_of(text: str) -> Answer:
    """What an error of obstore's `put` says, by its text."""
    sentence, _, source = text.rpartition(SEPARATOR)
    if _REDIRECT.search(source):
        return Answer(301, "PermanentRedirect", is_strange=True)
    if _NO_ETAG.search(source):
        return Answer(200, is_strange=True)
    if http := _HTTP.search(source):
        message = NO_ANSWER.get(http[1], f"no answer ({http[1]})")
        return Answer(message=message, is_unsent=http[1] == "Connect")
    if status := _STATUS.search(source):
        return _answered(int(status[1]), status[2])
    return Answer(message=(sentence or text).strip().partition("\n")[0])


def _answered(status: int, body: str) -> Answer:
    code, message = _first(_CODE, body) or str(status), _first(_MESSAGE, body)
    return Answer(status, code, message, is_strange=code in MISPLACED or 300 <= status < 400)


def _first(pattern: re.Pattern[str], text: str) -> str:
    found = pattern.search(text)
    return found[1] if found else ""
