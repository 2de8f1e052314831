"""Uploads that are handed out as tasks: what comes of them, and of those that go wrong."""

import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

import pytest
import redis
from django_tasks.backends.dummy import DummyBackend

from demo.servers import SeaweedFS, Valkey
from s3rewrite.core.mounts import Mount
from s3rewrite.registry import Registry, loop_registry
from s3rewrite.registry.lease import held
from s3rewrite.s3.bucket import Bucket
from s3rewrite.sync.context import SyncContext
from s3rewrite.sync.passes import pass_over, whole_pass
from s3rewrite.sync.reporting.report import Report, Result
from s3rewrite.sync.workers import coordinator
from s3rewrite.sync.workers.messages import UploadBatch
from s3rewrite.sync.workers.tasks import upload_batch
from s3rewrite.sync.workers.worker import BatchReporter, run_batch
from tests.support.factories import job, use_mount, write

IMMEDIATE = "django_tasks.backends.immediate.ImmediateBackend"
HELD = f"{__name__}.HeldBackend"


class HeldBackend(DummyBackend):
    """Holds tasks of all threads, until somebody runs them."""

    held: ClassVar[list[Any]] = []

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        self.results = self.held


@pytest.fixture
def options(bucket: str, caches: None, client_options: dict[str, Any]) -> dict[str, Any]:
    return {"BUCKET": bucket, "CLIENT": client_options, "UPLOADS": "tasks"}


@pytest.fixture
def mount(settings: Any, root: Path, options: dict[str, Any]) -> Mount:
    """Uploads by tasks, which run as soon as they are handed out."""
    settings.TASKS = {"default": {"BACKEND": IMMEDIATE}}
    return use_mount(settings, root, **options)


@pytest.fixture
def desk(settings: Any, mount: Mount) -> "HeldTasks":
    """Uploads by tasks, which run when the test says so."""
    settings.TASKS = {"default": {"BACKEND": HELD}}
    HeldBackend.held.clear()
    return HeldTasks()


class HeldTasks:
    """The tasks that were handed out."""

    def batch(self, number: int = 0) -> UploadBatch:
        """That of a task, as soon as it is there."""
        self._wait(number)
        return UploadBatch(*HeldBackend.held[number].args[1])

    def run(self, number: int = 0) -> None:
        self._wait(number)
        upload_batch.call(*HeldBackend.held[number].args)

    def _wait(self, number: int) -> None:
        held = HeldBackend.held
        until = time.monotonic() + 20
        while len(held) <= number:
            assert time.monotonic() < until
            time.sleep(0.01)

    def __len__(self) -> int:
        return len(HeldBackend.held)


class Passing:
    """A pass in a thread."""

    def __init__(self, job: SyncContext) -> None:
        self.job = job
        self.report = Report("")
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _run(self) -> None:
        self.report = whole_pass(self.job)

    def end(self) -> Report:
        self._thread.join(30)
        assert not self._thread.is_alive()
        return self.report


@pytest.fixture
def passing(mount: Mount) -> Iterator[list[Passing]]:
    """The passes that a test has begun; they are stopped at its end."""
    begun: list[Passing] = []
    yield begun
    for one in begun:
        one.job.stop.set()
        one.end()


def counts(report: Report) -> dict[Result, int]:
    return {result: count for result, count in report.counts.items() if count}


def tree(root: Path) -> None:
    """Files of every kind of end that a pass may come to."""
    for number in range(120):
        write(root, f"{number % 3}/{number}.txt", b"%d" % number)
    write(root, "a.css", b"a { background: url(0/3.txt) }")
    write(root, "b.css", b'@import "a.css";')
    write(root, "c.css", b'@import "d.css";')
    write(root, "d.css", b'@import "c.css";')
    write(root, "e.css", b"a { background: url(/elsewhere.png) }")
    write(root, "f.css", b"a { background: url(no-such.png) }")


def told(report: Report) -> dict[str, Any]:
    return {key: value for key, value in report.as_dict().items() if key != "seconds"}


