"""One strange attribute, element, header or charset costs itself alone: the page is linked."""

import logging
import signal
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from django.http import HttpResponse
from django.test import RequestFactory
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from s3rewrite.middleware import S3RewriteMiddleware
from s3rewrite.rewriters.syntax import decoded_text as references
from tests.support.pages import CDN, all_published, sent

__all__ = ["all_published"]

LINK = CDN.encode()
IMAGE = b'<img src="/media/a.jpg">'
LINKED = IMAGE.replace(b"/media/", LINK)
DIGITS = b"9" * 5000


@contextmanager
def within(seconds: float) -> Iterator[None]:
    """What does not end by itself is ended, and fails: a loop without an end is no slow test."""

    def end(*_: object) -> None:
        raise TimeoutError

    before = signal.signal(signal.SIGVTALRM, end)
    signal.setitimer(signal.ITIMER_VIRTUAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)


@pytest.fixture(autouse=True)
def no_error(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """An error inside would be logged, and the page be sent as it is."""
    with caplog.at_level(logging.DEBUG, "s3rewrite"):
        yield
    assert caplog.records == []


STRANGE = {
    "a number": b"<img src='/media/&#%s;'>" % DIGITS,
    "a number without its end": b"<img src='/media/&#%s'>" % DIGITS,
    "a hexadecimal number": b"<img src='/media/&#x%s;'>" % DIGITS,
    "an unquoted number": b"<img src=/media/&#%s>" % DIGITS,
    "a number in a srcset": b"<img srcset='/media/b &#%s;x, /media/&#%s'>" % (DIGITS, DIGITS),
    "a number in a style": b"<p style='a:url(/media/&#%s)'>" % DIGITS,
    "a number in a condition": b"<link rel='&#%s' href=/media/b>" % DIGITS,
    "a number in a meta": b"<meta name='&#%s' content=/media/b>" % DIGITS,
    "a name": b"<img src='/media/&%s;'>" % (b"amp" * 5000),
    "a port": b"<base href='https://a:%s/'>" % DIGITS[:10],
    "a query": b"<img src='/media/b?%s=1'>" % DIGITS,
    "a descriptor": b"<img srcset='/media/../b %sx'>" % DIGITS,
    "linked data": b'<script type=application/ld+json>{"image":"/media/\\ud800\\u"}</script>',
}


@pytest.mark.parametrize("name", STRANGE)
def test_beside_something_strange(all_published: None, name: str) -> None:
    found = sent(IMAGE + STRANGE[name] + IMAGE)
    if name == "a port":
        assert found == IMAGE + STRANGE[name] + IMAGE
    else:
        assert found.startswith(LINKED)
        assert found.endswith(LINKED)


FEED = b"<rss><icon>/media/a</icon><enclosure url='%s'/><icon>/media/a</icon></rss>"
JSON = b'{"icon":"/media/a","image":"%s","favicon":"/media/a"}'
VALUES = (
    b"/media/&#%s;" % DIGITS, b"/media/&#x%s" % DIGITS, rb"/media/\ud800", b"/media/\\u00",
    rb"/media/\u%s" % DIGITS, b"/media/\xff", b"//[/media/", b"http://a:99999999999/media/",
)  # fmt: skip


@pytest.mark.parametrize("value", VALUES)
@pytest.mark.parametrize(
    ("content_type", "body"), [("text/xml", FEED), ("application/feed+json", JSON)]
)
def test_in_other_bodies(all_published: None, content_type: str, body: bytes, value: bytes) -> None:
    assert sent(body % value, content_type).count(LINK + b"a") == 2


@pytest.mark.parametrize(
    ("reference", "expected"),
    [
        (b"&#65;", b"A"),
        (b"&#0000000000000000065;", b"A"),
        (b"&#" + b"0" * 5000 + b"65;", b"A"),
        (b"&#x" + b"0" * 5000 + b"41;", b"A"),
        (b"&#1114111;", "\U0010ffff".encode()),
        (b"&#1114112;", "\ufffd".encode()),
        (b"&#x110000;", "\ufffd".encode()),
        (b"&#xFFFFFFFFF;", "\ufffd".encode()),
        (b"&#99999999;", "\ufffd".encode()),
        (b"&#" + DIGITS + b";", "\ufffd".encode()),
        (b"&#0;", "\ufffd".encode()),
        (b"&#" + b"0" * 5000 + b";", "\ufffd".encode()),
    ],
)
def test_numbers(reference: bytes, expected: bytes) -> None:
    """WHATWG HTML, 13.2.5.80: above 0x10FFFF it is U+FFFD."""
    assert references.attribute_text(reference, 0, len(reference)).data == expected


# Any value of an attribute, in quotes, changes nothing beside it.

ATTRIBUTES = "src srcset style data-src class href rel name type id onclick value k" + "k" * 300
piece = st.sampled_from(
    [b"/media/", b"&#", DIGITS, b"&#x", b"&amp", b";", b"url(", b"'", b"\\", b",", b"(", b")", b"=",
     b"{", b"}", b"/*", b"<!--", b"-->", b"</style>", b">", b"<", b"\0", b"\xff", b"\xed\xa0\x80"]
)  # fmt: skip
value = st.lists(piece | st.binary(max_size=6), max_size=12).map(
    lambda parts: b"".join(parts).replace(b'"', b"")
)
ELEMENTS = "p a img link meta source svg:a input k"


@given(st.sampled_from(ELEMENTS.split()), st.sampled_from(ATTRIBUTES.split()), value)
@example("img", "src", b"/media/&#" + DIGITS)
@settings(
    max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_any_attribute(all_published: None, element: str, name: str, value: bytes) -> None:
    strange = b'<%s %s="%s">' % (element.encode(), name.encode(), value)
    found = sent(IMAGE + strange + IMAGE)
    assert found.startswith(LINKED)
    assert found.endswith(LINKED)
    assert found.replace(LINK, b"/media/") == IMAGE + strange + IMAGE


# Nor does any text of an element that is read as a whole.


@given(st.sampled_from(["style", "title", "textarea", "script", "iframe", "xmp"]), value)
@settings(
    max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_any_text(all_published: None, element: str, value: bytes) -> None:
    text = value.replace(b"<", b"")  # which might end it, or begin what does not
    strange = b"<%s>%s</%s>" % (element.encode(), text, element.encode())
    found = sent(IMAGE + strange + IMAGE)
    assert found.startswith(LINKED)
    assert found.endswith(LINKED)


# Nor do quotes, wherever they stand in a tag: HTML and XML may split it in other ways.

quoted = st.lists(
    st.sampled_from(
        [b'"', b"'", b"=", b" ", b"a", b"url", b"/media/b", b"/", b"\x0b", b"\n", b":"]
    ),
    max_size=16,
).map(b"".join)


@given(st.sampled_from([b"enclosure", b"icon", b"url", b"image", b"a:a"]), quoted)
@example(b"enclosure", b'a="b="c" url="/media/a.jpg')
@settings(
    max_examples=500, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_any_tag_of_a_feed(all_published: None, name: bytes, rest: bytes) -> None:
    strange = b"<%s %s>" % (name, rest)
    body = b"<rss><icon>/media/a</icon>" + strange + b"<icon>/media/b</icon></rss>"
    with within(5):
        found = sent(body, "text/xml")
    assert found.startswith(b"<rss><icon>" + LINK)
    assert found.replace(LINK, b"/media/") == body


@given(st.sampled_from(ELEMENTS.split()), quoted)
@settings(
    max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_any_tag_of_a_page(all_published: None, element: str, rest: bytes) -> None:
    strange = b"<%s %s>" % (element.encode(), rest)
    with within(5):
        found = sent(IMAGE + strange + IMAGE)
    assert found.startswith(LINKED)
    assert found.replace(LINK, b"/media/") == IMAGE + strange + IMAGE


# Nor does any header.

latin = st.text(st.characters(max_codepoint=255, exclude_characters="\r\n"), max_size=30)
PIECES = '</media/a> ; , = " rel= rel=icon \\ /media/ 99999999999999999999 charset= utf-8'.split()
header = st.lists(st.sampled_from(PIECES) | latin, max_size=8).map("".join)


@given(header, header)
@example("</media/a>; rel=icon; a=" + "9" * 5000, "//[")
@settings(
    max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_any_header(all_published: None, link: str, location: str) -> None:
    response = HttpResponse(IMAGE, headers={"Link": link, "Location": location})
    S3RewriteMiddleware(lambda request: response)(RequestFactory().get("/"))
    assert response.content == LINKED


@given(header | st.sampled_from(["\0", "é", "x" * 1_000_000, "utf-8\0", "../utf-8", "rot13"]))
@settings(
    max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_any_charset(all_published: None, name: str) -> None:
    response = HttpResponse(IMAGE, headers={"Link": "</media/a>; rel=icon"})
    response["Content-Type"] = f"text/html; charset={name}"
    S3RewriteMiddleware(lambda request: response)(RequestFactory().get("/"))
    assert response["Link"].startswith(f"<{CDN}a>; rel=icon")
    assert response.content in (IMAGE, LINKED)


@pytest.mark.parametrize("depth", [10, 10_000])
def test_bodies_within_bodies(all_published: None, depth: int) -> None:
    srcdoc = b"<iframe srcdoc='" * depth
    assert sent(IMAGE + srcdoc).startswith(LINKED)
    nested = b"[" * depth + b'"/media/a"' + b"]" * depth
    data = b"<script type=application/ld+json>" + nested + b"</script>"
    assert sent(IMAGE + data + IMAGE).endswith(LINKED)
