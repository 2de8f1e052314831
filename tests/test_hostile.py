"""Hostile bodies through the middleware: no error leaves it, nothing is linked that is no URL."""

import logging
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from s3rewrite.linking.response import _inspection
from s3rewrite.rewriters import bodies
from tests.support.pages import CDN, all_published, sent

__all__ = ["all_published"]


@pytest.fixture(autouse=True)
def quiet(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """An error inside would be logged and the body be sent as it is: that is no proof."""
    yield
    assert caplog.records == []


SIZE = 1_000_000  # bytes
LINK = CDN.encode()
IMAGE = b'<img src="/media/a.jpg">'
LINKED = b'<img src="' + LINK + b'a.jpg">'


def filled(piece: bytes, size: int = SIZE) -> bytes:
    return piece * (size // len(piece))


# Pieces, many of them, in which no URL stands, though an image follows.
NOTHING_IN = {
    "less-than signs": b"<",
    "comments": b"<!--",
    "comments in scripts": b"<script><!--<script>",
    "unclosed tags": b"<a ",
    "end tags": b"</",
    "quotes": b"\"'",
    "tags with open quotes": b"<a b='<a b=\"",
    "NULs": b"\0",
    "ampersands": b"&#",
    "CDATA": b"<svg><![CDATA[",
    "raw text": b"<title><textarea><style>",
    "plain text": b"<plaintext>",
    "processing instructions": b"<?",
    "doctypes": b"<!doctype ",
}
# As many, which leave an image behind them as it is in the browser: linked.
IMAGE_BEHIND = {
    "elements": b"<div>",
    "ends of elements": b"</div>",
    "images without a URL": b"<img src=x>",
    "whole comments": b"<!---->",
    "whole scripts": b"<script>'/media/x'</script>",
    "attributes": b"<p " + b"a=/media/b " * 50 + b">",
    "empty attributes": b"<p " + b"a " * 50 + b">",
    "attributes of one name": b"<p " + b"style=/media/ " * 50 + b">",
    "prefixes": b"/media/",
    "ends of nothing": b"</>",
    "bytes of no charset": b"\x80\xff\xfe",
    "templates": b"<template>",
    "foreign elements": b"<svg><math>",
    "selects": b"<select><option>",
    "values": b"<input value='/media/a.jpg'>",
    "open parentheses in styles": b"<p style='a:((((url((((/media/a'>",
    "open braces in styles": b"<style>{{{{{{{/media/</style>",
    "backslashes in styles": rb"<p style='\\\/media/\'>",
}


@pytest.mark.parametrize("piece", NOTHING_IN.values(), ids=NOTHING_IN)
def test_what_never_ends_is_sent_as_it_is(all_published: None, piece: bytes) -> None:
    body = filled(piece) + b"<x /media/ x='/media/"
    assert sent(body) == body
    # An image may stand behind it for a browser; it is linked as such, or left.
    assert sent(filled(piece) + IMAGE).replace(LINKED, IMAGE) == filled(piece) + IMAGE


@pytest.mark.parametrize("piece", IMAGE_BEHIND.values(), ids=IMAGE_BEHIND)
def test_an_image_behind_much_of_it_is_linked(all_published: None, piece: bytes) -> None:
    body = filled(piece, 200_000)
    assert sent(IMAGE + body + IMAGE + body) == LINKED + body + LINKED + body


PREFIXES = {
    "text": (b"", b"/media/", b""),
    "an attribute": (b"<p title='", b"/media/", b"'>"),
    "one URL": (b"<img src='", b"/media/", b"'>"),
    "a comment": (b"<!--", b"/media/", b"-->"),
    "an open comment": (b"<!--", b"/media/", b""),
    "an open tag": (b"<img src='", b"/media/", b""),
    "a script": (b"<script>", b"'/media/'", b"</script>"),
    "a textarea": (b"<textarea>", b"/media/", b"</textarea>"),
    "names of attributes": (b"<p ", b"/media/ ", b">"),
    "a style's comment": (b"<style>/*", b"/media/", b"*/</style>"),
    "a style's string": (b"<style>a{b:'", b"/media/", b"'}</style>"),
}


@pytest.mark.parametrize("parts", PREFIXES.values(), ids=PREFIXES)
def test_a_prefix_a_hundred_thousand_times_where_it_is_no_url(
    all_published: None, parts: tuple[bytes, bytes, bytes]
) -> None:
    before, piece, after = parts
    body = before + piece * 100_000 + after
    assert sent(body) == body


def test_as_many_images_are_all_linked(all_published: None) -> None:
    assert sent(IMAGE * 30_000) == LINKED * 30_000
    srcset = b'<img srcset="%s">'
    many = b"/media/a.jpg 1x, " * 30_000
    assert sent(srcset % many) == srcset % many.replace(b"/media/", LINK)


def test_deep_nesting(all_published: None) -> None:
    for name in (
        b"div",
        b"b",
        b"table",
        b"svg",
        b"select",
        b"template",
        b"p contenteditable=false",
    ):
        deep = b"<%s>" % name * 50_000
        assert sent(deep + IMAGE) in (deep + LINKED, deep + IMAGE)


def test_one_tag_of_many_attributes(all_published: None) -> None:
    names = b" ".join(b"a%d=/media/%d" % (i, i) for i in range(50_000))
    body = b'<img %s src="/media/a.jpg">' % names
    assert sent(body) == b'<img %s src="%sa.jpg">' % (names, LINK)


OTHER_TYPES = """
text/css application/json application/ld+json application/rss+xml application/atom+xml text/xml
application/feed+json application/manifest+json application/vnd.apple.mpegurl
""".split()
OPEN = (
    b'[ { " [" {"a": \\ " \\u " \\ud800 < <!-- <![CDATA[ <rss> <a>&lt; ( url( \' /* */ { ; # '
    b'#EXT-X-MAP:URI=" \n , : &amp; &#x; </ <?xml <!DOCTYPE \0 \xff'
).split(b" ")


@pytest.mark.parametrize("content_type", OTHER_TYPES)
@pytest.mark.parametrize("place", ["", "/media/", '"/media/a.jpg"'])
def test_bodies_that_are_not_html(
    settings: Any, all_published: None, content_type: str, place: str
) -> None:
    media = settings.S3REWRITE["media"]
    contexts = ["css", "json", "manifest", "playlist", "import", "font-face"]
    settings.S3REWRITE = {"media": {**media, "CORS": True, "CONTEXTS": contexts}}
    for piece in OPEN:
        body = filled(piece + place.encode(), 10_000)
        assert sent(body, content_type).replace(LINK, b"/media/") == body


PIECES = st.sampled_from(
    """
    < > </ <!-- --> <![CDATA[ ]]> ' " = &# { } [ ] : , \\ ( ) ; <img/src= <img/srcset= <p/style=
    <style> </style> <script> </script> <script/type=application/ld+json> <iframe/srcdoc= url(
    /media/ /media/a.jpg <svg> </svg> <select> <base/href= <link/rel=icon/href= contenteditable
    <meta/property=og:image/content= image
    """.split()
)
ANY = PIECES | st.sampled_from(" \0\n\x80") | st.text(st.characters(max_codepoint=255), max_size=4)


@given(st.lists(ANY, max_size=20))
@settings(
    max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_nothing_but_urls_changes(all_published: None, pieces: list[str]) -> None:
    body = "".join(pieces).encode("latin-1")
    assert sent(body).replace(LINK, b"/media/") == body


@pytest.fixture
def nothing_remembered() -> Iterator[None]:
    """No page's kind is known from before, nor is this test's to others."""
    _inspection.cache_clear()
    yield
    _inspection.cache_clear()


@pytest.mark.parametrize("content_type", ["text/html; charset=utf-8", "application/rss+xml"])
def test_a_rewriter_that_raises_leaves_the_body(
    all_published: None,
    nothing_remembered: None,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    content_type: str,
) -> None:
    def explode(*args: Any) -> Any:
        raise RecursionError("a mistake of ours")

    kind = bodies.KINDS[content_type.partition(";")[0]]
    for name in ("text/html", "application/rss+xml"):
        monkeypatch.setitem(bodies.KINDS, name, kind._replace(collect=explode))
    assert sent(IMAGE, content_type) == IMAGE
    (record,) = caplog.records
    assert record.levelno == logging.ERROR
    caplog.clear()
