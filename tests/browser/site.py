"""A site of pages with every row of the context table, and what a browser made of them."""

import base64
import hashlib
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from socketserver import ThreadingMixIn
from threading import Thread
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from django.core.handlers.wsgi import WSGIHandler
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.urls import path
from django.views.static import serve
from playwright.sync_api import ConsoleMessage, Page, Request, Response

from demo.servers import HOST
from s3rewrite.checks.policy import DIRECTIVES
from tests.browser import markup
from tests.browser.markup import source

SHELL = '<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>x</title></head>{}'
_INLINE = re.compile(
    r"(?s)<script(?![^>]*\b(?:src|href)=)[^>]*>(.*?)</script>|onclick=\"([^\"]*)\""
)


def page(request: HttpRequest, name: str, prefix: str) -> HttpResponse:
    """One of the pages, for the mount of that prefix; `?csp=origin` adds a policy."""
    text = SHELL.format(source(markup.PAGES[name], f"/{prefix}/"))
    response = HttpResponse(text)
    if name == "link":
        response["Link"] = source(markup.LINK, f"/{prefix}/")
    if origin := request.GET.get("csp"):
        without = request.GET.get("without", "")
        response["Content-Security-Policy"] = policy(origin, text, without)
    return response


def body(request: HttpRequest, name: str, prefix: str) -> HttpResponse:
    text = source(markup.BODIES[name], f"/{prefix}/")
    return HttpResponse(text, content_type=markup.TYPES[name])


def redirect(request: HttpRequest, prefix: str) -> HttpResponse:
    return HttpResponse(status=302, headers={"Location": source(markup.REDIRECT, f"/{prefix}/")})


def favicon(request: HttpRequest) -> HttpResponse:
    return HttpResponse(content_type="image/x-icon")


def file(request: HttpRequest, name: str, prefix: str) -> HttpResponseBase:
    from django.conf import settings

    return serve(request, name, settings.MEDIA_ROOT)


urlpatterns = [
    path("page/<name>/<prefix>/", page),
    path("body/<name>/<prefix>/", body),
    path("redirect/<prefix>/", redirect),
    path("favicon.ico", favicon),
    path("<prefix>/<path:name>", file),
]


def policy(origin: str, text: str, without: str = "") -> str:
    """A strict policy that allows the bucket where W006 says so, but for one directive."""
    inline = " ".join(_hash(a or b) for a, b in _INLINE.findall(text))
    more = {"style-src": "'unsafe-inline'", "script-src": f"'unsafe-hashes' {inline}"}
    allowed = [
        f"{name} 'self' {origin if name != without else ''} {more.get(name, '')}"
        for name in DIRECTIVES
    ]
    return "; ".join(("default-src 'self'", "base-uri 'self'", *allowed))


def _hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


class _Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True
    request_queue_size = 128


class _Quiet(WSGIRequestHandler):
    def log_message(self, *args: object) -> None:
        pass


@contextmanager
def served(port: int) -> Iterator[str]:
    """The site of the settings, with this module's URLs, until the block ends."""
    server = make_server(HOST, port, WSGIHandler(), _Server, _Quiet)
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://{HOST}:{port}"
    server.shutdown()
    thread.join()
    server.server_close()


STATE = """
() => ({
  pictures: [...document.images].filter(
    (image) => image.currentSrc && !(image.complete && image.naturalWidth)
  ).map((image) => image.currentSrc),
  media: [...document.querySelectorAll("video, audio")].filter(
    (media) => media.currentSrc && media.readyState < HTMLMediaElement.HAVE_METADATA
  ).map((media) => media.currentSrc),
  fonts: [...document.fonts].filter((font) => font.status !== "loaded").map((font) => font.family),
  ran: window.ran ?? [],
})
"""

COLOR_OF = """
(name) => {
  const element = document.body.appendChild(document.createElement("i"));
  element.className = name;
  return getComputedStyle(element).color;
}
"""


@dataclass
class Visit:
    """A page in a tab, what it asked for, and what went wrong."""

    tab: Page
    html: str = ""
    statuses: dict[str, list[int]] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.tab.on("console", self._note_message)
        self.tab.on("pageerror", lambda error: self.problems.append(f"error: {error}"))
        self.tab.on("requestfailed", self._note_failure)
        self.tab.on("response", self._note_response)

    def open(self, url: str) -> None:
        response = self.tab.goto(url, wait_until="commit")
        assert response
        self.html = response.text()

    def _note_message(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.problems.append(f"{message.type}: {message.text}")

    def _note_failure(self, request: Request) -> None:
        self.problems.append(f"{request.failure}: {request.url}")

    def _note_response(self, response: Response) -> None:
        self.statuses.setdefault(response.url, []).append(response.status)
        if response.status >= 400:
            self.problems.append(f"{response.status}: {response.url}")


def write_files(root: Path, contents: dict[str, bytes]) -> None:
    """Write files below a directory."""
    for name, content in contents.items():
        target = root / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)
