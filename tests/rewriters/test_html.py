"""URL forms, identity, and growth; the rows of the table are in test_contexts."""

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from s3rewrite.rewriters import html, rewrite, splice
from s3rewrite.rewriters.pieces import Pieces
from s3rewrite.rewriters.syntax.tokens import VOID
from s3rewrite.rewriters.types import Scope, Target
from tests.rewriters import truth
from tests.rewriters.support import (
    PUBLIC,
    check,
    link_all,
    link_none,
    link_to_itself,
    scope,
    urls,
)

URL_FORMS = {
    "root-relative": '<img src="→/media/a.jpg">',
    "absolute": '<img src="→https://example.com/media/a.jpg"><a href=→http://example.com/media/b>',
    "without a scheme": '<img src="→//example.com/media/a.jpg">',
    "trimmed": '<img src=" \n\x01→/media/a.jpg\t\r\n ">',
    "tab or newline inside": '<img src="/media/a\n.jpg"><img src="/med\tia/a">'
    "<img src=/media/&#9;a>",
    "NUL before": '<img src="\x00/media/a.jpg">',
    "not at the start": '<img src="x/media/a"><img src="../media/a"><img src="/en/media/a">',
    "other host": '<img src="https://other.test/media/a"><img src="//other.test/media/a">',
    "host in another case": '<img src="HTTPS://example.com/media/a">',
    "prefix in another case": '<img src="/Media/a"><img src="/MEDIA/a">',
    "prefix as a reference": '<img src="&#47;media/a">',
    "references": '<img src="→/media/it&#x27;s.jpg"><img src="→/media/a&amp;b&lt;c">',
    "references without semicolon": '<a href="→/media/a?b=1&copy=2&amp">',
    "references before": '<img src="&#32;&#x20;→/media/a">',
    "query and fragment": '<img src="→/media/a.svg?v=1#b">',
    "unquoted": "<img src=→/media/a.jpg><img src=→/media/b/><img src = →/media/c>",
    "single quotes": "<img src='→/media/a.jpg'>",
    "duplicate attributes": '<img src="→/media/a" src="/media/b"><img src=x SRC=/media/c>',
    "upper case": '<IMG SRC="→/media/a.jpg">',
    "two in a tag": '<video poster="→/media/a.jpg" src="→/media/a.mp4"></video>',
    "names that hold the attribute's": '<img data-src-x src="→/media/a" xsrc=/media/b>',
    "path as a name": "<img /media/a src=→/media/b><img /media/a>",
    "unfinished": '<img src="→/media/a"><img src="/media/b"',
    "very long": f'<img src="/media/{"a" * 9000}">',
    "long tag": f'<img alt="{"a" * 9000}" src="→/media/a" src="/media/b" xsrc=/media/c>',
}

NO_BASE = ["<base target=_blank>", "<base href=''>", "<base href=/sub/>", "<base href=sub/?x#y>"]
OWN_BASE = ["<base href=https://example.com>", "<base href='//example.com/x'>"]
FOREIGN_BASE = [
    "<base href=https://other.test/>",
    "<BASE href=https://example.com.other.test/>",
    "<base href=//other.test/>",
    "<base href='\\\\other.test\\'>",
    "<base href='/\n/other.test/'>",
    "<base href=&#47;/other.test/>",
    "<base href=https:/x>",
    "<base href=data:x>",
    "<base href=/a/><base href=https://other.test/>",
    "<plaintext><base href=https://other.test/>",
]


@pytest.mark.parametrize("marked", URL_FORMS.values(), ids=URL_FORMS)
def test_url_form(marked):
    check(marked)


@pytest.mark.parametrize("base", [*NO_BASE, *OWN_BASE])
def test_base_of_this_origin(base):
    check(f"{base}<img src=→/media/a>")


@pytest.mark.parametrize("base", FOREIGN_BASE)
def test_base_of_another_origin(base):
    check(f"<img src=/media/a><img src=→https://example.com/media/b>{base}")


def test_base_in_a_comment_is_none():
    check("<!-- <base href=https://other.test/> --><p title='<base href=//x/>'><img src=→/media/a>")


@pytest.mark.parametrize("url", ["/media/é.jpg", "/media/&eacute;.jpg", "/media/&#233;"])
def test_bytes_outside_ascii(url):
    check(f"<img src='→{url}'>")
    check(f"<img src='{url}'><img src=→/media/a>", utf8=False)


