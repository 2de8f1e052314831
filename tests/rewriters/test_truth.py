"""Independent parsers agree on what was changed, and that nothing else was."""

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from s3rewrite.rewriters import html, rewrite
from tests.rewriters import truth
from tests.rewriters.support import link_all, scope

pieces = st.sampled_from([*truth.PIECES, *truth.URLS])
values = st.sampled_from([*truth.VALUE_PIECES, *truth.URLS * 2])
ends = st.sampled_from(
    ["", "<img src=/media/z>", '"><img src="/media/z">', "'><img srcset='/media/z 1x'>"]
)
fuzzed = st.lists(pieces, max_size=14) | st.lists(values, max_size=14)
mixed = st.lists(pieces | values, max_size=18)


@given((fuzzed | mixed).map("".join), ends)
@settings(max_examples=600, deadline=None)
def test_agrees_with_an_independent_tokenizer(text, end):
    before = text + end
    after = rewrite(before.encode(), scope(), html.collect, link_all).decode()
    assert truth.wrong_tokens(before, after) == []


trees = st.lists(st.sampled_from([*truth.FOREIGN_PIECES, *truth.URLS]) | pieces, max_size=14)


@given((trees | fuzzed).map("".join), ends)
@settings(max_examples=250, deadline=None)
def test_changes_nothing_but_links_in_the_tree(text, end):
    before = text + end
    after = rewrite(before.encode(), scope(), html.collect, link_all).decode()
    try:
        wrong = truth.wrong_changes(before, after)
    except (AssertionError, AttributeError, IndexError, KeyError, TypeError, ValueError):
        assume(False)  # html5lib fails on some bodies
    assert wrong == []


RIGHT = [
    ("<img src='/media/a'>", "<img src='https://cdn.test/m/a'>"),
    ("<p style='b:url(/media/a)'>", "<p style='b:url(https://cdn.test/m/a)'>"),
    ("<img srcset='/media/a,b 1x'>", "<img srcset='https://cdn.test/m/a,b 1x'>"),
    ("<style>a{b:url(/media/a)}</style>", "<style>a{b:url(https://cdn.test/m/a)}</style>"),
]
WRONG = [
    ("<img src='/media/a'>", "<img src='/media/a' x>"),
    ("<p title='/media/a'>", "<p title='https://cdn.test/m/a'>"),
    ("<img src=/media/a src=/media/b>", "<img src=/media/a src=https://cdn.test/m/b>"),
    ("<p style='mask:url(/media/a)'>", "<p style='mask:url(https://cdn.test/m/a)'>"),
    ("<p style='--b:url(/media/a)'>", "<p style='--b:url(https://cdn.test/m/a)'>"),
    ("<p style='b:url(/media/a)'>", "<p style='b:url(https://cdn.test/m/b)'>"),
    ("<img srcset='/media/a 1x, ,/media/b'>", "<img srcset='https://cdn.test/m/a 1x, ,/media/b'>"),
    ("<img srcset='a,/media/a'>", "<img srcset='a,https://cdn.test/m/a'>"),
    ("<style>/* /media/a */</style>", "<style>/* https://cdn.test/m/a */</style>"),
    ("<style>a{b:'/media/a'}</style>", "<style>a{b:'https://cdn.test/m/a'}</style>"),
    ("<title>/media/a</title>", "<title>https://cdn.test/m/a</title>"),
    ("<!-- /media/a -->", "<!-- https://cdn.test/m/a -->"),
    ("</p style='b:url(/media/a)'>", "</p style='b:url(https://cdn.test/m/a)'>"),
]


@pytest.mark.parametrize(("before", "after"), RIGHT)
def test_the_judges_say_what_is_right(before, after):
    assert (truth.wrong_tokens(before, after), truth.wrong_changes(before, after)) == ([], [])
    assert truth.wrong_tokens(before, before)


@pytest.mark.parametrize(("before", "after"), WRONG)
def test_the_judges_say_what_is_wrong(before, after):
    assert truth.wrong_tokens(before, after)
