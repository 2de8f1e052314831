"""The panel in the real django-debug-toolbar."""

import re
from collections.abc import Iterator
from html import unescape
from typing import Any

import pytest
from django.test import AsyncClient, Client

from s3rewrite import conf, panels
from tests.support.pages import CDN, all_published

__all__ = ["all_published"]

TOOLBAR = "debug_toolbar.middleware.DebugToolbarMiddleware"
PANEL = "s3rewrite.panels.S3RewritePanel"


@pytest.fixture
def site(settings: Any, all_published: None) -> Iterator[Any]:
    settings.ROOT_URLCONF = "tests.support.toolbar_site"
    settings.ALLOWED_HOSTS = ["*"]
    settings.INSTALLED_APPS = [*settings.INSTALLED_APPS, "debug_toolbar"]
    settings.MIDDLEWARE = [TOOLBAR, conf.MIDDLEWARE]
    settings.DEBUG = True
    settings.INTERNAL_IPS = ["127.0.0.1"]
    settings.DEBUG_TOOLBAR_PANELS = [PANEL]
    settings.DEBUG_TOOLBAR_CONFIG = {"RENDER_PANELS": True, "IS_RUNNING_TESTS": False}
    from debug_toolbar.toolbar import DebugToolbar  # once the app is installed

    DebugToolbar._panel_classes = None
    yield settings
    DebugToolbar._panel_classes = None


def shown(response: Any) -> str:
    """What the toolbar shows, without markup."""
    text = response.content.decode()
    panel = text[text.index('id="S3RewritePanel"') :]
    return unescape(re.sub(r"<[^>]*>|\s+", " ", panel))


def test_a_table_of_the_urls(site: Any) -> None:
    text = shown(Client().get("/page/"))
    words = " ".join(text.split())
    assert "1 of 2 linked, 1 left alone" in words
    assert f"line 1 S3 /media/a.jpg img[src] image {CDN}a.jpg" in words
    assert re.search(r"line 2 local /media/%2f\S+ img\[src\] image browser, site and S3", words)
    assert "line 2 left /media/b p[title]" in words
    assert '"p[title]" in CONTEXTS adds it' in words


def test_the_page_is_linked_and_the_side_bar_says_so(site: Any) -> None:
    text = Client().get("/page/").content.decode()
    assert text.startswith(f"<body><img src={CDN}a.jpg>")
    assert "<small>1 of 2 linked, 1 left alone</small>" in " ".join(text.split())


def test_what_a_page_holds_is_escaped(site: Any) -> None:
    text = Client().get("/page/").content.decode()
    assert text.count("<script>alert") == 1  # the page's own
    (url,) = re.findall(r"<code>(/media/%2f.*?)</code>", text)
    assert unescape(url) == "/media/%2f<script>alert(1)</script>"
    assert "<script" not in url


async def test_in_an_async_site(site: Any) -> None:
    response = await AsyncClient().get("/async/")
    assert "1 of 2 linked, 1 left alone" in shown(response)


def test_the_toolbars_own_header_has_the_metric(site: Any) -> None:
    value = Client().get("/page/")["Server-Timing"]
    assert re.fullmatch(r'S3RewritePanel_s3rewrite;dur=[\d.e-]+;desc="1 of 2 linked"', value)


def test_without_the_middleware(site: Any) -> None:
    site.MIDDLEWARE = [TOOLBAR]
    assert "S3RewriteMiddleware did not see this response" in shown(Client().get("/page/"))


def test_a_response_that_streams(site: Any) -> None:
    response = Client().get("/stream/")
    assert CDN.encode() in response.getvalue()
    (panel,) = _stored()
    assert "streams" in panel["notice"]


def test_an_error_does_not_reach_the_page(
    site: Any, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def explode(*args: Any) -> None:
        raise RuntimeError("a mistake of ours")

    monkeypatch.setattr(panels, "explain_response", explode)
    response = Client().get("/page/")
    assert f"<img src={CDN}a.jpg>" in response.content.decode()
    assert "could not be explained" in shown(response)
    assert [record.name for record in caplog.records] == ["s3rewrite"]


def _stored() -> list[Any]:
    from debug_toolbar.store import get_store

    store = get_store()
    return [store.panel(request_id, "S3RewritePanel") for request_id in store.request_ids()][-1:]
