from pathlib import Path
from typing import Any

import pytest
import redis

from s3rewrite import conf
from s3rewrite.core.mounts import Mount
from s3rewrite.registry import loop_registry
from s3rewrite.registry.directories import PIPELINE_SIZE
from s3rewrite.sync.upload import references
from s3rewrite.sync.upload.references import KeptLocal, decide, refers, rewrite_references
from s3rewrite.sync.upload.references import ReferenceAction as Action
from s3rewrite.sync.upload.references import ReferenceFacts as Facts
from tests.support.factories import use_mount
from tests.support.publishing import publish

HERE = Facts(mirrored=True, on_disk=True, published=True)


@pytest.mark.parametrize(
    ("facts", "with_site", "without"),
    [
        pytest.param(
            Facts(elsewhere=True), Action.KEEP, Action.KEEP, id="elsewhere"
        ),
        pytest.param(
            Facts(out_of_reach=True), Action.STAY_LOCAL, Action.STAY_LOCAL, id="out of reach"
        ),
        pytest.param(
            Facts(relative=True, mirrored=True, on_disk=True, published=True, readable=False),
            Action.SITE_URL, Action.STAY_LOCAL, id="mirrored, not readable",
        ),
        pytest.param(
            Facts(mirrored=True, on_disk=True), Action.WAIT, Action.WAIT, id="not published"
        ),
        pytest.param(
            Facts(mirrored=True, relative=True, on_disk=True), Action.WAIT, Action.WAIT,
            id="relative, not published",
        ),
        pytest.param(Facts(mirrored=True), Action.PUBLIC_URL, Action.PUBLIC_URL, id="not on disk"),
        pytest.param(
            Facts(mirrored=True, relative=True), Action.KEEP, Action.KEEP,
            id="relative, not on disk",
        ),
        pytest.param(
            Facts(mirrored=True, relative=True, on_disk=True, published=True),
            Action.KEEP, Action.KEEP, id="relative",
        ),
        pytest.param(HERE, Action.PUBLIC_URL, Action.PUBLIC_URL, id="root-relative"),
        pytest.param(Facts(), Action.SITE_URL, Action.STAY_LOCAL, id="no mount"),
        pytest.param(
            Facts(on_disk=True, published=True), Action.SITE_URL, Action.STAY_LOCAL,
            id="fingerprint",
        ),
    ],
)  # fmt: skip
def test_what_a_reference_becomes(facts: Facts, with_site: Action, without: Action) -> None:
    assert decide(facts, has_site=True) is with_site
    assert decide(facts, has_site=False) is without


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "media"


@pytest.fixture
def mount(settings: Any, caches: None, root: Path) -> Mount:
    """x.png is published, late.png is not yet, gone.png is not there, no.tmp is excluded."""
    mount = use_mount(settings, root, PUBLIC_URL="https://cdn/m/", EXCLUDE=["*.tmp"])
    publish(mount, root, "img/x.png")
    (root / "img/late.png").write_bytes(b"late")
    (root / "img/no.tmp").write_bytes(b"no")
    return mount


def with_site(settings: Any, root: Path, **more: Any) -> Mount:
    options = settings.S3REWRITE["media"] | {"SITE_URL": "https://example.com", **more}
    return use_mount(settings, root, **options)


def sent(mount: Mount, url: str, declared: str = "background") -> str:
    """What becomes of a URL in css/a.css."""
    before = f"a{{{declared}:url({url})}}".encode()
    after = rewrite_references(mount, "css/a.css", before, len(before)) or before
    return after.decode().partition("(")[2].removesuffix(")}")


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("/media/img/x.png", "https://cdn/m/img/x.png"),
        ("/media/img/x.png?v=1#a", "https://cdn/m/img/x.png?v=1#a"),
        ("/media/css/../img/x.png", "https://cdn/m/img/x.png"),
        ("../img/x.png", "../img/x.png"),
        ("../img/x.png#a", "../img/x.png#a"),
        ("../img/gone.png", "../img/gone.png"),
        ("/media/img/gone.png", "https://cdn/m/img/gone.png"),
        ("https://example.org/x.png", "https://example.org/x.png"),
        ("//example.org/x.png", "//example.org/x.png"),
        ("data:image/png;base64,AA==", "data:image/png;base64,AA=="),
        ("#a", "#a"),
    ],
)
def test_what_leads_from_s3_where_it_led(mount: Mount, url: str, expected: str) -> None:
    assert sent(mount, url) == expected


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("/static/x.png", "refers to /static/x.png, which is not on S3: SITE_URL"),
        ("../../other/x.png", "which is not on S3"),
        ("/media/img/no.tmp", "which is not on S3"),
        ("/media/img/%zz.png", "which is not on S3"),
        ("/media/img/late.png", "waits for /media/img/late.png, which is not on S3 yet"),
        ("../img/late.png", "waits for"),
        ("'\\\\x'", "for sure"),
    ],
)
def test_what_keeps_a_file_local(mount: Mount, url: str, reason: str) -> None:
    with pytest.raises(KeptLocal) as kept:
        sent(mount, url)
    assert reason in str(kept.value)
    assert bool(kept.value.waits_for) is ("waits" in reason)


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("/static/x.png?v=1", "https://example.com/static/x.png?v=1"),
        ("../../other/x%20y.png", "https://example.com/other/x%20y.png"),
        ("/media/img/no.tmp", "https://example.com/media/img/no.tmp"),
        ("/media/img/x.png", "https://cdn/m/img/x.png"),
    ],
)
def test_what_leads_back_to_the_site(
    settings: Any, mount: Mount, root: Path, url: str, expected: str
) -> None:
    assert sent(with_site(settings, root), url) == expected


