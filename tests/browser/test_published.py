"""What works from the site works from S3: each page in a browser, left alone and linked.

The buckets are another origin; one answers with CORS headers, the other does not.
"""

import base64
import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.test import override_settings
from django.urls import path
from playwright.sync_api import Browser

from demo.servers import SeaweedFS, Valkey, free_ports
from s3rewrite import conf
from s3rewrite.sync.passes import whole_pass
from tests.browser import files, site
from tests.browser.site import Visit, served, write_files
from tests.browser.test_contexts import CORS, NO_CORS, PATIENT, site_settings
from tests.support.factories import job

TIMEOUT = 30.0  # seconds
CONTEXTS = ["stylesheet", "script", "modulepreload", "embed", "import", "font-face", "data"]
MOUNTS: dict[str, dict[str, Any]] = {
    "media": {"CONTEXTS": CONTEXTS},
    "shared": {"CONTEXTS": CONTEXTS, "CORS": True},
}
SAY = "<script>said = new Promise((done) => { onmessage = (event) => done(event.data) })</script>"
PICTURE = files.content("x.png")
SVG_URL = r"data:image/svg+xml;charset=utf8,<svg xmlns=\"http://www.w3.org/2000/svg\"/>"

FILES = {
    "a.png": PICTURE, "b.png": PICTURE, "clip.webm": files.content("x.webm"), "a.txt": b"words",
    "icon.svg": files.SVG, "a.mpd": b"<MPD><BaseURL>clip.webm</BaseURL></MPD>",
    "viewer.html": b"<script>const name = new URLSearchParams(location.search).get('file');"
    b"fetch(name).then((answer) => parent.postMessage(answer.status, '*'))</script>",
    "data.css": b'.data { color: rgb(1, 2, 3); background: url("%b") }' % SVG_URL.encode(),
    "beside.js": b"export const word = 'beside'",
    "worker.js": b"self.onmessage = () => postMessage('worked')",
    "root.mjs": b"import { word } from '/PREFIX/beside.js'; postMessage(word)",
    "relative.mjs": b"import { word } from './beside.js'; postMessage(word)",
    "later.js": b"import('./beside.js').then((module) => postMessage(module.word))",
    "later-root.js": b"import('/PREFIX/beside.js').then((module) => postMessage(module.word))",
    "worker.mjs": b"const worker = new Worker(new URL('worker.js', import.meta.url));"
    b"worker.onmessage = (event) => postMessage(event.data); worker.postMessage(1)",
    "picture.mjs": b"const image = new Image(); image.src = new URL('a.png', import.meta.url);"
    b"image.onload = () => postMessage(image.naturalWidth)",
    "own.js": b"const base = document.currentScript.src.replace('own.js', '');"
    b"fetch(base + 'a.txt').then((answer) => postMessage(answer.status))",
    "plain.js": b"const text = 'import(\"./no.js\")'; postMessage(text.length)",
}  # fmt: skip


class Case(NamedTuple):
    """A page; `/media/` in it is the mount's prefix. `result` is JavaScript that a test compares.

    `linked` are the files that come from the bucket, by mount, when the page is linked.
    """

    html: str
    result: str
    media: frozenset[str] = frozenset()
    shared: frozenset[str] = frozenset()
    headers: dict[str, str] = {}


