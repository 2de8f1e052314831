"""Attacks on private files: each is tried on real servers, or on the piece that it is about.

Who asks is told by the header X-User here; the rule shows everybody the files in a folder of
their name.
"""

import asyncio
import io
import json
import logging
import os
import pickle
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from html import unescape
from itertools import product
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest
from django.contrib.auth.signals import user_logged_out
from django.core.cache import cache
from django.core.management import call_command
from django.core.signals import request_finished, request_started
from django.http import (
    Http404,
    HttpRequest,
    HttpResponse,
    StreamingHttpResponse,
)
from django.middleware.http import ConditionalGetMiddleware
from django.template import engines
from django.test import AsyncClient, Client, RequestFactory
from django.urls import path
from django.views.debug import ExceptionReporter, SafeExceptionReporterFilter
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

import s3rewrite
from demo.servers import SeaweedFS
from s3rewrite import conf, views
from s3rewrite.core.mounts import Mount
from s3rewrite.decorators import s3rewrite_private
from s3rewrite.explain.explanation import explain_response
from s3rewrite.linking import access
from s3rewrite.linking.access import explained, of_response
from s3rewrite.linking.debugging import copy_response
from s3rewrite.linking.visits import begin_visit
from s3rewrite.s3.visitors import VisitorAnswer
from s3rewrite.signing import SigningError, signer_of, windows
from s3rewrite.sync.passes import whole_pass
from s3rewrite.tools import doctor
from tests.linking import test_access
from tests.linking.test_access import COOKIES, RULE, say
from tests.support.cloudfront import CloudFront, Signer
from tests.support.factories import job, write
from tests.support.private import (
    CLIENT,
    NOW,
    PUBLIC,
    Clock,
    clock,
    page,
    private,
    signed_names,
    through,
)
from tests.support.publishing import closed_clients
from tests.support.visitors import ask

__all__ = ["clock", "closed_clients", "private"]

Private = Callable[..., Mount]
SIGNATURE = "X-Amz-Signature="


@pytest.fixture(autouse=True)
def nobody_asked() -> Iterator[None]:
    test_access.asked.clear()
    yield
    say(None)


# A site on real servers


def may_see(request: HttpRequest, names: Sequence[str]) -> list[str]:
    user = request.headers.get("X-User", "")
    return [name for name in names if user and name.startswith(f"{user}/")]


def gallery(request: HttpRequest) -> HttpResponse:
    """What anybody may have written into a page, for one person."""
    response = HttpResponse("".join(f'<img src="/papers/{name}">' for name in FILES))
    response.s3rewrite_private = True  # type: ignore[attr-defined]
    return response


FILES = {"ann/a.txt": b"of ann", "bob/b.txt": b"of bob", "ann2/c.txt": b"of ann2"}

urlpatterns = [
    path("gallery/", gallery),
    path("papers/<path:name>", views.private, {"mount": "papers"}),
    path("accel/<path:name>", views.private, {"mount": "papers", "accel": "/x/"}),
]


@pytest.fixture
def papers(
    settings: Any, tmp_path: Path, caches: None, private_bucket: str, client_options: Any
) -> Mount:
    """A private mount whose files are on S3."""
    root = tmp_path / "papers"
    backend = "s3rewrite.storage.S3RewriteStorage"
    options = {"location": str(root), "base_url": "/papers/"}
    settings.STORAGES = {**settings.STORAGES, "papers": {"BACKEND": backend, "OPTIONS": options}}
    settings.S3REWRITE = {
        "papers": {
            "STORAGE": "papers", "BUCKET": private_bucket, "CLIENT": client_options,
            "ACCESS": "private", "ALLOW": f"{__name__}.may_see", "POLL_SECONDS": 0,
        }
    }  # fmt: skip
    settings.ROOT_URLCONF, settings.MIDDLEWARE = __name__, [conf.MIDDLEWARE]
    for name, content in FILES.items():
        write(root, name, content)
    (tmp_path / "papers2").mkdir()
    (tmp_path / "papers2" / "d.txt").write_bytes(b"not in the storage")
    mount = conf.mount("papers")
    assert not whole_pass(job(mount)).stopped
    return mount


def links(response: Any) -> list[str]:
    parts = unescape(response.content.decode()).split('src="')[1:]
    return [part.partition('"')[0] for part in parts]


def seen_by(user: str) -> list[str]:
    return links(Client(headers={"X-User": user}).get("/gallery/"))


def test_everybody_gets_their_own_files_and_no_signature_for_another(papers: Mount) -> None:
    for user in ("ann", "bob", "", "eve", "ANN", "ann/../bob", "an"):
        found = dict(zip(FILES, seen_by(user), strict=True))
        for name, url in found.items():
            is_own = name.startswith(f"{user}/") and user in ("ann", "bob")
            assert (SIGNATURE in url) == is_own
            if is_own:
                assert ask(url).body == FILES[name]
            else:
                assert url == f"/papers/{name}"
                assert ask(papers.public_url + name).status == 403


