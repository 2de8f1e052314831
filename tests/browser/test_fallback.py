"""`{% s3rewrite_fallback %}`: pages that are open when S3 goes away heal themselves."""

from collections.abc import Iterator
from urllib.parse import quote

import pytest
from playwright.sync_api import Browser, Page

from demo.servers import SeaweedFS, Valkey
from tests.browser.healing import PICTURES, Healing, healing_site
from tests.outage.doors import FAULTS

CSP = "Content Security Policy"


@pytest.fixture(scope="module")
def healing(
    session_valkey: Valkey, session_seaweedfs: SeaweedFS, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Healing]:
    for server in (session_valkey, session_seaweedfs):
        server.resume()
        server.start()
    root = tmp_path_factory.mktemp("healing")
    with healing_site(root, session_valkey, session_seaweedfs) as site:
        yield site


class Tab:
    """A tab, what it asked for, and what was refused by the page's policy."""

    def __init__(self, page: Page, healing: Healing) -> None:
        self.page, self.healing = page, healing
        self.asked: list[str] = []
        self.refused: list[str] = []
        page.on("request", lambda request: self.asked.append(request.url))
        page.on("console", lambda m: self.refused.append(m.text) if CSP in m.text else None)
        page.on("pageerror", lambda error: self.refused.append(str(error)))

    def open(self, query: str = "") -> None:
        self.page.goto(f"{self.healing.url}/{query}", wait_until="commit")

    def local(self) -> list[str]:
        """The files that were asked of the site."""
        places = (f"{self.healing.url}/media/", f"{self.healing.url}/prints/")
        return [url for url in self.asked if url.startswith(places)]

    def remote(self) -> list[str]:
        return [url for url in self.asked if url.startswith(self.healing.door.url)]


@pytest.fixture
def tab(browser: Browser, healing: Healing) -> Iterator[Tab]:
    healing.door.heal()
    context = browser.new_context()
    yield Tab(context.new_page(), healing)
    context.close()
    healing.door.chance = lambda: 0.0
    healing.door.heal()


def test_a_healthy_page_asks_for_nothing_twice_and_for_nothing_here(
    tab: Tab, healing: Healing
) -> None:
    tab.open()
    healing.wait_until_whole(tab.page)
    tab.page.wait_for_timeout(5000)  # longer than the script's patience
    assert tab.local() == []
    with_script = sorted(set(tab.remote()))
    assert f"{healing.url}/static/s3rewrite/fallback.js" in tab.asked
    tab.asked.clear()
    tab.open("?plain")
    healing.wait_until_whole(tab.page)
    tab.page.wait_for_timeout(500)
    assert sorted(set(tab.remote())) == with_script
    assert tab.refused == []
    assert len(with_script) > PICTURES


@pytest.mark.parametrize("fault", FAULTS)
def test_a_page_that_is_opened_in_the_moment_of_a_fault(
    tab: Tab, healing: Healing, fault: str
) -> None:
    healing.door.fail(fault)
    tab.open()
    healing.wait_until_whole(tab.page)
    state = healing.state(tab.page)
    assert (state["pictures"], state["media"]) == ([], [])
    assert "last" in state["ran"]
    assert tab.refused == []
    assert tab.page.evaluate("document.querySelector('[rel~=icon]').href").startswith(healing.url)
    assert tab.page.evaluate("document.querySelector('[poster]').poster").startswith(healing.url)
    asked = tab.local()
    assert len(set(asked)) > PICTURES
    assert f"{healing.url}/prints/a%20b.png?v=1" in asked
    assert not [url for url in asked if "lazy" in url]
    for name in ("0.png", "paint.css", "wide.png"):
        assert asked.count(f"{healing.url}/media/{name}") == 1


def test_a_fault_in_the_middle_of_a_page(tab: Tab, healing: Healing) -> None:
    healing.door.pieces_until_frozen = 12
    tab.open()
    healing.wait_until_whole(tab.page)
    loaded = tab.page.evaluate(
        "[...document.images].filter((i) => i.currentSrc.startsWith(location.origin)).length"
    )
    assert loaded > 0
    assert tab.refused == []


def test_what_has_loaded_is_left_alone(tab: Tab, healing: Healing) -> None:
    tab.open()
    healing.wait_until_whole(tab.page)
    healing.door.fail("refused")
    tab.page.wait_for_timeout(5000)
    assert tab.local() == []
    assert healing.is_whole(tab.page)


def test_a_slow_line_is_no_outage(tab: Tab, healing: Healing) -> None:
    """A picture after the other, each a second after the last one: longer than the patience."""
    healing.door.chance = lambda: 1.5
    tab.open()
    healing.wait_until_whole(tab.page, 120)
    assert tab.local() == []


@pytest.mark.parametrize("fault", ["refused", "frozen"])
def test_what_a_script_adds_later(tab: Tab, healing: Healing, fault: str) -> None:
    tab.open()
    healing.wait_until_whole(tab.page)
    healing.door.fail(fault)
    source = tab.page.evaluate("document.images[0].src")
    tab.page.evaluate(
        "(src) => document.body.prepend(Object.assign(new Image(), {src, id: 'late'}))",
        f"{source}?late",
    )
    for _ in range(600):
        if tab.page.evaluate("late.naturalWidth > 0"):
            break
        tab.page.wait_for_timeout(100)
    assert tab.page.evaluate("late.src") == f"{healing.url}/media/0.png?late"


LONELY = {
    "poster": '<video poster="/media/poster.png"></video>',
    "lazy": '<img loading="lazy" src="/media/lazy.png">',
    "style": '<link rel="stylesheet" href="/media/paint.css">',
    "source": '<audio preload="auto"><source src="/media/sound.wav"></audio>',
}


@pytest.mark.parametrize("fault", ["refused", "frozen"])
@pytest.mark.parametrize("kind", LONELY)
def test_each_kind_alone(tab: Tab, healing: Healing, kind: str, fault: str) -> None:
    healing.door.fail(fault)
    only = f"<!DOCTYPE html><title>x</title>{{{{ fallback }}}}{LONELY[kind]}"
    tab.open(f"?only={quote(only)}")
    for _ in range(600):
        if tab.local():
            break
        tab.page.wait_for_timeout(100)
    assert len(tab.local()) == 1
    assert tab.refused == []
