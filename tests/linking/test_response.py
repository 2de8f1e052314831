"""The parts of a response that hold URLs, as the middleware sends them."""

from pathlib import Path
from typing import Any

import pytest
from django.http import (
    HttpResponse,
    HttpResponseRedirect,
    JsonResponse,
    StreamingHttpResponse,
)
from django.http.response import HttpResponseBase
from django.test import RequestFactory
from django.utils.feedgenerator import Atom1Feed, Enclosure, Rss201rev2Feed

from s3rewrite.core.entries import FINGERPRINT_LENGTH, Entry, Signature
from s3rewrite.linking import resolver as links
from s3rewrite.linking import response as responses
from s3rewrite.linking.response import skip_reason
from s3rewrite.middleware import S3RewriteMiddleware
from tests.support.factories import use_mount

CDN = "https://cdn.example.com/media/"


ENTRY = Entry(Signature(0, 0), "0" * FINGERPRINT_LENGTH)


class Everything:
    """A view in which everything is published but what begins with `no`."""

    host = ""
    asked = 0

    def get_many(self, names: list[str]) -> list[Entry | None]:
        Everything.asked += 1
        return [None if name.startswith("no") else ENTRY for name in names]

    get_cached = get_many

    def is_warm(self, names: list[str]) -> bool:
        return True


