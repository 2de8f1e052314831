"""A small HTTP server in a thread, for probes and for Prometheus."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socket import AF_INET6, SO_REUSEADDR, SOL_SOCKET
from threading import Thread
from typing import NamedTuple
from urllib.parse import urlsplit

TIMEOUT = 10.0
"""Seconds that a client may take to say what it wants."""


class Address(NamedTuple):
    """Where a server listens."""

    host: str
    port: int


class Page(NamedTuple):
    """What a path is answered with."""

    status: int
    content_type: str
    body: bytes


Pages = Mapping[str, Callable[[], Page]]
"""Path -> what makes its page."""


def address(text: str) -> Address:
    """The address of `9100`, `:9100`, `0.0.0.0:9100`, `[::1]:9100`: on loopback without a host.

    Raises ValueError where it is none.
    """
    host, _, port = text.rpartition(":")
    if not port.isascii() or not port.isdigit() or int(port) > 65_535:
        raise ValueError(f"{text!r} is not HOST:PORT")
    return Address(host.strip("[]") or "127.0.0.1", int(port))


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

    def __init__(self, where: Address, pages: Pages) -> None:
        self.pages = pages
        if ":" in where.host:
            self.address_family = AF_INET6
        super().__init__(where, _Handler)

    def server_bind(self) -> None:
        # Without asking the resolver for a name of the host, as HTTPServer does.
        self.socket.setsockopt(SOL_SOCKET, SO_REUSEADDR, 1)
        self.socket.bind(self.server_address)
        self.server_address = self.socket.getsockname()
        self.server_name, self.server_port = self.server_address[:2]  # type: ignore[assignment]

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that went away is nobody's trouble."""


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    timeout = TIMEOUT
    protocol_version = "HTTP/1.0"  # a connection a request: probes ask seldom

    def do_GET(self) -> None:
        """Answer."""
        page = self.server.pages.get(urlsplit(self.path).path)
        self._send(page() if page else Page(404, "text/plain", b"not here\n"))

    do_HEAD = do_GET  # noqa: N815

    def _send(self, page: Page) -> None:
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
