"""What one response may cost has a bound; above it the rest stays local, and explain says so."""

import tracemalloc
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import redis
from django.http import HttpResponse, StreamingHttpResponse
from django.test import RequestFactory

from s3rewrite.explain.explanation import explain_response
from s3rewrite.linking.fragments import rewrite_html
from s3rewrite.middleware import S3RewriteMiddleware
from s3rewrite.rewriters.search import MAX_BODY_BYTES, MAX_URLS
from tests.security.growth import whole
from tests.support.factories import use_mount
from tests.support.pages import CDN, all_published, sent
from tests.support.publishing import closed_clients, publish

__all__ = ["all_published", "closed_clients"]

LINK = CDN.encode()
IMAGE = b"<img src=/media/%06d>"
REQUEST = RequestFactory().get("/page/")
TOO_MANY = MAX_URLS + 2_000


def images(count: int) -> bytes:
    return b"".join(IMAGE % number for number in range(count))


@pytest.mark.parametrize(
    ("content_type", "before", "piece", "after"),
    [
        ("text/html", b"", b"<img src=/media/a>", b""),
        ("text/html", b"<img srcset='", b"/media/a 1x, ", b"'>"),
        ("text/html", b"<style>", b"a{b:url(/media/a)}", b"</style>"),
        ("text/html", b"<style>a{b:", b"url(/media/a),", b"x}</style>"),
        ("text/css", b"", b"a{b:url(/media/a)}", b""),
        ("application/json", b"[", b'"/media/a",', b"1]"),
        ("application/feed+json", b'{"content_html":"', b"<img src=/media/a>", b'"}'),
        ("text/xml", b"<rss>", b"<icon>/media/a</icon>", b""),
        ("text/xml", b"<rss><description>", b"&lt;img src=/media/a>", b"</description>"),
        ("audio/mpegurl", b"", b"/media/a\n", b""),
    ],
)
def test_so_many_urls_are_linked_and_no_more(
    settings: Any, all_published: None, content_type: str, before: bytes, piece: bytes,
    after: bytes,
) -> None:  # fmt: skip
    media = settings.S3REWRITE["media"]
    settings.S3REWRITE = {"media": {**media, "CORS": True, "CONTEXTS": ["css", "json", "playlist"]}}
    body = before + piece * TOO_MANY + after
    found = sent(body, content_type)
    assert found.count(LINK) == MAX_URLS
    assert found == body.replace(b"/media/", LINK, MAX_URLS)


def test_a_link_header(all_published: None) -> None:
    response = HttpResponse(headers={"Link": "</media/a>; rel=icon," * TOO_MANY})
    S3RewriteMiddleware(lambda request: response)(REQUEST)
    assert response["Link"].count(CDN) == MAX_URLS


def test_a_piece_of_a_template(all_published: None) -> None:
    assert rewrite_html(images(TOO_MANY).decode()).count(CDN) == MAX_URLS


def test_a_streaming_response(all_published: None) -> None:
    chunks = [images(26_000)] * 2
    response = StreamingHttpResponse(iter(chunks))
    S3RewriteMiddleware(lambda request: response)(REQUEST)
    body = b"".join(response)  # type: ignore[call-overload]
    assert body.count(LINK) == MAX_URLS
    assert body.replace(LINK, b"/media/") == b"".join(chunks)


def test_behind_so_many_bytes_nothing_is_linked(all_published: None) -> None:
    filler = b"<p>text</p>" * (MAX_BODY_BYTES // 11)
    body = b"<img src=/media/a>" + filler + b"<img src=/media/b>" * 2
    assert sent(body) == body.replace(b"/media/a", LINK + b"a")
    found = explain_response(REQUEST, HttpResponse(body))
    assert [one.verdict for one in found.outcomes] == ["S3", "left"]
    assert found.outcomes[1].reasons[0].code == "limit"


def test_explain_says_what_is_behind_the_bound(all_published: None) -> None:
    found = explain_response(REQUEST, HttpResponse(images(MAX_URLS + 1000)))
    assert len(found.linked) == MAX_URLS
    left = [one for one in found.outcomes if one.verdict == "left"]
    assert len(left) == 1000
    assert {one.reasons[0].code for one in left} == {"limit"}
    assert left[0].reasons[0].text.startswith(f"behind the first {MAX_URLS:,} URLs")


def test_redis_is_asked_for_a_bounded_number_of_names(
    settings: Any, tmp_path: Path, caches: None, redis_client: redis.Redis
) -> None:
    root = tmp_path / "media"
    mount = use_mount(settings, root, PUBLIC_URL=CDN)
    publish(mount, root, "000001")
    with redis_client.monitor() as monitor:
        body = images(TOO_MANY)
        found = sent(body)
        redis_client.ping()
        asked = [said["command"] for said in _until_ping(monitor)]
    names = [command.split()[2:] for command in asked if command.startswith("HMGET")]
    assert [len(one) for one in names] == [MAX_URLS]
    assert found == body.replace(b"/media/000001", LINK + b"000001")


def _until_ping(monitor: Any) -> Iterator[Any]:
    for said in monitor.listen():
        if said["command"] == "PING":
            return
        yield said


def test_the_names_of_visitors_are_not_remembered_at_any_length() -> None:
    """Those of elements, attributes and keys are; here 300 of 100 KB each would be."""
    read = {"html": whole("html"), "json feed": whole("json feed")}
    tracemalloc.start()
    try:
        for number in range(300):
            name = b"k%d" % number + b"k" * 100_000
            read["html"](b"<%b src=/media/a data-%b='/media/a'>" % (name, name))
            read["html"](b'<%b src="/media/a" data-%b="/media/a">' % (name, name))
            read["json feed"](b'{"%b":"/media/a"}' % name)
        kept, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert kept < 10_000_000
