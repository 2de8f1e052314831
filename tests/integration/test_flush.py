"""`cache.clear()` and flushes under a running loop: noticed at once, restored without a read."""

import os
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import redis
from django.core.cache import cache

from s3rewrite.core.mounts import Mount
from s3rewrite.disk.open_file import OpenFile
from s3rewrite.registry import Registry
from s3rewrite.s3.bucket import Bucket
from s3rewrite.sync.loop import MountLoop
from s3rewrite.sync.passes import whole_pass
from s3rewrite.sync.reporting.report import Report, Result
from tests.support.factories import job, use_mount, write
from tests.support.passes import body

NAMES = [f"d{number % 3}/{number}.png" for number in range(30)]


class Running:
    """A loop in a thread, with an hour between two passes."""

    def __init__(self, mount: Mount) -> None:
        self.stop = threading.Event()
        self.reports: list[Report] = []
        observers = [self.reports.append]
        loop = MountLoop(mount, 3600.0, self.stop, lambda _: None, observers=observers)
        self.thread = threading.Thread(target=loop.run)

    def __enter__(self) -> "Running":
        self.thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self.stop.set()
        self.thread.join()

    def wait_for(self, registry: Registry, names: list[str]) -> float:
        """Seconds until these names are published."""
        began = time.monotonic()
        while set(dict(registry.names())) != set(names) or not registry.has_epoch():
            assert time.monotonic() - began < 60
            time.sleep(0.05)
        return time.monotonic() - began


class Requests:
    """What is read from the disk, and asked of S3."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.calls: list[str] = []
        for owner, name in ((OpenFile, "read"), (Bucket, "head"), (Bucket, "put")):
            self._count(monkeypatch, owner, name)
        self._count(monkeypatch, Bucket, "list_folder")

    def _count(self, monkeypatch: pytest.MonkeyPatch, owner: Any, name: str) -> None:
        method = getattr(owner, name)

        def counted(*args: Any, **options: Any) -> Any:
            self.calls.append(name)
            return method(*args, **options)

        monkeypatch.setattr(owner, name, counted)


@pytest.fixture
def files(root: Path, mount: Mount) -> None:
    for name in NAMES:
        write(root, name, f"bytes of {name}".encode(), age=100)


@pytest.fixture
def running(files: None, mount: Mount, registry: Registry) -> Iterator[Running]:
    with Running(mount) as running:
        running.wait_for(registry, NAMES)
        yield running


@pytest.mark.parametrize("how", ["cache.clear", "flushall"])
def test_it_is_noticed_at_once_and_restored_from_listings(
    running: Running, registry: Registry, redis_client: redis.Redis, how: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    requests = Requests(monkeypatch)
    cache.clear() if how == "cache.clear" else redis_client.flushall()
    assert running.wait_for(registry, NAMES) < 30
    assert requests.calls == ["list_folder"] * 3
    running.stop.set()
    running.thread.join()
    assert running.reports[-1].counts[Result.ADOPTED] == len(NAMES)


@pytest.mark.parametrize("compress", ["", "gzip"])
def test_what_an_earlier_process_published_is_restored_by_its_metadata(
    settings: Any, mount: Mount, root: Path, registry: Registry, compress: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    options = settings.S3REWRITE["media"] | ({"COMPRESS": compress} if compress else {})
    mount = use_mount(settings, root, **options)
    for number in range(4):
        write(root, f"{number}.txt", b"many words " * 1000)
    whole_pass(job(mount))
    before = dict(registry.names())
    context = job(mount)
    whole_pass(context)
    registry.client.flushall()
    requests = Requests(monkeypatch)
    report = whole_pass(context)
    assert report.counts[Result.ADOPTED] == 4
    assert "read" not in requests.calls
    assert dict(registry.names()) == before


def test_what_changed_meanwhile_is_not_restored_but_read(
    mount: Mount, root: Path, files: None, registry: Registry, s3_client: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    """Files, and objects, that are not what they were."""
    context = job(mount)
    whole_pass(context)
    before = dict(registry.names())
    registry.client.flushall()
    stat = (root / NAMES[0]).stat()
    (root / NAMES[0]).write_bytes(b"x" * stat.st_size)
    os.utime(root / NAMES[0], ns=(stat.st_atime_ns, stat.st_mtime_ns))
    (root / NAMES[1]).unlink()
    size = len(f"bytes of {NAMES[2]}")
    s3_client.put_object(Bucket=mount.bucket, Key=f"media/{NAMES[2]}", Body=b"y" * size)
    s3_client.delete_object(Bucket=mount.bucket, Key=f"media/{NAMES[3]}")
    requests = Requests(monkeypatch)
    report = whole_pass(context)
    assert requests.calls.count("read") == 3
    assert requests.calls.count("put") == 3
    assert report.counts == {
        Result.ADOPTED: len(NAMES) - 4, Result.UPLOADED: 3, Result.PENDING: 0, Result.KEPT: 0,
    }  # fmt: skip
    after = dict(registry.names())
    assert after.keys() == before.keys() - {NAMES[1]}
    assert body(s3_client, mount, NAMES[0]) == b"x" * stat.st_size
    assert body(s3_client, mount, NAMES[2]) == f"bytes of {NAMES[2]}".encode()
