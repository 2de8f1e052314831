"""Time grows with the bytes and no faster, whatever they are: twice as many take twice as long."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from s3rewrite.rewriters.pieces import MAX_HELD
from tests.security.growth import (
    ALL,
    ENOUGH,
    PLAIN,
    Family,
    explained,
    growth,
    in_chunks,
    seconds,
    whole,
)

HIT = b"<img src=/media/a>"
LONG = b"k" * 50_000

FAMILIES = {
    "url(": Family("css", b"url(", b"", b";a{b:url(/media/a)}"),
    "url( in a statement": Family("css", b"url(/media/", b"a{b:"),
    "url( with backslashes": Family("css", rb"/media/url(\ "),
    "names of functions": Family("css", b"a:url(", b"a{b:", b"/media/"),
    "strings": Family("css", b"url('/media/", b"a{b:"),
    "parentheses": Family("css", b"src(", b"a{b:", b"'/media/a'"),
    "comments": Family("css", b"/* /media/ ", b"a{b:"),
    "comments in heads": Family("css", b"a/**/", b"", b":url(/media/a)"),
    "a long property": Family("css", b"url(/media/a),", b"a{" + LONG + b":", b"x}"),
    "escapes": Family("css", rb"\66", b"a{b:'", b"/media/'}"),
    "html comments": Family("css", b"<!-- --> ", b"", b"a{b:url(/media/a)}"),
    "a style": Family("html", b"url(/media/", b"<style>", b"</style>"),
    "a style attribute": Family("html", b"url(/media/", b'<p style="', b'">'),
    "style attributes": Family("html", b"<p style='a:url(/media/'>"),
    "less-than signs": Family("html", b"<", b"", HIT),
    "open comments": Family("html", b"<!-- /media/ ", HIT),
    "scripts": Family("html", b"<!-->", b"<script>", b"</script>" + HIT),
    "attributes": Family("html", b"a=/media/b ", b"<p ", b">" + HIT),
    "attributes of one name": Family("html", b"style='/media/' ", b"<p ", b">"),
    "quotes": Family("html", b"<a b='\"", b"", HIT),
    "bases": Family("html", b"<base href=x>", b"", HIT),
    "images, and the last with CORS": Family("html", b"<img src=/x><source srcset=/media/a>",
                                             b"", b"<img crossorigin>"),
    "editable": Family("html", b"<p contenteditable>/media/", b"", HIT),
    "pictures": Family("html", b"<picture>", b"", HIT),
    "sources": Family("html", b"<video><source src=/media/a.mp4></video>", b"", HIT),
    "sources of pictures": Family(
        "html", b"<picture><source srcset=/media/a.png><img src=/x></picture>", b"", HIT
    ),
    "svg": Family("html", b"<svg><title>", b"", HIT),
    "srcset": Family("html", b"/media/a 1x,", b"<img srcset='", b"'>"),
    "a long element": Family("html", b"/media/a 1x,", b"<k" + LONG + b" data-srcset='", b"'>"),
    "parentheses in srcset": Family("html", b"/media/a (", b"<img srcset='", b"'>"),
    "references": Family("html", b"&amp;", b"<img src='/media/", b"'>"),
    "numbers": Family("html", b"&#9", b"<img srcset='/media/", b"'>"),
    "srcdoc": Family("html", b"&lt;img src=/media/a>", b"<iframe srcdoc='", b"'>"),
    "linked data": Family("html", b'["/media/a",', b"<script type=application/ld+json>",
                          b"</script>"),
    "arrays": Family("json", b"[", b"", b'"/media/a"'),
    "a long key": Family("json", b'"/media/a",', b'{"' + LONG + b'":['),
    "a long key of a feed": Family("json feed", b'"/media/a",', b'{"' + LONG + b'":['),
    "keys": Family("json feed", b'{"/media/":', b"", b'"/media/a"'),
    "values deep down": Family("json feed", b'"/media/a",', b'{"k":' * 190 + b"["),
    "strings of json": Family("json", b'"/media/ ', b'"'),
    "spaces behind a string": Family("json", b" ", b'"/media/a"', b"x"),
    "escapes of json": Family("json", rb"\u002f", b'["/media/', b'"]'),
    "html in json": Family("json feed", rb"<img src=\"/media/a\">", b'{"content_html":"', b'"}'),
    "open CDATA": Family("feed", b"<![CDATA[ /media/ ", b"<rss>"),
    "CDATA": Family("feed", b"<icon><![CDATA[ /media/ ]]>", b"<rss>"),
    "open comments of a feed": Family("feed", b"<!-- /media/ ", b"<rss>"),
    "instructions": Family("feed", b"<? /media/ ", b"<rss>", b"?>"),
    "open xhtml": Family("feed", b"<content type='xhtml'><img src='/media/a'/>", b"<feed>"),
    "xhtml": Family("feed", b"<c type='xhtml'><img src='/media/a'/></c>", b"<feed>"),
    "words of xhtml": Family("feed", b"xhtml ", b"<feed><a b='", b"'/><img src='/media/a'/>"),
    "tags of xhtml": Family("feed", b"<xhtml ", b"<feed>", b"<img src='/media/a'/>"),
    "prolog": Family("feed", b"<?x?> ", b"", b"<rss><icon>/media/a</icon>"),
    "images of a feed": Family("feed", b"<image><url>/media/a</url>", b"<rss>"),
    "html in a feed": Family("feed", b"&lt;img src=/media/a>", b"<rss><description>",
                             b"</description>"),
    "lines": Family("playlist", b"/media/a\n"),
    "attributes of a playlist": Family("playlist", b'URI="/media/a",URI=', b"#EXT-X-MAP:"),
    "links": Family("link", b"</media/a>; rel=icon,"),
    "parameters": Family("link", b"; a = b", b"</media/a>", b"; rel=icon"),
    "an open parameter": Family("link", b'; a="b', b"</media/a>"),
    "spaces in a link": Family("link", b" ;  ", b"</media/a>"),
    "references of css": Family("css file", b"a{b:url(x)}"),
    "open urls": Family("css file", b"@a:url("),
    "a long property of a file": Family("css file", b"url(a),", b"a{" + LONG + b":", b"x}"),
    "styles of svg": Family("svg file", b"<style><![CDATA[x]]><a/>", b"<svg>", b"]]></style>"),
    "attributes of svg": Family("svg file", b"<a style='b:url(c)'/>", b"<svg>"),
    "lines of a file": Family("playlist file", b"a\n"),
    "a charset": Family("content type", b" ", b"text/html; charset=", b";"),
    "parameters of a type": Family("content type", b";  charset ", b"text/html"),
}  # fmt: skip
BODIES = {name: f for name, f in FAMILIES.items() if f.kind in ("html", "css", "json", "json feed")}


@pytest.mark.parametrize("name", FAMILIES)
def test_whole(name: str) -> None:
    family = FAMILIES[name]
    assert growth(whole(family.kind), family, 32_000) <= 2.5
    assert growth(whole(family.kind, PLAIN), family, 32_000) <= 2.5


@pytest.mark.parametrize("name", [n for n, f in FAMILIES.items() if " " not in f.kind])
def test_explained(name: str) -> None:
    family = FAMILIES[name]
    assert growth(explained(family.kind), family, 16_000, 100_000) <= 2.5


@pytest.mark.parametrize("chunk", [97, 4096])
@pytest.mark.parametrize("name", BODIES)
def test_in_chunks(name: str, chunk: int) -> None:
    family = BODIES[name]
    assert growth(in_chunks(family.kind, chunk), family, 30_000, MAX_HELD) <= 2.5


# Signs that may end the token that is held back, and do not.
NO_ENDS = {
    "quoted": Family("html", b">", b"<p title='"),
    "a comment": Family("html", b"->", b"<!-- "),
    "a script": Family("html", b"<!-->", b"<script>"),
    "a picture": Family("html", b"<p>", b"<picture>"),
    "a comment of css": Family("css", b";", b"/*"),
    "an open url": Family("css", b";", b"a{b:url("),
    "escaped quotes": Family("json", rb"\"", b'"'),
    "a string that waits": Family("json", b" ", b'"a"'),
}


@pytest.mark.parametrize("chunk", [1, 7])
@pytest.mark.parametrize("name", NO_ENDS)
def test_what_seems_to_end_with_each_chunk(name: str, chunk: int) -> None:
    family = NO_ENDS[name]
    assert growth(in_chunks(family.kind, chunk), family, 15_000, MAX_HELD) <= 2.5


# Any families: the same tokens in any order.

TOKENS = {
    "html": b"< <a <!-- --> </ </p > <script> </script> <style> </style <title> <svg> </svg> "
    b"<select> <![CDATA[ ]]> <base/href= <img/src='/media/a' <img/crossorigin <source "
    b"<picture> <p/contenteditable> ' \" = =' a=b /media/ &# &lt; &amp x - url( { : style=\"",
    "css": b"url( url(' src( ( ) ' \" /* */ \\ ; { } @import : a - <!-- --> /media/ # @ / * ,",
    "json feed": b'" \\ [ ] { } : , "k": "content_html": "/media/a" /media/ media \\u ""',
    "feed": b"< <!-- --> <![CDATA[ ]]> <? ?> <a/ <a> </a> <image> <url> </url> /media/ ' \" =' "
    b"&lt; & <description> </description> > x <!DOCTYPE ] ?",
    "playlist": b'# #EXT-X-MAP: URI=" URI= " , = /media/a A : -',
    "link": b'< > <a> ; , = " \\ rel= rel=" a=b ;rel=icon </media/a> /media/',
    "css file": b"url( url(' ( ) ' \" /* */ \\ ; { } @import : a <!-- # @ / ,",
    "svg file": b"< <!-- --> <![CDATA[ ]]> <? ?> <a> <a/> </a> <style> </style> style=' url( ' "
    b"\" =' href='b' > x",
}
SPACES = (b" ", b"\n")


def families(kind: str) -> st.SearchStrategy[Family]:
    tokens = st.sampled_from([*TOKENS[kind].split(b" "), *SPACES])
    few = st.lists(tokens, max_size=3).map(b"".join)
    piece = st.lists(tokens, min_size=1, max_size=4).map(b"".join)
    roots = {"feed": b"<rss>", "svg file": b"<svg>"}
    before = few.map(lambda text: roots.get(kind, b"") + text)
    return st.builds(Family, st.just(kind), piece, before, few)


@pytest.mark.parametrize("kind", TOKENS)
@given(st.data())
@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
def test_any_family(kind: str, data: st.DataObject) -> None:
    family = data.draw(families(kind))
    read = whole(kind, data.draw(st.sampled_from([ALL, PLAIN])))
    size = 30_000
    # What is as fast as this grows too slowly to be seen.
    if seconds(read, family.body(size)) > ENOUGH / 2:
        assert growth(read, family, size) <= 2.5