def test_files_reach_the_bucket_and_are_published(
    mount: Mount, root: Path, registry: Registry, s3_client: Any
) -> None:
    for number in range(250):
        write(root, f"{number % 3}/{number}.txt", b"%d" % number)
    report = whole_pass(job(mount))
    assert report.stopped == ""
    assert counts(report) == {Result.UPLOADED: 250}
    assert len(list(registry.names())) == 250
    found = s3_client.get_object(Bucket=mount.bucket, Key="media/1/100.txt")
    assert found["Body"].read() == b"100"
    assert counts(whole_pass(job(mount))) == {Result.KEPT: 250}


def test_workers_copy_what_was_renamed(mount: Mount, root: Path, s3_client: Any) -> None:
    for number in range(20):
        write(root, f"a/{number}.txt", b"%d" % number)
    write(root, "kept.txt")
    whole_pass(job(mount))
    (root / "a").rename(root / "b")
    report = whole_pass(job(mount))
    assert counts(report) == {Result.KEPT: 1, Result.WITHDRAWN: 20, Result.ADOPTED: 20}
    assert report.bytes_uploaded == 0


@pytest.mark.parametrize("keys", ["mirror", "fingerprint"])
def test_a_report_is_that_of_the_loop(
    settings: Any, root: Path, mount: Mount, options: dict[str, Any], s3_client: Any, keys: str
) -> None:
    reports = {}
    for uploads in ("loop", "tasks"):
        mount = use_mount(
            settings, root, **{**options, "PREFIX": f"{uploads}/", "KEYS": keys, "UPLOADS": uploads}
        )
        registry = loop_registry(mount)
        registry.client.delete(registry.keys.place)  # nothing is copied from the other one
        tree(root)
        reports[uploads] = [told(whole_pass(job(mount)))]
        write(root, "0/3.txt", b"changed")
        write(root, "1/1.txt", b"1", age=5.0)
        (root / "2/2.txt").unlink()
        reports[uploads].append(told(whole_pass(job(mount))))
        reports[uploads].append(told(whole_pass(job(mount, force=True))))
        names = ["0/0.txt", "no-such.txt", "c.css"]
        loop_registry(mount).withdraw(["0/0.txt"])
        reports[uploads].append(told(pass_over(job(mount), names)))
    assert reports["tasks"] == reports["loop"]
    assert reports["tasks"][0]["uploaded"] >= 120
    assert reports["tasks"][1]["refreshed"] == 1
    forced = reports["tasks"][2]
    assert (forced["uploaded"], forced["pending"]) == (122 if keys == "mirror" else 119, 0)


