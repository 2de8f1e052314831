"""What a browser makes of objects that are sent compressed, whatever it asked for."""

from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from playwright.sync_api import Browser, Page

from s3rewrite.core.mounts import Mount
from tests.browser.conftest import FLAGS
from tests.support.factories import use_mount, write

FILES = {
    "site.css": b"p { color: rgb(1, 2, 3) }\n" * 50,
    "icon.svg": b"<svg xmlns='http://www.w3.org/2000/svg' width='30' height='20'>"
    + b"<rect width='3' height='2'/>" * 50
    + b"</svg>",
    "run.js": b"window.ran = (window.ran || 0) + 1;\n" * 50,
}
PAGE = """<!DOCTYPE html><link rel="stylesheet" href="{0}site.css"><p>text</p>
<img src="{0}icon.svg"><script src="{0}run.js"></script>"""
SEEN = """
() => [getComputedStyle(document.querySelector("p")).color,
       document.querySelector("img").naturalWidth, window.ran || 0]
"""
RIGHT, NOTHING = ["rgb(1, 2, 3)", 30, 50], ["rgb(0, 0, 0)", 0, 0]
REFUSED = {"net::ERR_CONTENT_DECODING_FAILED"}
ELSEWHERE = "files.example.com"


@pytest.fixture
def mount(settings: Any, caches: None, bucket: str, client_options: Any, tmp_path: Path) -> Mount:
    for name, content in FILES.items():
        write(tmp_path / "media", name, content)
    return use_mount(settings, tmp_path / "media", BUCKET=bucket, CLIENT=client_options)


def sent(settings: Any, mount: Mount, coding: str) -> None:
    settings.S3REWRITE = {"media": settings.S3REWRITE["media"] | {"COMPRESS": coding}}
    call_command("s3rewrite_sync", stdout=StringIO())


def seen(page: Page, url: str) -> list[Any]:
    """What is shown; the encodings that were taken, and why others were not."""
    encodings: set[str] = set()
    failures: set[str | None] = set()
    page.on("response", lambda answer: encodings.add(answer.headers.get("content-encoding", "")))
    page.on("requestfailed", lambda request: failures.add(request.failure))
    page.set_content(PAGE.format(url), wait_until="load")
    return [*page.evaluate(SEEN), encodings, failures]


@pytest.mark.parametrize("coding", ["", "gzip", "br", "zstd"])
def test_each_coding_on_this_machine(
    settings: Any, mount: Mount, browser: Browser, coding: str
) -> None:
    sent(settings, mount, coding)
    page = browser.new_page()
    assert seen(page, mount.public_url) == [*RIGHT, {coding}, set()]
    page.close()


@pytest.mark.parametrize(
    ("coding", "expected"),
    [
        ("gzip", [*RIGHT, {"gzip"}, set()]),
        ("br", [*NOTHING, set(), REFUSED]),
        ("zstd", [*NOTHING, set(), REFUSED]),
    ],
)
def test_each_coding_over_plain_http(
    settings: Any, mount: Mount, browser: Browser, chromium: str, coding: str, expected: list[Any]
) -> None:
    """Which is why there is a check."""
    sent(settings, mount, coding)
    flags = [*FLAGS, f"--host-resolver-rules=MAP {ELSEWHERE} 127.0.0.1"]
    other = browser.browser_type.launch(executable_path=chromium, args=flags)
    found = seen(other.new_page(), mount.public_url.replace("127.0.0.1", ELSEWHERE))
    other.close()
    assert found == expected
