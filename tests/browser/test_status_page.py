"""The admin's page about files on S3, as people get it: strict policies, phones, the dark, axe."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from playwright.sync_api import Browser, Page, Route

from s3rewrite.core.mounts import Mount
from s3rewrite.sync.reporting.journal import journal_of, record_report
from s3rewrite.sync.reporting.report import Report, Result
from tests.browser.site import Visit
from tests.support.factories import use_mount
from tests.support.publishing import closed_clients, publish

__all__ = ["closed_clients"]

AXE = Path(os.environ.get("AXE", Path(sys.prefix) / "axe/package/axe.min.js"))
PAGE = "/admin/s3rewrite/mountstatus/"
POLICY = "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; "
POLICY += "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
WIDE, PHONE = {"width": 1300, "height": 900}, {"width": 360, "height": 740}

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(scope="module", autouse=True)
def allowed() -> Iterator[None]:
    """The ORM in a thread in which Playwright has an event loop."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "1")
        yield


@pytest.fixture
def mount(settings: Any, caches: None, tmp_path: Path) -> Mount:
    """A mount of which the page has something to show, wherever it can show something."""
    root = tmp_path / "media"
    found = use_mount(settings, root, PUBLIC_URL="https://cdn.test/m/")
    for number in range(3):
        publish(found, root, f"photos/2026/{'a-rather-long-name-of-a-photo-' * 3}{number}.jpg")
    journal_of(found).record_heartbeat(60.0)
    for seconds, uploaded in ((2.0, 40), (9.0, 312)):
        report = Report("media", seconds=seconds)
        report.add(Result.UPLOADED, uploaded)
        record_report(found, "loop", report)
    report = Report("media", skipped={"a.css": "refers to /x"}, exposed={"b.txt": "still on S3"})
    for number in range(2):
        report.fail(f"photos/failed {number}.jpg", "AccessDenied: no right to write to the bucket")
    record_report(found, "loop", report)
    return found


@pytest.fixture
def visit(mount: Mount, live_server: Any, browser: Browser) -> Iterator[Visit]:
    """A visit of somebody who may do everything; every page has a strict policy."""
    client = Client()
    client.force_login(User.objects.create_superuser("boss"))
    context = browser.new_context(viewport=WIDE, base_url=live_server.url)  # type: ignore[arg-type]
    cookie = client.cookies["sessionid"].value
    context.add_cookies([{"name": "sessionid", "value": cookie, "url": live_server.url}])
    context.route(f"{live_server.url}/admin/**", with_policy)
    yield Visit(context.new_page())
    context.close()


def with_policy(route: Route) -> None:
    response = route.fetch()
    headers = {**response.headers, "content-security-policy": POLICY}
    route.fulfill(response=response, headers=headers)


def faults(page: Page) -> list[str]:
    """What axe finds in our part of the page, with the elements: the rest is Django's."""
    page.evaluate(AXE.read_text())
    found = page.evaluate("axe.run('#content')")["violations"]
    return [f"{fault['id']}: {node['html']}" for fault in found for node in fault["nodes"]]


def test_it_is_whole_under_a_strict_policy(visit: Visit) -> None:
    visit.open(PAGE)
    visit.tab.wait_for_load_state("networkidle")
    segments = visit.tab.locator(".s3rewrite-bar rect")
    widths = [segments.nth(i).bounding_box()["width"] for i in range(segments.count())]  # type: ignore[index]
    assert len(widths) == 4
    assert min(widths) > 10
    bars = visit.tab.locator(".s3rewrite-chart rect")
    assert bars.count() == 6
    heights = [bars.nth(i).bounding_box()["height"] for i in range(3)]  # type: ignore[index]
    assert heights[1] == max(heights) > 50
    with visit.tab.expect_response(f"**{PAGE}mounts/"):  # it renews itself
        pass
    assert visit.problems == []


@pytest.mark.parametrize("viewport", [WIDE, PHONE], ids=["wide", "phone"])
def test_nothing_is_wider_than_the_window(visit: Visit, viewport: Any) -> None:
    visit.tab.set_viewport_size(viewport)
    for query in ("", "?q=photo"):
        visit.open(PAGE + query)
        visit.tab.wait_for_load_state("networkidle")
        wide = "[...document.querySelectorAll('.s3rewrite *')].filter((element) =>"
        wide += " element.getBoundingClientRect().right > innerWidth + 1).map((e) => e.outerHTML)"
        assert visit.tab.evaluate(wide) == []


@pytest.mark.parametrize(
    ("language", "scheme", "viewport"),
    [("en", "light", WIDE), ("en", "dark", PHONE), ("de", "dark", WIDE), ("de", "light", PHONE)],
)
def test_axe_finds_no_fault(
    visit: Visit, settings: Any, scheme: Any, viewport: Any, language: str
) -> None:
    if not AXE.exists():
        pytest.skip("make axe downloads axe-core")
    settings.LANGUAGE_CODE = language
    visit.tab.set_viewport_size(viewport)
    visit.tab.emulate_media(color_scheme=scheme)
    visit.open(f"{PAGE}?q=photo")
    visit.tab.wait_for_load_state("networkidle")
    if folder := os.environ.get("SCREENSHOTS"):
        name = f"admin-{language}-{scheme}-{viewport['width']}.png"
        visit.tab.screenshot(path=f"{folder}/{name}", full_page=True)
    assert faults(visit.tab) == []


def test_axe_finds_no_fault_in_the_question(visit: Visit) -> None:
    if not AXE.exists():
        pytest.skip("make axe downloads axe-core")
    visit.open(f"{PAGE}?q=photos/failed 0.jpg")
    visit.tab.get_by_role("button", name="Take down").first.click()
    visit.tab.wait_for_load_state("networkidle")
    assert "cannot be undone" in visit.tab.locator("#content").inner_text()
    assert faults(visit.tab) == []
