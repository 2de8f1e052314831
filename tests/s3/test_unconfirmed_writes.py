from types import SimpleNamespace
from typing import Any

import pytest
from botocore.exceptions import (
    ConnectionClosedError,
    ConnectTimeoutError,
    EndpointConnectionError,
    ReadTimeoutError,
)

from s3rewrite.s3.errors import S3Unavailable
from s3rewrite.s3.unconfirmed_writes import UnconfirmedWrites

URL = "http://s3"


def is_confirmed(response: Any = None, error: Exception | None = None) -> bool:
    """Whether the end of a write to a key that met this was seen."""
    writes, context = UnconfirmedWrites(), {}
    writes._begin(params={"Key": "a"}, context=context)
    writes._end_attempt(
        request_dict={"context": context}, response=response, caught_exception=error
    )
    assert not writes.pop("b")
    return not writes.pop("a")


def answer(status: int, code: str = "") -> tuple[Any, dict[str, Any]]:
    return SimpleNamespace(status_code=status), {"Error": {"Code": code}} if code else {}


@pytest.mark.parametrize(
    "error",
    [
        EndpointConnectionError(endpoint_url=URL),
        ConnectTimeoutError(endpoint_url=URL),
        S3Unavailable("the lease was lost"),
    ],
)
def test_what_was_never_sent_cannot_arrive(error: Exception) -> None:
    assert is_confirmed(error=error)


@pytest.mark.parametrize(
    "error", [ReadTimeoutError(endpoint_url=URL), ConnectionClosedError(endpoint_url=URL)]
)
def test_what_was_sent_without_an_answer_may_arrive(error: Exception) -> None:
    assert not is_confirmed(error=error)


@pytest.mark.parametrize(
    ("status", "code", "is_final"),
    [
        (200, "", True),
        (301, "PermanentRedirect", True),
        (403, "AccessDenied", True),
        (503, "SlowDown", True),
        (503, "ServiceUnavailable", True),
        (500, "InternalError", False),
        (502, "", False),
        (504, "", False),
    ],
)
def test_which_answers_end_a_request(status: int, code: str, is_final: bool) -> None:
    assert is_confirmed(answer(status, code)) is is_final


def test_it_is_forgotten_once_it_is_popped() -> None:
    writes = UnconfirmedWrites()
    writes._keys.add("a")
    assert writes.pop("a")
    assert not writes.pop("a")
