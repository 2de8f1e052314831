from functools import partial

import pytest

from s3rewrite.rewriters import headers
from tests.rewriters.support import check


def test_link():
    check("<→/media/a>; rel=icon", collect=partial(headers.collect, "Link"))


def test_location():
    location = partial(headers.collect, "Location")
    check("→/media/a.jpg", "location", collect=location)
    check("→https://example.com/media/a.jpg", "location", collect=location)
    check("/x?next=/media/a.jpg", "location", collect=location)
    check("/media/a.jpg", collect=location)


@pytest.mark.parametrize("name", ["Content-Location", "Refresh", "SourceMap", "Set-Cookie", "X-Y"])
def test_others(name):
    assert name not in headers.NAMES
    check("/media/a.jpg", "location", collect=partial(headers.collect, name))


# Link

collect_link = partial(headers.collect, "Link")


@pytest.mark.parametrize(
    "marked",
    [
        "<→/media/a.png>; rel=preload; as=image",
        '<→/media/a.png>;rel="preload";as="image"',
        '</x>; rel=next, <→/media/a.png>; REL = "x Icon"; title="a, b\\"; <"',
        "<→/media/a,b.png>; rel=icon, , <→https://example.com/media/b>; rel=icon",
        '</x>; rel=preload; as=image; imagesrcset="→/media/a 1x, →/media/b 2x"',
        "<→/media/a>; rel=icon; rel=canonical; x; ;y",
    ],
)
def test_linked(marked):
    check(marked, collect=collect_link)


@pytest.mark.parametrize(
    "text",
    [
        "</media/a.png>",
        "</media/a.png>; rel=next",
        "</media/a.png>; rel=canonical; rel=icon",
        "</media/a.css>; rel=preload; as=style",
        "</media/a.png>; rel=preload; as=image; crossorigin",
        "</media/a.png>; rel=preload; as=image; crossorigin=anonymous",
        '</media/a.png>; rel="icon\\"',
        '</media/a.png>; rel="ic\\on"',
        "</media/a.png; rel=icon",
        "</media/a.png> rel=icon",
        "/media/a.png; rel=icon",
        '</x>; title="</media/a>; rel=icon"',
        '</x>; title="</media/a>; rel=icon',
        "</media/a.png>; rel=icon x",
        "",
    ],
)
def test_left(text):
    check(text, collect=collect_link)


@pytest.mark.parametrize(
    "marked",
    [
        "<→/media/a.css>; rel=preload; as=style",
        "<→/media/a.css>; rel=stylesheet; crossorigin; integrity=sha384-x",
        "<→/media/a.js>; rel=modulepreload",
    ],
)
def test_asked_with_cors(marked):
    check(marked, "stylesheet", "modulepreload", cors=True, collect=collect_link)