def test_a_font_needs_cors(settings: Any, mount: Mount, root: Path) -> None:
    with pytest.raises(KeptLocal, match="CORS headers"):
        sent(mount, "../img/x.png", "src")
    site = with_site(settings, root)
    assert sent(site, "../img/x.png", "src") == "https://example.com/media/img/x.png"
    assert sent(with_site(settings, root, CORS=True), "../img/x.png", "src") == "../img/x.png"


def test_under_fingerprints(settings: Any, mount: Mount, root: Path) -> None:
    use_mount(settings, root, **settings.S3REWRITE["media"] | {"KEYS": "fingerprint"})
    fingerprinted = use_mount(settings, root, **settings.S3REWRITE["media"])
    with pytest.raises(KeptLocal, match="changes with its bytes"):
        sent(fingerprinted, "../img/x.png")
    expected = "https://example.com/media/img/x.png"
    assert sent(with_site(settings, root), "../img/x.png") == expected
    assert sent(with_site(settings, root), "/media/img/x.png") == expected


def test_files_that_refer_to_nothing(mount: Mount) -> None:
    assert refers("a.css")
    assert refers("a.svg")
    assert not refers("a.png")
    assert rewrite_references(mount, "a.png", b"url(/static/x)", 14) is None
    assert rewrite_references(mount, "a.css", b"a{}", 3) is None


def test_a_large_file(mount: Mount, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(references, "MAX_BYTES", 2)
    with pytest.raises(KeptLocal, match="larger than 2 bytes"):
        rewrite_references(mount, "a.css", b"a{}", 3)


def test_bytes_that_are_no_text(mount: Mount) -> None:
    with pytest.raises(KeptLocal, match="for sure"):
        rewrite_references(mount, "a.css", b"a{b:url(\xff)}", 12)


SVG = '<svg><use href="{}"/></svg>'


def svg(mount: Mount, text: str) -> str:
    body = text.encode()
    return (rewrite_references(mount, "img/a.svg", body, len(body)) or body).decode()


@pytest.mark.parametrize("url", ["x.png#a", "gone.svg#a", "a.svg#b"])
def test_what_an_svg_uses_beside_it(mount: Mount, root: Path, url: str) -> None:
    (root / "img/a.svg").write_bytes(b"<svg/>")
    assert svg(mount, SVG.format(url)) == SVG.format(url)


def test_what_an_svg_uses_of_its_mount(mount: Mount) -> None:
    assert svg(mount, SVG.format("/media/img/x.png#a")) == SVG.format("https://cdn/m/img/x.png#a")


@pytest.mark.parametrize(
    "text", [SVG.format("/x.svg#a"), "<svg><style>a{mask:url(/m)}</style></svg>"]
)
def test_what_an_svg_cannot_have_from_elsewhere(
    settings: Any, mount: Mount, root: Path, text: str
) -> None:
    with pytest.raises(KeptLocal, match="the file's own origin only"):
        svg(with_site(settings, root), text)


def script(mount: Mount, text: str, name: str = "js/a.js") -> str:
    body = text.encode()
    return (rewrite_references(mount, name, body, len(body)) or body).decode()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("import '../img/x.png'", "import '../img/x.png'"),
        ("import '/media/img/x.png'", "import 'https://cdn/m/img/x.png'"),
        ("import('../img/x.png')", "import('https://cdn/m/img/x.png')"),
        ("a = new URL('../img/x.png', import.meta.url)",) * 2,
        (
            "import 'react'; import '/static/b.js'",
            "import 'react'; import 'https://e.com/static/b.js'",
        ),
    ],
)
def test_what_a_script_loads(
    settings: Any, mount: Mount, root: Path, text: str, expected: str
) -> None:
    assert script(with_site(settings, root, CORS=True, SITE_URL="https://e.com"), text) == expected


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("import '../img/x.png'", 'CORS headers ("CORS": True)'),
        ("import '/static/b.js'", "which is not on S3"),
        ("new Worker(new URL('w.js', import.meta.url))", "starts a worker by its own URL"),
        ("import(name)", "imports files whose names it works out"),
        ("a = import.meta.url", "looks for other files by its own URL"),
        ("import 'a'; `", "it cannot be said for sure what it refers to"),
    ],
)
def test_what_keeps_a_script_local(mount: Mount, text: str, reason: str) -> None:
    with pytest.raises(KeptLocal) as kept:
        script(mount, text, "js/a.mjs")
    assert reason in str(kept.value)


