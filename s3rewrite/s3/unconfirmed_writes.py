"""Which writes to S3 may still arrive after they were given up or tried again."""

from collections.abc import Mapping
from typing import Any

from botocore.exceptions import ConnectTimeoutError, EndpointConnectionError, ProxyConnectionError

from s3rewrite.s3.errors import S3Error

UNSENT = (ConnectTimeoutError, EndpointConnectionError, ProxyConnectionError, S3Error)
"""Errors that come before a byte of the request is sent."""

REFUSED = frozenset({"NotImplemented", "SlowDown", "ServiceUnavailable", "RequestTimeout"})
"""Codes with which S3 refuses a request, whatever the status.
https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html"""

OPERATIONS = ("PutObject", "CopyObject", "CompleteMultipartUpload")
"""The requests that write an object. A part that comes late finds its upload completed or
aborted."""

CONTEXT_KEY = "s3rewrite-key"


class UnconfirmedWrites:
    """The keys to which a request was sent that nobody saw answered.

    Safe to share between threads that do not write to the same key.
    """

    def __init__(self) -> None:
        self._keys: set[str] = set()

    def watch(self, client: Any) -> None:
        """Add the keys of boto3's writes by the events of a client."""
        for operation in OPERATIONS:
            client.meta.events.register(f"provide-client-params.s3.{operation}", self._begin)
            client.meta.events.register(f"needs-retry.s3.{operation}", self._end_attempt)

    def add(self, key: str) -> None:
        """A request to write this key ended without an answer, or with one that is not final."""
        self._keys.add(key)

    def pop(self, key: str) -> bool:
        """Whether a write to this key may still arrive. Forgets the key."""
        is_unconfirmed = key in self._keys
        self._keys.discard(key)
        return is_unconfirmed

    def _begin(self, params: Mapping[str, Any], context: dict[str, Any], **_: object) -> None:
        context[CONTEXT_KEY] = params["Key"]

    def _end_attempt(
        self,
        request_dict: Mapping[str, Any],
        response: tuple[Any, Mapping[str, Any]] | None,
        caught_exception: Exception | None,
        **_: object,
    ) -> None:
        # botocore calls this after each attempt, also after the last one.
        if not (isinstance(caught_exception, UNSENT) or (response and _is_final(*response))):
            self.add(request_dict["context"][CONTEXT_KEY])


def _is_final(answer: Any, parsed: Mapping[str, Any]) -> bool:
    """Whether an answer says for sure that the request is over.

    Any other 5xx may come from a proxy before the service, which goes on with the request.
    """
    return bool(answer.status_code < 500) or parsed.get("Error", {}).get("Code") in REFUSED
