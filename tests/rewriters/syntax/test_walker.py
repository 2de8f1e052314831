import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from s3rewrite.rewriters.syntax.attributes import Tag
from s3rewrite.rewriters.syntax.walker import Element, TokenKind, Walker, element_end, script_end
from tests.rewriters import truth

X = b"/media/x"


def piece_at(text, needle=X):
    return Walker(text).seek(text.index(needle))


def held(text):
    """What the piece that holds the place is, and the text of it."""
    piece = piece_at(text)
    return piece and (piece.kind, piece.name, text[piece.start : piece.end])


TAGS = [
    b"<a href=/media/x>",
    b'<a title="x > y" href=/media/x>',
    b"<a b'c href=/media/x>",
    b'<a ="x href=/media/x>',
    b"<a / href=/media/x/>",
    b"<a href = '/media/x'>",
    b"<a b=c=\"d href='/media/x'>",
    b'<a b="c"d="/media/x">',
    b"<A\r\nHREF\x0c=\t/media/x\n>",
    b"<a \0=\0 href=/media/x>",
    b"<a a= href=/media/x>",
    b"<a href=/media/x title='<b>'>",
]


@pytest.mark.parametrize("tag", TAGS)
@pytest.mark.parametrize("before", [b"", b"text < 1 <3 </ <", b"<p class=a>b</p><!---->"])
def test_finds_the_tag(before, tag):
    if before.endswith(b"<"):
        tag = b" >" + tag
    piece = piece_at(before + tag)
    assert piece.kind is TokenKind.TAG
    assert (before + tag)[piece.start : piece.end] == tag.removeprefix(b" >")
    assert piece.name == b"a"


@pytest.mark.parametrize(
    "before",
    [
        b"<!-->",
        b"<!--->",
        b"<!-- <a> -->",
        b"<!-- --!>",
        b"<!-- --!-->",
        b"<!----->",
        b"<!doctype html>",
        b'<!doctype html "a>',
        b"<!x <!-- >",
        b"<?x '>",
        b"<?-->",
        b"</ x '>",
        b"</>",
        b"<![CDATA[ x > ",
        b'<p a="\'">',
        b"</p a='>'>",
        b"<script>'<!--'</script>",
        b"<script><!-- <script> </script> --></script>",
        b"<script><!--></script>",
        b"<script></scripty></script >",
        b"<style><p a='</style>",
        b"<title><p a='</TITLE/>",
        b"<textarea></text</textarea\n>",
        b"<xmp><!--</xmp>",
        b"<iframe><!--</iframe>",
        b"<noembed><!--</noembed>",
        b"<noframes><!--</noframes>",
        b"<noscript>",
        b"<template>",
        b"<styles><scripts>",
        b"<svg><title>a</title><style><![CDATA[ b ]]></style><script><!-- <a> --></script>",
        b"<svg><![CDATA[ a ]]>",
        b"<svg></svg><script>a<b</script>",
        b"<select><option>a</select><script>a<b</script>",
        b"<math><svg></math></svg><title><b></title>",
        b"</svg><title><b></title>",
    ],
)
def test_finds_the_tag_behind(before):
    assert held(before + b"<a href=/media/x>") == (TokenKind.TAG, b"a", b"<a href=/media/x>")


@pytest.mark.parametrize(
    "text",
    [
        b"<!-- <a href=/media/x> -->",
        b"<!--!> <a href=/media/x> -->",
        b"<!---!> <a href=/media/x> -->",
        b"<!x href=/media/x>",
        b"<?x href=/media/x>",
        b"</a href=/media/x>",
        b"</ a href=/media/x>",
        b"</media/x>",
        b"text /media/x and more",
        b"< /media/x>",
        b"<<3 /media/x>",
    ],
)
def test_finds_what_is_no_tag(text):
    assert held(text)[0] is TokenKind.OTHER


@pytest.mark.parametrize(
    "text",
    [
        b"<script>a</script b>/media/x</script>",
        b"<textarea>/media/x</textarea>",
        b"<script>/media/x</script>",
        b"<script><!-- <script> </script> /media/x --></script>",
        b"<script><!-- --> <script> /media/x</script>",
        b"<style>/media/x</style>",
        b"<svg><style>/media/x</style>",
    ],
)
def test_finds_raw_text(text):
    if b" b>" in text:
        assert held(text)[0] is TokenKind.OTHER
    else:
        kind, name, held_text = held(text)
        assert kind is TokenKind.RAW
        assert held_text.startswith(b"<" + name)
        assert text[len(held_text) + text.index(held_text) :].startswith(b"</" + name)


@pytest.mark.parametrize(
    "text",
    [
        b"<a href=/media/x",
        b"<a href='/media/x>",
        b"<a b='><a href=/media/x>",
        b"<!-- <a href=/media/x>",
        b"<!-- /media/x -- >",
        b"<script><!-- <script> </script> /media/x",
        b"<script> /media/x </scripty",
        b"<plaintext><a href=/media/x>",
        b"<style> /media/x",
        b"</a '/media/x",
        b"<? /media/x",
        b"<svg><script>a<b</script><a href=/media/x>",
        b"<svg><![CDATA[ > <a href=/media/x> ]]>",
        b"<svg></math><style><b></style><a href=/media/x>",
        b"<select><title><b></title><a href=/media/x>",
        b"<svg><plaintext></plaintext><a href=/media/x>",
    ],
)
def test_stops_where_there_is_no_sure_end(text):
    assert held(text) is None