def sha256(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def script(name: str, type_: str = "module") -> str:
    return f'{SAY}<script type="{type_}" src="/media/{name}"></script>'


STYLE = "h1 { color: rgb(1, 2, 3); background: url(/media/a.png) }"
DECLARED = "color: rgb(1, 2, 3); background: url(/media/a.png)"
WIDTHS = "Promise.all([...document.images].map((image) => image.decode())).then(() => 'shown')"
COLOR = "getComputedStyle(document.querySelector('h1')).color"
COEP = {"Cross-Origin-Embedder-Policy": "require-corp"}
DIP = {"Document-Isolation-Policy": "isolate-and-require-corp"}
EMBEDS = """<img src=/media/a.png alt><link rel=stylesheet href=/media/data.css>
    <h1 class=data style="background: url(/media/b.png)">x</h1>"""
LOADER = """<script>onload = async () => {{
    for (const element of document.querySelectorAll("[data-src]")) {{
        const url = element.dataset.src; {} }} }}</script>"""
ONE, NONE = frozenset({"a.png"}), frozenset[str]()


def csp(policy: str) -> dict[str, str]:
    return {"Content-Security-Policy": policy}


# fmt: off
CASES = {
    "a document": Case(
        f'{SAY}<a href="/media/viewer.html?file=/media/a.txt">x</a><iframe></iframe>'
        "<script>document.querySelector('iframe').src = document.links[0].href</script>", "said"),
    "a style with a hash": Case(
        f"<style>{STYLE}</style><h1>x</h1>", COLOR, headers=csp("style-src 'self' HASHES")),
    "a style with a hash in a meta": Case(
        f"<meta http-equiv=Content-Security-Policy content=\"default-src 'self' HASHES\">"
        f"<style>{STYLE}</style><h1>x</h1>", COLOR),
    "a style attribute with a hash": Case(
        f'<h1 style="{DECLARED}">x</h1>', COLOR,
        headers=csp("style-src 'unsafe-hashes' HASHES")),
    "a style attribute with a hash of its own directive": Case(
        f'<h1 style="{DECLARED}">x</h1><style>{STYLE.replace("h1", "body")}</style>', COLOR,
        ONE, ONE,
        headers=csp("style-src-attr 'unsafe-hashes' HASHES; style-src 'unsafe-inline'")),
    "an embedder policy": Case(EMBEDS, f"{WIDTHS}.then(() => {COLOR})", headers=COEP),
    "an isolation policy": Case(EMBEDS, f"{WIDTHS}.then(() => {COLOR})", headers=DIP),
    "an embedder policy with credentialless": Case(
        "<img src=/media/a.png alt>", WIDTHS, ONE, ONE,
        headers={"Cross-Origin-Embedder-Policy": "credentialless"}),
    "an embedder policy and crossorigin": Case(
        "<img crossorigin src=/media/a.png alt>", WIDTHS, NONE, ONE, headers=COEP),
    "a lazy frame": Case(
        SAY + '<iframe data-src="/media/viewer.html?file=/media/a.txt"></iframe>'
        + LOADER.format("element.src = url"), "said"),
    "a lazy script": Case(
        SAY + "<script type=text/plain data-src=/media/beside.js></script>"
        + LOADER.format("postMessage((await import(url)).word)"), "said"),
    "a lazy svg": Case(
        SAY + "<svg data-src=/media/icon.svg></svg>"
        + LOADER.format("postMessage((await fetch(url)).status)"), "said",
        NONE, frozenset({"icon.svg"})),
    "a lazy fetch": Case(
        SAY + "<div data-src=/media/a.txt></div>"
        + LOADER.format("postMessage((await fetch(url)).status)"), "said",
        NONE, frozenset({"a.txt"})),
    "a lazy form control": Case(
        SAY + "<input data-src=/media/a.png>"
        + LOADER.format("element.value = url; postMessage(element.value)"), "said"),
    "a lazy source": Case(
        SAY + "<video crossorigin><source data-src=/media/clip.webm></video>"
        + LOADER.format("""const video = element.parentNode; element.src = url;
            video.onloadeddata = () => postMessage(video.videoWidth > 0); video.load()"""), "said",
        NONE, frozenset({"clip.webm"})),
    "a lazy picture": Case(
        "<img data-src=/media/a.png alt>" + LOADER.format("element.src = url"), WIDTHS, ONE, ONE),
    "a manifest of DASH": Case(
        SAY + "<video><source type=application/dash+xml src=/media/a.mpd></video>"
        "<script>fetch(document.querySelector('source').src).then("
        "(answer) => postMessage(answer.status))</script>", "said", NONE, frozenset({"a.mpd"})),
    "crossorigin with credentials": Case(
        "<img crossorigin=use-credentials src=/media/a.png alt>", WIDTHS),
    "a picture beside crossorigin": Case(
        "<img crossorigin src=/media/b.png alt>"
        "<picture><source srcset=/media/a.png><img alt></picture>", WIDTHS,
        ONE, frozenset({"a.png", "b.png"})),
    "a picture with crossorigin": Case(
        "<picture><source srcset=/media/a.png><img crossorigin alt></picture>", WIDTHS, NONE, ONE),
    "a style sheet with a data URL": Case(
        "<link rel=stylesheet href=/media/data.css><h1 class=data>x</h1>", COLOR,
        frozenset({"data.css"}), frozenset({"data.css"})),
    "an import of the root": Case(
        script("root.mjs"), "said", NONE, frozenset({"root.mjs", "beside.js"})),
    "an import beside it": Case(
        script("relative.mjs"), "said", NONE, frozenset({"relative.mjs", "beside.js"})),
    "an import by a classic script": Case(
        script("later.js", ""), "said", NONE, frozenset({"later.js", "beside.js"})),
    "an import of the root by a classic script": Case(
        script("later-root.js", ""), "said", NONE, frozenset({"later-root.js", "beside.js"})),
    "a worker": Case(script("worker.mjs"), "said"),
    "a picture beside a module": Case(
        script("picture.mjs"), "said", NONE, frozenset({"picture.mjs", "a.png"})),
    "a script that looks where it is": Case(script("own.js", ""), "said"),
    "a script that imports nothing": Case(
        script("plain.js", ""), "said", frozenset({"plain.js"}), frozenset({"plain.js"})),
}
# fmt: on


def page(request: HttpRequest, name: str, prefix: str) -> HttpResponse:
    """The page of a case; with `?alone` it is left alone."""
    case = CASES[name]
    html = f"<!DOCTYPE html><title>x</title>{case.html}".replace("/media/", f"/{prefix}/")
    style, declared = (text.replace("/media/", f"/{prefix}/") for text in (STYLE, DECLARED))
    hashes = f"{sha256(style)} {sha256(declared)}"
    response = HttpResponse(html.replace("HASHES", hashes))
    for header, value in case.headers.items():
        response[header] = value.replace("HASHES", hashes)
    if "alone" in request.GET:
        response.s3rewrite = False  # type: ignore[attr-defined]
    return response


def file(request: HttpRequest, name: str, prefix: str) -> HttpResponseBase:
    return site.file(request, f"{prefix}/{name}", prefix)


urlpatterns = [
    path("case/<name>/<prefix>/", page),
    path("favicon.ico", site.favicon),
    path("<prefix>/<path:name>", file),
]


@pytest.fixture(scope="module")
def url(
    session_valkey: Valkey, session_seaweedfs: SeaweedFS, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    """The URL of a site whose files are published, where they may be."""
    for server in (session_valkey, session_seaweedfs):
        server.resume()
        server.start()
    root = tmp_path_factory.mktemp("published")
    client = session_seaweedfs.client()
    for name in MOUNTS:
        written = {file: text.replace(b"PREFIX", name.encode()) for file, text in FILES.items()}
        write_files(root / name, written)
        client.create_bucket(Bucket=f"published-{name}")
        rule: Any = CORS if name == "shared" else NO_CORS
        client.put_bucket_cors(Bucket=f"published-{name}", CORSConfiguration={"CORSRules": [rule]})
    client.close()
    with override_settings(**settings_of(root, session_valkey, session_seaweedfs)):
        for mount in conf.mounts().values():
            assert whole_pass(job(mount)).is_ok
        with served(free_ports(1)[0]) as url:
            yield url


def settings_of(root: Path, valkey: Valkey, seaweedfs: SeaweedFS) -> dict[str, Any]:
    settings = site_settings(root, valkey, seaweedfs)
    storage = "django.core.files.storage.FileSystemStorage"
    for name in MOUNTS:
        options = {"location": root / name, "base_url": f"/{name}/"}
        settings["STORAGES"][name] = {"BACKEND": storage, "OPTIONS": options}
    mounts = {
        name: {
            "BUCKET": f"published-{name}", "STORAGE": name,
            "CLIENT": seaweedfs.client_options, **PATIENT, **options,
        }
        for name, options in MOUNTS.items()
    }  # fmt: skip
    return settings | {"ROOT_URLCONF": __name__, "S3REWRITE": mounts}


def opened(browser: Browser, url: str) -> Visit:
    visit = Visit(browser.new_context().new_page())  # with a cache of its own
    visit.tab.goto(url, wait_until="commit")
    return visit


def said(visit: Visit, result: str) -> Any:
    """What a page comes to; the first result that is one counts."""
    visit.tab.wait_for_load_state()
    late = "new Promise((done) => setTimeout(done, 20000, 'nothing'))"
    caught = f"Promise.race([{result}, {late}]).catch(String)"
    found = visit.tab.evaluate(f"() => {caught}")
    visit.tab.context.close()
    return found


def names_from(visit: Visit, public_url: str) -> set[str]:
    return {url.removeprefix(public_url) for url in visit.statuses if url.startswith(public_url)}


@pytest.mark.parametrize("mount", MOUNTS)
@pytest.mark.parametrize("name", CASES)
def test_what_works_from_the_site_works_from_s3(
    browser: Browser, url: str, session_seaweedfs: SeaweedFS, name: str, mount: str
) -> None:
    case = CASES[name]
    alone = opened(browser, f"{url}/case/{name}/{mount}/?alone")
    linked = opened(browser, f"{url}/case/{name}/{mount}/")
    local = said(alone, case.result)
    public_url = session_seaweedfs.public_url(f"published-{mount}", f"{mount}/")
    assert (alone.problems, names_from(alone, public_url)) == ([], set())
    assert (said(linked, case.result), linked.problems) == (local, [])
    assert names_from(linked, public_url) == getattr(case, mount)
