"""A body that comes in chunks is linked as the whole one is."""

import re

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from s3rewrite.rewriters import css, html, json, rewrite
from s3rewrite.rewriters.pieces import MAX_HELD, Pieces
from s3rewrite.rewriters.splice import splice
from s3rewrite.rewriters.table.lookup import OPTIONAL_CONTEXTS
from s3rewrite.rewriters.types import Link, Scope, Target
from tests.rewriters import truth

ALL = Scope((Target((b"/media/", b"//example.com/media/"), OPTIONAL_CONTEXTS, cors=True),))
PLAIN = Scope((Target((b"/media/", b"//example.com/media/"), frozenset({"css", "json"})),))
LINK = b"x-s3:"

HTML = b"""<!DOCTYPE html><!-- /media/no.jpg --><title>/media/no</title><img src=/media/a.jpg
alt="a > b"><svg><title>b</title><image href='/media/b.svg' /></svg><script>"<!--<script>"</script>
-->"/media/no.jpg"</script><p style="background: url(/media/c.png)">1 < 2<picture><source
srcset="/media/d.webp 1x, /media/e.webp 2x"><img src=/media/d.jpg></picture><div contenteditable>
<div><img src=/media/no.jpg></div></div><style>p{background:url('/media/f.png')}</style><select>
<option>x</select><video src=/media/g.mp4 poster="/media/g.jpg"></video><a href=/media/h.pdf>h</a>
<textarea><img src=/media/no.jpg></textarea><img src="/media/i.jpg"""
CSS = b"""@import "/media/a.css"; /* ; } url(/media/no) */ @font-face{src:url(/media/b.woff2)}
p{background:url(/media/c.png),url("/media/d;}.png");content:"}\\"}" /media/no"}@media x{i{mask:
url('/media/e.svg')}} b{background:url(/media/f.png"""
JSON = rb"""{"url": "/media/a.jpg", "/media/key": 1, "all": ["/media/b.jpg", "\\\/media\/no",
"\/media\/c.jpg"], "deep": {"file" : {"name": "\"/media/no",
"x": "/media/d.jpg"}}, "e" : "/media/e"}"""
BODIES = {"html": HTML, "css": CSS, "json": JSON}
KINDS = {
    "html": (html.collect, html.HtmlReader),
    "css": (css.collect, css.CssReader),
    "json": (json.collect, json.JsonReader),
    "feed": (json.collect_feed, json.JsonFeedReader),
}


def link_all(urls):
    return [
        Link(len(b"/media/"), LINK + b"/media/") if url.startswith(b"/") else None for url in urls
    ]


def linked(piece):
    return splice(piece.body, piece.candidates, link_all([c.url for c in piece.candidates]))


def streamed(chunks, kind, scope=ALL):
    pieces = Pieces(KINDS[kind][1](scope))
    return b"".join([*(linked(pieces.take(chunk)) for chunk in chunks), linked(pieces.finish())])


def whole(body, kind, scope=ALL):
    return rewrite(body, scope, KINDS[kind][0], link_all)


def halves(body):
    return [(body[:at], body[at:]) for at in range(len(body) + 1)]


@pytest.mark.parametrize("scope", [ALL, PLAIN], ids=["all", "plain"])
@pytest.mark.parametrize("kind", BODIES)
def test_split_at_every_byte(kind, scope):
    body = BODIES[kind]
    expected = whole(body, kind, scope)
    assert expected.count(LINK) >= 2
    assert LINK + b"/media/no" not in expected
    for chunks in halves(body):
        assert streamed(chunks, kind, scope) == expected
    assert streamed([bytes([byte]) for byte in body], kind, scope) == expected


def cut(body, sizes):
    chunks = []
    for size in sizes:
        chunks.append(body[:size])
        body = body[size:]
    return [*chunks, body]


sizes = st.lists(st.integers(0, 40), max_size=60)
html_pieces = st.sampled_from(
    [
        *(*truth.PIECES, *truth.VALUE_PIECES, *truth.FOREIGN_PIECES, *truth.URLS),
        *("<div contenteditable>", "<div>", "</div>", "<picture>", "</picture>", "<source srcset="),
    ]
)
css_pieces = st.sampled_from([*truth.VALUE_PIECES, *truth.URLS])
json_pieces = st.sampled_from(
    [*truth.URLS, *'{}[]:,"" \n', '"', '"', '"', "\\", '"url"', '"x": "/media/a"', '"/media/b"']
)


