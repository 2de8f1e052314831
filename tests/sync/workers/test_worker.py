import os
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import redis

from s3rewrite.core.entries import Signature
from s3rewrite.core.mounts import Mount
from s3rewrite.registry.task_channel import Message, TaskChannel
from s3rewrite.s3.errors import S3Error, S3Unavailable
from s3rewrite.s3.objects import no_object
from s3rewrite.sync.plan import Task
from s3rewrite.sync.reporting.report import Result
from s3rewrite.sync.upload.attempt import Uploaded
from s3rewrite.sync.upload.batch import UploadRequest
from s3rewrite.sync.workers import worker
from s3rewrite.sync.workers.worker import BatchReporter, alive, lent
from tests.factories import job, use_mount


def test_what_an_engine_raises_stops_the_uploads(
    settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Such as RQ does in the main thread when the time for a task is up."""

    def failing(*_: object) -> None:
        raise TimeoutError("too long")

    context = job(use_mount(settings, tmp_path))
    monkeypatch.setattr(worker, "_wanted", failing)
    teller: Any = None
    with pytest.raises(TimeoutError):
        worker._upload(context, teller, [])
    assert context.stop.is_set()


@pytest.fixture
def mount(settings: Any, tmp_path: Path) -> Mount:
    return use_mount(settings, tmp_path)


def test_a_bucket_is_lent_to_one_at_a_time(mount: Mount) -> None:
    with lent(mount) as first, lent(mount) as second:
        assert first is not second
    with lent(mount) as again:
        assert again in (first, second)


def test_a_mount_with_other_options_has_another(settings: Any, tmp_path: Path) -> None:
    with lent(use_mount(settings, tmp_path)) as bucket:
        pass
    with lent(use_mount(settings, tmp_path, BUCKET="another")) as other:
        assert other is not bucket
        assert other.name == "another"


def test_one_whose_borrower_failed_is_not_lent_again(mount: Mount) -> None:
    with pytest.raises(ZeroDivisionError), lent(mount) as broken:
        raise ZeroDivisionError
    with lent(mount) as bucket:
        assert bucket is not broken


@pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning")
def test_a_fork_begins_with_its_own(mount: Mount) -> None:
    with lent(mount):
        pass
    child = os.fork()
    if not child:
        os._exit(sum(map(len, worker._idle.values())))
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert worker._idle[mount]


SENT = Uploaded(Result.UPLOADED, 1)


class SentMessages(TaskChannel):
    """A channel without a registry behind it, which may be away."""

    def __init__(self) -> None:
        self.messages: list[Message] = []
        self.is_away = False

    def send(self, messages: Sequence[Message]) -> None:
        if self.is_away:
            raise redis.ConnectionError("away")
        self.messages += messages


@pytest.fixture
def channel() -> SentMessages:
    return SentMessages()


@pytest.fixture
def stop() -> threading.Event:
    return threading.Event()


@pytest.fixture
def teller(channel: SentMessages, stop: threading.Event) -> BatchReporter:
    return BatchReporter(channel, "1", ["a", "b"], stop)


def wanted(name: str) -> UploadRequest:
    return UploadRequest(Task(name, Signature(1, 1), None), no_object)


def test_it_tells_what_became_of_files(teller: BatchReporter, channel: SentMessages) -> None:
    teller.record_ends([(wanted("a"), SENT), (wanted("b"), S3Error("no"))])
    teller.closed()
    assert channel.messages == [
        {
            "batch": "1",
            "ends": [
                ["a", ["uploaded", "uploaded", 1, False, False, ()]],
                ["b", ["refused", "no", ""]],
            ],
        }
    ]
    assert not teller.is_over


def test_it_says_so_where_ends_are_missing(teller: BatchReporter, channel: SentMessages) -> None:
    teller.record_ends([(wanted("a"), SENT)])
    channel.is_away = True
    with pytest.raises(redis.ConnectionError):
        teller.record_ends([(wanted("b"), SENT)])
    channel.is_away = False
    teller.closed()
    assert channel.messages[-1] == {"batch": "1", "closed": True}


def test_what_would_meet_all_files_is_the_end(teller: BatchReporter, stop: threading.Event) -> None:
    teller.record_ends([(wanted("a"), S3Unavailable("away"))])
    assert teller.is_over
    assert stop.is_set()


def test_what_nobody_expects_is_told(teller: BatchReporter, channel: SentMessages) -> None:
    teller.stop("ZeroDivisionError: by zero")
    assert channel.messages == [{"batch": "1", "stop": "ZeroDivisionError: by zero"}]
    assert teller.is_over


def test_a_registry_that_is_away_is_the_end_too(
    teller: BatchReporter, channel: SentMessages
) -> None:
    channel.is_away = True
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
    monkeypatch.setattr(worker, "SIGN", 0.02)


def until(condition: Any) -> None:
    end = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.005)


def test_it_gives_signs_while_it_works_and_looks_behind_each(
    teller: BatchReporter, channel: SentMessages, stop: threading.Event, quick: None
) -> None:
    look = Looks()
    with alive(teller, look, stop):
        until(lambda: look.count > 2)
    assert channel.messages[0] == {"batch": "1"}
    assert len(channel.messages) >= look.count
    assert not stop.is_set()
    count = look.count
    time.sleep(0.1)
    assert look.count == count


def test_without_a_sign_it_does_not_look(
    teller: BatchReporter, channel: SentMessages, stop: threading.Event, quick: None
) -> None:
    look = Looks()
    with alive(teller, look, stop):
        until(lambda: look.count)
        channel.is_away = True
        time.sleep(0.05)
        count = look.count
        time.sleep(0.1)
        assert look.count == count
        channel.is_away = False
        until(lambda: look.count > count)


def test_it_stops_once_the_lease_is_lost(
    teller: BatchReporter, stop: threading.Event, quick: None
) -> None:
    look = Looks()
    with alive(teller, look, stop):
        look.stands = False
        until(stop.is_set)
