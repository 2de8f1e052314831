"""The admin's page about files on S3, live in a browser."""

from pathlib import Path

from playwright.sync_api import expect

from demo.run import Demo
from tests.browser.conftest import Visitor
from tests.browser.test_admin import log_in

PAGE = "admin/s3rewrite/mountstatus/"
COLOR = "() => getComputedStyle(document.querySelector('.s3rewrite-mount')).color"


def test_figures_are_live(visitor: Visitor, demo: Demo, draw, tmp_path: Path):
    visitor.wait_until_all_from(demo.seaweedfs.url)
    log_in(visitor)
    visitor.open(PAGE)
    media = visitor.page.locator(".s3rewrite-mount", has_text="media").first
    expect(media.locator(".s3rewrite-level")).to_have_text("OK")
    before = media.locator("dd").first.inner_text()
    other = visitor.page.context.new_page()
    other.goto(demo.site.url)
    other.set_input_files("#id_images", [draw("Live.png", "teal")])
    expect(media.locator("dd").first).not_to_have_text(before)
    other.close()
    assert media.locator("svg rect").count() >= 1
    assert visitor.problems == []


def test_a_file_is_found_and_looked_at(visitor: Visitor, demo: Demo):
    url = visitor.wait_until_all_from(demo.seaweedfs.url)[0]
    unversioned = url.partition("?")[0]
    log_in(visitor)
    visitor.open(PAGE)
    visitor.page.get_by_label("Where is this file").fill("no-such-file.png")
    visitor.page.get_by_role("button", name="Find").click()
    expect(visitor.page.locator(".s3rewrite-found")).to_contain_text("there is no such file")
    visitor.page.get_by_label("Where is this file").fill(url)
    visitor.page.get_by_role("button", name="Find").click()
    link = visitor.page.locator(".s3rewrite-found a").first
    expect(link).to_have_attribute("href", unversioned)
    visitor.page.get_by_role("button", name="Sync now").first.click()
    expect(visitor.page.locator(".messagelist")).to_contain_text("was asked to look now")
    assert visitor.problems == []


def test_in_the_dark(visitor: Visitor, tmp_path: Path):
    log_in(visitor)
    visitor.page.emulate_media(color_scheme="light")
    visitor.open(PAGE)
    light = visitor.page.evaluate(COLOR)
    visitor.page.emulate_media(color_scheme="dark")
    assert visitor.page.evaluate(COLOR) != light
    assert visitor.problems == []