TAMPERED = [
    ("ann/a.txt", "bob/b.txt"),
    ("ann/a.txt", "ann/../bob/b.txt"),
    ("ann/a.txt", "ann%2F..%2Fbob/b.txt"),
    ("ann/a.txt", "ann//a.txt"),
    ("ann/a.txt", "ann/A.txt"),
    ("X-Amz-Expires=7200", "X-Amz-Expires=604800"),
    ("X-Amz-Expires=7200&", ""),
    ("X-Amz-SignedHeaders=host", "X-Amz-SignedHeaders="),
    ("X-Amz-Signature=", "X-Amz-Signature=0"),
    ("X-Amz-Signature=", "versionId=x&X-Amz-Signature="),
    ("X-Amz-Signature=", "response-content-type=text%2Fhtml&X-Amz-Signature="),
    ("?", "?acl&"),
]


def test_a_signature_opens_nothing_but_its_own_url(papers: Mount) -> None:
    url = seen_by("ann")[0]
    assert ask(url).status == 200
    for old, new in TAMPERED:
        assert old in url
        assert ask(url.replace(old, new, 1)).status in (400, 403)
    assert {ask(url, method).status for method in ("PUT", "DELETE", "POST")} <= {403, 405}
    assert ask(url).body == FILES["ann/a.txt"]


def test_a_signature_ends_with_the_window_after_its_own(
    papers: Mount, monkeypatch: pytest.MonkeyPatch
) -> None:
    began = windows.now()
    found = {}
    for age in (0, 1, 2, 3):
        for module in ("signing.windows", "linking.access", "linking.visits"):
            monkeypatch.setattr(f"s3rewrite.{module}.now", lambda age=age: began - 3600 * age)
        found[age] = ask(seen_by("ann")[0]).status
    assert found == {0: 200, 1: 200, 2: 403, 3: 403}


# Paths

TRICKS = [
    "ann/../bob/b.txt", "ann/%2e%2e/bob/b.txt", "ann%2f..%2fbob/b.txt", "ann/..%2fbob%2fb.txt",
    "./bob/b.txt", "/bob/b.txt", "bob//b.txt", "bob/./b.txt", "BOB/b.txt", "bob/b.txt.",
    "bob/b.txt%20", "bob/b.txt%00", "bob/b.txt%00.jpg", "bob%5cb.txt", "ann/..%5cbob/b.txt",
    "../papers2/d.txt", "..%2fpapers2%2fd.txt", "%2e%2e/papers2/d.txt", "..2/d.txt",
    "ann/%252e%252e/bob/b.txt", "ann/..;/bob/b.txt", "ann%2f%2e%2e%2fbob%2fb.txt",
    "%ef%bd%82ob/b.txt", "bob/b%cc%81.txt", "ann/%c0%ae%c0%ae/bob/b.txt", "bob/b.txt%0d%0aX: y",
    "bob/", "bob", "ann/..", "ann/%2e", "bob/b.txt/", "bob/b.txt/.", "~bob/b.txt", "%ff/b.txt",
]  # fmt: skip
"""Ways to write, as ann, a file of bob's, or one beside the storage."""


def test_a_path_that_leads_elsewhere(papers: Mount) -> None:
    client = Client(headers={"X-User": "ann"})
    for method, view, trick in product((client.get, client.head), ("papers", "accel"), TRICKS):
        response: Any = method(f"/{view}/{trick}")
        assert response.status_code in (403, 404)
        assert not response.has_header("X-Accel-Redirect")
        for content in FILES.values():
            assert content not in response.content


def test_a_path_in_a_page_that_leads_elsewhere(papers: Mount) -> None:
    def view(request: HttpRequest) -> HttpResponse:
        response = HttpResponse("".join(f'<img src="/papers/{trick}">' for trick in TRICKS))
        response.s3rewrite_private = True  # type: ignore[attr-defined]
        return response

    request = RequestFactory().get("/", headers={"X-User": "ann"})
    found = links(through(view, request))
    assert len(found) == len(TRICKS)
    assert not [url for url in found if SIGNATURE in url]


NAMES = st.text(
    st.characters(codec="utf-8", exclude_characters="\0/"), min_size=1, max_size=12
) | st.sampled_from(["..", ".", "a b", "a+b", "a%b", "a\r\nSet-Cookie: x=1", "a;b", "a?b", "a#b"])


@given(st.lists(NAMES, min_size=1, max_size=3))
@hypothesis_settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_a_name_forges_no_header_and_no_cookie(private: Private, parts: list[str]) -> None:
    private(**RULE)
    say(True)
    name = "/".join(parts)
    file = Path(conf.storage_of(conf.mount("media")).path(""), *parts)
    if ".." not in parts and "." not in parts:
        with suppress(FileExistsError, NotADirectoryError, IsADirectoryError):
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(b"x")
    for options in ({"accel": "/x/"}, {"sendfile": True}, {}):
        request = RequestFactory().get("/")
        begin_visit(request)
        try:
            response = views.private(request, name, **options)
        except Http404:
            continue
        response.close()
        assert not response.cookies
        for header, value in response.items():
            assert value.isascii()
            assert value.isprintable()
            if header in ("X-Accel-Redirect", "X-Sendfile"):
                assert not set(value) & set("?#;\\ ")
                assert "/../" not in value


def test_a_name_that_is_no_text_of_any_url(private: Private) -> None:
    private(**RULE)
    say(True)
    for view in (views.private, views.freed):
        with pytest.raises(Http404):
            view(RequestFactory().get("/"), "\udcff.jpg")


# Refusals


