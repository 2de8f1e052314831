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
from s3rewrite.sync.upload.attempt import UploadResult
from s3rewrite.sync.upload.batch import UploadRequest
from s3rewrite.sync.workers import worker
from s3rewrite.sync.workers.worker import BatchReporter, borrow_bucket, send_heartbeats
from tests.support.factories import job, use_mount


def test_what_an_engine_raises_stops_the_uploads(
    settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Such as RQ does in the main thread when the time for a task is up."""

    def failing(*_: object) -> None:
        raise TimeoutError("too long")

    context = job(use_mount(settings, tmp_path))
    monkeypatch.setattr(worker, "_requests", failing)
    reporter: Any = None
    with pytest.raises(TimeoutError):
        worker._upload(context, reporter, [])
    assert context.stop.is_set()


@pytest.fixture
def mount(settings: Any, tmp_path: Path) -> Mount:
    return use_mount(settings, tmp_path)


def test_a_bucket_is_borrowed_by_one_at_a_time(mount: Mount) -> None:
    with borrow_bucket(mount) as first, borrow_bucket(mount) as second:
        assert first is not second
    with borrow_bucket(mount) as again:
        assert again in (first, second)


def test_a_mount_with_other_options_has_another(settings: Any, tmp_path: Path) -> None:
    with borrow_bucket(use_mount(settings, tmp_path)) as bucket:
        pass
    with borrow_bucket(use_mount(settings, tmp_path, BUCKET="another")) as other:
        assert other is not bucket
        assert other.name == "another"


def test_one_whose_borrower_failed_is_not_borrowed_again(mount: Mount) -> None:
    with pytest.raises(ZeroDivisionError), borrow_bucket(mount) as broken:
        raise ZeroDivisionError
    with borrow_bucket(mount) as bucket:
        assert bucket is not broken


@pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning")
def test_a_fork_begins_with_its_own(mount: Mount) -> None:
    with borrow_bucket(mount):
        pass
    child = os.fork()
    if not child:
        os._exit(sum(map(len, worker._idle_buckets.values())))
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert worker._idle_buckets[mount]


SENT = UploadResult(Result.UPLOADED, 1)


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
def reporter(channel: SentMessages, stop: threading.Event) -> BatchReporter:
    return BatchReporter(channel, "1", ["a", "b"], stop)


def request(name: str) -> UploadRequest:
    return UploadRequest(Task(name, Signature(1, 1), None), no_object)


def test_it_tells_what_became_of_files(reporter: BatchReporter, channel: SentMessages) -> None:
    reporter.record_outcomes([(request("a"), SENT), (request("b"), S3Error("no"))])
    reporter.close()
    assert channel.messages == [
        {
            "batch": "1",
            "ends": [
                ["a", ["uploaded", "uploaded", 1, False, False, ()]],
                ["b", ["refused", "no", ""]],
            ],
        }
    ]
    assert not reporter.is_over


def test_it_says_so_where_ends_are_missing(reporter: BatchReporter, channel: SentMessages) -> None:
    reporter.record_outcomes([(request("a"), SENT)])
    channel.is_away = True
    with pytest.raises(redis.ConnectionError):
        reporter.record_outcomes([(request("b"), SENT)])
    channel.is_away = False
    reporter.close()
    assert channel.messages[-1] == {"batch": "1", "closed": True}


def test_what_would_meet_all_files_is_the_end(
    reporter: BatchReporter, stop: threading.Event
) -> None:
    reporter.record_outcomes([(request("a"), S3Unavailable("away"))])
    assert reporter.is_over
    assert stop.is_set()


def test_what_nobody_expects_is_told(reporter: BatchReporter, channel: SentMessages) -> None:
    reporter.stop("ZeroDivisionError: by zero")
    assert channel.messages == [{"batch": "1", "stop": "ZeroDivisionError: by zero"}]
    assert reporter.is_over


def test_a_registry_that_is_away_is_the_end_too(
    reporter: BatchReporter, channel: SentMessages
) -> None:
    channel.is_away = True
    reporter.stop("ConnectionError: away")
    assert reporter.is_over


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
    monkeypatch.setattr(worker, "HEARTBEAT", 0.02)


def until(condition: Any) -> None:
    end = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.005)


def test_it_gives_signs_while_it_works_and_looks_behind_each(
    reporter: BatchReporter, channel: SentMessages, stop: threading.Event, quick: None
) -> None:
    look = Looks()
    with send_heartbeats(reporter, look, stop):
        until(lambda: look.count > 2)
    assert channel.messages[0] == {"batch": "1"}
    assert len(channel.messages) >= look.count
    assert not stop.is_set()
    count = look.count
    time.sleep(0.1)
    assert look.count == count


def test_without_a_sign_it_does_not_look(
    reporter: BatchReporter, channel: SentMessages, stop: threading.Event, quick: None
) -> None:
    look = Looks()
    with send_heartbeats(reporter, look, stop):
        until(lambda: look.count)
        channel.is_away = True
        time.sleep(0.05)
        count = look.count
        time.sleep(0.1)
        assert look.count == count
        channel.is_away = False
        until(lambda: look.count > count)


def test_it_stops_once_the_lease_is_lost(
    reporter: BatchReporter, stop: threading.Event, quick: None
) -> None:
    look = Looks()
    with send_heartbeats(reporter, look, stop):
        look.stands = False
        until(stop.is_set)
