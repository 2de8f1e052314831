import pytest

from s3rewrite.rewriters import link_header
from tests.rewriters.support import check


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
    check(marked, collect=link_header.collect)


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
    check(text, collect=link_header.collect)


@pytest.mark.parametrize(
    "marked",
    [
        "<→/media/a.css>; rel=preload; as=style",
        "<→/media/a.css>; rel=stylesheet; crossorigin; integrity=sha384-x",
        "<→/media/a.js>; rel=modulepreload",
    ],
)
def test_asked_with_cors(marked):
    check(marked, "stylesheet", "modulepreload", cors=True, collect=link_header.collect)
