"""Files for members only, as a member's browser and a stranger's get them."""

import json
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from http import HTTPStatus
from pathlib import Path
from socketserver import ThreadingMixIn
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

import pytest
from django.contrib.staticfiles.views import serve
from django.core.wsgi import get_wsgi_application
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.template import Context, Engine
from django.urls import path
from playwright.sync_api import Browser, Page

from demo.servers import HOST
from s3rewrite import conf
from s3rewrite.core.mounts import Mount
from s3rewrite.decorators import s3rewrite_private
from s3rewrite.views import private
from tests.browser.files import content
from tests.support.commands import sync
from tests.support.factories import use_mount, write

PICTURES = 50
NAMES = [f"photos/{number} ü+.png" for number in range(PICTURES)]
MEMBER = {"name": "member", "value": "yes", "domain": HOST, "path": "/"}
HEAD = "{% load s3rewrite %}<!DOCTYPE html><meta charset=utf-8><title>x</title>"
GALLERY = HEAD + '{% for url in urls %}<img src="{{ url }}">{% endfor %}'
PLACES = HEAD + (
    '<img srcset="{{ urls.0 }} 1x"><p style="background:url({{ urls.1 }})">x</p>'
    "<style>body{background:url({{ urls.2 }})}</style>"
    '<script id=data type="application/ld+json">{"image": "{{ urls.3 }}"}</script>'
    '<input value="{{ urls.4 }}">'
)
HEALED = HEAD + '{% s3rewrite_fallback %}<img src="{% s3_url urls.0 %}">'

made: list[str] = []
"""The paths of the pages that the site has made."""


def may_see(request: HttpRequest, names: Sequence[str]) -> bool:
    return request.COOKIES.get("member") == "yes"


def rendered(template: str, request: HttpRequest) -> HttpResponse:
    made.append(request.path)
    engine = Engine(libraries={"s3rewrite": "s3rewrite.templatetags.s3rewrite"})
    storage = conf.storage_of(conf.mount("media"))
    urls = [storage.url(name) for name in NAMES]
    context = Context({"urls": urls, "request": request})
    return HttpResponse(
        engine.from_string(template).render(context), headers={"Cache-Control": "max-age=86400"}
    )


def page(template: str) -> Callable[[HttpRequest], HttpResponse]:
    return lambda request: rendered(template, request)


@s3rewrite_private
def streamed(request: HttpRequest) -> StreamingHttpResponse:
    body = rendered(GALLERY, request).content
    return StreamingHttpResponse(body[at : at + 50] for at in range(0, len(body), 50))


def shell(request: HttpRequest) -> HttpResponse:
    """A page that fetches a piece of itself, as HTMX does."""
    script = "fetch('/gallery/').then(a => a.text()).then(t => document.body.innerHTML = t)"
    return HttpResponse(f"<!DOCTYPE html><body><script>{script}</script>")


urlpatterns = [
    path("gallery/", page(GALLERY)),
    path("places/", page(PLACES)),
    path("healed/", page(HEALED)),
    path("streamed/", streamed),
    path("shell/", shell),
    path("media/<path:name>", private),
    path("static/<path:path>", serve, {"insecure": True}),
]


class _Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True


class _Quiet(WSGIRequestHandler):
    def log_message(self, *args: Any) -> None:
        pass


@contextmanager
def served() -> Iterator[str]:
    server = make_server(HOST, 0, get_wsgi_application(), _Server, _Quiet)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://{HOST}:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture
def mount(
    settings: Any, tmp_path: Path, caches: None, private_bucket: str, client_options: dict[str, Any]
) -> Mount:
    settings.ROOT_URLCONF = __name__
    settings.MIDDLEWARE = [conf.MIDDLEWARE]
    root = tmp_path / "media"
    mount = use_mount(
        settings, root, BUCKET=private_bucket, CLIENT=client_options, ACCESS="private",
        ALLOW=f"{__name__}.may_see",
    )  # fmt: skip
    for name in NAMES:
        write(root, name, content(name))
    sync()
    made.clear()
    return mount


