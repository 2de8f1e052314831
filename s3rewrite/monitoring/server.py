"""A small HTTP server in a thread, for probes and for Prometheus.

It has few connections, and closes each one soon. So a client that is slow, or asks often, does not
keep probes from their answers, and does not take the loop's file descriptors.
"""

import resource
import select
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import BufferedIOBase
from socket import AF_INET6, MSG_PEEK, SHUT_RDWR, socket
from socketserver import TCPServer
from threading import BoundedSemaphore, Lock, Thread
from typing import NamedTuple, cast
from urllib.parse import urlsplit

TIMEOUT = 10.0
"""Seconds that a connection may last."""

CONNECTIONS = 32
"""Connections at a time; fewer where that is more than"""

SHARE = 16
"""one in so many of the file descriptors that this process may have."""

REQUEST = 16 * 1024
"""Bytes of a request that are read."""

WAITING = 3
"""Clients that wait for a slow page at a time, with the one for which it is being made."""


class Address(NamedTuple):
    """Where a server listens."""

    host: str
    port: int


class HttpPage(NamedTuple):
    """The answer to a request."""

    status: int
    content_type: str
    body: bytes


Pages = Mapping[str, Callable[[], HttpPage]]
"""Path -> the function that makes its page."""


def address(text: str) -> Address:
    """The address in `9100`, `:9100`, `0.0.0.0:9100`, `[::1]:9100`; without a host, on loopback.

    Raises ValueError for any other text.
    """
    host, _, port = text.rpartition(":")
    if not port.isascii() or not port.isdigit() or int(port) > 65_535:
        raise ValueError(f"{text!r} is not HOST:PORT")
    return Address(host.strip("[]") or "127.0.0.1", int(port))


BUSY = HttpPage(503, "text/plain", b"it is being made for others: ask again\n")


def one_at_a_time(make: Callable[[], HttpPage]) -> Callable[[], HttpPage]:
    """A slow page, made for one client at a time. A few others wait; the rest get BUSY."""
    making, waiting = Lock(), BoundedSemaphore(WAITING)

    def make_in_turn() -> HttpPage:
        if not waiting.acquire(blocking=False):
            return BUSY
        try:
            with making:
                return make()
        finally:
            waiting.release()

    return make_in_turn


@contextmanager
def serving(address: Address, pages: Pages) -> Iterator[str]:
    """Serve pages until the end of the block. Gives the server's URL. Raises OSError."""
    server = _Server(address, pages)
    thread = Thread(target=server.serve_forever, name="s3rewrite-server", daemon=True)
    thread.start()
    try:
        host, port = address.host, server.server_address[1]
        yield f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Server(ThreadingHTTPServer):
    block_on_close = False
    allow_reuse_port = False  # a second loop at the same address must fail
    request_queue_size = 1024

    def __init__(self, address: Address, pages: Pages) -> None:
        self.pages = pages
        # The open connections, the oldest first, each with the time when it has to end.
        self._open: dict[socket, float] = {}
        self.answered: set[socket] = set()
        self._lock = Lock()
        descriptors = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
        self._most = max(2, min(CONNECTIONS, descriptors // SHARE))
        if ":" in address.host:
            self.address_family = AF_INET6
        super().__init__(address, _PageHandler)

    def server_bind(self) -> None:
        TCPServer.server_bind(self)  # HTTPServer's own asks the resolver for the host's name

    def process_request(self, request: socket, client_address: object) -> None:  # type: ignore[override]
        """Handle a new connection; where there are enough, end another one for it.

        That is the oldest that has not asked yet, or the oldest of all if all have.
        """
        with self._lock:
            while len(self._open) >= self._most:
                silent = (item for item in self._open if not self._has_asked(item))
                self._end(next(silent, next(iter(self._open))))
            self._open[request] = time.monotonic() + TIMEOUT
        super().process_request(request, client_address)

    def service_actions(self) -> None:
        """End old connections. `serve_forever` calls this twice a second and after each request."""
        with self._lock:
            while self._open and next(iter(self._open.values())) < time.monotonic():
                self._end(next(iter(self._open)))

    def shutdown_request(self, request: socket) -> None:  # type: ignore[override]
        """Close a connection."""
        with self._lock:
            self._open.pop(request, None)
            self.answered.discard(request)
        super().shutdown_request(request)

    def _has_asked(self, connection: socket) -> bool:
        if connection in self.answered:
            return True
        poll = select.poll()  # as a socket with a timeout would wait, whatever its flags
        poll.register(connection, select.POLLIN)
        with suppress(OSError):
            return bool(poll.poll(0)) and b"\r\n\r\n" in connection.recv(REQUEST, MSG_PEEK)
        return False

    def _end(self, connection: socket) -> None:
        del self._open[connection]
        with suppress(OSError):
            connection.shutdown(SHUT_RDWR)  # its thread reads the end, and closes it

    def handle_error(self, request: object, client_address: object) -> None:
        """Log nothing: the client went away, or was too slow."""


class _PageHandler(BaseHTTPRequestHandler):
    server: _Server
    timeout = TIMEOUT
    protocol_version = "HTTP/1.0"  # one request a connection: probes ask seldom

    def setup(self) -> None:
        """Limit the bytes that are read of the request."""
        super().setup()
        self.rfile = cast("BufferedIOBase", _LimitedReader(self.rfile))

    def do_GET(self) -> None:
        """Answer with the page of the path, or 404."""
        self.server.answered.add(self.connection)
        make = self.server.pages.get(urlsplit(self.path).path)
        page = make() if make else HttpPage(404, "text/plain", b"not here\n")
        self.send_response(page.status)
        self.send_header("Content-Type", page.content_type)
        self.send_header("Content-Length", str(len(page.body)))
        self.send_header("Cache-Control", "no-store")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(page.body)

    do_HEAD = do_GET  # noqa: N815

    def version_string(self) -> str:
        """The header Server, without the version of Python."""
        return "s3rewrite"

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Log nothing: a probe comes every few seconds."""


class _LimitedReader:
    """Reads the lines of a request, up to REQUEST bytes in all."""

    def __init__(self, file: BufferedIOBase) -> None:
        self._file = file
        self._left = REQUEST
        self.close = file.close

    def readline(self, size: int) -> bytes:
        line = self._file.readline(min(size, self._left + 1))
        self._left -= len(line)
        if self._left < 0:
            # BaseHTTPRequestHandler ends the connection at this error.
            raise TimeoutError("the request is too long")
        return line