def test_a_manifest_of_dash(settings: Any, mount: Mount, root: Path) -> None:
    text = "<MPD><BaseURL>../img/x.png</BaseURL></MPD>"
    with pytest.raises(KeptLocal, match="CORS headers"):
        script(mount, text, "js/a.mpd")
    shared = with_site(settings, root, CORS=True)
    assert script(shared, text, "js/a.mpd") == text
    with pytest.raises(KeptLocal, match="templates"):
        script(shared, "<MPD><SegmentTemplate media='$Number$.m4s'/></MPD>", "js/a.mpd")


# What it costs Redis


def sheet(count: int) -> bytes:
    """A style sheet with so many references to files of its mount, in five directories."""
    urls = (f"/media/{number % 5}/{number}.png" for number in range(count))
    return "".join(f"a{{background:url({url})}}" for url in urls).encode()


@pytest.fixture
def round_trips(mount: Mount, monkeypatch: pytest.MonkeyPatch) -> list[None]:
    """An item for each time that something was sent to Redis."""
    loop_registry(mount).get(["x.png"])  # connected
    sends: list[None] = []
    send = redis.Connection.send_packed_command

    def counted(*args: Any, **options: Any) -> Any:
        sends.append(None)
        return send(*args, **options)

    monkeypatch.setattr(redis.Connection, "send_packed_command", counted)
    return sends


@pytest.mark.parametrize(
    ("count", "expected"), [(0, 0), (1, 1), (50, 1), (PIPELINE_SIZE, 1), (PIPELINE_SIZE + 1, 2)]
)
def test_all_references_of_a_file_are_looked_up_together(
    mount: Mount, round_trips: list[None], count: int, expected: int
) -> None:
    body = sheet(count)
    rewrite_references(mount, "css/a.css", body, len(body))
    assert len(round_trips) == expected


def test_references_to_one_file_are_looked_up_once(mount: Mount, round_trips: list[None]) -> None:
    body = b"".join(
        b"a{b:url(/media/img/x.png#%d)}" % number for number in range(PIPELINE_SIZE + 1)
    )
    rewrite_references(mount, "css/a.css", body, len(body))
    assert len(round_trips) == 1


# Public URLs at the site's own host


@pytest.mark.parametrize(
    ("css", "img", "expected"),
    [
        # The style sheet, the mount that it refers to, what becomes of the reference.
        ("/s3/css/", "/s3/m/", "/s3/m/img/x.png"),
        ("/s3/css/", "https://cdn/m/", "https://cdn/m/img/x.png"),
        ("https://cdn/css/", "/s3/m/", "https://example.com/media/img/x.png"),
    ],
)
def test_a_reference_to_a_public_url_without_a_host(
    settings: Any, mount: Mount, root: Path, css: str, img: str, expected: str
) -> None:
    settings.STATIC_ROOT = root.with_name("static")
    media = settings.S3REWRITE["media"] | {"PUBLIC_URL": img}
    static = {"BUCKET": "b", "STORAGE": "staticfiles", "PUBLIC_URL": css}
    settings.S3REWRITE = {"media": media, "static": static}
    publish(conf.mount("media"), root, "img/x.png")
    declared = "src" if img.startswith("/") and css.startswith("/") else "background"
    if not expected.startswith("https://example.com"):
        assert sent(conf.mount("static"), "/media/img/x.png", declared) == expected
        return
    with pytest.raises(KeptLocal, match="whose PUBLIC_URL leads nowhere from another host"):
        sent(conf.mount("static"), "/media/img/x.png")
    settings.S3REWRITE = {"media": media, "static": static | {"SITE_URL": "https://example.com"}}
    assert sent(conf.mount("static"), "/media/img/x.png") == expected
