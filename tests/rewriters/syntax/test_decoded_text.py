import html

import pytest
from hypothesis import given
from hypothesis import strategies as st

from s3rewrite.rewriters.syntax.decoded_text import Text, attribute_text


def decoded(raw):
    return attribute_text(raw, 0, len(raw)).data.decode()


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        (b"a&amp;b", "a&b"),
        (b"a&ampb", "a&ampb"),
        (b"a&amp=b", "a&amp=b"),
        (b"a&amp,b", "a&,b"),
        (b"a&amp", "a&"),
        (b"?a=1&copy=2", "?a=1&copy=2"),
        (b"?a=1&copy;=2", "?a=1©=2"),
        (b"&nope;&no;", "&nope;&no;"),
        (b"&quot;&#39;&#x27;&apos;", "\"'''"),
        (b"&eacute;&Eacute", "éÉ"),
        (b"&notin;&notit;", "∉&notit;"),
        (b"&nGt;", "≫⃒"),
        (b"&#0;&#xD800;&#x110000;&#99999999999;", "����"),
        (b"&#128;&#x9F;&#x81;", "€Ÿ\x81"),
        (b"&#x41&#65 &#;&#x;&", "AA &#;&#x;&"),
    ],
)
def test_decodes_as_an_attribute_value(raw, text):
    assert decoded(raw) == text


@given(st.lists(st.sampled_from(["&amp;", "&lt;", "&#39;", "&eacute;", "&nope;", "a", "/", "é"])))
def test_agrees_with_the_standard_library(pieces):
    raw = "".join(pieces)
    assert decoded(raw.encode()) == html.unescape(raw)


@given(st.lists(st.sampled_from([b"&amp;", b"&eacute;", b"&nGt;", b"a", b"/", b"&"])))
def test_offsets_lead_back(pieces):
    body = b"xx" + b"".join(pieces)
    text = attribute_text(body, 2, len(body))
    offsets = [text.offset(place) for place in range(len(text.data) + 1)]
    assert offsets == sorted(offsets)
    assert (offsets[0], offsets[-1]) == (2, len(body))


def test_a_candidate_has_offsets_where_it_needs_them():
    text = attribute_text(b"&quot;a&amp;b&quot;cd", 0, 21)
    assert text.data == b'"a&b"cd'
    assert text.candidate(1, b"a&b") == (6, b"a&b", (6, 7, 12, 13), False, 1)
    assert text.candidate(5, b"cd") == (19, b"cd", None, False, 1)
    assert Text(b"abc", 7).candidate(1, b"bc") == (8, b"bc", None, False, 0)
