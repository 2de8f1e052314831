import re
from typing import Any

import pytest
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.test import AsyncClient, Client, RequestFactory
from django.urls import path

from s3rewrite import conf
from s3rewrite.linking.debugging import (
    ServerTiming,
    add_server_timing,
    copy_response,
    observe_response,
    server_timing_of,
)
from s3rewrite.middleware import S3RewriteMiddleware
from s3rewrite.rewriters.types import Link
from tests.support.pages import CDN, all_published, none_published

__all__ = ["all_published", "none_published"]

BODY = b"<img src=/media/a.jpg><img src=/media/%2f><p title=/media/b>"
METRIC = re.compile(r's3rewrite;dur=(\d+\.\d\d);desc="(\d+ of \d+ linked)"')


def page(request: HttpRequest) -> HttpResponse:
    return HttpResponse(BODY)


async def async_page(request: HttpRequest) -> HttpResponse:
    return HttpResponse(BODY)


def stream(request: HttpRequest) -> StreamingHttpResponse:
    return StreamingHttpResponse([BODY])


def timed(request: HttpRequest) -> HttpResponse:
    return HttpResponse(BODY, headers={"Server-Timing": "db;dur=5"})


urlpatterns = [
    path("page/", page),
    path("async/", async_page),
    path("stream/", stream),
    path("timed/", timed),
]


@pytest.fixture
def site(settings: Any, all_published: None) -> Any:
    settings.ROOT_URLCONF = __name__
    settings.ALLOWED_HOSTS = ["*"]
    settings.MIDDLEWARE = [conf.MIDDLEWARE]
    settings.DEBUG = True
    return settings


def test_a_metric_is_written_as_the_specification_says() -> None:
    assert ServerTiming(0.0123456, 15, 12).metric() == 's3rewrite;dur=12.35;desc="12 of 15 linked"'


def test_what_is_told_can_be_read() -> None:
    response = HttpResponse()
    assert server_timing_of(response) is None
    add_server_timing(response, 0.5, [Link(1, b""), None])
    assert server_timing_of(response) == ServerTiming(0.5, 2, 1)


def test_it_is_told_in_debug(site: Any) -> None:
    response = Client().get("/page/")
    found = METRIC.fullmatch(response["Server-Timing"])
    assert found
    assert found[2] == "1 of 2 linked"
    assert 0 < float(found[1]) < 5000
    assert response.content.count(CDN.encode()) == 1


async def test_it_is_told_by_an_async_site(site: Any) -> None:
    response = await AsyncClient().get("/async/")
    assert METRIC.fullmatch(response["Server-Timing"])


def test_other_metrics_stay(site: Any) -> None:
    value = Client().get("/timed/")["Server-Timing"]
    others, _, ours = value.partition(", ")
    assert others == "db;dur=5"
    assert METRIC.fullmatch(ours)


@pytest.mark.parametrize("path", ["/page/", "/timed/"])
def test_never_in_production(site: Any, path: str) -> None:
    site.DEBUG = False
    assert "s3rewrite" not in Client().get(path).get("Server-Timing", "")


def test_not_of_a_body_that_streams(site: Any) -> None:
    response = Client().get("/stream/")
    assert not response.has_header("Server-Timing")
    assert CDN.encode() in response.getvalue()


def test_not_of_a_response_that_is_left_as_it_is(site: Any) -> None:
    response = HttpResponse(BODY, headers={"Cache-Control": "no-transform"})
    S3RewriteMiddleware(lambda request: response)(RequestFactory().get("/"))
    assert not response.has_header("Server-Timing")


def test_a_page_without_files(settings: Any, none_published: None) -> None:
    settings.DEBUG = True
    response = HttpResponse("<p>")
    S3RewriteMiddleware(lambda request: response)(RequestFactory().get("/"))
    assert "0 of 0 linked" in response["Server-Timing"]


# Observers


PAGE = b"<img src=/media/a.jpg>"


def test_an_observer_sees_the_response_before_it_is_changed(all_published: Any) -> None:
    request = RequestFactory().get("/")
    seen: list[bytes] = []
    observe_response(request, lambda response: seen.append(response.content))  # type: ignore[attr-defined]
    response = S3RewriteMiddleware(lambda request: HttpResponse(PAGE))(request)
    assert seen == [PAGE]
    assert response.content == f"<img src={CDN}a.jpg>".encode()  # type: ignore[union-attr]


def test_one_observer_does_not_hide_another(
    all_published: Any, caplog: pytest.LogCaptureFixture
) -> None:
    def explode(response: Any) -> None:
        raise RuntimeError("a mistake of an observer")

    request = RequestFactory().get("/")
    seen: list[str] = []
    observe_response(request, explode)
    for name in ("first", "second"):
        observe_response(request, lambda response, name=name: seen.append(name))  # type: ignore[misc]
    response = S3RewriteMiddleware(lambda request: HttpResponse(PAGE))(request)
    assert seen == ["first", "second"]
    assert CDN.encode() in response.content  # type: ignore[union-attr]
    assert [record.name for record in caplog.records] == ["s3rewrite"]


def test_a_copy_stays_as_it_is() -> None:
    response = HttpResponse(PAGE, status=201, headers={"X-A": "1"})
    response.s3rewrite = ["json"]  # type: ignore[attr-defined]
    copy = copy_response(response, response.content)
    response.content = b"other"
    response["X-A"] = "2"
    assert (copy.content, copy.status_code, copy["X-A"]) == (PAGE, 201, "1")
    assert copy.s3rewrite == ["json"]  # type: ignore[attr-defined]
    assert not hasattr(copy_response(HttpResponse(), b""), "s3rewrite")