@pytest.mark.parametrize(
    "marked",
    [
        "<div contenteditable><img src=/media/a></div><img src=→/media/b>",
        "<DIV ContentEditable=TRUE><div><img src=/media/a></div><img src=/media/c></div>",
        "<div contenteditable=false><img src=→/media/a></div>",
        "<div title=contenteditable><img src=→/media/a></div>",
        "contenteditable <!-- contenteditable --><img src=→/media/b>",
        "<p contenteditable>a<p><img src=/media/a>",
        "<div contenteditable style='background:url(→/media/a)'></div>",
        *(
            f"<{name} contenteditable><img src=→/media/a>"
            for name in sorted(map(bytes.decode, VOID))
        ),
    ],
)
def test_what_is_edited_in_place_is_left(marked):
    check(marked)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (r"\/media\/a.jpg", r"https:\/\/cdn.test\/m\/a.jpg"),
        (r"\u002Fmedia\u002Fa.jpg", r"https://cdn.test/m/a.jpg"),
        (r"\u002fmedia\u002fa.jpg", r"https://cdn.test/m/a.jpg"),
        (r"https:\/\/example.com\/media\/a", r"https:\/\/cdn.test\/m\/a"),
    ],
)
@pytest.mark.parametrize(
    "page",
    [
        '<script type="application/ld+json">{"image": "%s"}</script>',
        '<script type="application/json">{"image": "%s"}</script>',
        """<p data-props='{"image": "%s"}'>""",
        '<p data-props="{&quot;image&quot;: &quot;%s&quot;}">',
        """<iframe srcdoc='<script type="application/ld+json">{"image": "%s"}</script>'>""",
    ],
)
def test_json_that_escapes_all_its_slashes(page, before, after):
    wide = scope("json-script", "srcdoc", "*[data-props]:json")
    body = (page % before).encode()
    assert rewrite(body, wide, html.collect, link_all) == (page % after).encode()
    assert streamed(body, wide) == (page % after).encode()


def streamed(body, scope):
    pieces = Pieces(html.HtmlReader(scope))
    found = [*(pieces.take(bytes((byte,))) for byte in body), pieces.finish()]
    return b"".join(splice(p.body, p.candidates, link_all(p.urls)) for p in found)


@pytest.mark.parametrize("closed", ["<svg/>", "<svg width=9 />", "<SVG a='b'/>", "<math/>"])
def test_behind_an_empty_svg_all_is_read(closed):
    check(f"{closed}<script>a<b</script><img src=→/media/a>")
    check(f"<svg>{closed}</svg><style>a<b</style><img src=→/media/a>")


@pytest.mark.parametrize(
    "opened", ["<svg>", "<svg width=9/>", "<svg a=/>", "<svg / >", "<select/>", "<math a=b/c/>"]
)
def test_what_only_looks_empty_is_open(opened):
    check(f"{opened}<script>a<b</script><img src=/media/a>")


def test_several_targets():
    targets = (
        Target((b"/media/",)),
        Target((b"/static/",), frozenset({"stylesheet"})),
        Target((b"https://x.test/a/", b"/b/")),
        Target(()),
    )
    body = (
        b"<link rel=stylesheet href=/static/a.css><link rel=stylesheet href=/media/a.css>"
        b"<img src=/b/1><img src=https://x.test/a/2><img src=/static/3>"
    )
    found = [candidate.url for candidate in html.collect(body, Scope(targets))]
    assert found == [b"/static/a.css", b"/b/1", b"https://x.test/a/2", b"/static/3"]


def test_a_prefix_with_a_host_as_a_name_is_none():
    target = Target((b"https://x.test/a/",))
    assert not html.collect(b"<img https://x.test/a/b xhttps://x.test/a/b>", Scope((target,)))


def test_urls_are_decoded():
    assert urls("<img src='/media/a&amp;b'><a href='/media/it&#x27;s.jpg'>") == [
        b"/media/a&b",
        b"/media/it's.jpg",
    ]


def test_without_targets_nothing_is_found():
    assert html.collect(b"<img src=/media/a>", Scope(())) == []


def test_crlf_stays():
    check('<img\r\nsrc="→/media/a"\r\n>\r\n<!--\r\n-->')


bodies = st.lists(st.sampled_from([*truth.PIECES, *truth.URLS]), max_size=14).map("".join)
foreign = st.sampled_from(
    "<svg> </svg> <math> </math> <select> </select> <![CDATA[ ]]> <style> </style> <base "
    "contenteditable style=' url( srcset=' <source <link rel=icon <meta content=".split()
)
any_bodies = st.lists(bodies | foreign, max_size=12).map("".join)


@given(any_bodies | st.binary().map(lambda raw: raw.decode("latin-1")))
@settings(max_examples=300, deadline=None)
def test_identity(text):
    body = text.encode("latin-1", "ignore")
    wide = scope("data", "import", "font-face", "stylesheet", "script", cors=True)
    assert rewrite(body, wide, html.collect, link_none) is body
    assert rewrite(body, wide, html.collect, link_to_itself) == body


@given(any_bodies)
@settings(max_examples=300, deadline=None)
def test_candidates_are_in_order_and_hold_what_they_say(text):
    end = 0
    body = text.encode()
    for start, url, offsets, *_ in html.collect(body, scope("data")):
        assert start >= end
        end = offsets[-1] if offsets else start + len(url)
        assert offsets or body[start:end] == url
        assert offsets is None or (offsets[0] == start and len(offsets) == len(url) + 1)


