import pytest

from s3rewrite.rewriters.table.lookup import OPTIONAL_CONTEXTS, is_context, own_row, rows_at
from tests.rewriters.support import check


def test_the_longest_beginning_counts():
    assert [row.name for row in rows_at(b"css", b"mask-image")] == ["css-cors-only"]
    assert [row.name for row in rows_at(b"css", b"--x")] == ["css-custom-property"]
    assert [row.name for row in rows_at(b"css", b"background")] == ["css-url"]
    assert [row.name for row in rows_at(b"p", b"data-x")] == ["data"]
    assert rows_at(b"p", b"x") == ()
    assert rows_at(b"p", b"") == ()


@pytest.mark.parametrize(
    ("context", "marked"),
    [
        ("my-card[image]", "<my-card image=→/media/a other=/media/b><p image=/media/c>"),
        ("My-Card[Image]", "<my-card image=→/media/a>"),
        ("*[data-hero]", "<p data-hero=→/media/a data-x=/media/b>"),
        ("img[data-sizes]:srcset", "<img data-sizes='→/media/a 1x, →/media/b 2x'>"),
        ("*[data-style]:css", "<p data-style='background: url(→/media/a)'>"),
        ("*[data-html]:html", "<p data-html='<img src=→/media/a>/media/b'>"),
        (
            "meta[my:image]",
            "<meta property=my:image content=→/media/a><meta name=x content=/media/b>",
        ),
        ("my-card[image]", "<my-card image=/media/a crossorigin>"),
    ],
)
def test_a_place_of_ones_own(context, marked):
    assert is_context(context)
    check(marked, context)
    check(marked.replace("→", ""), *OPTIONAL_CONTEXTS - {"data"})


def test_a_place_of_ones_own_among_those_of_a_row():
    check("<p data-hero=→/media/a data-x=→/media/b>", "*[data-hero]", "data")


@pytest.mark.parametrize(
    "name",
    ["", "x", "img[src]", "p[value]", "*[onclick]", "a[href]", "link[href]", "css[background]",
     "my-card[]", "my-card[a b]", "my-card[a]:xml", "[a]", "*[data-*]", "iframe[srcdoc]"],
)  # fmt: skip
def test_what_is_no_place_of_ones_own(name):
    assert own_row(name) is None
    assert not is_context(name)


def test_no_place_of_ones_own_undoes_a_never():
    check("<meta property='og:url' content=/media/a>", "meta[og:url]")
    check("<p value=/media/a>", "p[value]")


def test_the_names_of_rows_are_contexts():
    assert all(is_context(name) for name in OPTIONAL_CONTEXTS)
    assert not is_context("image")
