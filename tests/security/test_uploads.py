"""Uploads that would like to be pages of the site: a real nginx as documented, a real Chromium."""

import shutil
from collections.abc import Iterator
from contextlib import suppress
from getpass import getuser
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Error, Page

from demo.servers import HOST, Process, answers, free_ports
from tests.browser.conftest import browser, chromium
from tests.browser.files import content
from tests.integration.test_watch import eventually

__all__ = ["browser", "chromium"]

DEPLOY = Path(__file__).resolve().parents[2] / "docs" / "deploy"
TEMPORARY = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
ATTACK = "document.title = 'ran ' + document.cookie; top.postMessage('ran ' + document.cookie, '*')"
HTML = f'<!DOCTYPE html><title>x</title><body onload="{ATTACK}"><script>{ATTACK}</script>'.encode()
XHTML = (
    '<?xml version="1.0"?><html xmlns="http://www.w3.org/1999/xhtml"><head><title>x</title></head>'
    f"<body><script>{ATTACK}</script></body></html>"
).encode()
SVG = (
    '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><rect width="9" height="9"/>'
    f"<script>{ATTACK}</script></svg>"
).encode()
PDF = b"""%PDF-1.1
1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj
2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj
3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 99 99]>>endobj
trailer<</Root 1 0 R>>
%%EOF"""

RUNS = {
    **{f"x.{kind}": HTML for kind in ("html", "HTM", "shtml", "hTmL")},
    **{f"x.{kind}": XHTML for kind in ("xhtml", "xml", "xht", "xsl")},
    "x.svg": SVG, "x.SVG": SVG, "x.mht": HTML, "x.unknown": HTML, "x": HTML, "x.html.bak": HTML,
    "x.js": ATTACK.encode(), "x.swf": HTML,
}  # fmt: skip
SHOWN = {
    "a.png": content("a.png"), "a.webm": content("a.webm"),
    "a.txt": HTML, "a.pdf": PDF, "polyglot.png": HTML,
}  # fmt: skip
EMBEDDED = {"style.css": b"i { color: rgb(1, 2, 3) }", "ok.js": b"window.ok = 1"}
HIDDEN = {".env": b"secret", ".git/config": b"secret", "a/.htpasswd": b"secret"}
PAGE = b"""<!DOCTYPE html><title>site</title><link rel="stylesheet" href="/media/style.css">
<img src="/media/x.svg"><img src="/media/a.png"><i>x</i>
<video src="/media/a.webm" preload="auto"></video>
<script src="/media/ok.js"></script>"""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """nginx with the documented file; its own pages are static ones."""
    nginx = shutil.which("nginx")
    if not nginx:
        pytest.skip("no nginx here")
    here = tmp_path_factory.mktemp("nginx")
    (port,) = free_ports(1)
    for name, body in {**RUNS, **SHOWN, **EMBEDDED, **HIDDEN, ".well-known/x.txt": b"x"}.items():
        path = here / "media" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(body)
    (here / "static").mkdir()
    (here / "static/page.html").write_bytes(PAGE)
    text = (DEPLOY / "nginx.conf").read_text().replace("listen 80;", f"listen {HOST}:{port};")
    (here / "site.conf").write_text(text.replace("/srv/example", str(here)))
    folders = " ".join(f"{name}_temp_path {here}/{name};" for name in TEMPORARY)
    (here / "nginx.conf").write_text(
        f"user {getuser()}; daemon off; error_log stderr; pid {here}/pid; events {{}}\n"
        "http { include /etc/nginx/mime.types; default_type application/octet-stream;"
        f"access_log off; {folders} include {here}/site.conf; }}\n"
    )
    url = f"http://{HOST}:{port}"
    command = [nginx, "-c", str(here / "nginx.conf"), "-p", str(here)]
    with Process("nginx", command, here):
        assert eventually(lambda: answers(f"{url}/static/page.html"))
        yield url


@pytest.fixture
def victim(browser: Browser, site: str) -> Iterator[BrowserContext]:
    """Somebody who is logged in."""
    context = browser.new_context()
    context.add_cookies([{"name": "sessionid", "value": "s3cret", "url": site}])
    yield context
    context.close()


