import asyncio
import logging
from collections.abc import Iterator

import pytest
from django.test import RequestFactory

from s3rewrite.core.repeats import Repeats
from s3rewrite.linking import errors as guard
from s3rewrite.linking.errors import SILENCE, contain_errors

PATH = "/a%0Ab/"


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(guard, "_repeats", Repeats(SILENCE, clock))
    return clock


@pytest.fixture(autouse=True)
def level(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    with caplog.at_level(logging.DEBUG, "s3rewrite"):
        yield


def fail(error: Exception | None = None) -> None:
    with contain_errors(RequestFactory().get(PATH)):
        raise error or RuntimeError("a mistake of ours")


def test_an_error_is_logged_with_the_path(caplog: pytest.LogCaptureFixture) -> None:
    fail()
    (record,) = caplog.records
    assert record.name == "s3rewrite"
    assert record.levelname == "ERROR"
    assert repr("/a\nb/") in record.getMessage()
    assert record.exc_info
    assert isinstance(record.exc_info[1], RuntimeError)


def test_the_next_of_its_kind_are_told_to_those_who_debug(
    caplog: pytest.LogCaptureFixture,
) -> None:
    for _ in range(3):
        fail()
    assert [record.levelname for record in caplog.records] == ["ERROR", "DEBUG", "DEBUG"]
    assert all(record.exc_info for record in caplog.records)


def test_another_kind_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    fail()
    fail(KeyError("other"))
    with contain_errors(None):
        raise RuntimeError("elsewhere")
    assert [record.levelname for record in caplog.records] == ["ERROR"] * 3


def test_it_is_said_again_after_ten_minutes(caplog: pytest.LogCaptureFixture, clock: Clock) -> None:
    for _ in range(3):
        fail()
    clock.now = 600.0
    fail()
    assert caplog.records[-1].levelname == "ERROR"
    assert "met 2 times more" in caplog.records[-1].getMessage()
    assert repr("/a\nb/") in caplog.records[-1].getMessage()


def test_nothing_is_said_of_what_went_well(caplog: pytest.LogCaptureFixture) -> None:
    with contain_errors(None):
        pass
    assert not caplog.records


@pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit, asyncio.CancelledError])
def test_what_ends_a_request_from_outside_goes_through(error: type[BaseException]) -> None:
    with pytest.raises(error), contain_errors(None):
        raise error
