"""The same site under the web servers that people run: every worker links what is published."""

import json
import os
import signal
import sys
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from demo.servers import HOST, Process, free_ports
from s3rewrite.core.mounts import Mount
from s3rewrite.registry import loop_registry
from tests.support.factories import use_mount
from tests.support.publishing import closed_clients, publish

__all__ = ["closed_clients"]

ROOT = Path(__file__).resolve().parents[2]
CDN = "https://cdn.example.com/"
NAMES = ["a.txt", "b.txt"]
POLL_SECONDS = 0.3
A_LITTLE = 0.3
"""Seconds that a busy machine may take more."""

WORKERS = 2
GUNICORN = ["gunicorn", "tests.integration.web_site:application", "--graceful-timeout", "3"]
UVICORN = ["uvicorn", "tests.integration.web_site:asgi_application", "--log-level", "warning"]
SERVERS = {
    "sync": GUNICORN,
    "gthread": [*GUNICORN, "--worker-class", "gthread", "--threads", "4"],
    "gevent": [*GUNICORN, "--worker-class", "gevent"],
    "preload": [*GUNICORN, "--preload"],
    "uvicorn": UVICORN,
    "uvicorn-async": UVICORN,
}


class Answer(NamedTuple):
    """A page, the worker that gave it, and what its process had linked at import."""

    worker: int
    warm: str
    linked: tuple[str, ...]


class WebServer(Process):
    """The site under a web server with several workers."""

    def __init__(self, kind: str, directory: Path) -> None:
        self.port = free_ports(1)[0]
        self.path = "/async/" if kind.endswith("async") else "/"
        module, *options = SERVERS[kind]
        place = ["--host", HOST, "--port", str(self.port)]
        if module == "gunicorn":
            place = ["--bind", f"{HOST}:{self.port}", "--no-control-socket"]
        command = [sys.executable, "-m", module, *options, *place, "--workers", str(WORKERS)]
        env = {**os.environ, "PYTHONPATH": str(ROOT), "WEB_SITE": str(directory / "site.json")}
        env.pop("DJANGO_SETTINGS_MODULE", None)
        super().__init__(kind, command, directory, env)

    def is_ready(self) -> bool:
        """Whether a page comes."""
        try:
            self.ask()
        except OSError:
            return False
        return True

    def ask(self) -> Answer:
        """One page, over a connection of its own."""
        connection = HTTPConnection(HOST, self.port, timeout=10)
        try:
            connection.request("GET", self.path)
            response = connection.getresponse()
            body = response.read().decode()
        finally:
            connection.close()
        assert response.status == 200, body
        linked = tuple(name for name in NAMES if f'"{CDN}{name}"' in body)
        for name in set(NAMES) - set(linked):
            assert f'"/media/{name}"' in body
        return Answer(int(response.headers["X-Worker"]), response.headers["X-Warm"], linked)

    def ask_in_parallel(self, count: int) -> list[Answer]:
        with ThreadPoolExecutor(8) as pool:
            return list(pool.map(lambda _: self.ask(), range(count)))

    def of_every_worker(self) -> list[Answer]:
        """One page of each worker: who has answered is paused until the others have, too."""
        found: list[Answer] = []
        try:
            while len(found) < WORKERS:
                found.append(self.ask())
                os.kill(found[-1].worker, signal.SIGSTOP)
        finally:
            for answer in found:
                os.kill(answer.worker, signal.SIGCONT)
        assert len({answer.worker for answer in found}) == WORKERS
        return found


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "media"


@pytest.fixture
def mount(settings: Any, caches: None, root: Path) -> Mount:
    """Its two files are published."""
    mount = use_mount(settings, root, PUBLIC_URL=CDN, POLL_SECONDS=POLL_SECONDS)
    for name in NAMES:
        publish(mount, root, name)
    return mount


@pytest.fixture(params=SERVERS)
def server(
    request: pytest.FixtureRequest, settings: Any, mount: Mount, root: Path, tmp_path: Path,
    redis_url: str,
) -> Iterator[WebServer]:  # fmt: skip
    if request.param == "gevent":
        pytest.importorskip("gevent", reason="gevent cannot be installed here")
    told = {"root": str(root), "redis_url": redis_url, "names": NAMES, "warm": False}
    told |= {"mount": settings.S3REWRITE["media"], "warm": request.param == "preload"}
    (tmp_path / "site.json").write_text(json.dumps(told))
    with WebServer(request.param, tmp_path) as server:
        yield server


def linked(answers: Sequence[Answer]) -> set[tuple[str, ...]]:
    """The different pages among these."""
    return {answer.linked for answer in answers}


def wait_for_poll() -> None:
    time.sleep(POLL_SECONDS + A_LITTLE)


def test_every_worker_sees_each_change(mount: Mount, root: Path, server: WebServer) -> None:
    both, one = {("a.txt", "b.txt")}, {("b.txt",)}
    assert linked(server.of_every_worker()) == both
    assert linked(server.ask_in_parallel(100)) == both
    loop_registry(mount).withdraw(["a.txt"])
    wait_for_poll()
    assert linked(server.of_every_worker()) == one
    assert linked(server.ask_in_parallel(100)) == one
    publish(mount, root, "a.txt", b"other bytes")
    wait_for_poll()
    assert linked(server.of_every_worker()) == both


def test_changes_under_load(mount: Mount, server: WebServer) -> None:
    server.of_every_worker()
    with ThreadPoolExecutor(1) as pool:
        load = pool.submit(server.ask_in_parallel, 150)
        loop_registry(mount).withdraw(["a.txt"])
        wait_for_poll()
        # Neither a queue of requests nor a lock keeps an old answer alive.
        assert linked(server.ask_in_parallel(20)) == {("b.txt",)}
        assert linked(load.result()) <= {("a.txt", "b.txt"), ("b.txt",)}


def test_a_worker_that_was_killed_is_replaced_by_one_that_knows(
    mount: Mount, server: WebServer
) -> None:
    before = server.of_every_worker()
    killed = before[0].worker
    os.kill(killed, signal.SIGKILL)
    loop_registry(mount).withdraw(["a.txt"])
    wait_for_poll()
    after = server.of_every_worker()
    assert linked(after) == {("b.txt",)}
    assert killed not in {answer.worker for answer in after}


@pytest.mark.parametrize("server", ["preload"], indirect=True)
def test_workers_forked_from_a_master_whose_view_was_warm(mount: Mount, server: WebServer) -> None:
    answers = server.of_every_worker()
    (warm,) = {answer.warm for answer in answers}
    master, count = map(int, warm.split())
    assert count == len(NAMES)
    assert master not in {answer.worker for answer in answers}
    loop_registry(mount).withdraw(["a.txt"])
    wait_for_poll()
    assert linked(server.of_every_worker()) == {("b.txt",)}
