import logging
from collections.abc import Callable
from hashlib import blake2b
from pathlib import Path
from typing import Any

import pytest
from asgiref.sync import iscoroutinefunction
from django.core.cache.backends.locmem import LocMemCache
from django.http import (
    HttpRequest,
    HttpResponse,
    HttpResponseNotModified,
    JsonResponse,
)
from django.http.response import HttpResponseBase
from django.template import engines
from django.template.response import TemplateResponse
from django.test import AsyncClient, Client, RequestFactory
from django.urls import path
from django.views.decorators.http import condition

from s3rewrite import conf, middleware
from s3rewrite.core.entries import FINGERPRINT_LENGTH, Entry, Signature
from s3rewrite.core.mounts import Mount
from s3rewrite.decorators import s3rewrite_exempt
from s3rewrite.linking import body_headers
from s3rewrite.linking import resolver as links
from s3rewrite.middleware import S3RewriteMiddleware
from tests.support.factories import use_mount
from tests.support.publishing import closed_clients, counted_reads, publish

__all__ = ["closed_clients"]

CDN = "https://cdn.example.com/media/"
LOCAL = b'<p><img src="/media/a.jpg"><img src="/media/b.jpg"></p>'
LINKED = b'<p><img src="https://cdn.example.com/media/a.jpg"><img src="/media/b.jpg"></p>'

GZIP = "django.middleware.gzip.GZipMiddleware"
CONDITIONAL = "django.middleware.http.ConditionalGetMiddleware"
COMMON = "django.middleware.common.CommonMiddleware"
UPDATE_CACHE = "django.middleware.cache.UpdateCacheMiddleware"
FETCH_CACHE = "django.middleware.cache.FetchFromCacheMiddleware"


# A site


def page(request: HttpRequest) -> HttpResponse:
    return HttpResponse(LOCAL)


async def async_page(request: HttpRequest) -> HttpResponse:
    return HttpResponse(LOCAL)


@condition(etag_func=lambda request: '"of the view"')
def tagged(request: HttpRequest) -> HttpResponse:
    return HttpResponse(LOCAL)


def long(request: HttpRequest) -> HttpResponse:
    return HttpResponse(LOCAL + b"<p>text</p>" * 50)


def template(request: HttpRequest) -> TemplateResponse:
    return TemplateResponse(request, engines["django"].from_string(LOCAL.decode()))


@s3rewrite_exempt
def exempt(request: HttpRequest) -> HttpResponse:
    return HttpResponse(LOCAL)


@s3rewrite_exempt
async def async_exempt(request: HttpRequest) -> HttpResponse:
    return HttpResponse(LOCAL)


urlpatterns = [
    path("page/", page),
    path("async/", async_page),
    path("tagged/", tagged),
    path("long/", long),
    path("template/", template),
    path("exempt/", exempt),
    path("async-exempt/", async_exempt),
]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "media"


@pytest.fixture
def mount(settings: Any, caches: None, root: Path) -> Mount:
    """A site with our middleware, and a.jpg published."""
    settings.ROOT_URLCONF = __name__
    settings.MIDDLEWARE = [conf.MIDDLEWARE]
    mount = use_mount(settings, root, PUBLIC_URL=CDN, POLL_SECONDS=0)
    publish(mount, root, "a.jpg")
    return mount


ENTRY = Entry(Signature(0, 0), "0" * FINGERPRINT_LENGTH)


class Everything:
    """A view in which a.jpg alone is published."""

    host = ""

    def get_many(self, names: list[str]) -> list[Entry | None]:
        return [ENTRY if name == "a.jpg" else None for name in names]

    get_cached = get_many

    def is_warm(self, names: list[str]) -> bool:
        return True