def bodies(pieces):
    return st.lists(pieces, max_size=40).map(lambda parts: "".join(parts).encode())


@given(bodies(html_pieces), sizes)
@example(b"<textarea><div contenteditable></textarea><img src=/media/a>", [3, 9, 30])
@settings(max_examples=400, deadline=None)
def test_html(body, sizes):
    assert streamed(cut(body, sizes), "html") == whole(body, "html")


@given(bodies(css_pieces), sizes)
@settings(max_examples=200, deadline=None)
def test_css(body, sizes):
    assert streamed(cut(body, sizes), "css") == whole(body, "css")


@given(bodies(json_pieces), sizes, st.sampled_from(["json", "feed"]))
@settings(max_examples=300, deadline=None)
def test_json(body, sizes, kind):
    assert streamed(cut(body, sizes), kind) == whole(body, kind)


# What of a page is not known when its beginning goes.

base_pieces = html_pieces | st.sampled_from(
    ["<base href=//cdn.example.org/>", "<base href=/x/>", "<img crossorigin src=/media/a>"]
)


@given(bodies(base_pieces), sizes)
@settings(max_examples=300, deadline=None)
def test_what_comes_later_does_not_matter_for_what_has_gone(body, sizes):
    """A browser has fetched it by then; what a whole page links, one in chunks links too."""
    found = streamed(cut(body, sizes), "html", PLAIN)
    assert found.replace(LINK, b"") == body
    assert marks(whole(body, "html", PLAIN)) <= marks(found)


def marks(body):
    """The places of the links, as they were in the body before."""
    return {found.start() - i * len(LINK) for i, found in enumerate(re.finditer(LINK, body))}


def test_behind_a_base_of_another_origin_root_relative_urls_stay():
    chunks = [b"<base href=//x/>", b"<img src=/media/a>"]
    assert streamed(chunks, "html") == b"".join(chunks)


@pytest.mark.parametrize("at", range(len(b"<base href=//x/>") + 1))
def test_a_base_in_two_chunks(at):
    body = b"<base href=//x/><img src=/media/a>"
    assert streamed([body[:at], body[at:]], "html") == body


def test_the_sources_of_a_picture_wait_for_its_image():
    chunks = [
        b"<p>a<picture><source srcset=/media/a>",
        b"<img crossorigin src=x></picture>",
        b"<p>",
    ]
    assert streamed(chunks, "html", PLAIN) == b"".join(chunks)
    pieces = Pieces(html.HtmlReader(PLAIN))
    assert pieces.take(chunks[0]).body == b"<p>a"
    assert pieces.take(chunks[1]).body == b"".join(chunks[:2])[4:]


def test_a_picture_without_an_end_does_not_wait_for_ever():
    chunks = [
        b"<picture><source srcset=/media/a>",
        *[b"<p>text</p>" * 100] * 300,
        b"<img src=/media/b>",
    ]
    expected = b"".join(chunks).replace(b"src=/media", b"src=" + LINK + b"/media")
    assert streamed(chunks, "html", PLAIN) == expected
    pieces = Pieces(html.HtmlReader(PLAIN))
    assert sum(len(pieces.take(chunk).body) for chunk in chunks) > 0


@pytest.mark.parametrize(
    "inside", [b"<!-- </picture> -->", b"<i title='</picture>'></i>", b"<!-- <picture> -->"]
)
def test_a_picture_whose_end_is_none_waits_for_its_image(inside):
    chunks = [
        b"<picture>",
        b"<source srcset=/media/a>" + inside,
        b"<img crossorigin src=/media/b></picture>",
    ]
    assert streamed(chunks, "html", PLAIN) == b"".join(chunks)


def test_a_picture_that_is_none_waits_for_nothing():
    body = b"<!-- <picture> --><p>"
    assert Pieces(html.HtmlReader(PLAIN)).take(body).body == body


def test_a_long_token_says_nothing_of_sources_behind_it():
    chunks = [b"<script>" + b"a" * 300_000, b"</script>", b"<video><source src=/media/a></video>"]
    expected = b"".join(chunks).replace(b"/media/a", LINK + b"/media/a")
    assert streamed(chunks, "html", PLAIN) == expected


# What is held back