@pytest.fixture
def use(settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setattr(links, "view_of", lambda mount: Everything())
    monkeypatch.setattr(Everything, "asked", 0)

    def use(**options: Any) -> None:
        use_mount(settings, tmp_path, PUBLIC_URL=CDN, CHECK_LOCAL=False, **options)

    use()
    return use


def sent(response: HttpResponse, method: str = "GET") -> HttpResponse:
    request = RequestFactory().generic(method, "/page/")
    found = S3RewriteMiddleware(lambda request: response)(request)
    assert found is response
    return response


def test_a_header_and_the_body_are_resolved_together(use: Any) -> None:
    response = HttpResponse('<img src="/media/a.jpg">')
    response["Link"] = "</media/a.jpg>; rel=preload; as=image, </media/no.jpg>; rel=icon"
    sent(response)
    assert response.content == f'<img src="{CDN}a.jpg">'.encode()
    links = f"<{CDN}a.jpg>; rel=preload; as=image, </media/no.jpg>; rel=icon"
    assert response["Link"] == f"{links}, <https://cdn.example.com>; rel=preconnect"
    assert Everything.asked == 1


def test_a_header_without_a_body_to_rewrite(use: Any) -> None:
    response = HttpResponse(b"\0", content_type="image/png", headers={"ETag": '"x"'})
    response["Link"] = "</media/a.jpg>; rel=icon"
    sent(response)
    assert response["Link"] == f"<{CDN}a.jpg>; rel=icon"
    assert response["ETag"] == '"x"'
    assert response.content == b"\0"


def test_a_header_of_a_bare_head(use: Any) -> None:
    response = HttpResponse(headers={"Link": "</media/a.jpg>; rel=icon", "ETag": '"x"'})
    sent(response, "HEAD")
    assert response["Link"] == f"<{CDN}a.jpg>; rel=icon"
    assert "ETag" not in response


def test_a_bare_head_of_a_body_that_nobody_asks_for_keeps_its_headers(use: Any) -> None:
    response = HttpResponse(headers={"ETag": '"x"'}, content_type="application/json")
    assert sent(response, "HEAD")["ETag"] == '"x"'


PAGE = "<style>a{b:url(/media/a)}</style><p style='b:url(/media/b)'><img src=/media/c>"
HASH = "'sha256-AAAA='"
DJANGO = "django.middleware.csp.ContentSecurityPolicyMiddleware"
DJANGO_CSP = "csp.middleware.CSPMiddleware"


def links_of(response: HttpResponse) -> str:
    """Which of a, b and c are linked."""
    body = sent(response).content.decode()
    return "".join(name for name in "abc" if CDN + name in body)


@pytest.mark.parametrize(
    ("header", "value", "expected"),
    [
        ("X-Other", "require-corp", "abc"),
        ("Content-Security-Policy", f"style-src {HASH}", "bc"),
        ("Content-Security-Policy", f"style-src {HASH} 'unsafe-hashes'", "c"),
        ("Content-Security-Policy-Report-Only", f"style-src {HASH}", "abc"),
        ("Cross-Origin-Embedder-Policy", 'require-corp; report-to="x"', ""),
        ("Cross-Origin-Embedder-Policy", "credentialless", "abc"),
        ("Cross-Origin-Embedder-Policy-Report-Only", "require-corp", "abc"),
        ("Document-Isolation-Policy", "isolate-and-require-corp", ""),
        ("Document-Isolation-Policy", "isolate-and-credentialless", "abc"),
    ],
)
def test_policies(use: Any, header: str, value: str, expected: str) -> None:
    assert links_of(HttpResponse(PAGE, headers={header: value})) == expected
    streamed = StreamingHttpResponse([PAGE[:30], PAGE[30:]], headers={header: value})
    body = sent(streamed).getvalue().decode()  # type: ignore[attr-defined]
    assert "".join(name for name in "abc" if CDN + name in body) == expected


def test_a_public_url_with_corp(use: Any) -> None:
    use(CORP=True)
    headers = {"Cross-Origin-Embedder-Policy": "require-corp"}
    assert links_of(HttpResponse(PAGE, headers=headers)) == "abc"


@pytest.mark.parametrize(
    ("middleware", "setting", "value"),
    [
        (DJANGO, "SECURE_CSP", {"style-src": ["'self'", HASH]}),
        (DJANGO_CSP, "CONTENT_SECURITY_POLICY", {"DIRECTIVES": {"style-src": ("'self'", HASH)}}),
    ],
)
def test_a_policy_that_comes_later(
    use: Any, settings: Any, middleware: str, setting: str, value: Any
) -> None:
    setattr(settings, setting, value)
    assert links_of(HttpResponse(PAGE)) == "abc"
    settings.MIDDLEWARE = [middleware]
    assert links_of(HttpResponse(PAGE)) == "bc"


@pytest.mark.parametrize("name", ["_csp_config", "_csp_update", "_csp_replace"])
def test_a_policy_of_a_view_that_comes_later(use: Any, name: str) -> None:
    response = HttpResponse(PAGE)
    setattr(response, name, {"style-src": f"'self' {HASH}", "upgrade-insecure-requests": True})
    assert links_of(response) == "bc"


@pytest.mark.parametrize(
    ("policy", "name", "value", "expected"),
    [
        ({"style-src": None, "default-src": ["'self'", HASH]}, "", None, "bc"),
        ({"style-src": False, "default-src": ["'self'", HASH]}, "", None, "bc"),
        ({"style-src-attr": ["'unsafe-hashes'"]}, "_csp_update", {"style-src-attr": HASH}, "ac"),
        ({"style-src-attr": HASH}, "_csp_update", {"style-src-attr": ["'unsafe-hashes'"]}, "ac"),
    ],
)
def test_directives_that_are_left_out_or_joined(
    use: Any, settings: Any, policy: Any, name: str, value: Any, expected: str
) -> None:
    settings.CONTENT_SECURITY_POLICY = {"DIRECTIVES": policy}
    settings.MIDDLEWARE = [DJANGO_CSP]
    response = HttpResponse(PAGE)
    if name:
        setattr(response, name, value)
    assert links_of(response) == expected


def test_a_policy_within_a_stream(use: Any) -> None:
    meta = f'<meta http-equiv=Content-Security-Policy content="style-src {HASH}">'
    body = sent(StreamingHttpResponse([meta, PAGE])).getvalue().decode()  # type: ignore[attr-defined]
    assert f"{CDN}b" in body
    assert f"{CDN}a" not in body


def test_location(use: Any) -> None:
    assert sent(HttpResponseRedirect("/media/a.jpg"))["Location"] == "/media/a.jpg"
    use(CONTEXTS=["location"])
    assert sent(HttpResponseRedirect("/media/a.jpg"))["Location"] == f"{CDN}a.jpg"
    assert sent(HttpResponseRedirect("/media/no.jpg"))["Location"] == "/media/no.jpg"
    assert sent(HttpResponseRedirect("/x/"))["Location"] == "/x/"


def test_json_where_a_mount_asks_for_it(use: Any) -> None:
    data = {"photo": "/media/ü.jpg", "other": "/media/a.jpg"}
    assert b"cdn" not in sent(JsonResponse(data)).content
    use(CONTEXTS=["json"])
    assert sent(JsonResponse(data)).content.count(CDN.encode()) == 2
    use(CONTEXTS=["json[photo]"])
    assert sent(JsonResponse({"photo": "/media/a", "x": "/media/b"})).content == (
        b'{"photo": "' + CDN.encode() + b'a", "x": "/media/b"}'
    )


@pytest.mark.parametrize("asked", ["json", ["json"], ("json[photo]",)])
def test_json_where_a_view_asks_for_it(use: Any, asked: Any) -> None:
    response = JsonResponse({"photo": "/media/a.jpg"})
    response.s3rewrite = asked  # type: ignore[attr-defined]
    assert CDN.encode() in sent(response).content


def test_a_view_that_asks_for_what_is_no_context(use: Any, caplog: Any) -> None:
    response = HttpResponse("<img src=/media/a.jpg>")
    response.s3rewrite = ["jsn"]  # type: ignore[attr-defined]
    assert sent(response).content == b"<img src=/media/a.jpg>"
    assert "asks for 'jsn', which is no context" in caplog.text


@pytest.mark.parametrize("value", [True, (), []])
def test_a_view_that_asks_for_nothing(use: Any, value: Any) -> None:
    response = HttpResponse("<img src=/media/a><script src=/media/b></script>")
    response.s3rewrite = value  # type: ignore[attr-defined]
    assert sent(response).content == f"<img src={CDN}a><script src=/media/b></script>".encode()


@pytest.mark.parametrize("feed_type", [Rss201rev2Feed, Atom1Feed])
def test_a_feed(use: Any, feed_type: Any) -> None:
    feed = feed_type(title="x", link="/", description="x")
    feed.add_item(
        title="x",
        link="/media/a.html",
        description='<img src="/media/b.jpg" alt="&amp;">',
        enclosures=[Enclosure("/media/c.mp3", "1", "audio/mpeg")],
    )
    body = feed.writeString("utf-8")
    found = sent(HttpResponse(body, content_type=feed.content_type)).content.decode()
    expected = body.replace("/media/b", f"{CDN}b").replace("/media/c", f"{CDN}c")
    if feed_type is Atom1Feed:  # other hosts' absolute URLs are not this site's
        assert found.count(CDN) == expected.count(CDN)
    assert found == expected


@pytest.mark.parametrize(
    ("charset", "expected"),
    [("utf-8", True), ("latin-1", False), ("", False), ("utf-16", None), ("nonsense", None)],
)
def test_charsets(use: Any, charset: str, expected: bool | None) -> None:
    body = '<img src="/media/a.jpg"><img src="/media/ü.jpg">'.encode()
    response = HttpResponse(body, content_type=f"text/html; charset={charset}")
    assert sent(response).content.count(CDN.encode()) == {True: 2, False: 1, None: 0}[expected]


def test_a_header_that_is_not_ascii(use: Any) -> None:
    response = HttpResponse(headers={"Link": "</media/\xfc.jpg>; rel=icon"})
    assert sent(response)["Link"] == "</media/\xfc.jpg>; rel=icon"


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("make", [HttpResponse, lambda body: StreamingHttpResponse([body])])
def test_what_is_known_of_a_response_is_worked_out_once(
    use: Any, monkeypatch: pytest.MonkeyPatch, make: Any, method: str
) -> None:
    calls: list[str] = []

    def counted(name: str, function: Any) -> Any:
        def count(*args: Any) -> Any:
            calls.append(name)
            return function(*args)

        return count

    responses._inspection.cache_clear()
    names = ["_requested_contexts", "charset_of", "kind_of"]
    for name in names:
        monkeypatch.setattr(responses, name, counted(name, getattr(responses, name)))
    sent(make(b'<img src="/media/a.jpg">'), method)
    assert sorted(calls) == names


# Which responses are skipped


def test_a_page_may_be_changed() -> None:
    assert skip_reason(HttpResponse("<p>")) == ""
    assert skip_reason(StreamingHttpResponse(["<p>"])) == ""


@pytest.mark.parametrize(
    ("response", "word"),
    [
        (HttpResponse(status=206), "206"),
        (HttpResponse(headers={"Content-Encoding": "gzip"}), "Content-Encoding"),
        (HttpResponse(headers={"X-Sendfile": "/a"}), "X-Sendfile"),
        (HttpResponse(headers={"Content-Disposition": "ATTACHMENT; filename=a"}), "attachment"),
        (HttpResponse(headers={"Cache-Control": "public, No-Transform"}), "no-transform"),
    ],
)
def test_why_it_may_not(response: HttpResponseBase, word: str) -> None:
    assert word in skip_reason(response)