@pytest.fixture
def published(settings: Any, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A mount in which a.jpg is published, without Redis."""
    monkeypatch.setattr(links, "view_of", lambda mount: Everything())
    use_mount(settings, root, PUBLIC_URL=CDN, CHECK_LOCAL=False)


REQUEST = RequestFactory().get("/page/")


def processed(response: HttpResponseBase, request: HttpRequest = REQUEST) -> HttpResponseBase:
    """The response as the middleware gives it; in async the same."""
    found = S3RewriteMiddleware(lambda request: response)(request)
    assert found is response
    return response


async def aprocessed(response: HttpResponseBase) -> HttpResponseBase:
    async def get_response(request: HttpRequest) -> HttpResponseBase:
        return response

    found = await S3RewriteMiddleware(get_response)(REQUEST)  # type: ignore[misc]
    assert found is response
    return response


# Both worlds


def test_sync(published: None) -> None:
    assert processed(HttpResponse(LOCAL)).content == LINKED


async def test_async(published: None) -> None:
    assert (await aprocessed(HttpResponse(LOCAL))).content == LINKED


def test_it_is_what_get_response_is() -> None:
    async def get_response(request: HttpRequest) -> HttpResponse: ...

    assert iscoroutinefunction(S3RewriteMiddleware(get_response))
    assert not iscoroutinefunction(S3RewriteMiddleware(lambda request: HttpResponse()))
    assert S3RewriteMiddleware.sync_capable
    assert S3RewriteMiddleware.async_capable


@pytest.mark.parametrize("url", ["/page/", "/async/", "/template/"])
def test_a_page_through_wsgi(mount: Mount, url: str) -> None:
    assert Client().get(url).content == LINKED


@pytest.mark.parametrize("url", ["/page/", "/async/", "/template/"])
async def test_a_page_through_asgi(mount: Mount, url: str) -> None:
    assert (await AsyncClient().get(url)).content == LINKED


@pytest.mark.parametrize("url", ["/exempt/", "/async-exempt/"])
def test_an_exempt_view_through_wsgi(mount: Mount, url: str) -> None:
    assert Client().get(url).content == LOCAL


@pytest.mark.parametrize("url", ["/exempt/", "/async-exempt/"])
async def test_an_exempt_view_through_asgi(mount: Mount, url: str) -> None:
    assert (await AsyncClient().get(url)).content == LOCAL


def test_all_candidates_are_resolved_in_one_batch(
    mount: Mount, monkeypatch: pytest.MonkeyPatch
) -> None:
    with counted_reads(monkeypatch) as asked:
        Client().get("/page/")
    assert asked == [["a.jpg", "b.jpg"]]


def test_a_body_in_pieces(published: None) -> None:
    response = HttpResponse()
    response.writelines([LOCAL[:15], LOCAL[15:30], LOCAL[30:]])
    assert processed(response).content == LINKED


# Which responses


@pytest.mark.parametrize(
    "content_type",
    [
        "text/html",
        "text/html; charset=utf-8",
        "TEXT/HTML;charset=UTF-8",
        "text/html ; charset=iso-8859-1",
        "text/html; charset=shift_jis",
    ],
)
def test_types_that_are_rewritten(published: None, content_type: str) -> None:
    response = HttpResponse(LOCAL, content_type=content_type)
    assert processed(response).content == LINKED
    assert response["Content-Type"] == content_type


@pytest.mark.parametrize(
    "content_type",
    [
        "",
        "text/plain",
        "text/javascript",
        "application/json",
        "application/octet-stream",
        "multipart/form-data; boundary=x",
        "multipart/mixed; boundary=text/html",
        "text/event-stream",
        "image/svg+xml",
        "application/xhtml+xml",
        "text/htmlx",
        "text/html; charset=utf-16",
        "text/html; charset=UTF-16LE",
        "text/html; charset=utf-32",
        'text/html; charset="utf-7"',
        "text/html; charset=UTF7",
        "text/html; charset=ISO-2022-JP",
        "text/html; charset = 'iso-2022-kr'",
        "text/html; charset=hz-gb-2312",
        "text/html; charset=HZ",
        "text/html; charset=ucs-2",
        "text/html; charset=csISO2022JP",
        "text/html; charset=unicode-1-1-utf-7",
    ],
)
def test_types_and_charsets_that_are_left_alone(published: None, content_type: str) -> None:
    response = HttpResponse(LOCAL, content_type=content_type, headers={"ETag": '"x"'})
    assert processed(response).content == LOCAL
    assert response["ETag"] == '"x"'


@pytest.mark.parametrize("contexts", [[], ["css"]])
def test_style_sheets_are_rewritten_where_a_mount_asks_for_it(
    settings: Any, published: None, contexts: list[str]
) -> None:
    media = settings.S3REWRITE["media"] | {"CONTEXTS": contexts}
    settings.S3REWRITE = {"media": media}
    body = b"p { background: url(/media/a.jpg) }"
    found = processed(HttpResponse(body, content_type="text/css")).content
    assert (b"url(/media/" in found) is (not contexts)
    assert (b"url(https://" in found) is bool(contexts)


def test_a_response_without_a_type(published: None) -> None:
    response = HttpResponse(LOCAL)
    del response["Content-Type"]
    assert processed(response).content == LOCAL


@pytest.mark.parametrize(
    ("header", "value"),
    [
        ("Content-Encoding", "gzip"),
        ("Content-Encoding", "identity"),
        ("X-Accel-Redirect", "/internal/a.html"),
        ("X-Sendfile", "/srv/a.html"),
        ("Content-Range", "bytes 0-9/100"),
        ("Cache-Control", "public, no-transform"),
        ("Cache-Control", "No-Transform"),
    ],
)
def test_headers_that_say_to_leave_it(published: None, header: str, value: str) -> None:
    sent = {header: value, "ETag": '"x"', "Last-Modified": "yesterday", "Content-Length": "3"}
    response = HttpResponse(LOCAL, headers=sent)
    assert processed(response).content == LOCAL
    assert {name: response[name] for name in sent} == sent


@pytest.mark.parametrize("status", [204, 205, 206, 304])
def test_statuses_that_are_left_alone(published: None, status: int) -> None:
    response = HttpResponse(LOCAL, status=status, headers={"ETag": '"x"'})
    assert processed(response).content == LOCAL
    assert response["ETag"] == '"x"'


@pytest.mark.parametrize("status", [200, 201, 302, 400, 403, 404, 500])
def test_statuses_that_are_rewritten(published: None, status: int) -> None:
    assert processed(HttpResponse(LOCAL, status=status)).content == LINKED


def test_a_304_that_django_makes(published: None) -> None:
    response = HttpResponseNotModified(headers={"ETag": '"x"'})
    assert processed(response)["ETag"] == '"x"'


def test_json(published: None) -> None:
    response = JsonResponse({"html": LOCAL.decode()})
    before = response.content
    assert processed(response).content == before


def test_a_response_that_says_no(published: None) -> None:
    response = HttpResponse(LOCAL)
    response.s3rewrite = False  # type: ignore[attr-defined]
    assert processed(response).content == LOCAL
    response.s3rewrite = True  # type: ignore[attr-defined]
    assert processed(response).content == LINKED


@pytest.mark.parametrize(
    ("content_type", "linked"),
    [
        ("text/html; charset=utf-8", True),
        ("text/html", False),
        ("text/html; charset=latin1", False),
    ],
)
def test_a_url_beyond_ascii_only_where_the_body_is_utf8(
    published: None, monkeypatch: pytest.MonkeyPatch, content_type: str, linked: bool
) -> None:
    body = '<img src="/media/é.jpg">'.encode()
    monkeypatch.setattr(Everything, "get_many", lambda view, names: [ENTRY] * len(names))
    response = processed(HttpResponse(body, content_type=content_type))
    assert (response.content != body) is linked


# Headers


STALE = {
    "Content-MD5": "x",
    "Digest": "sha-256=x",
    "Content-Digest": "sha-256=:x:",
    "Repr-Digest": "sha-256=:x:",
    "Last-Modified": "Tue, 01 Jan 2030 00:00:00 GMT",
}


def etag_of(body: bytes) -> str:
    return f'"{blake2b(body, digest_size=16).hexdigest()}"'


def test_what_was_said_of_the_old_bytes_goes(published: None) -> None:
    response = processed(HttpResponse(LOCAL, headers={**STALE, "X-Other": "stays"}))
    assert not set(STALE) & set(response.headers)
    assert response["X-Other"] == "stays"


def test_content_length_only_where_it_was(published: None) -> None:
    assert "Content-Length" not in processed(HttpResponse(LOCAL))
    response = HttpResponse(LOCAL, headers={"Content-Length": str(len(LOCAL))})
    assert processed(response)["Content-Length"] == str(len(LINKED))


def test_an_etag_is_derived_from_what_is_sent(published: None) -> None:
    assert "ETag" not in processed(HttpResponse(LOCAL))
    response = processed(HttpResponse(LOCAL, headers={"ETag": '"x"'}))
    assert response["ETag"] == etag_of(LINKED)
    response = processed(HttpResponse(LOCAL, headers={"ETag": 'W/"x"'}))
    assert response["ETag"] == f"W/{etag_of(LINKED)}"


def test_headers_change_even_where_no_link_does(
    published: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Everything, "get_many", lambda view, names: [None] * len(names))
    response = processed(HttpResponse(LOCAL, headers={**STALE, "ETag": '"x"'}))
    assert response.content == LOCAL
    assert response["ETag"] == etag_of(LOCAL)
    assert "Last-Modified" not in response


def test_a_page_without_candidates_keeps_its_headers(published: None) -> None:
    sent = {**STALE, "ETag": '"x"', "Content-Length": "9"}
    response = processed(HttpResponse(b"<p>hi</p>", headers=sent))
    assert {name: response[name] for name in sent} == sent


# HEAD


@pytest.mark.parametrize("url", ["/page/", "/tagged/"])
def test_head_has_the_headers_of_get(mount: Mount, settings: Any, url: str) -> None:
    settings.MIDDLEWARE = [conf.MIDDLEWARE, COMMON]
    get, head = Client().get(url), Client().head(url)
    assert head.content == b""
    assert dict(head.headers) == dict(get.headers)
    assert head["Content-Length"] == str(len(LINKED))


def test_a_head_without_a_body_says_nothing_of_one(published: None) -> None:
    sent = {**STALE, "ETag": '"x"', "Content-Length": "55"}
    head = RequestFactory().head("/page/")
    response = processed(HttpResponse(b"", headers=sent), head)
    assert set(response.headers) == {"Content-Type"}
    json = JsonResponse({}, headers={"ETag": '"x"'})
    assert processed(json, head)["ETag"] == '"x"'
    assert processed(HttpResponse(b"", headers=sent))["ETag"] == '"x"'


# Neighbours


def test_conditional_get_outside(mount: Mount, settings: Any) -> None:
    settings.MIDDLEWARE = [CONDITIONAL, conf.MIDDLEWARE]
    client = Client()
    first = client.get("/page/")
    again = client.get("/page/", headers={"if-none-match": first["ETag"]})
    assert (first.content, again.status_code) == (LINKED, 304)
    links.view_of(mount)._registry.withdraw(["a.jpg"])
    after = client.get("/page/", headers={"if-none-match": first["ETag"]})
    assert (after.status_code, after.content) == (200, LOCAL)


def test_an_etag_of_the_view_keeps_no_withdrawn_link_alive(mount: Mount, settings: Any) -> None:
    settings.MIDDLEWARE = [CONDITIONAL, conf.MIDDLEWARE]
    client = Client()
    first = client.get("/tagged/")
    assert first.content == LINKED
    assert client.get("/tagged/", headers={"if-none-match": first["ETag"]}).status_code == 304
    links.view_of(mount)._registry.withdraw(["a.jpg"])
    after = client.get("/tagged/", headers={"if-none-match": first["ETag"]})
    assert (after.status_code, after.content) == (200, LOCAL)


def test_gzip_outside(mount: Mount, settings: Any) -> None:
    import gzip

    settings.MIDDLEWARE = [GZIP, CONDITIONAL, conf.MIDDLEWARE]
    response = Client().get("/long/", headers={"accept-encoding": "gzip"})
    assert response["Content-Encoding"] == "gzip"
    assert gzip.decompress(response.content).startswith(LINKED)


def test_update_cache_inside_stores_local_links(mount: Mount, settings: Any) -> None:
    settings.MIDDLEWARE = [conf.MIDDLEWARE, UPDATE_CACHE, FETCH_CACHE]
    memory = {"BACKEND": "django.core.cache.backends.locmem.LocMemCache", "LOCATION": "pages"}
    settings.CACHES = {**settings.CACHES, "pages": memory}
    settings.CACHE_MIDDLEWARE_ALIAS = "pages"
    cache = LocMemCache("pages", {})
    cache.clear()
    assert Client().get("/page/").content == LINKED
    stored = [value.content for value in map(cache.get, _keys(cache)) if hasattr(value, "content")]
    assert stored == [LOCAL]
    links.view_of(conf.mount("media"))._registry.withdraw(["a.jpg"])
    assert Client().get("/page/").content == LOCAL


def _keys(cache: Any) -> list[str]:
    return [key.split(":", 2)[2] for key in cache._cache]


# Redis away, and mistakes of ours


def test_without_redis_a_page_is_local(
    settings: Any, root: Path, caplog: pytest.LogCaptureFixture
) -> None:
    use_mount(settings, root, PUBLIC_URL=CDN)
    for _ in range(3):
        assert processed(HttpResponse(LOCAL)).content == LOCAL
    (record,) = caplog.records
    assert record.levelno == logging.WARNING


async def test_without_redis_an_async_page_is_local(
    settings: Any, root: Path, caplog: pytest.LogCaptureFixture
) -> None:
    use_mount(settings, root, PUBLIC_URL=CDN)
    for _ in range(3):
        assert (await aprocessed(HttpResponse(LOCAL))).content == LOCAL
    assert len(caplog.records) == 1


def explode(*args: Any, **options: Any) -> Any:
    raise RuntimeError("a mistake of ours")


MISTAKES: list[Callable[[pytest.MonkeyPatch], None]] = [
    lambda patch: patch.setattr(middleware, "find_parts", explode),
    lambda patch: patch.setattr(middleware, "splice_parts", explode),
    lambda patch: patch.setattr(middleware, "get_resolver", explode),
    lambda patch: patch.setattr(middleware, "skip_reason", explode),
    lambda patch: patch.setattr(body_headers, "_etag", explode),
    lambda patch: patch.setattr(links, "view_of", explode),
]


def assert_original(response: Any, caplog: pytest.LogCaptureFixture) -> None:
    assert response.content == LOCAL
    assert response["ETag"] == '"x"'
    assert response["Last-Modified"] == "yesterday"
    (record,) = caplog.records
    assert record.levelno == logging.ERROR
    assert "'/page/'" in record.getMessage()
    assert record.exc_info
    assert "a mistake of ours" in str(record.exc_info[1])


HEADERS = {"ETag": '"x"', "Last-Modified": "yesterday"}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_of_ours_leaves_the_page_as_it_was(
    published: None, mistake: Any, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    mistake(monkeypatch)
    assert_original(processed(HttpResponse(LOCAL, headers=HEADERS)), caplog)


@pytest.mark.parametrize("mistake", MISTAKES)
async def test_a_mistake_of_ours_leaves_an_async_page_as_it_was(
    published: None, mistake: Any, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    mistake(monkeypatch)
    assert_original(await aprocessed(HttpResponse(LOCAL, headers=HEADERS)), caplog)


def test_an_error_of_the_view_is_not_ours(caplog: pytest.LogCaptureFixture) -> None:
    with pytest.raises(RuntimeError):
        S3RewriteMiddleware(explode)(REQUEST)
    assert not caplog.records


def test_settings_that_cannot_be_read_fail_no_page(
    settings: Any, caplog: pytest.LogCaptureFixture
) -> None:
    settings.S3REWRITE = {"media": {}}
    assert processed(HttpResponse(LOCAL)).content == LOCAL
    assert "manage.py check" in str(caplog.records[0].exc_info)


def test_a_page_without_mounts(settings: Any) -> None:
    settings.S3REWRITE = {}
    assert processed(HttpResponse(LOCAL)).content == LOCAL
