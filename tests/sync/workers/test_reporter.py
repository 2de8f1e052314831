import threading
import time
from collections.abc import Sequence
from typing import Any

import pytest
import redis

from s3rewrite.core.entries import Signature
from s3rewrite.registry.task_channel import Message, TaskChannel
from s3rewrite.s3.errors import S3Error, S3Unavailable
from s3rewrite.s3.objects import nothing
from s3rewrite.sync.plan import Task
from s3rewrite.sync.reporting.report import Result
from s3rewrite.sync.upload.attempt import Uploaded
from s3rewrite.sync.upload.batch import Wanted
from s3rewrite.sync.workers import reporter as tellers
from s3rewrite.sync.workers.worker import BatchReporter, alive

SENT = Uploaded(Result.UPLOADED, 1)


class Told(TaskChannel):
    """A desk without a registry behind it, which may be away."""

    def __init__(self) -> None:
        self.messages: list[Message] = []
        self.is_away = False

    def tell(self, messages: Sequence[Message]) -> None:
        if self.is_away:
            raise redis.ConnectionError("away")
        self.messages += messages


@pytest.fixture
def desk() -> Told:
    return Told()


@pytest.fixture
def stop() -> threading.Event:
    return threading.Event()


@pytest.fixture
def teller(desk: Told, stop: threading.Event) -> BatchReporter:
    return BatchReporter(desk, "1", ["a", "b"], stop)


def wanted(name: str) -> Wanted:
    return Wanted(Task(name, Signature(1, 1), None), nothing)


def test_it_tells_what_became_of_files(teller: BatchReporter, desk: Told) -> None:
    teller.ended([(wanted("a"), SENT), (wanted("b"), S3Error("no"))])
    teller.closed()
    assert desk.messages == [
        {
            "batch": "1",
            "ends": [
                ["a", ["uploaded", "uploaded", 1, False, False, ()]],
                ["b", ["refused", "no", ""]],
            ],
        }
    ]
    assert not teller.is_over


def test_it_says_so_where_ends_are_missing(teller: BatchReporter, desk: Told) -> None:
    teller.ended([(wanted("a"), SENT)])
    desk.is_away = True
    with pytest.raises(redis.ConnectionError):
        teller.ended([(wanted("b"), SENT)])
    desk.is_away = False
    teller.closed()
    assert desk.messages[-1] == {"batch": "1", "closed": True}


def test_what_would_meet_all_files_is_the_end(teller: BatchReporter, stop: threading.Event) -> None:
    teller.ended([(wanted("a"), S3Unavailable("away"))])
    assert teller.is_over
    assert stop.is_set()


def test_what_nobody_expects_is_told(teller: BatchReporter, desk: Told) -> None:
    teller.stop("ZeroDivisionError: by zero")
    assert desk.messages == [{"batch": "1", "stop": "ZeroDivisionError: by zero"}]
    assert teller.is_over


def test_a_registry_that_is_away_is_the_end_too(teller: BatchReporter, desk: Told) -> None:
    desk.is_away = True
    teller.stop("ConnectionError: away")
    assert teller.is_over


# Signs of life


class Looks:
    """Whether the lease stands, and how often somebody looked."""

    def __init__(self) -> None:
        self.count = 0
        self.stands = True

    def __call__(self) -> bool:
        self.count += 1
        return self.stands


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tellers, "SIGN", 0.02)


def until(condition: Any) -> None:
    end = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.005)


def test_it_gives_signs_while_it_works_and_looks_behind_each(
    teller: BatchReporter, desk: Told, stop: threading.Event, quick: None
) -> None:
    look = Looks()
    with alive(teller, look, stop):
        until(lambda: look.count > 2)
    assert desk.messages[0] == {"batch": "1"}
    assert len(desk.messages) >= look.count
    assert not stop.is_set()
    count = look.count
    time.sleep(0.1)
    assert look.count == count


def test_without_a_sign_it_does_not_look(
    teller: BatchReporter, desk: Told, stop: threading.Event, quick: None
) -> None:
    look = Looks()
    with alive(teller, look, stop):
        until(lambda: look.count)
        desk.is_away = True
        time.sleep(0.05)
        count = look.count
        time.sleep(0.1)
        assert look.count == count
        desk.is_away = False
        until(lambda: look.count > count)


def test_it_stops_once_the_lease_is_lost(
    teller: BatchReporter, stop: threading.Event, quick: None
) -> None:
    look = Looks()
    with alive(teller, look, stop):
        look.stands = False
        until(stop.is_set)