def test_goes_on_from_piece_to_piece():
    text = b"<a href=/media/x> /media/x <b><script>/media/x</script><img src=/media/x>"
    walker = Walker(text)
    places = [i for i in range(len(text)) if text.startswith(X, i)]
    kinds = [walker.seek(place).kind for place in places]
    assert kinds == [TokenKind.TAG, TokenKind.OTHER, TokenKind.RAW, TokenKind.TAG]


def test_a_place_right_behind_a_less_than_sign():
    assert Walker(b"<<base>").seek(1) == (TokenKind.TAG, 1, 7, b"base", 6)


def test_many_places_in_one_tag():
    text = b"<a b=/media/x href=/media/x>"
    walker = Walker(text)
    assert walker.seek(5) == walker.seek(text.rindex(X))


@pytest.mark.parametrize(
    ("text", "end"),
    [
        (b"<div>a<div>b</div><p></p>c</div>d", b"</div>d"),
        (b"<div><!-- </div> --><script>'</div>'</script></DIV >d", b"</DIV >d"),
        (b"<div><p title='</div>'></div>d", b"</div>d"),
        (b"<div><divx></divx></div>d", b"</div>d"),
    ],
)
def test_element_end(text, end):
    assert element_end(Walker(text), Element(b"div"), len(b"<div>")) == text.index(end)


@pytest.mark.parametrize(
    ("text", "depth"),
    [(b"<div><div>d</div>", 1), (b"<div><!-- </div>", 1), (b"<div><div><div>d</div>", 2)],
)
def test_an_element_without_an_end(text, depth):
    found = element_end(Walker(text), Element(b"div"), len(b"<div>"))
    assert found == Element(b"div", depth)


# Tags of the usual spelling


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (b"<p><img src='/media/x'>", None),
        (b'<p>a<img src="/media/x">', (b"img", b"src", b"/media/x")),
        (b'<p>a<img\n alt="b"\r\n\tsrc="/media/x"\n>', (b"img", b"src", b"/media/x")),
        (b'<img\nsrc="a"\tsrc="/media/x">', None),
        (b'<img alt="src=" src="/media/x">', (b"img", b"src", b"/media/x")),
        (b'<p>a<img alt="a > b" src="a /media/x" title="t" />', (b"img", b"src", b"a /media/x")),
        (b'<img data-src="/media/x" alt=a>', None),
        (b'<img src="a" src="/media/x">', None),
        (b'<img data-src="a" src="/media/x">', (b"img", b"src", b"/media/x")),
        (b'<img src="/media/x"', None),
        (b'<IMG src="/media/x">', None),
        (b'<img src="">/media/x', None),
        (b'<img src="" /media/x>', None),
        (b'</a href="/media/x">', None),
        (b'<!-- <img src="/media/x"> -->', None),
        (b'<script src="/media/x"></script>', (b"script", b"src", b"/media/x")),
        (b'<title><img src="/media/x"></title>', None),
        (b'<svg><image href="/media/x"></svg>', None),
        (b"<p " + b'a="" ' * 40 + b' src="/media/x">', None),
    ],
)
def test_an_attribute_of_the_usual_spelling(text, expected):
    found = Walker(text).simple_attribute(text.index(X))
    assert expected == (
        found and (found.name, found.attribute, text[found.value : found.value_end])
    )


usual_pieces = st.sampled_from(
    [
        *truth.PIECES,
        *truth.FOREIGN_PIECES,
        '<img src="/media/a">',
        ' alt="/media/b"',
        '="/media/c"',
        "\n",
        '\n src="/media/d"',
    ]
)


@given(st.lists(usual_pieces, max_size=30).map(lambda pieces: "".join(pieces).encode()))
@settings(max_examples=500, deadline=None)
def test_the_usual_spelling_is_read_as_any_other(text):
    quick, slow = Walker(text), Walker(text)
    for place in [found.start() for found in re.finditer(b"/media/", text)]:
        usual = quick.simple_attribute(place)
        piece = slow.seek(place)
        if usual:
            assert (piece.kind, piece.name, piece.end) == (TokenKind.TAG, usual.name, usual.end)
            held = Tag(text, piece.name, piece.inner, piece.end).holding(place)
            assert held == (usual.attribute, usual.value, usual.value_end)
        else:
            assert quick.seek(place) == piece
        if piece is None:
            break


# The text of scripts


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"a</b>",
        b"</scripty></scrip>",
        b"<!-- -->",
        b"<!-- a",
        b"<!-->",
        b"<!--->",
        b"<!-- <script> -->",
        b"<!-- <script></script> ",
        b"<!-- <script></script> -->",
        b"<!-- <scripty> ",
        b"<!-- <script --> ",
        b"<!-- <SCRIPT/></sCript\n> ",
        b"<!-- --> <script>",
    ],
)
def test_ends_at_the_end_tag(text):
    assert script_end(text + b"</script>", 0) == len(text)


@pytest.mark.parametrize("text", [b"a", b"</script", b"<!--<script></script>", b"<!-- <script>"])
def test_has_no_end(text):
    assert script_end(text, 0) is None
