"""What obstore's errors say. Pure.

They have no fields. Below their sentence stands the error as Rust prints it: there, text of names
and servers is in quotes and on one line, so no pattern below can match in it.
"""

import re
from typing import NamedTuple

from s3rewrite.s3.retries import asks_for_fewer, is_transient
from s3rewrite.s3.unconfirmed_writes import REFUSED

SEPARATOR = "\nDebug source:\n"

ELSEWHERE = frozenset(
    """
    AuthorizationHeaderMalformed IllegalLocationConstraintException PermanentRedirect
    TemporaryRedirect
    """.split()
)
"""Codes for a bucket that is elsewhere: boto3 may follow it there."""

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


class PutResult(NamedTuple):
    """How one attempt to write ended."""

    status: int = 0
    """0 where there was no answer."""
    code: str = ""
    message: str = ""
    is_unsent: bool = False
    """No connection was made."""
    needs_boto3: bool = False
    """boto3 may understand the answer."""
    is_too_late: bool = False
    """No answer came in time."""
    etag: str = ""
    """Of what was written."""

    @property
    def is_final(self) -> bool:
        """Whether the request is over for sure; see `unconfirmed_writes`."""
        return self.is_unsent or self.code in REFUSED or 0 < self.status < 500

    @property
    def is_transient(self) -> bool:
        """Whether another attempt may succeed."""
        return is_transient(self.status, self.code)

    @property
    def is_slow_down(self) -> bool:
        """Whether fewer requests at a time would help."""
        return self.is_too_late or asks_for_fewer(self.status, self.code)


def parse_error(text: str) -> PutResult:
    """The attempt that an error of obstore's `put` describes."""
    sentence, _, source = text.rpartition(SEPARATOR)
    if _REDIRECT.search(source):
        return PutResult(301, "PermanentRedirect", needs_boto3=True)
    if _NO_ETAG.search(source):
        return PutResult(200, needs_boto3=True)
    if http := _HTTP.search(source):
        message = NO_ANSWER.get(http[1], f"no answer ({http[1]})")
        kind = http[1]
        return PutResult(
            message=message, is_unsent=kind == "Connect", is_too_late=kind == "Timeout"
        )
    if answer := _STATUS.search(source):
        status, body = int(answer[1]), answer[2]
        code = _first(_CODE, body) or str(status)
        needs_boto3 = code in ELSEWHERE or 300 <= status < 400
        return PutResult(status, code, _first(_MESSAGE, body), needs_boto3=needs_boto3)
    return PutResult(message=(sentence or text).strip().partition("\n")[0])


def _first(pattern: re.Pattern[str], text: str) -> str:
    match = pattern.search(text)
    return match[1] if match else ""
