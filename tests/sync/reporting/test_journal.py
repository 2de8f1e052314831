"""What is written down of a pass, on a real Redis."""

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from demo.servers import Valkey
from s3rewrite.core.mounts import Mount
from s3rewrite.sync.reporting import journal as journaled
from s3rewrite.sync.reporting.journal import JournalProgress, heartbeat, journal_of, record_report
from s3rewrite.sync.reporting.progress import Progress
from s3rewrite.sync.reporting.report import Report, Result
from tests.support.factories import use_mount


@pytest.fixture
def mount(settings: Any, caches: None, tmp_path: Path) -> Iterator[Mount]:
    return use_mount(settings, tmp_path / "media")


class Heard(Progress):
    def __init__(self) -> None:
        self.told: list[Any] = []

    def planned(self, count: int) -> None:
        self.told.append(count)

    def done(self, name: str, result: Result) -> None:
        self.told.append((name, result))

    def failed(self, name: str, reason: str) -> None:
        self.told.append((name, reason))

    def close(self) -> None:
        self.told.append("closed")


def test_how_far_a_pass_is(mount: Mount, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(journaled, "PERIOD", 0)
    heard = Heard()
    progress = JournalProgress(mount, heard)
    progress.planned(3)
    progress.done("a", Result.UPLOADED)
    progress.done("x", Result.WITHDRAWN)
    progress.failed("b", "no")
    found = journal_of(mount).progress()
    assert found
    assert (found["planned"], found["done"]) == (3, 2)
    progress.done("c", Result.UPLOADED)
    progress.planned(1)
    found = journal_of(mount).progress()
    assert found
    assert (found["planned"], found["done"]) == (1, 0)
    progress.close()
    assert heard.told == [
        3, ("a", Result.UPLOADED), ("x", Result.WITHDRAWN), ("b", "no"), ("c", Result.UPLOADED),
        1, "closed",
    ]  # fmt: skip


def test_it_is_told_once_a_second(mount: Mount) -> None:
    progress = JournalProgress(mount, Progress())
    progress.planned(1)
    assert journal_of(mount).progress() is None


def report(**given: Any) -> Report:
    found = Report("media", **given)
    for name, reason in found.failures.items():
        found.fail(name, reason)
    return found


def test_a_pass_over_all_files(mount: Mount) -> None:
    record_report(mount, "loop", report(failures={"a": "no"}, skipped={"b": "a link"}))
    last = journal_of(mount).last()
    assert last
    assert (last["by"], last["failures"], last["skipped"], last["failed"]) == ("loop", 1, 1, 1)
    found = {name: trouble[:2] for name, trouble in journal_of(mount).problems().items()}
    assert found == {"a": ("failed", "no"), "b": ("kept local", "a link")}


def test_since_when_something_is_pending(mount: Mount) -> None:
    found = report()
    found.add(Result.PENDING, 2)
    record_report(mount, "loop", found)
    first = journal_of(mount).last()
    record_report(mount, "loop", report(stopped="S3 is away"))
    assert first
    assert journal_of(mount).last()["pending_since"] == first["pending_since"]  # type: ignore[index]
    record_report(mount, "loop", report())
    assert journal_of(mount).last()["pending_since"] is None  # type: ignore[index]


def test_a_pass_that_was_stopped_clears_no_trouble(mount: Mount) -> None:
    record_report(mount, "loop", report(failures={"a": "no"}))
    record_report(mount, "loop", report(stopped="S3 is away"))
    assert set(journal_of(mount).problems()) == {"a"}
    record_report(mount, "loop", report(stopped="S3 is away", failures={"b": "no"}))
    assert set(journal_of(mount).problems()) == {"a", "b"}


def test_a_pass_over_some_names(mount: Mount) -> None:
    record_report(mount, "loop", report(failures={"a": "no", "b": "no"}))
    record_report(mount, "loop", report(names=["a"]))
    assert set(journal_of(mount).problems()) == {"b"}


def test_a_heartbeat(mount: Mount) -> None:
    with heartbeat([mount], 7.0):
        waiting = threading.Event()
        for _ in range(100):
            if journal_of(mount).loop():
                break
            waiting.wait(0.02)
        found = journal_of(mount).loop()
        assert found
        assert found["interval"] == 7.0
    assert journal_of(mount).loop() is None


def test_without_redis_nothing_is_written_and_nothing_fails(mount: Mount, valkey: Valkey) -> None:
    valkey.stop()
    record_report(mount, "loop", report())
    with heartbeat([mount], 7.0):
        pass
