"""Which writes to S3 may still arrive after they were given up, or were tried again."""

from collections.abc import Mapping
from typing import Any

from botocore.exceptions import ConnectTimeoutError, EndpointConnectionError, ProxyConnectionError

from s3rewrite.s3.errors import S3Error

UNSENT = (ConnectTimeoutError, EndpointConnectionError, ProxyConnectionError, S3Error)
"""What is raised before a byte of a request was sent."""

REFUSALS = frozenset({"SlowDown", "ServiceUnavailable", "RequestTimeout"})
"""Answers with which a service has refused a request, whatever their status.
https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html"""

OPERATIONS = ("PutObject", "CompleteMultipartUpload")
"""What writes an object. A part that is late finds its upload completed or aborted."""

MARK = "s3rewrite-key"


class UnconfirmedWrites:
    """The keys to which a request was sent whose end nobody saw."""

    def __init__(self) -> None:
        self._unseen: set[str] = set()

    def watch(self, client: Any) -> None:
        """Follow the writes of a client of S3."""
        for operation in OPERATIONS:
            client.meta.events.register(f"provide-client-params.s3.{operation}", self._begin)
            client.meta.events.register(f"needs-retry.s3.{operation}", self._end)

    def were_seen(self, key: str) -> bool:
        """Whether no write to that key can arrive any more. To be asked once a write."""
        was_unseen = key in self._unseen
        self._unseen.discard(key)
        return not was_unseen

    def _begin(self, params: Mapping[str, Any], context: dict[str, Any], **_: object) -> None:
        context[MARK] = params["Key"]

    def _end(
        self,
        request_dict: Mapping[str, Any],
        response: tuple[Any, Mapping[str, Any]] | None,
        caught_exception: Exception | None,
        **_: object,
    ) -> None:
        """Of each attempt, whether it is the last or not."""
        if not (isinstance(caught_exception, UNSENT) or (response and _is_end(*response))):
            self._unseen.add(request_dict["context"][MARK])


def _is_end(answer: Any, parsed: Mapping[str, Any]) -> bool:
    """Whether that answer says for sure that the request is over.

    Any other 5xx may come from something between us and the service, which goes on.
    """
    return bool(answer.status_code < 500) or parsed.get("Error", {}).get("Code") in REFUSALS
