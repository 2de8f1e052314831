"""Private mounts whose names are all published, without an S3; for modules that import it."""

from collections.abc import Callable, Sequence
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from django.http import HttpRequest, HttpResponse
from django.test import RequestFactory

from s3rewrite import conf
from s3rewrite.core.mounts import Mount
from s3rewrite.linking import resolver as links
from s3rewrite.linking import visits
from s3rewrite.middleware import S3RewriteMiddleware
from s3rewrite.signing.windows import now
from tests.support.pages import ENTRY, Published

PUBLIC = "https://papers.example.com/p/"
CLIENT = {"aws_access_key_id": "id", "aws_secret_access_key": "very-secret"}
NOW = 1_800_000_100.0


class Clock:
    """What `now` says; a test sets it."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    found = Clock()
    for module in ("signing.windows", "linking.access", "linking.freshness", "linking.visits"):
        monkeypatch.setattr(f"s3rewrite.{module}.now", found)
    assert now is not found
    return found


@pytest.fixture
def private(
    settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, clock: Clock
) -> Callable[..., Mount]:
    """Makes the mount "media" a private one with these options."""
    monkeypatch.setattr(links, "view_of", lambda mount: Published(ENTRY))
    visits._current.set(None)
    root = tmp_path / "media"
    root.mkdir()
    settings.MEDIA_ROOT, settings.MEDIA_URL = root, "/media/"

    def use(**options: Any) -> Mount:
        mount = {"BUCKET": "papers", "PUBLIC_URL": PUBLIC, "CHECK_LOCAL": False, "CLIENT": CLIENT}
        settings.S3REWRITE = {"media": {**mount, "ACCESS": "private", **options}}
        return conf.mount("media")

    return use


def through(
    view: Callable[[HttpRequest], HttpResponse], request: HttpRequest | None = None
) -> HttpResponse:
    """The response of a view behind the middleware."""
    middleware: Any = S3RewriteMiddleware(view)  # type: ignore[arg-type]
    response: HttpResponse = middleware(request or RequestFactory().get("/"))
    return response


def page(
    body: str = '<img src="/media/a.jpg">', *, marked: bool = True, **headers: str
) -> Callable[[HttpRequest], HttpResponse]:
    """A view of that body, for one person or for all."""

    def view(request: HttpRequest) -> HttpResponse:
        response = HttpResponse(
            body, headers={name.replace("_", "-"): v for name, v in headers.items()}
        )
        if marked:
            response.s3rewrite_private = True  # type: ignore[attr-defined]
        return response

    return view


def signed_names(response: HttpResponse) -> list[str]:
    """The names whose links in a body have a signature, in order."""
    text = unescape(response.content.decode())
    parts = text.split(PUBLIC)[1:]
    return [part.partition("?X-Amz-")[0] for part in parts if "?X-Amz-" in part.split('"')[0]]


Rule = Callable[[HttpRequest, Sequence[str]], Any]
