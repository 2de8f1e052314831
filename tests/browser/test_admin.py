"""Django's admin, which nobody here wrote, with its static files on S3."""

from playwright.sync_api import expect

from demo.run import USER, Demo
from tests.browser.conftest import Visitor

ASSETS = """
() => [
  ...[...document.querySelectorAll("link[rel=stylesheet]")].map((link) => link.href),
  ...[...document.querySelectorAll("script[src]")].map((script) => script.src),
]
"""

PREVIEWS = """
() => [...document.querySelectorAll("#result_list td img, #result_list th img")].map(
  (img) => img.src)
"""


def test_the_admin_works_with_its_static_files_on_s3(visitor: Visitor, demo: Demo):
    visitor.wait_until_all_from(demo.seaweedfs.url)
    log_in(visitor)
    static_url = demo.seaweedfs.public_url("demo-static", "static/admin/")
    for path in ("admin/", "admin/gallery/picture/", "admin/gallery/picture/add/"):
        visitor.wait_for(lambda path=path: all_from(static_url, assets(visitor, path)))
        assert len(assets(visitor, path)) >= 4
    assert visitor.problems == []


def test_its_styles_and_scripts_are_at_work(visitor: Visitor, demo: Demo):
    log_in(visitor)
    header = visitor.page.locator("#header")
    expect(header).to_have_css("background-color", "rgb(65, 118, 144)")
    theme = visitor.page.locator("html")
    before = theme.get_attribute("data-theme")
    visitor.page.locator("#header .theme-toggle").click()
    expect(theme).not_to_have_attribute("data-theme", before or "")
    assert visitor.problems == []


def test_its_list_shows_the_pictures_from_s3(visitor: Visitor, demo: Demo):
    visitor.wait_until_all_from(demo.seaweedfs.url)
    log_in(visitor)
    visitor.wait_for(lambda: all_from(demo.seaweedfs.url, previews(visitor)))
    assert visitor.problems == []


def assets(visitor: Visitor, path: str) -> list[str]:
    """The URLs of a page's styles and scripts."""
    visitor.open(path)
    # The admin writes one script itself: the catalogue of translations.
    return [url for url in visitor.page.evaluate(ASSETS) if not url.endswith("/jsi18n/")]


def previews(visitor: Visitor) -> list[str]:
    """The URLs of the pictures in the admin's list."""
    visitor.open("admin/gallery/picture/")
    return list(visitor.page.evaluate(PREVIEWS))


def all_from(prefix: str, urls: list[str]) -> bool:
    return bool(urls) and all(url.startswith(prefix) for url in urls)


def log_in(visitor: Visitor) -> None:
    visitor.open("admin/")
    visitor.page.get_by_label("Username").fill(USER)
    visitor.page.get_by_label("Password").fill(visitor.demo.password)
    visitor.page.get_by_role("button", name="Log in").click()
    expect(visitor.page.get_by_role("heading", name="Site administration")).to_be_visible()
