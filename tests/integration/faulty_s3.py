"""An HTTP proxy before a real S3 server, that fails as it is told."""

import socket
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from demo.servers import HOST, SeaweedFS

Fault = Callable[["Exchange"], None]
"""What happens to a request, instead of being answered as the server does."""

HOPS = {"connection", "transfer-encoding", "keep-alive"}


class Exchange(BaseHTTPRequestHandler):
    """One connection of a client; each request meets the proxy's fault, or the server."""

    protocol_version = "HTTP/1.1"
    server: "FaultyS3"  # type: ignore[assignment]
    body = b""

    def handle_any(self) -> None:
        self.body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        fault = self.server.met(self.command)
        if fault:
            fault(self)
        else:
            self.reply(*self.forward())

    do_GET = do_HEAD = do_PUT = do_POST = do_DELETE = handle_any  # noqa: N815

    def forward(self) -> tuple[int, dict[str, str], bytes]:
        """What the server says to this request."""
        connection = HTTPConnection(HOST, self.server.port_behind, timeout=20)
        try:
            connection.request(self.command, self.path, self.body, dict(self.headers))
            answer = connection.getresponse()
            headers = {key: value for key, value in answer.getheaders() if key.lower() not in HOPS}
            return answer.status, headers, answer.read()
        finally:
            connection.close()

    def reply(self, status: int, headers: dict[str, str], body: bytes) -> None:
        self.send_response_only(status)
        if self.command != "HEAD" and status != 204:
            headers = {**headers, "Content-Length": str(len(body))}
        for key, value in headers.items():
            self.send_header(key, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def hang_up(self) -> None:
        """Reset the connection without a word."""
        linger = struct.pack("ii", 1, 0)
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        self.connection.shutdown(socket.SHUT_RD)
        self.close_connection = True

    def log_message(self, *_: Any) -> None:
        """Nothing is logged."""


class FaultyS3(ThreadingHTTPServer):
    """Passes on what it is asked; `faults` has, by method, what becomes of the next requests.

    The last fault of a list goes on, unless it is None.
    """

    daemon_threads = True

    def __init__(self, behind: SeaweedFS, port: int = 0) -> None:
        super().__init__((HOST, port), Exchange)
        self.behind = behind
        self.port_behind = behind.ports["s3"]
        self.faults: dict[str, list[Fault | None]] = {}
        self.requests: list[str] = []
        self._lock = threading.Lock()

    @property
    def client_options(self) -> dict[str, Any]:
        """A mount's CLIENT."""
        url = f"http://{HOST}:{self.server_address[1]}"
        return {**self.behind.client_options, "endpoint_url": url}

    def met(self, method: str) -> Fault | None:
        """What becomes of the next request with that method."""
        with self._lock:
            self.requests.append(method)
            left = self.faults.get(method, [])
            return left.pop(0) if len(left) > 1 else left[0] if left else None

    def handle_error(self, *_: Any) -> None:
        """A client that went away is none of ours."""


@contextmanager
def faulty(behind: SeaweedFS, port: int = 0) -> Iterator[FaultyS3]:
    """A proxy before that server, until the end of the block; on any port, or on that one."""
    proxy = FaultyS3(behind, port)
    thread = threading.Thread(target=proxy.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield proxy
    finally:
        proxy.shutdown()
        thread.join()
        proxy.server_close()


def answers(status: int, code: str) -> Fault:
    """The server says no, with that status and code."""
    body = f"<?xml version='1.0'?><Error><Code>{code}</Code><Message>no</Message></Error>".encode()
    return lambda exchange: exchange.reply(status, {"Content-Type": "application/xml"}, body)


def resets(exchange: Exchange) -> None:
    """The connection is reset, and the request never reaches the server."""
    exchange.hang_up()


def loses_answer(exchange: Exchange) -> None:
    """The server does as it is asked, and its answer is lost."""
    exchange.forward()
    exchange.hang_up()


def stores_other_bytes(exchange: Exchange) -> None:
    """The server stores something else than it was sent, and acknowledges that."""
    bucket, key = exchange.path.lstrip("/").split("/", 1)
    client = exchange.server.behind.client()
    found = client.put_object(Bucket=bucket, Key=key, Body=exchange.body + b"!")
    client.close()
    exchange.reply(200, {"ETag": found["ETag"]}, b"")


class Late:
    """A request that waits on its way, and reaches the server when it is let go."""

    def __init__(self) -> None:
        self.waits = threading.Event()
        self.may_go = threading.Event()
        self.arrived = threading.Event()
        self.status = 0

    def __call__(self, exchange: Exchange) -> None:
        self.waits.set()
        self.may_go.wait(60)
        self.status, *answer = exchange.forward()
        self.arrived.set()
        exchange.reply(self.status, *answer)

    def let_go(self, status: int = 200) -> None:
        """Let it go, and return when the server has answered it, with that status."""
        self.may_go.set()
        assert self.arrived.wait(20)
        assert self.status == status
