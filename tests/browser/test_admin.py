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


def test_the_admin_works_with_its_static_files_on_s3(visitor: Visitor, demo: Demo):
    visitor.wait_until_all_from(demo.seaweedfs.url)
    log_in(visitor)
    for path in ("admin/", "admin/gallery/picture/", "admin/gallery/picture/add/"):
        visitor.open(path)
        assets = visitor.page.evaluate(ASSETS)
        static_url = demo.seaweedfs.public_url("demo-static", "static/admin/")
        # The admin writes one script itself: the catalogue of translations.
        assets = [url for url in assets if not url.endswith("/jsi18n/")]
        assert len(assets) >= 4
        assert [url for url in assets if not url.startswith(static_url)] == []
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
    visitor.open("admin/gallery/picture/")
    previews = visitor.page.locator("#result_list td img, #result_list th img")
    expect(previews).not_to_have_count(0)
    sources = previews.evaluate_all("images => images.map((img) => img.src)")
    assert [url for url in sources if not url.startswith(demo.seaweedfs.url)] == []
    assert visitor.problems == []


def log_in(visitor: Visitor) -> None:
    visitor.open("admin/")
    visitor.page.get_by_label("Username").fill(USER)
    visitor.page.get_by_label("Password").fill(visitor.demo.password)
    visitor.page.get_by_role("button", name="Log in").click()
    expect(visitor.page.get_by_role("heading", name="Site administration")).to_be_visible()