def test_nothing_is_uploaded_that_the_bucket_holds(
    mount: Mount, root: Path, registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    tree(root)
    before = counts(whole_pass(job(mount)))
    registry.client.flushall()
    monkeypatch.delattr(Bucket, "put")
    after = counts(whole_pass(job(mount)))
    assert after == {Result.ADOPTED: before.pop(Result.UPLOADED), **before}


def test_a_large_file_goes_in_a_batch_of_its_own(
    mount: Mount,
    desk: HeldTasks,
    root: Path,
    monkeypatch: pytest.MonkeyPatch,
    passing: list[Passing],
) -> None:
    monkeypatch.setattr(coordinator, "BATCH_BYTES", 10)
    for name in "abc":
        write(root, name, b"123456")
    passing.append(Passing(job(mount)))
    for number in range(3):
        assert len(desk.batch(number).rows) == 1
        desk.run(number)
    assert counts(passing[0].end()) == {Result.UPLOADED: 3}


# Doubled, late, lost


def test_a_doubled_task_does_nothing(
    mount: Mount, desk: HeldTasks, root: Path, registry: Registry, passing: list[Passing]
) -> None:
    write(root, "a.txt")
    write(root, "b.css", b'@import "a.txt";')  # another batch, which keeps the pass waiting
    passing.append(Passing(job(mount)))
    desk.run()
    seen = registry.client.xlen(registry.keys.changes)
    assert seen > 0
    desk.run()
    assert registry.client.xlen(registry.keys.changes) == seen
    desk.run(1)
    assert counts(passing[0].end()) == {Result.UPLOADED: 2}


def test_the_same_files_under_way_twice_are_published_as_they_are(
    mount: Mount, desk: HeldTasks, root: Path, registry: Registry, passing: list[Passing]
) -> None:
    """As when a worker is taken for lost, and is not."""
    for number in range(50):
        write(root, f"{number}.txt", b"%d" % number)
    passing.append(Passing(job(mount)))
    batch = desk.batch()
    coordinator.TaskChannel(registry, batch.lease).offer("another")
    workers = [
        threading.Thread(target=run_batch, args=(mount, one))
        for one in (batch, batch._replace(id="another"))
    ]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    passing[0].end()
    report = whole_pass(job(mount, dry_run=True))
    published = dict(registry.names())
    assert report.counts[Result.KEPT] == len(published) > 0
    bucket = Bucket(mount)
    for name, entry in published.items():
        found = bucket.head(f"media/{name}")
        assert found
        assert found.sha256.startswith(entry.fingerprint)


def test_a_task_after_its_pass_does_nothing(
    mount: Mount, desk: HeldTasks, root: Path, registry: Registry, s3_client: Any
) -> None:
    write(root, "a.txt")
    passing = Passing(job(mount))
    desk.batch()
    passing.job.stop.set()
    assert counts(passing.end()) == {Result.PENDING: 1}
    desk.run()
    assert registry.is_empty()
    assert "Contents" not in s3_client.list_objects_v2(Bucket=mount.bucket)
    assert not registry.client.keys(f"{registry.keys.tag}:messages:*")


def test_a_worker_whose_lease_is_lost_publishes_nothing_and_sends_nothing_more(
    settings: Any,
    options: dict[str, Any],
    desk: HeldTasks,
    root: Path,
    monkeypatch: pytest.MonkeyPatch,
    passing: list[Passing],
) -> None:
    """Lost in the midst of the first write, which arrives all the same."""
    monkeypatch.setattr("s3rewrite.sync.workers.worker.HEARTBEAT", 0.05)
    mount = use_mount(settings, root, **options, THREADS=1)
    registry = loop_registry(mount)
    put, sent = Bucket.put, []
    arrived, may_end = threading.Event(), threading.Event()

    def slow(bucket: Bucket, upload: Any, *given: Any, **named: Any) -> bool:
        settled = put(bucket, upload, *given, **named)
        sent.append(upload.key)
        arrived.set()
        assert may_end.wait(10)
        return settled

    monkeypatch.setattr(Bucket, "put", slow)
    for number in range(20):
        write(root, f"{number}.txt", b"%d" % number)
    passing.append(Passing(job(mount)))
    worker = threading.Thread(target=desk.run)
    worker.start()
    assert arrived.wait(10)
    registry.client.delete(registry.keys.lease)
    with held(registry):
        time.sleep(0.5)
        may_end.set()
        worker.join(10)
        assert not worker.is_alive()
        assert registry.is_empty()
        assert len(sent) == 1
    passing[0].job.stop.set()
    assert passing[0].end().counts[Result.UPLOADED] == 0


def test_a_worker_that_is_lost_does_not_hold_up_the_rest(
    mount: Mount,
    desk: HeldTasks,
    root: Path,
    monkeypatch: pytest.MonkeyPatch,
    passing: list[Passing],
) -> None:
    monkeypatch.setattr("s3rewrite.sync.workers.batches.SILENCE", 0.5)
    monkeypatch.setattr(coordinator, "BATCH_FILES", 2)
    for name in "abcd":
        write(root, name)
    passing.append(Passing(job(mount)))
    batch = desk.batch()
    registry = loop_registry(mount)
    assert coordinator.TaskChannel(registry, batch.lease).claim(batch.id)
    coordinator.TaskChannel(registry, batch.lease).send([{"batch": batch.id}])
    desk.run(1)
    assert desk.batch(2).rows == batch.rows
    desk.run(2)
    assert counts(passing[0].end()) == {Result.UPLOADED: 4}


def test_files_whose_workers_are_lost_again_and_again_are_left(
    mount: Mount,
    desk: HeldTasks,
    root: Path,
    monkeypatch: pytest.MonkeyPatch,
    passing: list[Passing],
) -> None:
    monkeypatch.setattr("s3rewrite.sync.workers.batches.SILENCE", 0.2)
    write(root, "a.txt")
    passing.append(Passing(job(mount)))
    for number in range(coordinator.MAX_OFFERS):
        batch = desk.batch(number)
        one = coordinator.TaskChannel(loop_registry(mount), batch.lease)
        assert one.claim(batch.id)
        one.send([{"batch": batch.id}])
    report = passing[0].end()
    assert counts(report) == {Result.PENDING: 1}
    assert report.notices == ["1 file is left for the next pass: their workers were lost 3 times"]


def test_without_a_worker_a_pass_ends_and_says_so(
    mount: Mount, desk: HeldTasks, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("s3rewrite.sync.workers.batches.PATIENCE", 0.2)
    for number in range(250):
        write(root, f"{number}.txt")
    report = whole_pass(job(mount))
    assert "no worker took uploads up" in report.stopped
    assert "'default'" in report.stopped
    assert counts(report) == {Result.PENDING: 250}
    assert len(desk) == 1


def test_a_backend_that_fails_stops_the_pass(
    mount: Mount, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def failing(*_: Any) -> None:
        raise ConnectionError("no broker")

    monkeypatch.setattr(coordinator, "enqueue", failing)
    write(root, "a.txt")
    report = whole_pass(job(mount))
    assert report.stopped == 'TASKS["default"]: ConnectionError: no broker'
    assert counts(report) == {Result.PENDING: 1}


def test_a_worker_with_other_settings_stops_the_pass(
    mount: Mount, desk: HeldTasks, root: Path, registry: Registry, passing: list[Passing]
) -> None:
    write(root, "a.txt")
    passing.append(Passing(job(mount)))
    run_batch(mount, desk.batch()._replace(rules="other"))
    report = passing[0].end()
    assert "a worker has other settings" in report.stopped
    assert counts(report) == {Result.PENDING: 1}
    assert registry.is_empty()


# What fails beside it


def test_an_s3_that_is_away_is_said_and_is_no_failure(
    mount: Mount, root: Path, seaweedfs: SeaweedFS
) -> None:
    for number in range(30):
        write(root, f"{number}.txt")
    seaweedfs.stop()
    report = whole_pass(job(mount))
    assert "S3 cannot be reached" in report.stopped
    assert counts(report) == {Result.PENDING: 30}
    seaweedfs.start()
    assert counts(whole_pass(job(mount))) == {Result.UPLOADED: 30}


def test_a_redis_that_is_away_stops_the_pass_and_its_tasks(
    mount: Mount,
    desk: HeldTasks,
    root: Path,
    registry: Registry,
    valkey: Valkey,
    passing: list[Passing],
) -> None:
    for number in range(30):
        write(root, f"{number}.txt")
    first = Passing(job(mount))
    desk.batch()
    valkey.stop()
    report = first.end()
    assert report.stopped.startswith("Redis: ")
    assert counts(report) == {Result.PENDING: 30}
    with pytest.raises(redis.RedisError):
        desk.run()
    valkey.start()
    registry.client.delete(registry.keys.lease)  # it would end by itself, in 15 seconds
    desk.run()
    assert registry.is_empty()
    passing.append(Passing(job(mount)))
    desk.run(1)
    assert counts(passing[0].end()) == {Result.UPLOADED: 30}


def test_a_worker_that_loses_redis_stops_the_pass(
    settings: Any,
    mount: Mount,
    desk: HeldTasks,
    root: Path,
    monkeypatch: pytest.MonkeyPatch,
    passing: list[Passing],
) -> None:
    """What it has published by then is published, and the next pass brings the rest."""
    for number in range(100):
        write(root, f"{number}.txt", b"%d" % number)
    passing.append(Passing(job(mount)))
    desk.batch()

    def failing(*_: object) -> None:
        raise redis.ConnectionError("away")

    with monkeypatch.context() as patch:
        patch.setattr(BatchReporter, "record_outcomes", failing)
        desk.run()
    report = passing[0].end()
    assert report.stopped == "ConnectionError: away"
    assert counts(report) == {Result.PENDING: 100}
    settings.TASKS = {"default": {"BACKEND": IMMEDIATE}}
    found = counts(whole_pass(job(mount)))
    assert 0 < found[Result.REFRESHED] < 100
    assert sum(found.values()) == 100
    assert counts(whole_pass(job(mount))) == {Result.KEPT: 100}
