"""The real demo, with fewer pictures, and a Chromium that visits it.

Playwright keeps an event loop in the main thread for as long as it runs, which asynchronous tests
and Django's database would stumble over: it lives for one module, and none of that is here.
"""

import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import pytest
from PIL import Image
from playwright.sync_api import Browser, Locator, Page, Request, Response, expect, sync_playwright

from demo.run import Demo

NAMES = ("chromium", "chromium-browser", "google-chrome")
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
PICTURES = 6
TIMEOUT = 60_000  # milliseconds: a pass, the end of an outage, and a slow machine

# Looked at ten times a second, for as long as a page is open. A picture that failed may be seen so
# once, before the page's own fallback has heard of it; not twice.
WATCH_FOR_BROKEN_PICTURES = """
window.broken = [];
let before = [];
setInterval(() => {
  const now = [...document.images].filter((img) => img.complete && img.naturalWidth === 0);
  window.broken.push(...now.filter((img) => before.includes(img)).map((img) => img.src));
  before = now;
}, 100);
"""

SOURCES = """
() => [...document.querySelectorAll(".card:not(.leaving) img")].map(
  (img) => img.complete && img.naturalWidth > 0 ? img.currentSrc : "")
"""


class Visitor:
    """A person at a browser, and what went wrong on the pages that they opened."""

    def __init__(self, page: Page, demo: Demo) -> None:
        self.page = page
        self.demo = demo
        self.problems: list[str] = []
        page.on("console", lambda message: self._note(message.type == "error", message.text))
        page.on("pageerror", lambda error: self._note(True, str(error)))
        page.on("requestfailed", self._note_failure)
        page.on("response", self._note_response)

    def open(self, path: str = "") -> Response:
        response = self.page.goto(self.demo.site.url + path)
        assert response is not None
        return response

    def card(self, title: str) -> Locator:
        heading = self.page.get_by_role("heading", name=title, exact=True)
        return self.page.locator(".card", has=heading)

    def source(self, title: str) -> str:
        """The URL of the picture that the card shows."""
        return str(self.card(title).locator("img").evaluate("img => img.currentSrc"))

    def sources(self) -> list[str]:
        """The URLs of all pictures; "" for each that is not there (yet)."""
        return list(self.page.evaluate(SOURCES))

    def wait_until_all_from(self, origin: str) -> list[str]:
        """The URLs of all pictures, when each of them is loaded from that origin."""

        def all_there() -> list[str]:
            sources = self.sources()
            return sources if all(url.startswith(origin) for url in sources) else []

        return self.wait_for(all_there)

    def wait_for(self, condition: Callable[[], Any]) -> Any:
        """The first truthy answer; reports the last one otherwise."""
        deadline = time.monotonic() + TIMEOUT / 1000
        while not (answer := condition()):
            assert time.monotonic() < deadline, f"{condition.__name__}: {self.sources()}"
            self.page.wait_for_timeout(50)
        return answer

    def upload(self, *paths: Path) -> None:
        self.page.set_input_files("#id_images", list(paths))

    def overwrite(self, title: str, path: Path) -> None:
        with self.page.expect_file_chooser() as chooser:
            self.card(title).get_by_role("button", name="Overwrite").click()
        with self.page.expect_response("**/overwrite/"):
            chooser.value.set_files(path)

    def badge(self, title: str) -> Locator:
        return self.card(title).locator(".badge")

    def broken(self) -> list[str]:
        return list(self.page.evaluate("window.broken"))

    def _note(self, is_problem: bool, text: str) -> None:
        if is_problem:
            self.problems.append(text)

    def _note_failure(self, request: Request) -> None:
        # Whoever goes to another page does not wait for what the last one asked for.
        is_given_up = request.failure == "net::ERR_ABORTED"
        self._note(not is_given_up, f"{request.failure}: {request.url}")

    def _note_response(self, response: Response) -> None:
        self._note(response.status >= 400, f"{response.status}: {response.url}")


@pytest.fixture(scope="session")
def chromium() -> str:
    for name in NAMES:
        if path := shutil.which(name):
            return path
    pytest.skip(f"no Chromium here: none of {', '.join(NAMES)} is on the PATH")


@pytest.fixture(scope="session")
def session_demo(chromium: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    directory = tmp_path_factory.mktemp("demo")
    with Demo(directory, pictures=PICTURES, upload_seconds=0.1) as demo:
        while demo.artist.running:
            time.sleep(0.05)
        assert demo.artist.returncode == 0, demo.artist.log.read_text()
        yield demo


@pytest.fixture
def demo(session_demo: Demo) -> Demo:
    """The demo with all its servers up, whatever a test before did to them."""
    demo = session_demo
    for process in (demo.valkey, demo.seaweedfs, demo.distance, demo.loop, demo.site):
        process.resume()
        process.start()
    return demo


@pytest.fixture(scope="module")
def browser(chromium: str) -> Iterator[Browser]:
    with sync_playwright() as playwright:
        yield playwright.chromium.launch(executable_path=chromium, args=list(FLAGS))


@pytest.fixture
def visitor(browser: Browser, demo: Demo) -> Iterator[Visitor]:
    """A visitor; at the end of each test there must not have been a broken picture at any time."""
    expect.set_options(timeout=TIMEOUT)
    context = browser.new_context(viewport={"width": 1400, "height": 1000})
    context.add_init_script(WATCH_FOR_BROKEN_PICTURES)
    visitor = Visitor(context.new_page(), demo)
    visitor.open()
    yield visitor
    broken = visitor.broken()
    context.close()
    assert broken == []


@pytest.fixture
def draw(tmp_path: Path) -> Callable[[str, str], Path]:
    """Draws a small picture of one colour in a file of that name."""

    def draw(filename: str, color: str) -> Path:
        path = tmp_path / filename
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (300, 200), color).save(path)
        return path

    return draw


def read(url: str) -> bytes:
    """The bytes at a URL, as anybody gets them."""
    with urlopen(url) as response:
        return bytes(response.read())
