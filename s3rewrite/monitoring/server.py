"""A small HTTP server in a thread, for probes and for Prometheus.

It has few connections, and none for long: who asks slowly, or often, hides no probe, and leaves
the loop its file descriptors.
"""

import resource
import select
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import BufferedIOBase
from socket import AF_INET6, MSG_PEEK, SHUT_RDWR, SO_REUSEADDR, SOL_SOCKET, socket
from threading import BoundedSemaphore, Lock, Thread
from typing import NamedTuple, cast
from urllib.parse import urlsplit

TIMEOUT = 10.0
"""Seconds that a connection may last."""

CONNECTIONS = 32
"""Connections at a time, and at the most,"""

SHARE = 16
"""one in so many of the file descriptors that this process may have."""

REQUEST = 16 * 1024
"""Bytes of a request that are read."""

WAITING = 3
"""Clients for which a page that takes its time is made, or will be, at a time."""


class Address(NamedTuple):
    """Where a server listens."""

    host: str
    port: int


class HttpPage(NamedTuple):
    """What a path is answered with."""

    status: int
    content_type: str
    body: bytes


Pages = Mapping[str, Callable[[], HttpPage]]
"""Path -> what makes its page."""


def address(text: str) -> Address:
    """The address of `9100`, `:9100`, `0.0.0.0:9100`, `[::1]:9100`: on loopback without a host.

    Raises ValueError where it is none.
    """
    host, _, port = text.rpartition(":")
    if not port.isascii() or not port.isdigit() or int(port) > 65_535:
        raise ValueError(f"{text!r} is not HOST:PORT")
    return Address(host.strip("[]") or "127.0.0.1", int(port))


BUSY = HttpPage(503, "text/plain", b"it is being made for others: ask again\n")


def one_at_a_time(make: Callable[[], HttpPage]) -> Callable[[], HttpPage]:
    """A page that is made once at a time. A few wait for it, the others are told to ask again."""
    turn, room = Lock(), BoundedSemaphore(WAITING)

    def made() -> HttpPage:
        if not room.acquire(blocking=False):
            return BUSY
        try:
            with turn:
                return make()
        finally:
            room.release()

    return made


@contextmanager
def serving(where: Address, pages: Pages) -> Iterator[str]:
    """Serve the pages until the end of the block; gives the server's URL. Raises OSError."""
    server = _Server(where, pages)
    thread = Thread(target=server.serve_forever, name="s3rewrite-server", daemon=True)
    thread.start()
    try:
        yield _url(where.host, server.server_port)
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _url(host: str, port: int) -> str:
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 1024

    def __init__(self, where: Address, pages: Pages) -> None:
        self.pages = pages
        # Those that are open, the oldest first, each with the time when it has to end.
        self._open: dict[socket, float] = {}
        self.answered: set[socket] = set()
        self._lock = Lock()
        descriptors = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
        self._most = max(2, min(CONNECTIONS, descriptors // SHARE))
        if ":" in where.host:
            self.address_family = AF_INET6
        super().__init__(where, _Handler)

    def server_bind(self) -> None:
        # Without asking the resolver for a name of the host, as HTTPServer does.
        self.socket.setsockopt(SOL_SOCKET, SO_REUSEADDR, 1)
        self.socket.bind(self.server_address)
        self.server_address = self.socket.getsockname()
        self.server_name, self.server_port = self.server_address[:2]  # type: ignore[assignment]

    def process_request(self, request: socket, client_address: object) -> None:  # type: ignore[override]
        """Let a new connection take the place of another one, where there are enough.

        Of the oldest that has not asked yet; of the oldest of all, where all have.
        """
        with self._lock:
            while len(self._open) >= self._most:
                silent = (one for one in self._open if not self._has_asked(one))
                self._end(next(silent, next(iter(self._open))))
            self._open[request] = time.monotonic() + TIMEOUT
        super().process_request(request, client_address)

    def service_actions(self) -> None:
        """End what lasts too long; called twice a second, and after each new connection."""
        with self._lock:
            while self._open and next(iter(self._open.values())) < time.monotonic():
                self._end(next(iter(self._open)))

    def shutdown_request(self, request: socket) -> None:  # type: ignore[override]
        """A connection has come to its end."""
        with self._lock:
            self._open.pop(request, None)
            self.answered.discard(request)
        super().shutdown_request(request)

    def _has_asked(self, connection: socket) -> bool:
        if connection in self.answered:
            return True
        there = select.poll()  # as a socket with a timeout would wait, whatever its flags
        there.register(connection, select.POLLIN)
        with suppress(OSError):
            return bool(there.poll(0)) and b"\r\n\r\n" in connection.recv(REQUEST, MSG_PEEK)
        return False

    def _end(self, connection: socket) -> None:
        del self._open[connection]
        with suppress(OSError):
            connection.shutdown(SHUT_RDWR)  # its thread closes it

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that went away is nobody's trouble."""


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    timeout = TIMEOUT
    protocol_version = "HTTP/1.0"  # a connection a request: probes ask seldom

    def setup(self) -> None:
        """Read no more than a request may have."""
        super().setup()
        self.rfile = cast("BufferedIOBase", _Limited(self.rfile))

    def do_GET(self) -> None:
        """Answer."""
        self.server.answered.add(self.connection)
        page = self.server.pages.get(urlsplit(self.path).path)
        self._send(page() if page else HttpPage(404, "text/plain", b"not here\n"))

    do_HEAD = do_GET  # noqa: N815

    def _send(self, page: HttpPage) -> None:
        self.send_response(page.status)
        self.send_header("Content-Type", page.content_type)
        self.send_header("Content-Length", str(len(page.body)))
        self.send_header("Cache-Control", "no-store")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(page.body)

    def version_string(self) -> str:
        """Not which Python this is."""
        return "s3rewrite"

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Probes come every few seconds: they are no news."""


class _Limited:
    """The lines of a request. Raises TimeoutError, which ends it, where there are too many."""

    def __init__(self, file: BufferedIOBase) -> None:
        self._file = file
        self._left = REQUEST
        self.close = file.close

    def readline(self, size: int) -> bytes:
        line = self._file.readline(min(size, self._left + 1))
        self._left -= len(line)
        if self._left < 0:
            raise TimeoutError("the request is too long")
        return line
