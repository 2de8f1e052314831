"""More slow clients than the loop may have descriptors: probes answer, and passes upload."""

import resource
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from pathlib import Path
from threading import Event, Thread
from typing import Any
from urllib.parse import urlsplit

import pytest

from s3rewrite.core.mounts import Mount
from s3rewrite.monitoring.server import BUSY, TIMEOUT, Address, HttpPage, one_at_a_time, serving
from s3rewrite.registry import Registry
from tests.integration.test_probes import Answer, Probed, served
from tests.support.commands import eventually
from tests.support.factories import write

DESCRIPTORS = 256
CLIENTS = 1100


@pytest.fixture
def probed(mount: Mount, root: Path, redis_url: str) -> Iterator[Probed]:
    """A loop that may have few descriptors."""
    loop = Probed(root, mount, redis_url, "--health", "127.0.0.1:0", "--metrics", ":0")
    limits = (DESCRIPTORS, DESCRIPTORS)
    resource.prlimit(loop.process.pid, resource.RLIMIT_NOFILE, limits)
    served(loop)
    yield loop
    loop.process.kill()
    loop.process.wait()


def port_of(probed: Probed, path: str) -> int:
    line = next(line for line in probed.text().splitlines() if line.endswith(path))
    return urlsplit(line.split()[-1]).port or 0


def open_descriptors(pid: int) -> int:
    return len(list(Path(f"/proc/{pid}/fd").iterdir()))


def attack(port: int, done: Event) -> None:
    """Many clients send a byte now and then; who was sent away comes back a little later."""
    with ExitStack() as stack:
        clients: list[socket.socket] = []
        while not done.wait(0.02):
            for _ in range(min(CLIENTS - len(clients), CLIENTS // 200)):
                client = stack.enter_context(socket.socket())
                client.setblocking(False)
                client.connect_ex(("127.0.0.1", port))
                clients.append(client)
            clients = [client for client in clients if sends(client)]


def sends(client: socket.socket) -> bool:
    try:
        client.send(b"G")
    except BlockingIOError:
        return True
    except OSError:
        client.close()
        return False
    return True


def timed(probed: Probed, path: str) -> tuple[Answer, float]:
    began = time.monotonic()
    return probed.ask(path), time.monotonic() - began


def test_slow_clients_hide_no_probe(
    probed: Probed, mount: Mount, root: Path, registry: Registry
) -> None:
    eventually(lambda: probed.ask("/readyz").status == 200)
    done = Event()
    thread = Thread(target=attack, args=(port_of(probed, "/livez"), done))
    thread.start()
    try:
        time.sleep(5)
        for number in range(5):
            write(root, f"{number}.txt", b"%d" % number)
        took = []
        for _ in range(20):
            answer, seconds = timed(probed, "/livez")
            assert answer.status == 200
            took.append(seconds)
            assert open_descriptors(probed.process.pid) < DESCRIPTORS / 2
        eventually(lambda: len(registry.get([f"{n}.txt" for n in range(5)])) == 5, 10)
        assert probed.ask("/metrics").status == 200
    finally:
        done.set()
        thread.join()
    assert max(took) < 1.0


@pytest.fixture
def port() -> Iterator[int]:
    pages = {"/": lambda: HttpPage(200, "text/plain", b"ok")}
    with serving(Address("127.0.0.1", 0), pages) as url:
        yield urlsplit(url).port or 0


def lasts(connection: socket.socket, piece: bytes) -> float:
    """For how long the server takes pieces of a request."""
    began = time.monotonic()
    with suppress(OSError):
        while time.monotonic() - began < 2 * TIMEOUT:
            connection.send(piece)
            connection.settimeout(0.25)
            try:
                if not connection.recv(100):
                    break
            except TimeoutError:
                continue
    return time.monotonic() - began


def test_a_byte_now_and_then_holds_no_connection(port: int, monkeypatch: Any) -> None:
    monkeypatch.setattr("s3rewrite.monitoring.server.TIMEOUT", 1.0)
    with socket.create_connection(("127.0.0.1", port)) as connection:
        assert 0.5 < lasts(connection, b"G") < 3


def test_a_request_that_is_too_long(port: int) -> None:
    with socket.create_connection(("127.0.0.1", port), timeout=5) as connection:
        connection.sendall(b"GET / HTTP/1.0\r\n" + (b"a: " + b"b" * 995 + b"\r\n") * 60)
        with suppress(ConnectionError):
            assert connection.recv(100) == b""


def test_a_page_that_takes_its_time_is_made_once_at_a_time() -> None:
    made, may_end, at_work = [], Event(), []

    def make() -> HttpPage:
        at_work.append(1)
        assert len(at_work) == 1
        may_end.wait(10)
        at_work.pop()
        return HttpPage(200, "text/plain", b"made")

    page = one_at_a_time(make)
    threads = [Thread(target=lambda: made.append(page())) for _ in range(20)]
    for thread in threads:
        thread.start()
    eventually(lambda: len(made) == 17)
    assert made == [BUSY] * 17
    may_end.set()
    for thread in threads:
        thread.join()
    assert [one.body for one in made[17:]] == [b"made"] * 3
    assert page().body == b"made"
