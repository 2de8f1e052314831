import json
import logging
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
from asgiref.sync import sync_to_async
from bs4 import BeautifulSoup
from django.core.exceptions import ImproperlyConfigured
from django.core.files.base import ContentFile, File
from django.core.files.storage import default_storage
from django.db import models
from django.db.models.fields.files import FieldFile
from django.test import RequestFactory
from django.utils.functional import SimpleLazyObject
from django.utils.safestring import mark_safe

import s3rewrite
from s3rewrite import conf
from s3rewrite.core.mounts import Mount
from s3rewrite.linking import fragments
from s3rewrite.linking import resolver as links
from s3rewrite.linking.fragments import fallback_script, rewrite_html, url_of
from s3rewrite.sync.scan import Findings, scan
from tests.support.factories import use_mount, write
from tests.support.publishing import closed_clients, counted_reads, publish

__all__ = ["closed_clients"]

CDN = "https://cdn.example.com/media/"
LOCAL = '<img src="/media/a.jpg" srcset="/media/b.jpg 2x"> <a href="/media/é\'s.jpg">é</a>'
REQUEST = RequestFactory().get("/page/", headers={"host": "example.com"})


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "media"


@pytest.fixture
def mount(settings: Any, caches: None, root: Path) -> Mount:
    """A mount in which a.jpg and é's.jpg are published."""
    mount = use_mount(settings, root, PUBLIC_URL=CDN, POLL_SECONDS=0)
    publish(mount, root, "a.jpg")
    publish(mount, root, "é's.jpg")
    return mount


def field_file(name: str | None) -> FieldFile:
    field = models.FileField()
    return FieldFile(None, field, name)  # type: ignore[arg-type]


class Thumbnail(File):
    """A file as packages for thumbnails make them."""

    url = "/media/a.jpg"

    def __init__(self, name: str | None) -> None:
        super().__init__(None, name)


# url_of


@pytest.mark.parametrize(
    "value",
    [
        "a.jpg",
        "/media/a.jpg",
        mark_safe("/media/a.jpg"),
        field_file("a.jpg"),
        Thumbnail("a.jpg"),
        Path("a.jpg"),
    ],
)
def test_whatever_means_a_published_file_is_linked(mount: Mount, value: Any) -> None:
    assert url_of(value) == f"{CDN}a.jpg"


@pytest.mark.parametrize("value", ["b.jpg", "/media/b.jpg", field_file("b.jpg")])
def test_whatever_means_another_file_is_local(mount: Mount, value: Any) -> None:
    assert url_of(value) == "/media/b.jpg"


@pytest.mark.parametrize("value", [None, "", field_file(None), field_file(""), Thumbnail(None)])
def test_no_file_has_no_url(mount: Mount, value: Any) -> None:
    assert url_of(value) == ""


@pytest.mark.parametrize("name", ["a.html", "a.XML", "a b.xhtml"])
def test_a_document_is_local(mount: Mount, root: Path, name: str) -> None:
    publish(mount, root, name)
    url = default_storage.url(name)
    assert url_of(field_file(name)) == url_of(url) == url


def test_a_file_that_has_no_url(mount: Mount) -> None:
    with pytest.raises(AttributeError):
        url_of(ContentFile(b"x", name="x.txt"))


@pytest.mark.parametrize(
    "url",
    [
        "/other/a.jpg",
        "//cdn.example.com/a.jpg",
        "https://example.org/media/a.jpg",
        "data:image/gif;base64,R0lGOD==",
    ],
)
def test_a_url_of_something_else_stays_as_it_is(mount: Mount, url: str) -> None:
    assert url_of(url) == url
    assert url_of(url, mount="media") == url


def test_a_url_with_the_host_of_the_request(mount: Mount) -> None:
    assert url_of("https://example.com/media/a.jpg", REQUEST) == f"{CDN}a.jpg"
    assert url_of("https://example.com/media/a.jpg") == "https://example.com/media/a.jpg"


def test_a_name_is_quoted_as_its_storage_does(mount: Mount) -> None:
    assert url_of("é's.jpg") == f"{CDN}%C3%A9's.jpg"
    assert url_of("a b?c.jpg") == "/media/a%20b%3Fc.jpg"
    assert url_of("note:1.jpg") == "/media/note%3A1.jpg"


