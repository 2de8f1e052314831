import socket
from collections.abc import Iterator
from http.client import HTTPConnection
from urllib.parse import urlsplit

import pytest

from s3rewrite.monitoring.server import Address, HttpPage, address, serving


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("9100", Address("127.0.0.1", 9100)),
        (":9100", Address("127.0.0.1", 9100)),
        ("0.0.0.0:0", Address("0.0.0.0", 0)),
        ("[::1]:80", Address("::1", 80)),
        ("loop.example:65535", Address("loop.example", 65535)),
    ],
)
def test_address(text: str, found: Address) -> None:
    assert address(text) == found


@pytest.mark.parametrize("text", ["", "host", "host:", "host:x", ":65536", "host:-1", ":٣"])
def test_no_address(text: str) -> None:
    with pytest.raises(ValueError, match="is not HOST:PORT"):
        address(text)


@pytest.fixture
def url() -> Iterator[str]:
    pages = {"/page": lambda: HttpPage(503, "application/json", b"{}"), "/fault": lambda: 1 / 0}
    with serving(Address("127.0.0.1", 0), pages) as url:  # type: ignore[arg-type]
        yield url


def ask(url: str, path: str, method: str = "GET") -> tuple[int, dict[str, str], bytes]:
    connection = HTTPConnection(urlsplit(url).netloc, timeout=10)
    connection.request(method, path)
    with connection.getresponse() as answer:
        found = answer.status, dict(answer.headers), answer.read()
    connection.close()
    return found


def test_a_page(url: str) -> None:
    status, headers, body = ask(url, "/page?verbose=1")
    assert (status, body) == (503, b"{}")
    assert headers["Content-Type"] == "application/json"
    assert headers["Cache-Control"] == "no-store"
    assert headers["Server"] == "s3rewrite"


def test_its_head(url: str) -> None:
    status, headers, body = ask(url, "/page", "HEAD")
    assert (status, headers["Content-Length"], body) == (503, "2", b"")


def test_another_page(url: str) -> None:
    assert ask(url, "/")[0] == 404
    assert ask(url, "/page", "POST")[0] == 501


def test_a_fault_ends_one_request_only(url: str) -> None:
    with pytest.raises(ConnectionError):
        ask(url, "/fault")
    assert ask(url, "/page")[0] == 503


def test_a_silent_client_keeps_nobody_waiting(url: str) -> None:
    parts = urlsplit(url)
    with socket.create_connection((parts.hostname, parts.port or 0)):
        assert ask(url, "/page")[0] == 503


def test_an_address_that_is_taken(url: str) -> None:
    taken = Address("127.0.0.1", urlsplit(url).port or 0)
    with pytest.raises(OSError, match="in use"), serving(taken, {}):
        pass


def test_ipv6() -> None:
    with serving(Address("::1", 0), {"/": lambda: HttpPage(200, "text/plain", b"ok")}) as url:
        assert url.startswith("http://[::1]:")
        assert ask(url, "/")[2] == b"ok"
