"""Who decides that a visitor sees private files: a test for each row of the truth table."""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.template import engines
from django.test import AsyncRequestFactory, RequestFactory

import s3rewrite
from s3rewrite.core.mounts import Mount
from s3rewrite.decorators import s3rewrite_private
from s3rewrite.linking import access
from s3rewrite.linking.access import understood
from s3rewrite.linking.fragments import arewrite_html, rewrite_html
from s3rewrite.middleware import S3RewriteMiddleware
from tests.signing.test_cloudfront import pem
from tests.support.private import Clock, clock, page, private, signed_names, through

__all__ = ["clock", "private"]

Private = Callable[..., Mount]
TWO = '<img src="/media/a.jpg"><img src="/media/b.jpg">'
KEY = pem(ec.generate_private_key(ec.SECP256R1()))
COOKIES = {
    "BACKEND": "s3rewrite.signing.cookies",
    "KEY_ID": "K1",
    "KEY": KEY,
    "DOMAIN": "example.com",
}

asked: list[list[str]] = []
"""The names that `rule` was asked for."""
answer: Any = None
"""What it answers."""


def rule(request: HttpRequest, names: Sequence[str]) -> Any:
    asked.append(list(names))
    if isinstance(answer, Exception):
        raise answer
    return answer


async def async_rule(request: HttpRequest, names: Sequence[str]) -> Any:
    return rule(request, names)


@pytest.fixture(autouse=True)
def nobody_asked() -> Iterator[None]:
    asked.clear()
    yield
    say(None)


def say(value: Any) -> None:
    global answer  # noqa: PLW0603 - the rule is a function of the module, as in a project
    answer = value


RULE = {"ALLOW": f"{__name__}.rule"}
ASYNC_RULE = {"ALLOW": f"{__name__}.async_rule"}


def tag(text: str) -> Callable[[HttpRequest], HttpResponse]:
    def view(request: HttpRequest) -> HttpResponse:
        template = engines["django"].from_string("{% load s3rewrite %}" + text)
        return HttpResponse(template.render({}, request))

    return view


URL_TAG = tag("<img src=\"{% s3_url '/media/a.jpg' %}\">")
BLOCK = tag("{% s3rewrite %}" + TWO + "{% ends3rewrite %}")


# The table


@pytest.mark.parametrize("options", [{}, RULE])
def test_a_tag_that_asks_for_a_link_has_decided(private: Private, options: Any) -> None:
    private(**options)
    assert signed_names(through(URL_TAG)) == ["a.jpg"]
    assert asked == [["a.jpg"]] * 0


def test_a_block_without_a_rule_signs_all(private: Private) -> None:
    private()
    assert signed_names(through(BLOCK)) == ["a.jpg", "b.jpg"]


def test_a_block_asks_the_rule(private: Private) -> None:
    private(**RULE)
    say(["b.jpg"])
    assert signed_names(through(BLOCK)) == ["b.jpg"]


def test_a_marked_response_signs_all(private: Private) -> None:
    private()
    assert signed_names(through(page(TWO))) == ["a.jpg", "b.jpg"]


def test_one_that_is_not_marked_signs_nothing(private: Private) -> None:
    private()
    response = through(page(TWO, marked=False))
    assert response.content.decode() == TWO
    assert not response.has_header("Cache-Control")


@pytest.mark.parametrize("marked", [True, False])
def test_a_rule_has_the_last_word(private: Private, marked: bool) -> None:
    private(**RULE)
    say(["a.jpg", "c.jpg"])
    assert signed_names(through(page(TWO + TWO, marked=marked))) == ["a.jpg", "a.jpg"]
    assert asked == [["a.jpg", "b.jpg"]]  # once a response, each name once


def test_what_is_asked_for_after_the_headers_are_sent_is_local(private: Private) -> None:
    private()

    def view(request: HttpRequest) -> Any:
        return StreamingHttpResponse(s3rewrite.url("/media/a.jpg") for _ in range(2))

    response: Any = through(view)
    assert b"".join(response.streaming_content) == b"/media/a.jpg" * 2


def test_outside_of_any_request_a_url_is_signed(private: Private) -> None:
    private()
    assert "X-Amz-Signature=" in asyncio.run(s3rewrite.aurl("/media/a.jpg"))


def test_without_the_middleware_nothing_is(private: Private) -> None:
    private()
    assert s3rewrite.url("/media/a.jpg", request=RequestFactory().get("/")) == "/media/a.jpg"


# Rules


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        (True, True),
        (["a", 7], frozenset({"a"})),
        ({"a": True, "b": False, "c": 1}, frozenset({"a"})),
        ((name for name in "ab"), frozenset({"a", "b"})),
        (False, False),
        (None, False),
        (1, False),
        ("a.jpg", False),
        ([True, False], frozenset()),
        (object(), False),
    ],
)
def test_what_a_rule_may_say(said: Any, meant: Any) -> None:
    assert understood(said) == meant


@pytest.mark.parametrize("said", [PermissionDenied(), ValueError("a bug"), None, [], {}, "a.jpg"])
def test_a_rule_that_allows_nothing(private: Private, said: Any, caplog: Any) -> None:
    private(**RULE)
    say(said)
    assert through(page(TWO)).content.decode() == TWO
    assert bool(caplog.records) == isinstance(said, ValueError)


