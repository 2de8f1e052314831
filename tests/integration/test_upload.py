"""Files that take the steps of an upload together: each ends as it would alone."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import redis

from s3rewrite.core.entries import Signature
from s3rewrite.core.mounts import Mount
from s3rewrite.registry import Registry
from s3rewrite.registry.lease import held
from s3rewrite.s3.bucket import Bucket
from s3rewrite.s3.errors import S3Error, S3Unavailable
from s3rewrite.sync import context
from s3rewrite.sync.context import LeaseLost, SyncContext
from s3rewrite.sync.plan import Task
from s3rewrite.sync.reporting.report import Result
from s3rewrite.sync.upload.attempt import UploadOutcome, UploadResult
from s3rewrite.sync.upload.batch import UploadRequest, upload
from s3rewrite.sync.upload.references import KeptLocal
from tests.support.factories import job, write

NAMES = ["a.txt", "b.txt", "c.txt", "d.txt"]

Put = Callable[..., bool]


@pytest.fixture
def together(mount: Mount, root: Path, registry: Registry) -> Callable[..., list[Any]]:
    """Upload files together, each with its name as its bytes."""

    def run(names: list[str] = NAMES, **entries: Any) -> list[Any]:
        with held(registry) as lease:
            leased = job(mount).with_lease(lease)
            return outcomes(leased, names)

    for name in NAMES:
        write(root, name, name.encode())
    return run


def outcomes(leased: SyncContext, names: list[str]) -> list[UploadOutcome]:
    find = leased.bucket.head
    requests = [UploadRequest(Task(name, Signature(1, 1), None), find) for name in names]
    return upload(leased, requests)


def published(registry: Registry) -> set[str]:
    return {name for name, _ in registry.names()}


def doubts(registry: Registry) -> set[str]:
    return {name.decode() for name in registry.client.hkeys(registry.keys.unconfirmed_writes)}


def meeting(monkeypatch: pytest.MonkeyPatch, name: str, happening: Callable[[], Any]) -> None:
    """Something happens before the object of that name is written."""
    put = Bucket.put

    def meets(bucket: Bucket, upload: Any, **options: Any) -> bool:
        if upload.key.endswith(name):
            happening()
        return put(bucket, upload, **options)

    monkeypatch.setattr(Bucket, "put", meets)


def raising(error: Exception) -> Callable[[], None]:
    def happening() -> None:
        raise error

    return happening


def test_all_are_published(together: Any, registry: Registry) -> None:
    assert together() == [UploadResult(Result.UPLOADED, 5)] * 4
    assert published(registry) == set(NAMES)
    assert doubts(registry) == set()


def test_they_are_claimed_and_published_in_one_round_trip_each(
    together: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    together(["a.txt"])  # the server knows the scripts
    sent: list[int] = []
    execute = redis.client.Pipeline.execute

    def counted(pipeline: Any, *args: Any, **options: Any) -> Any:
        sent.append(len(pipeline.command_stack))
        return execute(pipeline, *args, **options)

    monkeypatch.setattr(redis.client.Pipeline, "execute", counted)
    together()
    assert [count for count in sent if count] == [4, 4]


def test_a_refused_one_does_not_stop_the_others(
    together: Any, registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    error = S3Error("no")
    error.is_settled = True
    meeting(monkeypatch, "b.txt", raising(error))
    found = together()
    assert found[1] is error
    assert found[:1] + found[2:] == [UploadResult(Result.UPLOADED, 5)] * 3
    assert published(registry) == {"a.txt", "c.txt", "d.txt"}
    assert doubts(registry) == set()


def test_a_write_without_an_end_leaves_its_own_doubt_alone(
    together: Any, registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    meeting(monkeypatch, "b.txt", raising(S3Error("no answer")))
    together()
    assert doubts(registry) == {"b.txt"}


def test_where_s3_goes_away_the_rest_is_not_tried_and_what_was_written_is_published(
    together: Any, registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    error = S3Unavailable("away")
    error.is_settled = True
    meeting(monkeypatch, "b.txt", raising(error))
    meeting(monkeypatch, "c.txt", lambda: pytest.fail("it was tried"))
    found = together()
    assert found == [UploadResult(Result.UPLOADED, 5), error, error, error]
    assert published(registry) == {"a.txt"}
    assert doubts(registry) == set()


def test_files_that_cannot_be_read_or_stay_local(
    together: Any, root: Path, registry: Registry
) -> None:
    (root / "b.txt").unlink()
    write(root, "c.css", b"a { b: url(d.txt) }")
    found = together(["a.txt", "b.txt", "c.css", "d.txt"])
    assert isinstance(found[1], FileNotFoundError)
    assert isinstance(found[2], KeptLocal)
    assert published(registry) == {"a.txt", "d.txt"}


def test_one_that_changes_meanwhile_is_tried_again_alone(
    together: Any, root: Path, registry: Registry, s3_client: Any, mount: Mount,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    changes = iter([b"two"])

    def change() -> None:
        for content in changes:
            write(root, "b.txt", content, age=5)

    meeting(monkeypatch, "c.txt", change)
    found = together()
    assert found == [UploadResult(Result.UPLOADED, size) for size in (5, 8, 5, 5)]
    content = s3_client.get_object(Bucket=mount.bucket, Key="media/b.txt")["Body"].read()
    assert content == b"two"
    assert registry.get(["b.txt"])["b.txt"].signature.size == 3


def test_one_that_is_withdrawn_meanwhile_is_not_published_by_its_old_claim(
    together: Any, root: Path, registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    def vanish() -> None:
        (root / "b.txt").unlink(missing_ok=True)
        registry.withdraw(["b.txt"])

    meeting(monkeypatch, "d.txt", vanish)
    together()
    assert published(registry) == {"a.txt", "c.txt", "d.txt"}


def test_a_lost_lease_publishes_none(
    together: Any, registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    meeting(monkeypatch, "d.txt", lambda: registry.client.set(registry.keys.lease, "9 another"))
    assert all(isinstance(outcome, LeaseLost) for outcome in together())
    assert published(registry) == set()


def test_a_lost_redis_is_said_of_each_that_was_under_way(
    together: Any, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    error = redis.ConnectionError("gone")
    monkeypatch.setattr(Registry, "publish_all", lambda *_: raising(error)())
    (root / "a.txt").unlink()
    found = together()
    assert isinstance(found[0], FileNotFoundError)
    assert found[1:] == [error] * 3


@pytest.mark.parametrize("are_conditions_honoured", [False, True])
def test_a_doubt_holds_back_its_own_name_alone(
    together: Any, mount: Mount, registry: Registry, monkeypatch: pytest.MonkeyPatch, root: Path,
    are_conditions_honoured: bool,
) -> None:  # fmt: skip
    if not are_conditions_honoured:  # otherwise by what the real server does
        monkeypatch.setattr(context, "are_honoured", lambda bucket: False)
    with monkeypatch.context() as patch:
        meeting(patch, "b.txt", raising(S3Error("no answer")))
        together(["b.txt"])
    for name in NAMES:
        write(root, name, b"other")
    uploaded = UploadResult(Result.UPLOADED, 5)
    held_back = UploadResult(Result.PENDING, has_unconfirmed_write=True)
    second = uploaded if are_conditions_honoured else held_back
    assert together() == [uploaded, second, uploaded, uploaded]


def test_descriptors_are_closed(together: Any) -> None:
    before = len(os.listdir("/proc/self/fd"))  # noqa: PTH208
    together()
    assert len(os.listdir("/proc/self/fd")) <= before + 3  # noqa: PTH208 - connections
