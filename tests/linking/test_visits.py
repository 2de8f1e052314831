import json
from collections.abc import Callable
from datetime import UTC, datetime
from html import unescape
from typing import Any

import pytest
from django.contrib.auth.signals import user_logged_out
from django.core.cache import cache
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.middleware.cache import FetchFromCacheMiddleware, UpdateCacheMiddleware
from django.test import RequestFactory
from django.views.decorators.cache import cache_page
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

import s3rewrite
from s3rewrite.core.mounts import Mount
from s3rewrite.decorators import s3rewrite_private
from s3rewrite.linking.visits import begin_visit, forget_cookies, visit_of
from tests.linking.test_access import COOKIES, URL_TAG
from tests.support.private import NOW, Clock, clock, page, private, signed_names, through

__all__ = ["clock", "private"]

Private = Callable[..., Mount]


@pytest.fixture(autouse=True)
def memory_cache(settings: Any) -> None:
    backend = "django.core.cache.backends.locmem.LocMemCache"
    settings.CACHES = {**settings.CACHES, "default": {"BACKEND": backend, "LOCATION": "visits"}}
    cache.clear()


def max_age(response: HttpResponse) -> int:
    words = dict(part.strip().partition("=")[::2] for part in response["Cache-Control"].split(","))
    assert "private" in words
    return int(words["max-age"])


@pytest.mark.parametrize(
    ("before", "after"), [("max-age=60", 60), ("max-age=86400", 3500), ("", 0)]
)
def test_a_page_ends_with_its_window(private: Private, before: str, after: int) -> None:
    assert NOW % 3600 == 100
    private()
    response = through(page(**({"Cache_Control": before} if before else {})))
    assert max_age(response) == after


def test_the_shortest_window_counts(private: Private, settings: Any) -> None:
    private()
    options = settings.S3REWRITE["media"]
    settings.S3REWRITE = {"media": {**options, "WINDOW": 1800}}
    assert max_age(through(page(Cache_Control="max-age=86400"))) == 1700


def test_what_a_view_signs_for_json_is_noted(private: Private) -> None:
    private()

    def view(request: HttpRequest) -> HttpResponse:
        response = JsonResponse({"url": s3rewrite.url("/media/a.jpg")})
        response["Cache-Control"] = "public, max-age=900"
        return response

    response = through(view)
    assert "&X-Amz-Signature=" in json.loads(response.content)["url"]
    assert max_age(response) == 900


def test_an_exempt_response_is_noted_too(private: Private) -> None:
    private()

    def view(request: HttpRequest) -> HttpResponse:
        response = URL_TAG(request)
        response.s3rewrite = False  # type: ignore[attr-defined]
        return response

    assert max_age(through(view)) == 0


# Django's cache


def cached(view: Any) -> Any:
    """A view behind Django's cache middleware, as MIDDLEWARE has it below ours."""
    return UpdateCacheMiddleware(FetchFromCacheMiddleware(view))


def counted(view: Any) -> Any:
    def counting(request: HttpRequest) -> HttpResponse:
        counting.calls += 1  # type: ignore[attr-defined]
        response: HttpResponse = view(request)
        return response

    counting.calls = 0  # type: ignore[attr-defined]
    return counting


@pytest.mark.parametrize("wrap", [cached, cache_page(600)], ids=["middleware", "decorator"])
@pytest.mark.parametrize("view", [URL_TAG, s3rewrite_private(page())], ids=["tag", "mark"])
def test_signed_pages_are_not_stored(private: Private, wrap: Any, view: Any) -> None:
    private()
    inner = counted(view)
    for _ in range(3):
        assert signed_names(through(wrap(inner))) == ["a.jpg"]
    assert inner.calls == 3


@pytest.mark.parametrize("wrap", [cached, cache_page(600)], ids=["middleware", "decorator"])
def test_a_mark_that_was_stored_signs_for_nobody_else(private: Private, wrap: Any) -> None:
    private()
    inner = counted(page())
    assert signed_names(through(wrap(inner))) == ["a.jpg"]
    assert signed_names(through(wrap(inner))) == []
    assert inner.calls == 1


def test_the_cache_outside_of_the_middleware_stores_nothing_signed(private: Private) -> None:
    private()
    inner = counted(page())
    for _ in range(2):
        through(cached(lambda request: through(inner, request)))
    assert inner.calls == 2


# The end


@pytest.mark.parametrize("leaves", [True, False])
def test_cookies_go_when_the_user_does(private: Private, leaves: bool) -> None:
    private(SIGNING=COOKIES)

    def view(request: HttpRequest) -> HttpResponse:
        if leaves:
            user_logged_out.send(sender=None, request=request, user=None)
        return page("<p>", marked=False)(request)

    response = through(view)
    dropped = [m for m in response.cookies.values() if m["max-age"] == 0 and not m.value]
    assert len(dropped) == 3 * leaves
    assert all((m["domain"], m["path"]) == ("example.com", "/p/") for m in dropped)


def test_nothing_is_forgotten_where_nothing_can_be(private: Private) -> None:
    private(SIGNING={"BACKEND": "s3rewrite.signing.urls", "KEY_ID": "K1"})
    response = HttpResponse()
    forget_cookies(response)
    user_logged_out.send(sender=None, request=None, user=None)
    assert not response.cookies


def test_a_visit_is_found_by_its_request_and_without(private: Private) -> None:
    request = RequestFactory().get("/")
    assert visit_of(request) is None
    visit = begin_visit(request)
    assert visit_of(request) is visit is visit_of(None)
    assert visit_of(RequestFactory().get("/")) is None


def test_a_clock_of_its_own(clock: Clock, private: Private) -> None:
    private()
    first = through(page()).content
    clock.now += 3000
    assert through(page()).content == first
    clock.now += 1000
    assert through(page()).content != first


@given(
    st.floats(1_000_000_000, 4_000_000_000),
    st.integers(60, 302_400),
    st.sampled_from(["", "no-cache", "public, max-age=31536000", "max-age=5, s-maxage=900"]),
)
@hypothesis_settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_nothing_expires_before_the_page_that_holds_it(
    private: Private, clock: Clock, moment: float, window: int, header: str
) -> None:
    private(WINDOW=window)
    clock.now = moment
    response = through(page(**({"Cache_Control": header} if header else {})))
    query = unescape(response.content.decode().partition("?")[2].partition('"')[0])
    found = dict(part.partition("=")[::2] for part in query.split("&"))
    signed_at = datetime.strptime(found["X-Amz-Date"], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    ends = signed_at.timestamp() + int(found["X-Amz-Expires"])
    assert signed_at.timestamp() <= moment
    assert moment + max_age(response) + window <= ends
    # The end of the window has the same URL, and the next second another one.
    clock.now = signed_at.timestamp() + window - 0.5
    assert through(page()).content == response.content
    clock.now += 1
    assert through(page()).content != response.content