def test_a_name_of_a_mount(mount: Mount, settings: Any, root: Path, tmp_path: Path) -> None:
    settings.STATIC_ROOT = tmp_path / "static"
    settings.STORAGES = {**settings.STORAGES}  # made anew
    static = {"BUCKET": "assets", "STORAGE": "staticfiles", "CHECK_LOCAL": False}
    settings.S3REWRITE = {**settings.S3REWRITE, "static": static}
    assert url_of("a.jpg", mount="static") == "/static/a.jpg"
    assert url_of("a.jpg", mount="media") == f"{CDN}a.jpg"
    assert url_of("a.jpg") == f"{CDN}a.jpg"
    assert url_of("/media/a.jpg", mount="static") == f"{CDN}a.jpg"


def test_an_unknown_mount_is_a_mistake_to_be_told(mount: Mount) -> None:
    with pytest.raises(ImproperlyConfigured, match="no mount 'other'"):
        url_of("a.jpg", mount="other")


def test_without_mounts_a_name_is_one_of_the_default_storage(settings: Any) -> None:
    settings.S3REWRITE = {}
    assert url_of("a.jpg") == default_storage.url("a.jpg") == "/media/a.jpg"
    assert url_of("/media/a.jpg") == "/media/a.jpg"


# rewritten


def test_a_piece_of_html(mount: Mount) -> None:
    expected = LOCAL.replace("/media/a", f"{CDN}a").replace("/media/é", f"{CDN}é")
    assert rewrite_html(LOCAL) == expected
    assert rewrite_html(LOCAL, REQUEST) == expected


def test_a_piece_is_one_batch(mount: Mount, monkeypatch: pytest.MonkeyPatch) -> None:
    with counted_reads(monkeypatch) as asked:
        rewrite_html(LOCAL)
    assert asked == [["a.jpg", "b.jpg", "é's.jpg"]]


@pytest.mark.parametrize("text", ["", "hello", "<img src='/x.jpg'>", "\ud800 é \0 <", "\r\n"])
def test_text_without_files_stays_as_it_is(mount: Mount, text: str) -> None:
    assert rewrite_html(text) == text


def test_text_that_is_not_unicode_keeps_what_is_around_a_link(mount: Mount) -> None:
    assert (
        rewrite_html('\ud800<img src="/media/a.jpg">\udfff')
        == f'\ud800<img src="{CDN}a.jpg">\udfff'
    )


# Redis away, and mistakes of ours


def test_without_redis_all_is_local(
    settings: Any, root: Path, caplog: pytest.LogCaptureFixture
) -> None:
    use_mount(settings, root, PUBLIC_URL=CDN)
    assert url_of("a.jpg") == "/media/a.jpg"
    assert rewrite_html(LOCAL) == LOCAL
    assert len(caplog.records) == 1


def explode(*args: Any, **options: Any) -> Any:
    raise RuntimeError("a mistake of ours")