def test_a_refusal_is_the_same_whatever_is_there(papers: Mount, tmp_path: Path) -> None:
    """Neither status nor headers nor body tell whether a file, a folder, a stub or nothing is."""
    os.mkfifo(tmp_path / "papers" / "bob" / "fifo")
    (tmp_path / "papers" / "bob" / "link").symlink_to("b.txt")
    headers = [{}, {"Range": "bytes=0-0"}, {"If-None-Match": "*"}, {"If-Match": '"x"'},
               {"If-Modified-Since": "Sat, 01 Jan 2000 00:00:00 GMT"}]  # fmt: skip
    answers = set()
    for name in ("b.txt", "nothing.txt", "fifo", "link", "b.txt.gz", "sub/x"):
        for more in headers:
            for method in ("get", "head"):
                client: Any = Client(headers={"X-User": "ann", **more})
                answer = getattr(client, method)(f"/papers/bob/{name}")
                body = answer.content if method == "get" else b""
                answers.add((method, answer.status_code, body, tuple(answer.items())))
    assert len(answers) == 2
    assert {answer[1] for answer in answers} == {403}


def test_nothing_is_looked_at_before_the_rule_has_spoken(
    papers: Mount, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So that a refusal takes as long for a file as for nothing."""

    def forbidden(*arguments: Any, **options: Any) -> Any:
        raise AssertionError("looked at")

    for name in ("stub_of", "is_corrupt_stub", "send_file", "send_object", "opening_url"):
        monkeypatch.setattr(views, name, forbidden)
    for name in ("bob/b.txt", "bob/nothing.txt"):
        assert Client(headers={"X-User": "ann"}).get(f"/papers/{name}").status_code == 403


@pytest.mark.parametrize("method", ["post", "put", "delete", "patch", "options", "trace"])
def test_only_what_reads_is_answered(papers: Mount, method: str) -> None:
    client: Any = Client(headers={"X-User": "ann"})
    assert getattr(client, method)("/papers/ann/a.txt").status_code == 405


def test_a_redirect_leads_to_the_mount_alone(private: Private, monkeypatch: Any) -> None:
    """Whatever the name is: no open redirect."""
    mount = private(**RULE)
    say(True)
    for name in ("https:/evil.test", "/evil.test", "@evil.test/x", "x:y@evil.test", "..evil/x",
                 "a?next=//evil", "a#//evil", "evil.test"):  # fmt: skip
        stub = SimpleNamespace(bucket="papers", key=mount.paths.key(name, ""), fingerprint="0" * 24)
        monkeypatch.setattr(views, "_stub", lambda settings, name, stub=stub: stub)
        request = RequestFactory().get("/")
        begin_visit(request)
        try:
            response = views.private(request, name)
        except Http404:
            continue
        to = urlsplit(response["Location"])
        assert f"{to.scheme}://{to.netloc}/p/" == PUBLIC
        assert to.path.startswith("/p/")


# Rules


def test_yes_to_some_names_is_no_yes_to_others(private: Private) -> None:
    """A rule that says `all(...)` of the names that it is given."""
    private(ALLOW=f"{__name__}.all_of_ann")
    block = "{% load s3rewrite %}{% s3rewrite %}<img src='/media/ann/a.jpg'>{% ends3rewrite %}"

    def view(request: HttpRequest) -> HttpResponse:
        html = engines["django"].from_string(block).render({}, request)
        return HttpResponse(html + '<img src="/media/bob/b.jpg">')

    assert signed_names(through(view)) == ["ann/a.jpg"]


def test_yes_to_one_piece_of_a_stream_is_no_yes_to_the_next(private: Private) -> None:
    private(ALLOW=f"{__name__}.all_of_ann")

    @s3rewrite_private
    def view(request: HttpRequest) -> Any:
        names = ("ann/a.jpg", "bob/b.jpg", "ann/c.jpg")
        return StreamingHttpResponse(f'<img src="/media/{name}">' for name in names)

    response: Any = through(view)
    body = HttpResponse(b"".join(response.streaming_content))
    assert signed_names(body) == ["ann/a.jpg", "ann/c.jpg"]


def all_of_ann(request: HttpRequest, names: Sequence[str]) -> bool:
    return all(name.startswith("ann/") for name in names)


class Weird(str):
    """A text that says that it is another one."""

    __slots__ = ()

    def __eq__(self, other: object) -> bool:
        return True

    __hash__ = str.__hash__


@pytest.mark.parametrize(
    "said",
    [
        {"b.jpg": 1}, {"b.jpg": "yes"}, {"b.jpg": None}, {b"b.jpg": True}, "b.jpg", b"b.jpg", 1,
        [("b.jpg",)], ["B.JPG"], ["/b.jpg"], ["b.jpg "], ["*"], ["b.jp\u0261"], [["b.jpg"]],
        iter([b"b.jpg"]), object(), type, len, NotImplemented, float("nan"), "all", ["all", True],
        {True: True}, [None], [Weird("x")],
    ],
)  # fmt: skip
def test_what_a_rule_may_say_by_mistake_shows_nothing(private: Private, said: Any) -> None:
    private(**RULE)
    say(said)
    assert signed_names(through(page('<img src="/media/b.jpg">'))) == []
    assert access.may_see(RequestFactory().get("/"), conf.mount("media"), "b.jpg") is False


def changing_rule(request: HttpRequest, names: list[str]) -> list[str]:
    """A rule that changes the list that it was given."""
    allowed = [name for name in names if name == "a.jpg"]
    names[:] = ["a.jpg"] * len(names)
    return allowed


async def slow_rule(request: HttpRequest, names: Sequence[str]) -> list[str]:
    await asyncio.sleep(0)
    return list(may_see(request, names))


class AsyncRule:
    async def __call__(self, request: HttpRequest, names: Sequence[str]) -> bool:
        return True


class Forgotten:
    def __call__(self, request: HttpRequest, names: Sequence[str]) -> Any:
        return AsyncRule()(request, names)


async_rule, forgotten = AsyncRule(), Forgotten()


@pytest.mark.filterwarnings("ignore:coroutine .* was never awaited:RuntimeWarning")
@pytest.mark.parametrize("rule", ["slow_rule", "async_rule", "forgotten"])
def test_a_rule_that_gives_a_coroutine(private: Private, rule: str) -> None:
    """What is not awaited says yes to nothing."""
    private(ALLOW=f"{__name__}.{rule}")
    assert signed_names(through(page())) == []


def test_a_rule_that_changes_its_list(private: Private) -> None:
    private(ALLOW=f"{__name__}.changing_rule")
    body = '<img src="/media/a.jpg"><img src="/media/b.jpg">'
    assert signed_names(through(page(body))) == ["a.jpg"]


NAMES_OF_PAGES = st.lists(st.sampled_from(["a", "A", "b", "ab", "a/b", "é"]), max_size=4)
ANSWERS: dict[str, Callable[[Sequence[str], set[str]], Any]] = {
    "names": lambda names, allowed: [name for name in names if name in allowed],
    "all names that there are": lambda names, allowed: allowed,
    "a dict": lambda names, allowed: {name: name in allowed for name in names},
    "a generator": lambda names, allowed: (name for name in names if name in allowed),
    "all or none": lambda names, allowed: all(name in allowed for name in names),
    "an error": lambda names, allowed: [name for name in names if 1 / (name in allowed)],
}


def drawn_rule(request: HttpRequest, names: Sequence[str]) -> Any:
    kind, allowed = request.drawn  # type: ignore[attr-defined]
    return ANSWERS[kind](names, allowed)


@given(
    st.sampled_from(sorted(ANSWERS)), NAMES_OF_PAGES.map(set), NAMES_OF_PAGES,
    st.lists(NAMES_OF_PAGES, max_size=3), st.booleans(), st.booleans(),
)  # fmt: skip
@hypothesis_settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_whatever_links_it_a_refused_name_is_never_signed(
    private: Private, kind: str, allowed: set[str], block: list[str], bodies: list[list[str]],
    marked: bool, streams: bool,
) -> None:  # fmt: skip
    """A block tag, then a body whole or in pieces; the rule is asked in one way or another."""
    private(ALLOW=f"{__name__}.drawn_rule", SETTLE=0)

    def html(names: list[str]) -> str:
        return "".join(f'<img src="/media/{name}.jpg">' for name in names)

    def view(request: HttpRequest) -> Any:
        template = "{% load s3rewrite %}{% s3rewrite %}" + html(block) + "{% ends3rewrite %}"
        parts = [engines["django"].from_string(template).render({}, request), *map(html, bodies)]
        response = StreamingHttpResponse(parts) if streams else HttpResponse("".join(parts))
        response.s3rewrite_private = marked  # type: ignore[union-attr]
        return response

    request = RequestFactory().get("/")
    named = {f"{name}.jpg" for name in allowed}
    request.drawn = (kind, named)  # type: ignore[attr-defined]
    response: Any = through(view, request)
    if streams:
        headers = dict(response.items())
        response = HttpResponse(b"".join(response.streaming_content), headers=headers)
    found = {unquote(name) for name in signed_names(response)}
    assert found <= named
    if found:
        assert "private" in response["Cache-Control"]
    if kind in ("names", "a dict", "a generator", "all names that there are") and not streams:
        assert found == named & {f"{name}.jpg" for names in (block, *bodies) for name in names}


# Whose visit it is


def test_requests_at_one_time_do_not_share_a_visit(papers: Mount) -> None:
    """Threads, and tasks of one event loop, with a rule that waits."""
    own = {"ann": ["ann/a.txt"], "bob": ["bob/b.txt"], "eve": []}

    def names(found: list[str]) -> list[str]:
        return [name for name, url in zip(FILES, found, strict=True) if SIGNATURE in url]

    users = ["ann", "bob", "eve"] * 8
    with ThreadPoolExecutor(6) as pool:
        for user, found in zip(users, pool.map(seen_by, users), strict=True):
            assert names(found) == own[user]

    async def visits() -> list[Any]:
        asked = [AsyncClient().get("/gallery/", headers={"X-User": user}) for user in users]
        return await asyncio.gather(*asked)

    for user, response in zip(users, asyncio.run(visits()), strict=True):
        assert names(links(response)) == own[user]


def test_after_a_view_that_fails_nothing_of_its_visit_is_left(private: Private) -> None:
    private()

    def view(request: HttpRequest) -> HttpResponse:
        raise RuntimeError

    request = RequestFactory().get("/")
    with pytest.raises(RuntimeError):
        through(view, request)
    assert signed_names(through(page(marked=False))) == []


def test_who_answers_outside_of_the_middleware_signs_nothing(private: Private) -> None:
    """A page for maintenance, say: nobody would keep it from caches."""
    private()
    outer = engines["django"].from_string("{% load s3rewrite %}{{ url|s3_url }}")

    def shown() -> str:
        request_started.send(sender=None, environ={})
        return str(outer.render({"url": "/media/a.jpg"}))

    found: list[str] = []
    thread = threading.Thread(target=lambda: found.append(shown()))
    thread.start()
    thread.join()
    assert found == ["/media/a.jpg"]


@pytest.mark.parametrize("options", [{}, {"accel": "/x/"}, {"sendfile": True}])
def test_serving_a_file_does_not_end_the_request(private: Private, options: Any) -> None:
    """Else a later tag would be outside of any request, and sign what nobody keeps from caches."""
    private(**RULE)
    say(True)
    write(Path(conf.storage_of(conf.mount("media")).path("")), "a.txt")
    ended: list[Any] = []

    def note(**_: Any) -> None:
        ended.append(1)

    request_finished.connect(note)
    response: Any = views.private(RequestFactory().get("/"), "a.txt", **options)
    request_finished.disconnect(note)
    assert ended == []
    response.close()


def test_the_error_page_of_a_view_that_had_signed(private: Private, settings: Any) -> None:
    private()

    def view(request: HttpRequest) -> HttpResponse:
        url = s3rewrite.url("/media/a.jpg", request=request)
        response = HttpResponse(f"<p>no: {url}", status=404)
        response["Cache-Control"] = "public, max-age=99999"
        return response

    response = through(view)
    assert "private" in response["Cache-Control"]
    assert "public" not in response["Cache-Control"]


@pytest.mark.parametrize("header", ["Location", "Link"])
def test_a_header_that_is_signed_is_kept_from_caches(private: Private, header: str) -> None:
    private(CONTEXTS=["location"])

    def view(request: HttpRequest) -> HttpResponse:
        response = HttpResponse(status=302)
        response["Location"] = "/media/a.jpg"
        response["Link"] = "</media/a.jpg>; rel=preload; as=image"
        response.s3rewrite_private = True  # type: ignore[attr-defined]
        response["Cache-Control"] = "public, max-age=99999"
        return response

    response = through(view)
    assert SIGNATURE in response[header]
    assert response["Cache-Control"] == "private, max-age=3500"


def test_a_signer_that_comes_too_late_for_the_headers_signs_nothing(
    private: Private, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Keys that are away when the headers leave, and back when the body does."""
    private()

    def view(request: HttpRequest) -> Any:
        response = StreamingHttpResponse(['<img src="/media/a.jpg">'])
        response.s3rewrite_private = True  # type: ignore[attr-defined]
        return response

    with monkeypatch.context() as patch:
        patch.setattr(access, "signer_of", lambda mount: signer_of(None))  # type: ignore[arg-type]
        response: Any = through(view)
    assert not response.has_header("Cache-Control")
    assert signed_names(HttpResponse(b"".join(response.streaming_content))) == []


# Caches


def test_a_response_from_a_pickle_is_for_who_had_it(private: Private, settings: Any) -> None:
    """Django's cache pickles responses, and the mark with them."""
    private()
    backend = "django.core.cache.backends.locmem.LocMemCache"
    settings.CACHES = {"default": {"BACKEND": backend, "LOCATION": "pickled"}}
    cache.clear()
    marked = page()(RequestFactory().get("/"))
    found = pickle.loads(pickle.dumps(marked))
    assert found.s3rewrite_private

    def from_cache(request: HttpRequest) -> HttpResponse:
        request._cache_update_cache = False  # type: ignore[attr-defined]
        return found  # type: ignore[no-any-return]

    assert signed_names(through(from_cache)) == []


@pytest.mark.parametrize("status", [200, 203, 301, 302, 404, 410, 500])
def test_no_status_leaves_a_signed_page_to_caches(private: Private, status: int) -> None:
    private()

    def view(request: HttpRequest) -> HttpResponse:
        response = page(Cache_Control="public, s-maxage=900, max-age=86400")(request)
        response.status_code = status
        return response

    response = through(view)
    assert signed_names(response) == ["a.jpg"]
    assert response["Cache-Control"] == "private, max-age=3500"


KEPT = """
{% load s3rewrite cache %}
{% cache 600 piece %}
{% s3_url '/media/a.jpg' %}
{% if 1 %}{% s3rewrite %}<img src="/media/a.jpg">{% ends3rewrite %}{% endif %}
{% endcache %}
"""


def test_what_a_template_caches_is_signed_by_no_tag(private: Private, settings: Any) -> None:
    """Others get it from the cache, and later."""
    private()
    backend = "django.core.cache.backends.locmem.LocMemCache"
    settings.CACHES = {"default": {"BACKEND": backend, "LOCATION": "kept"}}
    cache.clear()
    template = engines["django"].from_string(KEPT)
    outside = engines["django"].from_string("{% load s3rewrite %}{% s3_url '/media/a.jpg' %}")

    def view(request: HttpRequest) -> HttpResponse:
        html = template.render({}, request)
        assert SIGNATURE not in html
        assert SIGNATURE in outside.render({}, request)
        response = HttpResponse(html)
        response.s3rewrite_private = True  # type: ignore[attr-defined]
        return response

    for _ in range(2):
        assert signed_names(through(view)) == ["a.jpg"]


def test_a_redirect_to_a_long_name(private: Private, monkeypatch: pytest.MonkeyPatch) -> None:
    mount = private(**RULE, CLIENT={**CLIENT, "aws_session_token": "t" * 2000})
    say(True)
    name = "ä" * 500
    stub = SimpleNamespace(bucket="papers", key=mount.paths.key(name, ""), fingerprint="0" * 24)
    monkeypatch.setattr(views, "_stub", lambda settings, name: stub)
    request = RequestFactory().get("/")
    begin_visit(request)
    assert SIGNATURE in views.private(request, name)["Location"]


# Cookies


def two_cookie_mounts(settings: Any, tmp_path: Path) -> None:
    backend = "django.core.files.storage.FileSystemStorage"
    storages = {
        name: {"BACKEND": backend, "OPTIONS": {"location": str(tmp_path), "base_url": f"/{name}/"}}
        for name in ("one", "two")
    }
    settings.STORAGES = {**settings.STORAGES, **storages}
    settings.S3REWRITE = {
        name: {
            "STORAGE": name, "BUCKET": name, "ACCESS": "private", "SIGNING": COOKIES,
            "CHECK_LOCAL": False, "PUBLIC_URL": f"https://cdn.example.com/{name}/",
        }
        for name in ("one", "two")
    }  # fmt: skip


def set_cookies(response: HttpResponse) -> list[tuple[str, str, bool]]:
    """Of each Set-Cookie that a browser gets: name, path, and whether it drops the cookie."""
    return sorted((m.key, m["path"], not m.value) for m in response.cookies.values())


def test_two_mounts_with_cookies_each_have_theirs(
    private: Private, settings: Any, tmp_path: Path
) -> None:
    """Their cookies have the same names, and other paths."""
    private()
    two_cookie_mounts(settings, tmp_path)
    response = through(page('<img src="/one/a.jpg"><img src="/two/a.jpg">'))
    assert response.content.count(b"https://cdn.example.com/") == 2
    names = ("CloudFront-Key-Pair-Id", "CloudFront-Policy", "CloudFront-Signature")
    assert set_cookies(response) == [(n, p, False) for n in names for p in ("/one/", "/two/")]

    def leave(request: HttpRequest) -> HttpResponse:
        user_logged_out.send(sender=None, request=request, user=None)
        return HttpResponse()

    left = through(leave)
    assert set_cookies(left) == [(n, p, True) for n in names for p in ("/one/", "/two/")]
    assert len(pickle.loads(pickle.dumps(response)).cookies) == 6


def test_who_leaves_by_a_page_with_links_keeps_no_cookie(
    private: Private, settings: Any, tmp_path: Path
) -> None:
    """The last Set-Cookie of a name and a path is what a browser keeps: RFC 6265, 5.3"""
    private()
    two_cookie_mounts(settings, tmp_path)

    def leave(request: HttpRequest) -> HttpResponse:
        user_logged_out.send(sender=None, request=request, user=None)
        return page('<img src="/one/a.jpg"><img src="/two/a.jpg">')(request)

    kept = {(m.key, m["path"]): m.value for m in through(leave).cookies.values()}
    assert len(kept) == 6
    assert set(kept.values()) == {""}


class Wrapper:
    """As rest_framework's Request is one."""

    def __init__(self, request: HttpRequest) -> None:
        self._request = request

    def __getattr__(self, name: str) -> Any:
        return getattr(self._request, name)


def test_a_decorated_view_of_a_wrapped_request_is_not_taken_for_a_cached_one(
    private: Private,
) -> None:
    """Django's cache middleware marks POST as it marks what came from the cache."""
    private()

    def view(request: HttpRequest) -> HttpResponse:
        request._cache_update_cache = False  # type: ignore[attr-defined]
        decorated: Any = s3rewrite_private(page(marked=False))
        return decorated(Wrapper(request))  # type: ignore[no-any-return]

    assert signed_names(through(view)) == ["a.jpg"]


def test_who_logs_out_through_a_wrapper_of_the_request_loses_the_cookies(private: Private) -> None:
    private(SIGNING=COOKIES)

    def leave(request: HttpRequest) -> HttpResponse:
        user_logged_out.send(sender=None, request=Wrapper(request), user=None)
        return HttpResponse()

    assert {dropped for _, _, dropped in set_cookies(through(leave))} == {True}


def test_a_page_that_is_open_when_its_window_ends_keeps_its_cookie(
    private: Private, clock: Clock
) -> None:
    """A video goes on, and pictures further down are fetched when they are scrolled to."""
    private(SIGNING=COOKIES)
    clock.now += 3490
    response = through(page())
    assert response["Cache-Control"] == "private, max-age=0"
    assert {m["max-age"] for m in response.cookies.values()} == {3610}


def test_a_page_that_the_browser_has_brings_its_cookie_again(
    private: Private, clock: Clock
) -> None:
    """304, as the page is the same byte for byte, and its links need the next window's cookie."""
    private(SIGNING=COOKIES)
    middleware: Any = ConditionalGetMiddleware(
        lambda request: through(page(), request)  # type: ignore[arg-type]
    )
    first = middleware(RequestFactory().get("/"))
    clock.now += 4000
    headers = {"If-None-Match": first["ETag"]}
    again = middleware(RequestFactory().get("/", headers=headers))
    assert again.status_code == 304
    assert "private" in again["Cache-Control"]
    assert len(again.cookies) == 3
    old, new = (response.cookies["CloudFront-Policy"].value for response in (first, again))
    assert old != new


def test_a_page_of_another_window_is_another_page(private: Private, clock: Clock) -> None:
    private()
    middleware: Any = ConditionalGetMiddleware(
        lambda request: through(page(), request)  # type: ignore[arg-type]
    )
    etag = middleware(RequestFactory().get("/"))["ETag"]
    found = {}
    for later in (0, 3400, 3600):
        request = RequestFactory().get("/", headers={"If-None-Match": etag})
        clock.now = NOW + later
        found[later] = middleware(request).status_code
    assert found == {0: 304, 3400: 304, 3600: 200}


@pytest.mark.parametrize(
    "element",
    [
        '<img crossorigin src="/media/a.jpg">',
        '<video crossorigin="anonymous" src="/media/a.mp4"></video>',
        '<script type="module" src="/media/a.js"></script>',
        '<link rel="preload" as="font" crossorigin href="/media/a.woff2">',
    ],
)
def test_a_request_that_brings_no_cookies_leads_to_the_site(private: Private, element: str) -> None:
    """CORS without credentials: https://fetch.spec.whatwg.org/#credentials"""
    more = {"CORS": True, "CONTEXTS": ["script", "css", "font-preload"]}
    private(**more)
    assert SIGNATURE in unescape(through(page(element)).content.decode())
    private(**more, SIGNING=COOKIES)
    assert through(page(element)).content.decode() == element


@pytest.mark.parametrize("kind", ["rsa", "ecdsa"])
def test_a_cookie_opens_no_folder_that_begins_alike(
    private: Private, seaweedfs: SeaweedFS, private_bucket: str, s3_client: Any, kind: str
) -> None:
    others = ["papers2/a.txt", "Papers/a.txt", "papers", "paper/a.txt", "x/papers/a.txt"]
    for key in ["papers/a.txt", *others]:
        s3_client.put_object(Bucket=private_bucket, Key=key, Body=b"x")
    signer = Signer("K1", kind, "SHA256")
    with CloudFront(seaweedfs, private_bucket, {"K1": signer.public}, now=windows.now) as cdn:
        options = {**COOKIES, "KEY": signer.pem, "HASH": "SHA256", "DOMAIN": "127.0.0.1"}
        mount = private(SIGNING=options, PUBLIC_URL=f"{cdn.url}papers/")
        pairs = signer_of(mount).cookies(windows.current_window(3600))
        cookies = {cookie.name: cookie.value for cookie in pairs}
        assert ask(f"{cdn.url}papers/a.txt", cookies=cookies).status == 200
        for key in [*others, "", "papers%2f..%2fpapers2/a.txt", "/papers/a.txt", "papers%2Fa.txt"]:
            assert ask(f"{cdn.url}{key}", cookies=cookies).status in (400, 403)


# What is kept


def test_what_a_storage_gives_to_be_kept_has_no_signature(private: Private, settings: Any) -> None:
    """As FieldFile.url, which projects save in databases and send in e-mails."""
    private()
    options = {"location": settings.MEDIA_ROOT, "base_url": "/media/", "link_urls": True}
    storage = {"BACKEND": "s3rewrite.storage.S3RewriteStorage", "OPTIONS": options}
    settings.STORAGES = {**settings.STORAGES, "default": storage}
    request = RequestFactory().get("/")
    visit = begin_visit(request)
    found: Any = conf.storage_of(conf.mount("media"))
    assert found.url("a.jpg") == "/media/a.jpg"
    assert not visit.cookies
    settings.S3REWRITE = {"media": {**settings.S3REWRITE["media"], "ACCESS": "public"}}
    assert found.url("a.jpg") == f"{PUBLIC}a.jpg"


def test_a_mount_that_becomes_private_and_public_again(papers: Mount, settings: Any) -> None:
    """What was published before is linked by the settings of now."""
    options = settings.S3REWRITE["papers"]
    for access_now, is_signed in (("private", True), ("public", False), ("private", True)):
        settings.S3REWRITE = {"papers": {**options, "ACCESS": access_now}}
        found = seen_by("ann")
        assert (SIGNATURE in found[0]) == is_signed
        assert found[0].startswith(papers.public_url)
        assert (found[1] == "/papers/bob/b.txt") == is_signed


def test_nothing_that_stays_behind_has_a_signature(
    papers: Mount, redis_client: Any, caplog: pytest.LogCaptureFixture
) -> None:
    """Neither Redis, nor logs, nor the headers of what was shown."""
    caplog.set_level(logging.DEBUG)
    response = Client(headers={"X-User": "ann"}).get("/gallery/")
    assert SIGNATURE in response.content.decode()
    kept = {key: redis_client.dump(key) for key in redis_client.keys("*")}
    assert kept
    assert b"X-Amz-" not in b"".join(value for value in kept.values() if value)
    assert "X-Amz-" not in caplog.text + str(dict(response.items()))


# What somebody is shown


def test_explain_prints_no_signature_of_a_tag(private: Private) -> None:
    """Where the path at S3 begins as the local one, a link of a tag is explained, too."""
    private(PUBLIC_URL="https://papers.example.com/media/")

    def view(request: HttpRequest) -> HttpResponse:
        url = s3rewrite.url("/media/a.jpg", request=request)
        assert SIGNATURE in url
        response = HttpResponse(f'<img src="{url}"><img src="/media/b.jpg"><p>{url}</p>')
        response["Link"] = f"<{url}>; rel=preload"
        response.s3rewrite_private = True  # type: ignore[attr-defined]
        explanations.append(explain_response(request, response))
        return response

    explanations: list[Any] = []
    through(view)
    text = json.dumps(explanations[0].as_dict())
    assert "a.jpg" in text
    assert "X-Amz-" not in text


def test_a_look_at_a_response_does_not_change_whose_it_is(private: Private) -> None:
    """As the toolbar's, before the middleware comes."""
    private()

    def view(request: HttpRequest) -> HttpResponse:
        response = page()(request)
        with explained(request, response) as found:
            assert found
            found.announce()
        return response

    assert signed_names(through(view)) == ["a.jpg"]


def test_a_copy_for_the_toolbar_is_for_the_same_person(private: Private) -> None:
    private()
    request = RequestFactory().get("/")
    begin_visit(request)
    response = page()(request)
    found = of_response(request, copy_response(response, response.content))
    assert found
    assert found.is_decided


MARKER = "s3kr3tMARKER"
SIGNINGS: dict[str, dict[str, Any]] = {
    "a hash that is none": {"BACKEND": "s3rewrite.signing.urls", "KEY_ID": "K", "HASH": "MD5"},
    "a key that is none": {"BACKEND": "s3rewrite.signing.urls", "KEY_ID": "K"},
    "a domain that is none": {**COOKIES, "DOMAIN": "example.org"},
    "an unknown option": {"BACKEND": "s3rewrite.signing.urls", "KEY_ID": "K", "X": 1},
    "no id": {"BACKEND": "s3rewrite.signing.urls"},
    "no module": {"BACKEND": "s3rewrite.signing.nothing"},
    "S3's own, with one more": {"KEY_ID": "K", "X": 1},
}


@pytest.mark.parametrize("case", SIGNINGS)
def test_no_debug_page_shows_a_key(private: Private, settings: Any, case: str) -> None:
    mount = private(SIGNING={**SIGNINGS[case], "KEY": MARKER})
    try:
        signer_of(mount)
    except SigningError:
        reporter = ExceptionReporter(RequestFactory().get("/"), *sys.exc_info())
        frames = reporter.get_traceback_frames()
        theirs = [frame["vars"] for frame in frames if frame["filename"] != __file__]
        shown = f"{reporter.get_traceback_data()['exception_value']} {theirs}"
    assert MARKER not in shown
    assert MARKER not in str(SafeExceptionReporterFilter().get_safe_settings())


def test_nothing_that_signs_shows_its_keys(private: Private) -> None:
    token = {"aws_session_token": MARKER, "aws_secret_access_key": MARKER}
    mount = private(CLIENT={"aws_access_key_id": "id", **token})
    signer: Any = signer_of(mount)
    window = windows.current_window(60)
    assert MARKER in signer.query(f"{PUBLIC}a.jpg", window)
    assert MARKER not in repr(vars(signer))
    assert MARKER not in repr(signer_of(private(SIGNING=COOKIES)))


# The doctor


@pytest.mark.parametrize(
    ("answer", "grade"),
    [
        (VisitorAnswer(403, b"", {}), "fine"),
        (VisitorAnswer(401, b"", {}), "fine"),
        (VisitorAnswer(200, b"", {}), "WRONG"),
        (VisitorAnswer(404, b"", {}), "note"),
        (VisitorAnswer(503, b"", {}), "note"),
        (None, "note"),
    ],
)
def test_what_does_not_answer_is_not_taken_for_a_refusal(
    private: Private, monkeypatch: pytest.MonkeyPatch, answer: Any, grade: str
) -> None:
    mount = private(**RULE)
    monkeypatch.setattr(doctor, "_try_to_fetch", lambda url, **options: answer)
    found = list(doctor._check_privacy(mount, "media/probe.txt"))
    assert {str(finding.grade) for finding in found} == {grade}


def test_the_doctor_asks_for_what_was_public_too(
    papers: Mount, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A CDN, or an ACL, may show what was uploaded before the mount became private."""
    shown = {papers.public_url + name for name in FILES}

    def fetch(url: str, **options: Any) -> VisitorAnswer:
        return VisitorAnswer(200 if url in shown else 403, b"", {})

    monkeypatch.setattr(doctor, "_try_to_fetch", fetch)
    found = list(doctor._check_privacy(papers, "papers/probe.txt"))
    assert [str(finding.grade) for finding in found] == ["fine", "WRONG"]


def test_commands_with_a_private_mount(papers: Mount, capsys: pytest.CaptureFixture[str]) -> None:
    """None fails, nor shows a signature or a key."""
    out, codes = io.StringIO(), {}
    for command, arguments in (
        ("s3rewrite_verify", ()), ("s3rewrite_status", ("--json",)), ("s3rewrite_status", ()),
        ("s3rewrite_doctor", ()), ("s3rewrite_rebuild", ()), ("s3rewrite_restore", ("--dry-run",)),
        ("s3rewrite_explain", ("/gallery/",)), ("s3rewrite_sync", ()),
    ):  # fmt: skip
        try:
            call_command(command, *arguments, stdout=out, stderr=out)
        except SystemExit as ended:
            codes[command] = ended.code
    # There is no loop, and nobody is logged in.
    assert codes == {"s3rewrite_status": 2, "s3rewrite_explain": 3}, out.getvalue()
    text = out.getvalue() + "".join(capsys.readouterr())
    assert "X-Amz-" not in text
    assert str(papers.client["aws_secret_access_key"]) not in text