HOSTILE = {
    "less-than signs": (b"", b"<", b"/media/"),
    "comment starts": (b"", b"<!--", b"/media/"),
    "scripts in comments": (b"", b"<script><!--<script>", b"/media/"),
    "escaped scripts": (b"<script><!--", b"<script></script>", b"/media/"),
    "script ends": (b"<script><!--<script>", b"</script --><!--<script>", b"/media/"),
    "attributes": (b"<a ", b"b=/media/ ", b""),
    "attributes with quotes": (b"<a ", b'b="/media/" ', b""),
    "attributes of one name": (b"<img ", b"src=/media/a ", b">"),
    "attributes without values": (b"<img src=/media/a ", b"a\n", b">"),
    "spaces in a tag": (b"<img ", b" ", b"src=/media/a>"),
    "quotes": (b"<img ", b"\"'=", b"src=/media/a>"),
    "prefixes as text": (b"", b"/media/", b""),
    "prefixes in an unclosed tag": (b"<a b='", b"/media/", b""),
    "prefixes in a value": (b"<img src='", b"/media/", b"'>"),
    "prefixes in a srcset": (b"<img srcset='", b"/media/a,", b"'>"),
    "images in a srcset": (b"<img srcset='", b"/media/a&amp; 1x, ", b"'>"),
    "commas in a srcset": (b"<img srcset='/media/a ", b", ", b"'>"),
    "parentheses in a srcset": (b"<img srcset='/media/a ", b"(", b"'>"),
    "prefixes in an unclosed comment": (b"<!--", b"/media/", b""),
    "prefixes in an unclosed script": (b"<script>", b"/media/", b""),
    "dashes": (b"<!--", b"-", b"/media/"),
    "unclosed raw text": (b"", b"<style><title>/media/", b""),
    "svg roots": (b"", b"<svg>", b"<img src=/media/a>"),
    "svg ends": (b"<svg>", b"</math></svg>", b"<img src=/media/a>"),
    "empty svgs": (b"", b"<svg a=b />", b"<img src=/media/a>"),
    "escaped slashes": (b"<script type=application/ld+json>[", b'"\\/media\\/a",', b"1]</script>"),
    "escaped slashes in text": (b"", b"\\/media\\/", b""),
    "CDATA": (b"<svg>", b"<![CDATA[", b"<img src=/media/a>"),
    "images": (b"", b"<img src=/media/a>", b""),
    "sources": (b"<img crossorigin ", b"<source src=/media/a>", b""),
    "images before a source": (b"<source src=/media/a><p crossorigin>", b"<img ", b""),
    "sources and pictures": (
        b"<img crossorigin>",
        b"<picture><source src=/media/a><img crossorigin>",
        b"",
    ),
    "policies": (b"<p style='b:url(/media/a)'>", b"<meta content-security-policy ", b""),
    "open policies": (b"<p style='b:url(/media/a)'>", b"<meta content-security-policy='", b""),
    "bases": (b"<img src=/media/a>", b"<base ", b""),
    "editable": (b"", b"<p contenteditable>/media/", b""),
    "ends of editable": (b"<p contenteditable>/media/", b"<p><!--</p>-->", b""),
    "styles": (b"", b"<style>a{b:url(/media/a)}</style>", b""),
    "prefixes in a style": (b"<style>a{b:", b"url(/media/a) ", b"</style>"),
    "open functions": (b"<style>a{b:", b"c(/media/", b"</style>"),
    "open strings": (b"<style>", b"'/media/\n", b"</style>"),
    "open comments": (b"<style>", b"/media//*", b"</style>"),
    "escapes": (b"<style>", b"\\/media/", b"</style>"),
    "statements": (b"<style>", b";/media/", b"</style>"),
    "references": (b"<p style='b:url(/media/a)", b"&amp;", b"'>"),
    "ampersands": (b"<p style='b:url(/media/a)", b"&a", b"'>"),
}


@pytest.mark.parametrize("parts", HOSTILE.values(), ids=HOSTILE)
def test_time_grows_no_faster_than_the_body(parts):
    before, piece, after = parts
    size = 40_000
    small, large = (before + piece * (n * size // len(piece)) + after for n in (1, 8))
    assert _seconds(large) < 24 * _seconds(small) + 0.05


def _seconds(body):
    def once():
        start = time.process_time()
        rewrite(body, scope("data", "import"), html.collect, link_all)
        return time.process_time() - start

    return min(once() for _ in range(2))


def test_public_url_is_what_is_inserted():
    body = rewrite(b"<img src=/media/a>", scope(), html.collect, link_all)
    assert body == b"<img src=" + PUBLIC + b"a>"
