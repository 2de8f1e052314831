import pytest

from s3rewrite.rewriters.syntax.attributes import Tag


def tag(text):
    return Tag(text, b"a", 2, len(text))


def test_values_are_decoded():
    found = tag(b"<a A='b&amp;c' d=e f g=\" H i \">")
    assert found.text(b"a").data == b"b&c"
    assert found.text(b"d").data == b"e"
    assert found.text(b"f").data == b""
    assert found.text(b"x").data == b""
    assert found.word(b"g") == b"h i"
    assert found.words(b"g") == {b"h", b"i"}


def test_contains_names_not_values():
    found = tag(b"<a b='download' c>")
    assert b"download" not in found
    assert b"c" in found


@pytest.mark.parametrize("padding", [b"", b"p='" + b"x" * 9000 + b"' "])
def test_holding(padding):
    text = b"<a " + padding + b"href='1' src=2 x HREF=\"3\" 4 y= 5>"
    found = tag(text)
    held = [found.holding(text.rindex(digit)) for digit in (b"1", b"2", b"3", b"4", b"5")]
    assert [attribute and attribute.name for attribute in held] == [
        b"href",
        b"src",
        None,
        None,
        b"y",
    ]
    assert text[held[0].start : held[0].end] == b"1"


def test_nothing_holds_a_separator():
    assert tag(b"<a /b>").holding(3) is None
