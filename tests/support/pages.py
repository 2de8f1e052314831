"""Responses through the middleware, where every name is published, or none."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from django.http import HttpResponse
from django.test import RequestFactory

from s3rewrite.core.entries import Entry, Signature
from s3rewrite.linking import resolver as links
from s3rewrite.middleware import S3RewriteMiddleware
from tests.support.factories import use_mount

CDN = "https://cdn.example.com/m/"
ENTRY = Entry(Signature(1, 1), "f" * 24)


class Published:
    """A view in which every name is published, or none."""

    host = ""

    def __init__(self, entry: Entry | None) -> None:
        self.entry = entry

    def get_many(self, names: Sequence[str]) -> list[Entry | None]:
        return [self.entry] * len(names)

    get_cached = get_many

    def is_warm(self, names: Sequence[str]) -> bool:
        return True


@pytest.fixture
def all_published(settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A mount all of whose names are published. For modules that import it."""
    monkeypatch.setattr(links, "view_of", lambda mount: Published(ENTRY))
    use_mount(settings, tmp_path / "media", PUBLIC_URL=CDN, CHECK_LOCAL=False)


@pytest.fixture
def none_published(all_published: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """A mount none of whose names is published. For modules that import it."""
    monkeypatch.setattr(links, "view_of", lambda mount: Published(None))


def sent(body: bytes, content_type: str = "text/html; charset=utf-8") -> bytes:
    """What the middleware makes of a body."""
    response = HttpResponse(body, content_type=content_type)
    request = RequestFactory().get("/page/")
    assert S3RewriteMiddleware(lambda request: response)(request) is response
    return response.content
