"""What a visitor of the gallery sees while pictures come, change and go."""

from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from urllib.error import HTTPError

import pytest
from PIL import Image
from playwright.sync_api import expect

from demo.run import Demo
from tests.browser.conftest import PICTURES, Visitor, read

Draw = Callable[[str, str], Path]


def test_all_pictures_come_from_s3_with_the_bytes_of_the_disk(visitor: Visitor, demo: Demo):
    sources = visitor.wait_until_all_from(demo.seaweedfs.url)
    assert len(sources) >= PICTURES
    public_url = demo.seaweedfs.public_url("demo-media", "media/")
    for source in sources:
        name = source.removeprefix(public_url).split("?")[0]
        assert read(source) == (demo.directory / "media" / name).read_bytes()
    assert visitor.problems == []


def test_a_page_that_is_opened_then_is_linked_to_s3_by_the_server(visitor: Visitor, demo: Demo):
    count = len(visitor.wait_until_all_from(demo.seaweedfs.url))
    # One of the site's processes may hear of a change a second after the other.
    html = visitor.wait_for(lambda: without('<img src="/media/', visitor.open().text()))
    assert html.count(f'<img src="{demo.seaweedfs.url}/demo-media/media/') == count


def test_the_total_counts_the_badges(visitor: Visitor, demo: Demo):
    count = len(visitor.wait_until_all_from(demo.seaweedfs.url))
    expect(visitor.page.locator("[data-total]")).to_have_text(f"{count} of {count} from S3")


def test_uploaded_pictures_are_local_then_from_s3(visitor: Visitor, demo: Demo, draw: Draw):
    files = {"New one": draw("new-one.png", "gold"), "New two": draw("new-two.jpg", "teal")}
    demo.loop.pause()
    visitor.upload(*files.values())
    for title, path in files.items():
        expect(visitor.badge(title)).to_have_text("local")
        assert visitor.source(title).startswith(demo.site.url)
        assert read(visitor.source(title)) == path.read_bytes()
    demo.loop.resume()
    for title, path in files.items():
        expect(visitor.badge(title)).to_have_text("S3")
        assert visitor.source(title).startswith(demo.seaweedfs.url)
        assert read(visitor.source(title)) == path.read_bytes()
    assert visitor.problems == []


def test_an_overwritten_picture_is_local_then_from_s3_with_its_new_bytes(
    visitor: Visitor, demo: Demo, draw: Draw
):
    visitor.upload(draw("over.png", "crimson"))
    expect(visitor.badge("Over")).to_have_text("S3")
    old = visitor.source("Over")
    new = draw("new/over.png", "navy")
    demo.loop.pause()
    visitor.overwrite("Over", new)
    expect(visitor.badge("Over")).to_have_text("local")
    assert read(visitor.source("Over")) == new.read_bytes()
    demo.loop.resume()
    expect(visitor.badge("Over")).to_have_text("S3")
    assert visitor.source("Over").split("?")[0] == old.split("?")[0]
    assert read(visitor.source("Over")) == new.read_bytes()
    assert color_shown(visitor, "Over") == [0, 0, 128]
    assert visitor.problems == []


def test_a_page_never_links_the_old_bytes_after_an_overwrite(
    visitor: Visitor, demo: Demo, draw: Draw
):
    visitor.upload(draw("again.png", "#000000"))
    expect(visitor.badge("Again")).to_have_text("S3")
    for number in range(1, 9):
        new = draw(f"{number}/again.png", f"#0000{number:02x}")
        visitor.overwrite("Again", new)
        visitor.open()
        assert read(visitor.source("Again")) == new.read_bytes()


def test_a_picture_of_another_format_is_overwritten_in_its_own(visitor: Visitor, draw: Draw):
    visitor.upload(draw("format.png", "crimson"))
    expect(visitor.badge("Format")).to_have_text("S3")
    visitor.overwrite("Format", draw("format.jpg", "navy"))
    visitor.wait_for(lambda: color_shown(visitor, "Format")[2] > 100)
    assert read(visitor.source("Format")).startswith(b"\x89PNG")


def test_a_deleted_picture_is_gone(visitor: Visitor, demo: Demo, draw: Draw):
    visitor.upload(draw("short-lived.png", "gold"))
    expect(visitor.card("Short lived")).to_be_visible()
    url = visitor.card("Short lived").locator("img").get_attribute("data-local")
    visitor.card("Short lived").get_by_role("button", name="Delete").click()
    visitor.page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    expect(visitor.card("Short lived")).to_have_count(0)
    with pytest.raises(HTTPError) as missing:
        read(f"{demo.site.url}{url}")
    missing.value.close()
    assert missing.value.code == 404
    assert not list((demo.directory / "media").rglob("short-lived*"))
    assert visitor.problems == []


def test_a_file_that_is_no_picture_is_refused(visitor: Visitor, tmp_path: Path):
    path = tmp_path / "no-picture.png"
    path.write_text("words")
    visitor.upload(path)
    expect(visitor.page.get_by_role("status")).to_contain_text("no-picture.png: Upload a valid")
    expect(visitor.card("No picture")).to_have_count(0)


def test_a_picture_has_a_page_of_its_own(visitor: Visitor, demo: Demo, draw: Draw):
    visitor.upload(draw("own-page.png", "gold"))
    visitor.card("Own page").locator("a").click()
    expect(visitor.page.get_by_role("heading", name="Own page")).to_be_visible()
    visitor.wait_until_all_from(demo.seaweedfs.url)
    expect(visitor.page.locator(".badge")).to_have_text("S3")
    visitor.page.get_by_label("Overwrite it with").set_input_files(draw("b/own-page.png", "navy"))
    visitor.page.get_by_role("button", name="Overwrite", exact=True).click()
    visitor.wait_until_all_from(demo.seaweedfs.url)
    visitor.page.get_by_role("button", name="Delete").click()
    expect(visitor.page).to_have_url(demo.site.url)
    expect(visitor.card("Own page")).to_have_count(0)
    assert visitor.problems == []


def without(text: str, html: str) -> str:
    """The page, or "" where the text is in it."""
    return "" if text in html else html


def color_shown(visitor: Visitor, title: str) -> list[int]:
    """Red, green and blue in the middle of the picture, as they are on the screen."""
    # A canvas may not be read where it holds a picture of another origin; a screenshot may.
    shot = visitor.card(title).locator(".view").screenshot()
    with Image.open(BytesIO(shot)) as image:
        pixel = image.convert("RGB").getpixel((image.width // 2, image.height // 2))
    assert isinstance(pixel, tuple)
    return list(pixel)
