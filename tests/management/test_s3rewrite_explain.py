import json
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from s3rewrite import conf
from s3rewrite.core.mounts import Mount
from s3rewrite.management.commands.s3rewrite_explain import LOCAL
from tests.management.site import BODY
from tests.support.factories import use_mount, write
from tests.support.publishing import closed_clients, publish

__all__ = ["closed_clients"]

CDN = "https://cdn.example.com/media/"


@pytest.fixture
def middleware(settings: Any) -> None:
    settings.MIDDLEWARE = [conf.MIDDLEWARE]


@pytest.fixture
def mount(settings: Any, caches: None, tmp_path: Path) -> Mount:
    settings.ALLOWED_HOSTS = ["*"]
    settings.ROOT_URLCONF = "tests.management.site"
    root = tmp_path / "media"
    mount = use_mount(settings, root, PUBLIC_URL=CDN, POLL_SECONDS=0)
    publish(mount, root, "a.jpg")
    write(root, "b.jpg")
    return mount


def explain(*args: str) -> tuple[str, int]:
    """What is printed, and the exit code."""
    out = StringIO()
    try:
        call_command("s3rewrite_explain", *args, stdout=out, no_color=True)
    except SystemExit as end:
        return out.getvalue(), int(str(end.code))
    return out.getvalue(), 0


def test_a_page_that_does_not_pass_the_middleware(mount: Mount, settings: Any) -> None:
    settings.MIDDLEWARE = []
    for path in ("/page/", "/stream/"):
        out, code = explain(path)
        assert out.splitlines()[1:] == [
            "line 1  local  /media/a.jpg  img[src]  (image)   "
            "the page does not pass S3RewriteMiddleware",
            "line 2  local  /media/b.jpg  img[src]  (image)   not uploaded yet",
            "line 2  left   /media/a.jpg  a[href]   (anchor)  "
            "`download` would be ignored at another origin",
            "Nothing is linked, as the page does not pass S3RewriteMiddleware: "
            "is it in MIDDLEWARE, and does none above it answer?",
            "0 of 2 linked, 1 left alone",
        ]
        assert code == LOCAL


def test_a_page_that_an_outer_middleware_answers(mount: Mount, settings: Any) -> None:
    settings.MIDDLEWARE = ["tests.management.site.AnsweringMiddleware", conf.MIDDLEWARE]
    out, code = explain("/linked/")
    assert "0 of 1 linked" in out
    assert "does not pass S3RewriteMiddleware" in out
    assert code == LOCAL


@pytest.mark.parametrize(
    "subject", [f"{CDN}a.jpg", f"{CDN}a.jpg?v=1", CDN.partition(":")[2] + "a.jpg"]
)
def test_a_url_that_was_copied_from_a_page(mount: Mount, settings: Any, subject: str) -> None:
    settings.ALLOWED_HOSTS = ["example.com"]
    out, code = explain(subject)
    assert out.splitlines()[1].split() == ["S3", "/media/a.jpg", f"{CDN}a.jpg"]
    assert code == 0
    out, code = explain(f"{CDN}b.jpg")
    assert out.splitlines()[1].split()[:2] == ["local", "/media/b.jpg"]
    assert "not uploaded yet" in out
    assert code == LOCAL


@pytest.mark.parametrize("path", ["/page/", "/stream/"])
def test_a_page(mount: Mount, middleware: None, path: str) -> None:
    out, code = explain(path)
    assert out.splitlines() == [
        f"{path} at localhost: 200, text/html; charset=utf-8",
        f"line 1  S3     /media/a.jpg  img[src]  (image)   {CDN}a.jpg",
        "line 2  local  /media/b.jpg  img[src]  (image)   not uploaded yet",
        "line 2  left   /media/a.jpg  a[href]   (anchor)  "
        "`download` would be ignored at another origin",
        "1 of 2 linked, 1 left alone",
    ]
    assert code == LOCAL


def test_a_page_where_all_is_linked(mount: Mount, middleware: None) -> None:
    out, code = explain("/linked/")
    assert out.endswith("1 of 1 linked\n")
    assert code == 0


def test_a_page_with_another_witness(mount: Mount, settings: Any) -> None:
    settings.MIDDLEWARE = ["tests.management.site.WitnessMiddleware", conf.MIDDLEWARE]
    assert explain("/linked/")[0].endswith("1 of 1 linked\n")


def test_the_host(mount: Mount, middleware: None, settings: Any) -> None:
    settings.ALLOWED_HOSTS = ["*", ".example.com", "www.example.org"]
    for args in (
        ["/host/"],
        ["/host/", "--host", "www.example.org"],
        ["http://a.example.com/host/"],
    ):
        assert "1 of 1 linked" in explain(*args)[0]
    assert explain("/host/")[0].startswith("/host/ at example.com")
    assert explain("http://a.example.com/host/")[0].startswith("/host/ at a.example.com")


def test_https(mount: Mount, settings: Any) -> None:
    settings.MIDDLEWARE = ["django.middleware.security.SecurityMiddleware"]
    settings.SECURE_SSL_REDIRECT = True
    assert "/linked/ at localhost: 200" in explain("/linked/")[0]


def test_a_redirect_is_named(mount: Mount) -> None:
    assert explain("/moved/")[0].startswith("/moved/ at localhost: 302")


