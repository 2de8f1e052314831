"""What a probe proves, of real servers and sockets."""

import errno
import socket
import threading
import time
import urllib.error
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from queue import SimpleQueue
from typing import Any

import pytest

from demo.servers import HOST, free_ports
from s3rewrite.outage import probe as module
from s3rewrite.outage.hysteresis import Verdict
from s3rewrite.outage.probe import Finding, is_online, probe
from tests.outage.doors import FAULTS, Door

GOOD, BAD, UNKNOWN = Verdict


class Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        if self.path == "/404":
            self.send_error(404)
            return
        if self.path == "/moved":
            self.send_response(302)
            self.send_header("Location", "/whole")
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        self.send_response(200)
        if self.path != "/chunks":
            self.send_header("Content-Length", "200000")
        self.end_headers()
        self.wfile.write(b"x" * (10 if self.path == "/short" else 200_000))

    def log_message(self, *_: object) -> None: ...


@pytest.fixture(scope="module")
def server() -> Iterator[int]:
    with ThreadingHTTPServer((HOST, 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        yield server.server_address[1]
        server.shutdown()
        thread.join()


@pytest.fixture
def door(server: int) -> Iterator[Door]:
    with Door(server) as door:
        yield door


@pytest.mark.parametrize(
    ("path", "verdict", "why"),
    [
        ("whole", GOOD, ""),
        ("chunks", GOOD, ""),
        ("moved", GOOD, ""),
        ("404", BAD, "the status 404"),
        ("short", BAD, "it sent 10 of 200000 bytes"),
    ],
)
def test_answers(
    monkeypatch: pytest.MonkeyPatch, server: int, path: str, verdict: Verdict, why: str
) -> None:
    monkeypatch.setattr(module, "DEADLINE", 60.0)
    monkeypatch.setattr(module, "IDLE", 60.0)
    found = probe(f"http://{HOST}:{server}/{path}")
    assert found.verdict is verdict
    assert why in found.why
    assert found.why.startswith(HOST)


def until_good(url: str) -> None:
    """Wait for a probe that comes in time, also on a machine that has much to do."""
    until(GOOD, url)


def until_bad(url: str) -> Finding:
    """Wait for a probe that fails while the machine is not too busy to tell."""
    return until(BAD, url)


def until(verdict: Verdict, url: str) -> Finding:
    end = time.monotonic() + 60
    while (found := probe(url)).verdict is not verdict:
        assert time.monotonic() < end, found
    return found


@pytest.mark.parametrize("fault", FAULTS)
def test_each_fault_of_the_door(door: Door, fault: str) -> None:
    until_good(f"{door.url}/whole")
    door.fail(fault)
    until_bad(f"{door.url}/whole")
    door.heal()
    until_good(f"{door.url}/whole")


def test_broken_tls(server: int) -> None:
    until_bad(f"https://{HOST}:{server}/whole")


def test_without_a_scheme_it_is_https(server: int) -> None:
    until_bad(f"//{HOST}:{server}/whole")


def test_one_byte_a_second_is_no_answer() -> None:
    with socket.create_server((HOST, 0)) as listener:

        def drip() -> None:
            connection, _ = listener.accept()
            with connection:
                try:
                    for byte in b"HTTP/1.1 200 OK\r\nX: 1\r\n\r\n":
                        connection.sendall(bytes([byte]))
                        is_over.wait(0.4)
                except OSError:
                    pass

        is_over = threading.Event()
        thread = threading.Thread(target=drip)
        thread.start()
        found = probe(f"http://{HOST}:{listener.getsockname()[1]}/")
        is_over.set()
        thread.join()
    assert found == Finding(BAD, f"{HOST}: nothing came within 2 s")


# Nobody answers: names are looked up, and connections made, with these outcomes


def silent(monkeypatch: pytest.MonkeyPatch, error: OSError, control: OSError | None) -> None:
    """Connections fail with one error, and names that nobody has asked for with another."""

    def look_up(host: str, *args: Any, **options: Any) -> Any:
        is_control = host.startswith("s3rewrite-")
        if is_control and control:
            raise control
        if not is_control:
            raise error
        return []

    monkeypatch.setattr(socket, "getaddrinfo", look_up)


NO_NAME = socket.gaierror(socket.EAI_NONAME, "Name or service not known")
NO_NETWORK = socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")


@pytest.mark.parametrize(
    ("error", "control", "verdict"),
    [
        pytest.param(TimeoutError("timed out"), NO_NAME, BAD, id="nobody, and the control answers"),
        pytest.param(OSError(errno.ENETUNREACH, "x"), NO_NAME, BAD, id="no route, but a control"),
        pytest.param(NO_NETWORK, NO_NAME, BAD, id="its name server alone is silent"),
        pytest.param(NO_NETWORK, None, BAD, id="the control is somebody's"),
        pytest.param(TimeoutError("timed out"), NO_NETWORK, UNKNOWN, id="nobody, nor the control"),
        pytest.param(OSError(errno.EHOSTUNREACH, "x"), NO_NETWORK, UNKNOWN, id="no network"),
        pytest.param(NO_NETWORK, NO_NETWORK, UNKNOWN, id="no name server"),
        pytest.param(NO_NAME, NO_NETWORK, BAD, id="there is no such host"),
        pytest.param(ConnectionRefusedError(111, "x"), NO_NETWORK, BAD, id="refused"),
    ],
)  # fmt: skip
def test_whose_fault_it_is(
    monkeypatch: pytest.MonkeyPatch, error: OSError, control: OSError | None, verdict: Verdict
) -> None:
    monkeypatch.setattr(module, "DEADLINE", 60.0)
    monkeypatch.setattr(module, "QUICK", 60.0)
    silent(monkeypatch, error, control)
    assert probe("http://cdn.example.com/a.jpg").verdict is verdict


def test_a_name_server_that_hangs(monkeypatch: pytest.MonkeyPatch) -> None:
    is_over = threading.Event()
    monkeypatch.setattr(module, "DEADLINE", 0.1)
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: is_over.wait(30) and [])
    assert probe("https://cdn.example.com/a.jpg").verdict is UNKNOWN
    is_over.set()


@pytest.mark.parametrize("host", ["10.0.0.5", "minio", "localhost", "fd00::1", ""])
def test_without_a_control_the_doubt_counts(monkeypatch: pytest.MonkeyPatch, host: str) -> None:
    silent(monkeypatch, NO_NETWORK, NO_NETWORK)
    assert is_online(host)


def test_nobody_listens() -> None:
    until_bad(f"http://{HOST}:{free_ports(1)[0]}/")


def test_an_error_of_another_kind_is_an_answer() -> None:
    assert not module._is_silence(urllib.error.URLError("unknown url type"), "unknown url type")


def test_a_process_that_is_too_busy_proves_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each look whether the answer is there takes ten times as long as it should."""

    class Slow(SimpleQueue[Finding]):
        def get(self, block: bool = True, timeout: float | None = None) -> Finding:
            return super().get(block, 10 * (timeout or 0))

    until_bad(url := f"http://{HOST}:{free_ports(1)[0]}/")
    monkeypatch.setattr(module, "SimpleQueue", Slow)
    monkeypatch.setattr(
        module, "_fetch", lambda url, headers: time.sleep(1.7) or Finding(BAD, "silent")
    )
    assert probe(url).verdict is UNKNOWN
    monkeypatch.setattr(module, "_fetch", lambda url, headers: time.sleep(1.7) or Finding(GOOD, ""))
    assert probe(url).verdict is GOOD
