"""Uploads by workers of RQ, as a site runs them: processes of their own, one of which is killed."""

import hashlib
import json
import os
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from demo.servers import Process, Valkey
from s3rewrite.core.mounts import Mount
from s3rewrite.registry import Registry
from s3rewrite.s3.bucket import Bucket
from tests.support.factories import use_mount, write

ROOT = Path(__file__).resolve().parents[2]
SIZE = 2000
RQ = "rqworker media --job-class django_tasks_rq.Job --worker-class rq.worker.SimpleWorker"


class Worker(Process):
    """A worker of RQ that forks for no task."""

    def __init__(self, name: str, directory: Path, environment: dict[str, str]) -> None:
        command = [sys.executable, "-m", "django", *RQ.split()]
        super().__init__(name, command, directory, environment)
        self.cwd = ROOT

    def is_ready(self) -> bool:
        return "Listening on" in self.log.read_text()

    @property
    def begun(self) -> int:
        """Batches that it has taken up."""
        return self.log.read_text().count(": s3rewrite.sync.workers.tasks.upload_batch(")

    def kill(self) -> None:
        """SIGKILL."""
        assert self._popen
        self._popen.kill()


@pytest.fixture
def mount(
    settings: Any, root: Path, caches: None, bucket: str, client_options: dict[str, Any]
) -> Mount:
    # As many a second as leave time to kill one.
    return use_mount(settings, root, BUCKET=bucket, CLIENT=client_options, THREADS=4, RATE=80)


@pytest.fixture
def environment(mount: Mount, root: Path, valkey: Valkey) -> dict[str, str]:
    told = {
        "BUCKET": mount.bucket,
        "CLIENT": mount.client,
        "THREADS": mount.threads,
        "RATE": mount.rate,
    }
    return {
        **os.environ,
        "PYTHONPATH": str(ROOT),
        "DJANGO_SETTINGS_MODULE": "tests.integration.tasks_site",
        "SITE_REDIS_URL": valkey.url,
        "SITE_MEDIA": str(root),
        "SITE_MOUNT": json.dumps(told),
    }


@pytest.fixture
def workers(environment: dict[str, str], tmp_path: Path) -> Iterator[list[Worker]]:
    with ExitStack() as stack:
        made = [Worker(f"worker-{n}", tmp_path / "workers", environment) for n in range(2)]
        for worker in made:
            worker.launch()
            stack.callback(worker.stop)
        for worker in made:
            worker.start()
        yield made


class Sync:
    """One pass, as people run it."""

    def __init__(self, environment: dict[str, str]) -> None:
        self._popen = subprocess.Popen(
            [sys.executable, "-m", "django", "s3rewrite_sync", "--json"],
            cwd=ROOT,
            env=environment,
            stdout=subprocess.PIPE,
            text=True,
        )

    def report(self) -> dict[str, Any]:
        """What it says at its end."""
        told, _ = self._popen.communicate(timeout=60)
        found: dict[str, Any] = json.loads(told)[0]
        return found

    def kill(self) -> None:
        self._popen.kill()
        self._popen.communicate()


class Watch:
    """Looks at each name as soon as it is published: S3 has to hold the file's bytes."""

    def __init__(self, mount: Mount, registry: Registry, root: Path) -> None:
        self._mount, self._registry, self._root = mount, registry, root
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self.unproven: list[str] = []
        self.seen: set[str] = set()

    def __enter__(self) -> "Watch":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._done.set()
        self._thread.join()

    def _run(self) -> None:
        bucket = Bucket(self._mount)
        while not self._done.wait(0.05):
            for name, entry in self._registry.names():
                if name not in self.seen:
                    self.seen.add(name)
                    content = (self._root / name).read_bytes()
                    found = bucket.head(self._mount.paths.key(name, entry.fingerprint))
                    is_its = hashlib.sha256(content).hexdigest().startswith(entry.fingerprint)
                    if not (is_its and found and found.etag == hashlib.md5(content).hexdigest()):
                        self.unproven.append(name)


def until(condition: Callable[[], object]) -> None:
    end = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.02)


def publications(registry: Registry) -> Counter[str]:
    """Name -> how often it was published, or withdrawn when it was."""
    found: Any = registry.client.xrange(registry.keys.changes)
    return Counter(fields[b"n"].decode() for _, fields in found if b"n" in fields)


def test_two_workers_share_the_files(
    mount: Mount,
    root: Path,
    registry: Registry,
    workers: list[Worker],
    environment: dict[str, str],
) -> None:
    names = [f"{number % 7}/{number}.bin" for number in range(300)]
    for name in names:
        write(root, name, os.urandom(SIZE))
    with Watch(mount, registry, root) as watch:
        report = Sync(environment).report()
        until(lambda: len(watch.seen) == 300)
    assert report["ok"]
    assert report["uploaded"] == 300
    assert report["bytes_uploaded"] == 300 * SIZE
    assert watch.unproven == []
    assert publications(registry) == Counter(names)
    assert all(worker.begun for worker in workers)
    assert not registry.client.keys(f"{registry.keys.tag}:offered:*")
    assert not registry.client.keys(f"{registry.keys.tag}:messages:*")


def test_what_a_killed_worker_had_goes_to_the_other(
    mount: Mount,
    root: Path,
    registry: Registry,
    workers: list[Worker],
    environment: dict[str, str],
) -> None:
    names = [f"{number % 7}/{number}.bin" for number in range(400)]
    for name in names:
        write(root, name, os.urandom(SIZE))
    with Watch(mount, registry, root) as watch:
        sync = Sync(environment)
        until(lambda: all(worker.begun for worker in workers) and len(watch.seen) > 120)
        workers[0].kill()
        report = sync.report()
        until(lambda: len(watch.seen) == 400)
    assert report["ok"]
    assert report["pending"] == 0
    assert report["uploaded"] + report["adopted"] == 400
    assert report["notices"] == []
    assert watch.unproven == []
    again = publications(registry) - Counter(names)
    # Published before it was killed, which it could tell nobody any more.
    assert len(again) <= mount.threads * 8
    assert set(publications(registry)) == set(names)


def test_a_pass_that_is_killed_leaves_nothing_behind(
    mount: Mount,
    root: Path,
    registry: Registry,
    workers: list[Worker],
    environment: dict[str, str],
) -> None:
    """The next one waits for the end of its lease, and brings the rest."""
    for number in range(300):
        write(root, f"{number}.bin", os.urandom(SIZE))
    with Watch(mount, registry, root) as watch:
        first = Sync(environment)
        until(lambda: len(watch.seen) > 50)
        first.kill()
        report = Sync(environment).report()
        until(lambda: len(watch.seen) == 300)
    assert report["ok"]
    assert report["kept"] > 50
    assert report["kept"] + report["uploaded"] + report["adopted"] == 300
    assert watch.unproven == []