@pytest.mark.parametrize(
    ("owner", "name"),
    [(links, "view_of"), (fragments, "get_resolver"), (fragments.rewriters, "rewrite")],
)
def test_a_mistake_of_ours_leaves_all_as_it_was(
    mount: Mount,
    owner: Any,
    name: str,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(owner, name, explode)
    assert rewrite_html(LOCAL, REQUEST) == LOCAL
    (record,) = caplog.records
    assert record.levelno == logging.ERROR
    assert "'/page/'" in record.getMessage()


def test_a_mistake_of_ours_leaves_a_url_as_it_was(
    mount: Mount, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(links, "view_of", explode)
    assert url_of("a.jpg") == "/media/a.jpg"
    (record,) = caplog.records
    assert "without a request" in record.getMessage()


# The script that heals pages


def script_of(request: Any = None) -> tuple[dict[str, str], list[list[Any]]]:
    """The attributes of its element, and the mounts in them."""
    soup = BeautifulSoup(fallback_script(request), "html.parser")
    attributes: Any = soup.script.attrs  # type: ignore[union-attr]
    return attributes, json.loads(unquote(attributes["data-mounts"]))


def test_the_script_knows_the_mounts(settings: Any, mount: Mount, root: Path) -> None:
    other = {"BUCKET": "b", "STORAGE": "other", "PUBLIC_URL": f"{CDN}deep/", "KEYS": "fingerprint"}
    storage = {"BACKEND": settings.STORAGES["default"]["BACKEND"], "OPTIONS": {"base_url": "/o/"}}
    settings.STORAGES = {**settings.STORAGES, "other": storage}
    settings.S3REWRITE = {**settings.S3REWRITE, "other": other}
    attributes, mounts = script_of()
    assert attributes["src"] == "/static/s3rewrite/fallback.js"
    # The longest first, as one may be the beginning of the other.
    assert mounts == [[f"{CDN}deep/", "/o/", True], [CDN, "/media/", False]]
    assert "nonce" not in attributes


def test_no_rewriter_takes_its_data_for_urls(mount: Mount) -> None:
    text = fallback_script()
    assert "/media/" not in text
    assert rewrite_html(text, REQUEST) == text


@pytest.mark.parametrize("attribute", ["csp_nonce", "_csp_nonce"])
def test_the_script_has_the_nonce_of_the_request(mount: Mount, attribute: str) -> None:
    request = RequestFactory().get("/")
    setattr(request, attribute, SimpleLazyObject(lambda: '"><b'))
    assert script_of(request)[0]["nonce"] == '"><b'


def test_it_comes_from_the_site_though_scripts_are_linked(
    settings: Any, caches: None, tmp_path: Path
) -> None:
    root = tmp_path / "static"
    storage = {"BACKEND": settings.STORAGES["default"]["BACKEND"]}
    options = {"OPTIONS": {"location": root, "base_url": "/static/"}}
    settings.STORAGES = {**settings.STORAGES, "staticfiles": {**storage, **options}}
    mount = use_mount(
        settings, root, STORAGE="staticfiles", CONTEXTS=["script"], EXCLUDE=["!/s3rewrite/*"]
    )
    for name in ("s3rewrite/fallback.js", "s3rewrite/fallback.55e7cbb9ba48.js", "s3rewrite/x.js"):
        write(root, name)
    directories = scan(conf.storage_of(mount), mount, Findings())
    assert [name for directory in directories for name in directory.files] == ["x.js"]


def test_a_page_comes_where_the_script_was_not_collected(
    mount: Mount, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(fragments, "static", explode)
    assert fallback_script(REQUEST) == ""
    assert len(caplog.records) == 1


# From Python: s3rewrite.url


@pytest.mark.parametrize(
    ("file", "expected"),
    [
        (field_file("a.jpg"), f"{CDN}a.jpg"),
        (field_file(None), ""),
        ("a.jpg", f"{CDN}a.jpg"),
        ("/media/a.jpg", f"{CDN}a.jpg"),
        ("/media/new.jpg", "https://www.example.com/media/new.jpg"),
        ("https://elsewhere.org/x.jpg", "https://elsewhere.org/x.jpg"),
        ("//elsewhere.org/x.jpg", "https://elsewhere.org/x.jpg"),
    ],
)
async def test_an_absolute_url(
    settings: Any, mount: Mount, root: Path, file: Any, expected: str
) -> None:
    use_mount(settings, root, PUBLIC_URL=CDN, SITE_URL="https://www.example.com", POLL_SECONDS=0)
    assert await sync_to_async(s3rewrite.url)(file, absolute=True) == expected
    assert await s3rewrite.aurl(file, absolute=True) == expected


def test_a_url_for_a_request(mount: Mount) -> None:
    assert s3rewrite.url("new.jpg") == "/media/new.jpg"
    url = s3rewrite.url("new.jpg", request=REQUEST, absolute=True)
    assert url == "http://example.com/media/new.jpg"
    assert s3rewrite.url("http://example.com/media/a.jpg", request=REQUEST) == f"{CDN}a.jpg"


def test_an_absolute_url_of_nobody_knows_which_host(mount: Mount) -> None:
    assert s3rewrite.url("a.jpg", absolute=True) == f"{CDN}a.jpg"
    with pytest.raises(ImproperlyConfigured, match="set SITE_URL, or give the request"):
        s3rewrite.url("new.jpg", absolute=True)


def test_a_piece_of_html_is_under_the_policy_of_the_settings(settings: Any, mount: Mount) -> None:
    style = "<style>a{b:url(/media/a.jpg)}</style>"
    assert CDN in rewrite_html(style)
    settings.CONTENT_SECURITY_POLICY = {"DIRECTIVES": {"style-src": ["'sha256-AAAA='"]}}
    settings.MIDDLEWARE = ["csp.middleware.CSPMiddleware"]
    assert rewrite_html(style) == style
    assert CDN in rewrite_html('<img src="/media/a.jpg">')