@pytest.mark.parametrize(
    ("kind", "chunk", "held"),
    [
        ("html", b"<p>text, and more", b""),
        ("html", b"<p>text <im", b"<im"),
        ("html", b"<p>a <", b"<"),
        ("html", b"<p><!-- > ", b"<!-- > "),
        ("html", b"<p><script>a > b </scrip", b"<script>a > b </scrip"),
        ("css", b"a{b:c;d", b"d"),
        ("json", b'{"a": "b", "c', b'"c'),
        ("json", b'{"a": "b"', b'"b"'),
        ("json", b'{"a": 12', b""),
    ],
)
def test_only_the_last_token_is_held_back(kind, chunk, held):
    pieces = Pieces(KINDS[kind][1](PLAIN))
    assert pieces.take(chunk).body == chunk.removesuffix(held)
    assert pieces.flush() == held


@pytest.mark.parametrize(
    ("kind", "begins", "ends"),
    [
        ("html", b"<", b" b"),
        ("html", b"<i", b">"),
        ("html", b"<!-- > ", b"-->"),
        ("html", b"<script> > ", b"</script>"),
        ("css", b"b:c", b"}"),
        ("json", b'"a', b'",'),
        ("json", b'"a"', b" ,"),
        ("json", b'"a" ', b","),
    ],
)
def test_a_token_goes_as_soon_as_it_is_whole(kind, begins, ends):
    pieces = Pieces(KINDS[kind][1](PLAIN))
    assert pieces.take(begins).body == b""
    assert pieces.take(b"").body == b""
    assert pieces.take(ends).body == begins + ends


@pytest.mark.parametrize(
    ("kind", "begins", "filler", "ends"),
    [
        ("html", b"<script>", b"if (a > b) { '</div>' } ", b"</ScRiPt>"),
        ("html", b"<!--", b"<p>-- ", b"-->"),
        ("html", b"<!--", b"<p>-- ", b"--!>"),
        ("html", b"<picture>", b"<source> ", b"</picture>"),
        ("html", b"<textarea>", b"<p></p> ", b"</textarea >"),
        ("json", b'"', rb"<img src=\"/a\"> ", b'",'),
        ("css", b"a{b:url(data:", b"AAAA", b")}"),
    ],
)
@pytest.mark.parametrize("chunk", [7, 4096])
def test_a_long_token_goes_as_soon_as_it_is_whole(kind, begins, filler, ends, chunk):
    """Not only once more has come: the view may wait for long now."""
    pieces = Pieces(KINDS[kind][1](PLAIN))
    body = begins + filler * (200_000 // len(filler))
    for at in range(0, len(body), chunk):
        assert pieces.take(body[at : at + chunk]).body in (b"", b"a{")
    assert pieces.take(ends).body == body.removeprefix(b"a{") + ends


@pytest.mark.parametrize(
    ("kind", "begins"), [("html", b"<!--"), ("html", b"<p title='"), ("css", b"a"), ("json", b'"')]
)
def test_a_token_without_an_end_goes_through_with_the_rest(kind, begins):
    pieces = Pieces(KINDS[kind][1](ALL))
    filler = b"x" * 1000
    sent, largest = [pieces.take(begins).body], 0
    for _ in range(2 * MAX_HELD // len(filler)):
        sent.append(pieces.take(filler).body)
        largest = max(largest, len(sent[-1]))
    assert MAX_HELD < largest < MAX_HELD + 2 * len(filler)
    assert sent[-1] == filler
    after = b"--></p'><img src=/media/a>;a{b:url(/media/a)}"
    assert pieces.take(after) == (after, [])
    assert pieces.finish() == (b"", [])


def test_a_long_chunk_of_short_tokens_is_no_long_token():
    body = b"<img src=/media/a><picture><source srcset=/media/a><img></picture>" * 10_000
    assert streamed([body, body], "html", PLAIN) == whole(body + body, "html", PLAIN)


def test_json_of_any_depth_is_followed_in_bounded_memory():
    reader = json.JsonFeedReader(ALL)
    pieces = Pieces(reader)
    for _ in range(1000):
        pieces.take(b"[" * 1000)
    assert len(reader._keys._opened) < 1000
    for _ in range(1000):
        pieces.take(b"]" * 1000)
    assert linked(pieces.take(b',{"icon": "/media/a" }')) == b',{"icon": "x-s3:/media/a" }'