@pytest.mark.parametrize("options", [RULE, ASYNC_RULE])
def test_a_rule_may_be_a_coroutine_function_or_not(private: Private, options: Any) -> None:
    private(**options)
    say(["a.jpg"])
    assert signed_names(through(page(TWO))) == ["a.jpg"]

    async def view(request: HttpRequest) -> HttpResponse:
        return page(TWO)(request)

    async def respond() -> HttpResponse:
        middleware: Any = S3RewriteMiddleware(view)
        return await middleware(AsyncRequestFactory().get("/"))  # type: ignore[no-any-return]

    assert signed_names(asyncio.run(respond())) == ["a.jpg"]


def test_a_block_in_an_async_template(private: Private) -> None:
    private()
    html = asyncio.run(arewrite_html(TWO))
    assert html == rewrite_html(TWO)
    assert html.count("&amp;X-Amz-Signature=") == 2


def test_without_a_request_a_block_asks_nobody(private: Private) -> None:
    private(**RULE)
    say(True)
    assert rewrite_html(TWO) == TWO
    assert asked == []


# Bodies that stream


def stream(request: HttpRequest) -> StreamingHttpResponse:
    return StreamingHttpResponse(iter([b'<img src="/media/a.jpg">', b'<img src="/media/b.jpg">']))


def body_of(response: Any) -> HttpResponse:
    return HttpResponse(b"".join(response.streaming_content))


def test_a_stream_is_signed_where_it_is_marked(private: Private) -> None:
    private()
    response: Any = through(s3rewrite_private(stream))  # type: ignore[arg-type]
    assert "private" in response["Cache-Control"]
    assert signed_names(body_of(response)) == ["a.jpg", "b.jpg"]


def test_a_rule_is_asked_for_each_name_of_a_stream_once(private: Private) -> None:
    private(**RULE)
    say(["a.jpg"])
    response: Any = through(s3rewrite_private(stream))  # type: ignore[arg-type]
    assert signed_names(body_of(response)) == ["a.jpg"]
    assert sorted(name for names in asked for name in names) == ["a.jpg", "b.jpg"]


@pytest.mark.parametrize("options", [{}, RULE])
def test_a_stream_that_is_not_marked_stays_local(private: Private, options: Any) -> None:
    private(**options)
    say(True)
    response: Any = through(stream)  # type: ignore[arg-type]
    assert signed_names(body_of(response)) == []
    assert not response.has_header("Cache-Control")


# Cookies


def cookies_of(response: HttpResponse) -> set[str]:
    return {name for name, morsel in response.cookies.items() if morsel["max-age"] != 0}


def test_a_cookie_goes_with_the_links(private: Private, clock: Clock) -> None:
    private(SIGNING=COOKIES)
    response = through(page('<img src="/media/a.jpg?v=2#x">'))
    assert response.content == b'<img src="https://papers.example.com/p/a.jpg?v=2#x">'
    assert len(cookies_of(response)) == 3
    morsel = response.cookies["CloudFront-Signature"]
    assert (morsel["domain"], morsel["path"]) == ("example.com", "/p/")
    assert morsel["secure"]
    assert morsel["httponly"]


@pytest.mark.parametrize(
    ("said", "is_linked"), [(True, True), (["a.jpg", "b.jpg"], False), (False, False)]
)
@pytest.mark.parametrize("view", [page(TWO), page(TWO, marked=False), URL_TAG, BLOCK])
def test_a_cookie_opens_all_so_a_rule_has_to_allow_all(
    private: Private, said: Any, is_linked: bool, view: Any
) -> None:
    private(SIGNING=COOKIES, **RULE)
    say(said)
    response = through(view)
    assert (b"https://papers" in response.content) == is_linked
    assert bool(cookies_of(response)) == is_linked


def test_a_link_that_no_response_carries_a_cookie_for_is_local(private: Private) -> None:
    private(SIGNING=COOKIES)
    assert s3rewrite.url("/media/a.jpg") == "/media/a.jpg"


def test_a_stream_has_its_cookie_before_its_links(private: Private) -> None:
    private(SIGNING=COOKIES)
    response: Any = through(s3rewrite_private(stream))  # type: ignore[arg-type]
    assert len(cookies_of(response)) == 3
    assert b"https://papers" in body_of(response).content


def test_a_stream_for_which_a_rule_would_be_asked_too_late_is_local(private: Private) -> None:
    private(SIGNING=COOKIES, **RULE)
    say(True)
    response: Any = through(s3rewrite_private(stream))  # type: ignore[arg-type]
    assert cookies_of(response) == set()
    assert b"https://papers" not in body_of(response).content


# Faults


def test_a_signer_that_fails_costs_its_own_links(private: Private, caplog: Any) -> None:
    private(SIGNING={"BACKEND": "s3rewrite.signing.urls", "KEY_ID": "K1", "KEY": "no key"})
    assert through(page(TWO)).content.decode() == TWO
    assert caplog.records


def test_keys_that_are_past_sign_nothing(private: Private, monkeypatch: Any) -> None:
    mount = private()
    signer = access.signer_of(mount)
    monkeypatch.setattr(signer, "expires", lambda window: window.begins - 1)
    assert through(page(TWO)).content.decode() == TWO


def test_a_look_leaves_the_request_alone(private: Private) -> None:
    private()
    request = RequestFactory().get("/")
    request._cache_update_cache = True  # type: ignore[attr-defined]
    response = page(TWO)(request)
    with access.explained(request, response) as found:
        assert found
        assert found.granted(access.conf.mount("media"), ["a.jpg"]) == ["a.jpg"]
        found.announce()
    assert request._cache_update_cache  # type: ignore[attr-defined]