class Visitor:
    """A tab, the pictures that it asked for, and the status of those that it got."""

    def __init__(self, page: Page, site: str) -> None:
        self.page, self.site = page, site
        self.pictures: dict[str, int] = {}
        self.asked: list[str] = []
        page.on("request", lambda asked: self.asked.extend([asked.url] * (".png" in asked.url)))
        page.on("response", self._note)

    def _note(self, response: Any) -> None:
        if ".png" in response.url:
            self.pictures[response.url] = response.status

    def open(self, place: str) -> None:
        self.pictures.clear()
        self.page.goto(f"{self.site}/{place}/", wait_until="networkidle")

    def shown(self) -> list[bool]:
        code = "images => images.map(image => image.complete && image.naturalWidth > 0)"
        found: list[bool] = self.page.eval_on_selector_all("img", code)
        return found


@pytest.fixture
def site(mount: Mount) -> Iterator[str]:
    with served() as url:
        yield url


@pytest.fixture
def member(browser: Browser, site: str) -> Iterator[Visitor]:
    context = browser.new_context()
    context.add_cookies([MEMBER])  # type: ignore[list-item]
    yield Visitor(context.new_page(), site)
    context.close()


@pytest.fixture
def stranger(browser: Browser, site: str) -> Iterator[Visitor]:
    context = browser.new_context()
    yield Visitor(context.new_page(), site)
    context.close()


@pytest.mark.parametrize("place", ["gallery", "streamed", "shell"])
def test_a_member_sees_all_pictures_from_s3(member: Visitor, place: str) -> None:
    member.open(place)
    member.page.wait_for_function(f"document.images.length == {PICTURES}")
    member.page.wait_for_load_state("networkidle")
    assert member.shown() == [True] * PICTURES
    assert len(member.pictures) == PICTURES
    assert all("X-Amz-Signature=" in url for url in member.pictures)
    assert set(member.pictures.values()) == {HTTPStatus.OK}


def test_a_stranger_sees_none(stranger: Visitor, mount: Mount) -> None:
    stranger.open("gallery")
    assert stranger.shown() == [False] * PICTURES
    assert all(url.startswith(f"{stranger.site}/media/") for url in stranger.pictures)
    assert set(stranger.pictures.values()) == {HTTPStatus.FORBIDDEN}
    answer = stranger.page.goto(mount.paths.url(NAMES[0], ""))
    assert answer
    assert answer.status == HTTPStatus.FORBIDDEN


def test_who_logs_out_sees_none_on_the_next_page(member: Visitor) -> None:
    member.open("gallery")
    member.page.context.clear_cookies()
    member.page.evaluate("fetch(location.href, {cache: 'reload'})")
    member.open("gallery")
    assert member.shown() == [False] * PICTURES


def test_a_page_in_the_browser_s_cache_has_links_that_work(member: Visitor) -> None:
    member.open("gallery")
    member.page.goto("about:blank")
    member.open("gallery")
    assert made == ["/gallery/"]
    assert member.shown() == [True] * PICTURES


def test_each_place_is_written_so_that_the_browser_reads_it(member: Visitor) -> None:
    member.open("places")
    assert sorted(member.pictures.values()) == [HTTPStatus.OK] * 3
    image = json.loads(member.page.inner_text("#data") or member.page.text_content("#data") or "")
    answer = member.page.request.get(image["image"])
    assert answer.status == HTTPStatus.OK
    assert member.page.input_value("input").startswith("/media/")


def test_a_picture_whose_signature_has_ended_heals(
    member: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("s3rewrite.signing.windows.now", lambda: 1_700_000_000.0)
    monkeypatch.setattr("s3rewrite.linking.access.now", lambda: 1_700_000_000.0)
    member.open("healed")
    member.page.wait_for_function("document.images[0].naturalWidth > 0")
    dead, healed = member.asked
    assert "&X-Amz-Signature=" in dead
    assert member.page.request.get(dead).status == HTTPStatus.FORBIDDEN
    assert healed.startswith(f"{member.site}/media/")
    assert "X-Amz" not in healed
