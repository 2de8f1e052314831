import json
from typing import Any

import pytest
import redis
from hypothesis import given
from hypothesis import strategies as st

from s3rewrite.core.entries import Entry, Signature
from s3rewrite.s3.errors import S3Error, S3Unavailable, kind_of_failure
from s3rewrite.sync.context import LeaseLost
from s3rewrite.sync.plan import Task
from s3rewrite.sync.reporting.report import Result
from s3rewrite.sync.upload.attempt import FAILURES, UploadOutcome, UploadResult
from s3rewrite.sync.upload.references import KeptLocal
from s3rewrite.sync.workers.messages import decode_outcome, encode_outcome, row_of, task_of

SIGNATURES = st.builds(
    Signature, st.integers(0, 10**16 - 1), st.integers(-(2**63), 2**63), st.integers(0, 2**32 - 1)
)
FINGERPRINTS = st.text("0123456789abcdef", min_size=24, max_size=24)
# A stub has neither inode nor ctime.
ENTRIES = st.builds(Entry, SIGNATURES, FINGERPRINTS, st.just(False)) | st.builds(
    Entry, SIGNATURES.map(lambda found: found._replace(change=0)), FINGERPRINTS, st.just(True)
)


def sent(value: Any) -> Any:
    """As the other side gets it."""
    return json.loads(json.dumps(value))


def coded(error: S3Error, code: str) -> S3Error:
    error.code = code
    return error


@given(st.builds(Task, st.text(), SIGNATURES, st.none() | ENTRIES))
def test_a_task_arrives_as_it_was(task: Task) -> None:
    assert task_of(sent(row_of(task))) == task


@given(
    st.builds(
        UploadResult,
        st.sampled_from(Result),
        st.integers(0),
        st.booleans(),
        st.booleans(),
        st.lists(st.text()).map(tuple),
    )
)
def test_what_was_uploaded_arrives_as_it_was(uploaded: UploadResult) -> None:
    found = decode_outcome(sent(encode_outcome(uploaded)))
    assert found == uploaded
    assert isinstance(found, UploadResult)
    assert isinstance(found.result, Result)


@pytest.mark.parametrize(
    "end",
    [
        KeptLocal("waits for a.png", waits_for="a.png"),
        KeptLocal("refers to /b.png"),
        LeaseLost(),
        S3Unavailable("cannot be reached"),
        coded(S3Unavailable("no such bucket"), "NoSuchBucket"),
        coded(S3Error("may not"), "AccessDenied"),
        S3Error("other bytes"),
        redis.ConnectionError("away"),
        OSError(2, "No such file", "a.png"),
    ],
    ids=repr,
)
def test_what_failed_says_the_same_and_counts_the_same(end: Exception) -> None:
    found = decode_outcome(sent(encode_outcome(end)))
    assert isinstance(found, Exception)
    assert str(found) == str(end)
    kinds = [kind for kind in (S3Unavailable, *FAILURES) if isinstance(end, kind)]
    assert isinstance(found, kinds[0])
    assert kind_of_failure(found) == kind_of_failure(end)
    assert getattr(found, "waits_for", "") == getattr(end, "waits_for", "")


def test_every_failure_can_be_told() -> None:
    ends: list[UploadOutcome] = [
        KeptLocal(""),
        LeaseLost(),
        OSError(),
        S3Error(),
        redis.RedisError(),
    ]
    assert [type(end) for end in ends] == list(FAILURES)
    for end in ends:
        assert type(decode_outcome(encode_outcome(end))) is type(end)


def test_what_is_no_end_is_refused() -> None:
    with pytest.raises(TypeError):
        encode_outcome(ZeroDivisionError())
    with pytest.raises(KeyError):
        decode_outcome(["from another version"])