def test_a_page_that_is_not_there(mount: Mount) -> None:
    with pytest.raises(CommandError, match=r"/none/ at localhost answers 404"):
        explain("/none/")


def test_a_page_that_fails(mount: Mount) -> None:
    with pytest.raises(CommandError, match=r"RuntimeError.*a mistake of the view"):
        explain("/broken/")


def test_a_page_that_asks_for_what_is_no_context(mount: Mount) -> None:
    with pytest.raises(CommandError, match="no such context"):
        explain("/no-context/")


def test_a_feed_that_streams(mount: Mount, middleware: None) -> None:
    out, code = explain("/feed/")
    assert "No URLs are looked for in application/rss+xml that streams." in out
    assert code == 0


def test_a_file_that_cannot_be_read(
    mount: Mount, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(path: Path) -> bytes:
        raise PermissionError(13, "Permission denied")

    page = write(tmp_path, "page.html", BODY.encode())
    monkeypatch.setattr(Path, "read_bytes", refuse)
    with pytest.raises(CommandError, match="cannot be read: Permission denied"):
        explain(str(page))


def test_a_storage_without_urls(mount: Mount, settings: Any) -> None:
    settings.STORAGES = {
        **settings.STORAGES,
        "default": {"BACKEND": "tests.management.site.StorageWithoutUrls"},
    }
    with pytest.raises(CommandError, match=r"a\.jpg has no URL"):
        explain("a.jpg")


def test_a_file(mount: Mount, tmp_path: Path) -> None:
    page = write(tmp_path, "page.html", BODY.encode())
    out, code = explain(str(page))
    assert out.startswith(f"{page}: text/html\nline 1  S3     /media/a.jpg")
    assert code == LOCAL


@pytest.mark.parametrize(
    ("name", "body", "place"),
    [
        ("a.css", "p{b:url(/media/a.jpg)}", "body[text/css] css[b]"),
        ("a.json", '{"a":"/media/a.jpg"}', "json[a]"),
        ("a.webmanifest", '{"icons":[{"src":"/media/a.jpg"}]}', "manifest[icons.src]"),
        ("a.rss", "<rss><guid>/media/a.jpg</guid></rss>", "feed/guid{}"),
        ("page", "<img src=/media/a.jpg>", "img[src]"),
    ],
)
def test_files_of_all_kinds(mount: Mount, tmp_path: Path, name: str, body: str, place: str) -> None:
    out, _ = explain(str(write(tmp_path, name, body.encode())))
    assert place in out


def test_a_file_of_another_kind(mount: Mount, tmp_path: Path) -> None:
    out, code = explain(str(write(tmp_path, "a.png", b"/media/a.jpg")))
    assert "No URLs are looked for in image/png" in out
    assert code == 0


@pytest.mark.parametrize("subject", ["/media/a.jpg", "a.jpg", "http://localhost/media/a.jpg"])
def test_a_file_of_a_mount(mount: Mount, subject: str) -> None:
    out, code = explain(subject)
    assert f"{CDN}a.jpg" in out
    assert code == 0


@pytest.mark.parametrize(
    ("subject", "words"), [("b.jpg", "not uploaded yet"), ("/media/c.jpg", "no such file")]
)
def test_a_file_of_a_mount_that_is_local(mount: Mount, subject: str, words: str) -> None:
    out, code = explain(subject)
    assert words in out
    assert code == LOCAL


def test_a_name_that_no_mount_can_have(mount: Mount) -> None:
    out, code = explain("../settings.py")
    assert "0 of 1 linked" in out
    assert code == LOCAL


def test_json(mount: Mount, middleware: None) -> None:
    out, code = explain("/page/", "--json")
    found = json.loads(out)
    assert found["subject"].startswith("/page/")
    assert [one["link"] for one in found["outcomes"]] == [f"{CDN}a.jpg", "", ""]
    assert found["outcomes"][1]["reasons"][0]["code"] == "unpublished"
    assert code == LOCAL


def test_settings_that_cannot_be_read(settings: Any) -> None:
    settings.S3REWRITE = {"media": {}}
    with pytest.raises(CommandError, match=r"manage\.py check"):
        explain("a.jpg")


def test_without_mounts(settings: Any) -> None:
    out, code = explain("a.jpg")
    assert "0 of 0 linked" in out
    assert code == 0


def test_names_that_no_file_can_have(mount: Mount) -> None:
    for name in ("a\udcff.jpg", "a\0b", "../x.jpg", "x" * 2000):
        try:
            assert explain(name)[1] == 3
        except CommandError as error:
            assert "has no URL" in str(error)  # noqa: PT017


@pytest.mark.parametrize("subject", ["a.jpg", f"{CDN}a.jpg"])
def test_a_storage_that_links_its_urls(
    mount: Mount, middleware: None, settings: Any, subject: str
) -> None:
    backend = "s3rewrite.storage.S3RewriteStorage"
    location = settings.MEDIA_ROOT
    options = {"link_urls": True, "location": location, "base_url": "/media/"}
    settings.STORAGES = settings.STORAGES | {"default": {"BACKEND": backend, "OPTIONS": options}}
    assert f"{CDN}a.jpg" in explain(subject)[0]
