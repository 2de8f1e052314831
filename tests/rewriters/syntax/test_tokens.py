import pytest

from s3rewrite.rewriters.syntax.tokens import ATTRIBUTE, IN_HTML, NEUTRAL, TAG, UNSURE, WHERE_UNSURE


@pytest.mark.parametrize(
    "tag", [b"<p>", b"</p >", b"<p a>", b"<p a=b/>", b"<p a='>' b=\">\">", b"<p/>"]
)
def test_a_tag_is_taken_whole(tag):
    assert TAG.match(tag + b"x>").end() == len(tag)
    assert all(TAG.match(tag, 0, end) is None for end in range(len(tag)))


@pytest.mark.parametrize("syntax", [IN_HTML, WHERE_UNSURE])
@pytest.mark.parametrize(
    "token",
    [b"<p a='>'>", b"<!-- > -->", b"<!-->", b"<!doctype >", b"<?>", b"</ >", b"<p a=b c = d>"],
)
def test_no_piece_of_a_token_is_taken_for_the_whole(syntax, token):
    text = b"a" + token + b"b"
    ends = [syntax.tokens.match(text, 0, end).end() for end in range(1, len(text) + 1)]
    assert ends == [1] * len(token) + [len(token) + 1, len(text)]


@pytest.mark.parametrize("name", UNSURE)
def test_stops_at_unsure_elements(name):
    text = f"a</{name}><{name}>".encode()
    assert IN_HTML.tokens.match(text).end() == len(f"a</{name}>")
    assert WHERE_UNSURE.tokens.match(text).end() == 1


def test_attributes():
    found = ATTRIBUTE.findall(b"a b=c d='e' f=\"g\" =h=i j= >")
    assert found == [
        (b"a", b"", b"", b""),
        (b"b", b"", b"", b"c"),
        (b"d", b"", b"e", b""),
        (b"f", b"g", b"", b""),
        (b"=h", b"", b"", b"i"),
        (b"j", b"", b"", b""),
    ]


@pytest.mark.parametrize("text", [b"", b"a", b"<!-- <b> -->", b"<![CDATA[\n<b>\n]]>a"])
def test_neutral(text):
    assert NEUTRAL.fullmatch(text)


@pytest.mark.parametrize("text", [b"<b>", b"a<b", b"<!-- ", b"<![CDATA[ <b> ]>a"])
def test_not_neutral(text):
    assert not NEUTRAL.fullmatch(text)
