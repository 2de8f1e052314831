import json
from pathlib import Path
from typing import Any

import pytest
from django.http import HttpResponse
from django.test import RequestFactory

from s3rewrite.core.mounts import Mount
from s3rewrite.explain.explanation import Explanation, UrlOutcome, explain_response, explain_urls
from s3rewrite.middleware import S3RewriteMiddleware
from tests.support.factories import use_mount, write
from tests.support.publishing import closed_clients, publish

__all__ = ["closed_clients"]

CDN = "https://cdn.example.com/media/"
REQUEST = RequestFactory().get("/page/", headers={"host": "example.com"})
PAGE = """<p>see /media/x
<img src="/media/a.jpg">
<img src="https://example.com/media/a.jpg?x=1"><img src=/media/b.jpg>

<a href="/media/c.pdf" download>"""


@pytest.fixture
def mount(settings: Any, caches: None, tmp_path: Path) -> Mount:
    root = tmp_path / "media"
    mount = use_mount(settings, root, PUBLIC_URL=CDN, POLL_SECONDS=0)
    publish(mount, root, "a.jpg")
    write(root, "b.jpg")
    return mount


def said(explanation: Explanation) -> list[tuple[int, str, str, str]]:
    return [
        (one.line, one.verdict, one.url, " ".join(reason.code for reason in one.reasons))
        for one in explanation.outcomes
    ]


def test_a_page(mount: Mount) -> None:
    found = explain_response(REQUEST, HttpResponse(PAGE))
    assert said(found) == [
        (1, "left", "/media/x", "text"),
        (2, "S3", "/media/a.jpg", ""),
        (3, "S3", "https://example.com/media/a.jpg?x=1", ""),
        (3, "local", "/media/b.jpg", "unpublished"),
        (5, "left", "/media/c.pdf", "download"),
    ]
    assert [one.link for one in found.linked] == [f"{CDN}a.jpg", f"{CDN}a.jpg?x=1"]
    assert found.summary() == "2 of 3 linked, 2 left alone"
    assert found.notice == ""


def test_it_agrees_with_the_middleware(mount: Mount) -> None:
    response = HttpResponse(PAGE)
    S3RewriteMiddleware(lambda request: response)(REQUEST)
    body = PAGE
    for one in explain_response(REQUEST, HttpResponse(PAGE)).linked:
        body = body.replace(f'"{one.url}"', f'"{one.link}"')
    assert response.content.decode() == body


def test_headers_come_first(mount: Mount) -> None:
    response = HttpResponse("<img src=/media/a.jpg>", headers={"Link": "</media/a.jpg>; rel=icon"})
    found = explain_response(REQUEST, response).outcomes
    assert [(one.header, one.verdict) for one in found] == [("Link", "S3"), ("", "S3")]


@pytest.mark.parametrize(
    ("headers", "words"),
    [
        ({"Content-Encoding": "gzip"}, "Content-Encoding"),
        ({"Content-Type": "image/png"}, "image/png"),
        ({"Content-Type": "text/html; charset=utf-16"}, "charset"),
        ({"Cache-Control": "no-transform"}, "no-transform"),
        ({"Content-Disposition": "attachment"}, "attachment"),
    ],
)
def test_a_body_that_is_not_looked_at(mount: Mount, headers: dict[str, str], words: str) -> None:
    found = explain_response(REQUEST, HttpResponse(PAGE, headers=headers))
    assert not found.outcomes
    assert words in found.notice


def test_what_a_view_asks_for(mount: Mount) -> None:
    response = HttpResponse('{"a": "/media/a.jpg"}', content_type="application/json")
    (before,) = explain_response(REQUEST, response).outcomes
    response.s3rewrite = ["json"]  # type: ignore[attr-defined]
    (after,) = explain_response(REQUEST, response).outcomes
    assert [reason.text for reason in before.reasons] == ['needs "json" in CONTEXTS']
    assert after.verdict == "S3"
    response.s3rewrite = False  # type: ignore[attr-defined]
    assert "s3rewrite is False" in explain_response(REQUEST, response).notice


def test_a_stream_of_what_is_read_whole_only(mount: Mount) -> None:
    feed = "<rss><enclosure url='/media/a.jpg'/></rss>"
    response = HttpResponse(feed, content_type="application/rss+xml")
    assert len(explain_response(REQUEST, response).linked) == 1
    found = explain_response(REQUEST, response, streams=True)
    assert (found.outcomes, "that streams" in found.notice) == ([], True)
    assert len(explain_response(REQUEST, HttpResponse(PAGE), streams=True).linked) == 2


def test_what_is_linked_already(mount: Mount) -> None:
    found = explain_response(REQUEST, HttpResponse(f"<img src={CDN}a.jpg>"))
    assert said(found) == [(1, "left", f"{CDN}a.jpg", "already")]


def test_urls_by_themselves(mount: Mount) -> None:
    found = explain_urls(REQUEST, ["/media/a.jpg", "/media/%2f", "/media/a.html"])
    assert said(found) == [
        (0, "S3", "/media/a.jpg", ""),
        (0, "local", "/media/%2f", "ambiguous"),
        (0, "left", "/media/a.html", "document"),
    ]


def test_it_can_be_written_as_json(mount: Mount) -> None:
    found = explain_response(REQUEST, HttpResponse(PAGE))
    (first, *_) = json.loads(json.dumps(found.as_dict()))["outcomes"]
    assert set(first) == {*UrlOutcome._fields, "verdict"}
    assert first["reasons"] == [{"code": "text", "text": "in text that people read"}]


def test_bytes_that_are_no_text(mount: Mount) -> None:
    found = explain_response(REQUEST, HttpResponse(b"<img src='/media/\xff'>"))
    assert said(found) == [(1, "local", "/media/\ufffd", "ambiguous")]
