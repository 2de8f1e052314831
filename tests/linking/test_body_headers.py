"""Preconnect; the other headers are tested by responses: test_response, test_middleware."""

from pathlib import Path
from typing import Any

import pytest
from django.http import HttpResponse
from django.test import RequestFactory

from s3rewrite.linking.body_headers import add_preconnects
from s3rewrite.linking.resolver import get_resolver
from s3rewrite.rewriters.types import Link
from tests.support.factories import use_mount

CDN = b"https://cdn.example.com/media/"
REQUEST = RequestFactory().get("/", headers={"host": "example.com"})


def header(*texts: bytes, content_type: str = "text/html", link: str = "") -> str | None:
    response = HttpResponse(content_type=content_type, headers={"Link": link} if link else {})
    links = [Link(1, text) for text in texts]
    add_preconnects(response, [*links, None], get_resolver(REQUEST))
    return response.get("Link")


@pytest.fixture(autouse=True)
def mount(settings: Any, tmp_path: Path) -> None:
    use_mount(settings, tmp_path, PUBLIC_URL=CDN.decode())


def test_a_page_with_links() -> None:
    expected = "<https://cdn.example.com>; rel=preconnect"
    assert header(CDN + b"a.jpg", CDN + b"b.jpg") == expected
    assert header(CDN, b"http://s3:9000/b/x") == f"{expected}, <http://s3:9000>; rel=preconnect"
    assert header(CDN, link="</a.css>; rel=preload") == f"</a.css>; rel=preload, {expected}"


def test_a_page_without_links_to_another_host() -> None:
    assert header() is None
    assert header(b"/s3/media/a.jpg", b"https://example.com/s3/media/a.jpg") is None


def test_only_pages() -> None:
    assert header(CDN, content_type="application/json") is None
    assert header(CDN, content_type="text/css") is None


def test_who_does_not_want_it(settings: Any, tmp_path: Path) -> None:
    use_mount(settings, tmp_path, PUBLIC_URL=CDN.decode(), PRECONNECT=False)
    assert header(CDN + b"a.jpg") is None