def opened(victim: BrowserContext, url: str) -> Page:
    """A tab at a URL; a download leaves it where it was."""
    tab = victim.new_page()
    with suppress(Error):
        tab.goto(url, wait_until="load")
    return tab


@pytest.mark.parametrize("name", RUNS)
def test_what_would_run_is_downloaded(victim: BrowserContext, site: str, name: str) -> None:
    tab = victim.new_page()
    with pytest.raises(Error, match=r"Download is starting|net::ERR_ABORTED"):
        tab.goto(f"{site}/media/{name}")
    assert tab.url == "about:blank"
    tab.close()


def test_nothing_runs_in_a_frame_an_object_or_an_embed(victim: BrowserContext, site: str) -> None:
    tab = opened(victim, f"{site}/static/page.html")
    tab.evaluate(
        """(names) => {
          window.heard = [];
          addEventListener("message", (event) => heard.push(event.data));
          for (const name of names)
            for (const [tag, source] of [["iframe", "src"], ["object", "data"], ["embed", "src"]]) {
              const element = document.createElement(tag);
              element[source] = "/media/" + name;
              document.body.append(element);
            }
        }""",
        [*RUNS, *SHOWN],
    )
    tab.wait_for_timeout(1500)
    assert tab.evaluate("heard") == []


@pytest.mark.parametrize("name", ["x.html", "x.svg", "x.xhtml"])
def test_the_policy_alone_keeps_scripts_and_cookies_away(
    victim: BrowserContext, site: str, name: str
) -> None:
    """A browser, or somebody's own configuration, may not heed the disposition."""
    tab = victim.new_page()

    def without(route: Any) -> None:
        answer = route.fetch()
        headers = {k: v for k, v in answer.headers.items() if k != "content-disposition"}
        route.fulfill(response=answer, headers=headers)

    tab.route("**/media/*", without)
    tab.goto(f"{site}/media/{name}")
    assert "ran" not in tab.title()
    tab.unroute("**/media/*")

    # And without the policy they would: this test can fail.
    def bare(route: Any) -> None:
        answer = route.fetch()
        gone = ("content-disposition", "content-security-policy")
        headers = {k: v for k, v in answer.headers.items() if k not in gone}
        route.fulfill(response=answer, headers=headers)

    tab.route("**/media/*", bare)
    tab.goto(f"{site}/media/{name}")
    assert "s3cret" in tab.evaluate("document.title")


@pytest.mark.parametrize("name", ["a.png", "polyglot.png", "a.txt"])
def test_pictures_and_texts_are_shown_as_what_they_are(
    victim: BrowserContext, site: str, name: str
) -> None:
    tab = opened(victim, f"{site}/media/{name}")
    assert tab.url.endswith(name)
    assert "ran" not in tab.title()
    if name == "a.png":
        assert tab.evaluate("document.images[0].naturalWidth") == 9


def test_a_video_plays(victim: BrowserContext, site: str) -> None:
    tab = opened(victim, f"{site}/media/a.webm")
    tab.wait_for_function("document.querySelector('video').readyState >= 1", timeout=10_000)


def test_pages_of_the_site_embed_what_they_did(victim: BrowserContext, site: str) -> None:
    tab = opened(victim, f"{site}/static/page.html")
    pictures = "[...document.images].every((image) => image.complete && image.naturalWidth === 9)"
    tab.wait_for_function(pictures, timeout=10_000)
    tab.wait_for_function("document.querySelector('video').readyState >= 1", timeout=10_000)
    assert tab.evaluate("getComputedStyle(document.querySelector('i')).color") == "rgb(1, 2, 3)"
    assert tab.evaluate("window.ok") == 1
    assert tab.title() == "site"


def test_a_pdf_is_shown(victim: BrowserContext, site: str) -> None:
    tab = opened(victim, f"{site}/media/a.pdf")
    assert tab.url.endswith("a.pdf")
    # Where the browser has a viewer, it asks for the file in a frame of its own.
    if any("extension" in frame.url for frame in tab.frames):
        tab.wait_for_timeout(1000)
        assert [frame.url for frame in tab.frames].count(tab.url) == 2


@pytest.mark.parametrize("name", HIDDEN)
def test_hidden_files_are_not_served(site: str, name: str) -> None:
    assert not answers(f"{site}/media/{name}")
    assert answers(f"{site}/media/.well-known/x.txt")
