import threading
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from s3rewrite.core.entries import Signature
from s3rewrite.core.mounts import Mount
from s3rewrite.sync.context import SyncContext
from s3rewrite.sync.plan import Task
from s3rewrite.sync.reporting.report import Report, Result
from s3rewrite.sync.upload import threads
from s3rewrite.sync.upload.attempt import UploadOutcome, UploadResult
from s3rewrite.sync.upload.batch import UploadRequest
from s3rewrite.sync.upload.threads import BATCH_BYTES, BATCH_FILES, ThreadUploader, batch_size

MOUNT = Mount(alias="media", bucket="uploads", prefix="media/", public_url="", threads=2)


@pytest.mark.parametrize(
    ("waiting", "threads", "found"),
    [
        (0, 4, 1),
        (1, 4, 1),
        (7, 4, 1),
        (8, 4, 2),
        (31, 4, 7),
        (32, 4, BATCH_FILES),
        (1000, 4, BATCH_FILES),
        (3, 1, 3),
    ],
)
def test_how_many_files_a_thread_takes(waiting: int, threads: int, found: int) -> None:
    assert batch_size(waiting, threads) == found


def task(number: int, size: int = 1) -> Task:
    return Task(f"{number}.txt", Signature(size, 1), None)


class Uploader:
    """Stands in for S3 and Redis; holds the threads until it is let go."""

    def __init__(self) -> None:
        self.may_go = threading.Event()
        self.batches: list[list[UploadRequest]] = []

    def __call__(self, context: SyncContext, requests: list[UploadRequest]) -> list[UploadOutcome]:
        self.batches.append(list(requests))
        assert self.may_go.wait(10)
        return [UploadResult(Result.UPLOADED, 1) for _ in requests]


@pytest.fixture
def uploader(monkeypatch: pytest.MonkeyPatch) -> Uploader:
    uploader = Uploader()
    monkeypatch.setattr(threads, "upload", uploader)
    return uploader


def test_every_file_is_uploaded_once(uploader: Uploader) -> None:
    report = Report("media")
    with ThreadUploader(SyncContext(MOUNT), report) as pool:
        for number in range(20):
            pool.submit(task(number), lambda _: None)
        uploader.may_go.set()
        for number in range(20, 300):
            pool.submit(task(number), lambda _: None)
    names = [request.task.name for batch in uploader.batches for request in batch]
    assert sorted(names) == sorted(f"{number}.txt" for number in range(300))
    assert max(map(len, uploader.batches)) <= BATCH_FILES
    assert report.counts == {Result.UPLOADED: 300}
    assert report.bytes_uploaded == 300


def test_a_file_that_waits_already_is_not_queued_again(uploader: Uploader) -> None:
    report = Report("media")
    with ThreadUploader(SyncContext(replace(MOUNT, threads=1)), report) as pool:
        pool.submit(task(0), lambda _: None)
        while not uploader.batches:
            time.sleep(0.01)
        # The first is under way: it may have been read before it changed.
        for number in (0, 1, 1, 0, 2, 1):
            pool.submit(task(number), lambda _: None)
        uploader.may_go.set()
    names = [request.task.name for batch in uploader.batches for request in batch]
    assert names == ["0.txt", "0.txt", "1.txt", "2.txt"]
    assert report.counts == {Result.UPLOADED: 4}


def test_large_files_go_alone(uploader: Uploader) -> None:
    with ThreadUploader(SyncContext(MOUNT), Report("media")) as pool:
        for number in range(30):
            pool.submit(task(number, BATCH_BYTES // 2), lambda _: None)
        uploader.may_go.set()
    assert max(map(len, uploader.batches)) == 2


def test_no_more_tasks_wait_than_there_is_room_for(uploader: Uploader) -> None:
    submitted: list[int] = []
    with ThreadUploader(SyncContext(MOUNT), Report("media")) as pool:

        def submit() -> None:
            for number in range(100):
                pool.submit(task(number), lambda _: None)
                submitted.append(number)

        thread = threading.Thread(target=submit)
        thread.start()
        thread.join(0.3)
        waiting = len(submitted)
        uploader.may_go.set()
        thread.join()
    assert 2 * BATCH_FILES * 2 <= waiting < 60


def test_what_is_not_expected_stops_the_pass(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: Any) -> None:
        raise ZeroDivisionError("by zero")

    monkeypatch.setattr(threads, "upload", fail)
    report = Report("media")
    with ThreadUploader(SyncContext(MOUNT), report) as pool:
        pool.submit(task(1), lambda _: None)
    assert report.stopped == "ZeroDivisionError: by zero"


def test_nothing_begins_once_it_is_over(uploader: Uploader, tmp_path: Path) -> None:
    context, report = SyncContext(MOUNT), Report("media")
    context.stop.set()
    with ThreadUploader(context, report) as pool:
        pool.submit(task(1), lambda _: None)
    assert uploader.batches == []
    assert report.counts == {Result.PENDING: 1}
