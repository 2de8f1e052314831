import pytest

from s3rewrite.rewriters import html, json
from s3rewrite.rewriters.bodies import KINDS
from s3rewrite.rewriters.table.contexts import TABLE
from s3rewrite.rewriters.table.lookup import OPTIONAL_CONTEXTS, is_context, own_row, rows_at
from s3rewrite.rewriters.types import Scope, Target
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
        ("header[data-hero]", "<header data-hero=→/media/a>"),
        ("header[location]", "<header location=→/media/a>"),
        ("json-feed[icon]", "<json-feed icon=→/media/a>"),
        ("*[É]", "<p É=→/media/a>"),
        ("*[src]", "<my-card src=→/media/a><img src=→/media/b><iframe src=/media/c></iframe>"),
        ("*[data-props]:json", """<p data-props='{"a": "→/media/a", "b": ["→/media/b", "c"]}'>"""),
        ("p[data-x]:json", '<p data-x="[&quot;→/media/a&quot;, &quot;x /media/b&quot;]">'),
        ("meta[my:data]:json", """<meta name=my:data content='{"a": "→/media/a"}'>"""),
        ("meta[my:set]:srcset", "<meta name=my:set content='→/media/a 1x, →/media/b 2x'>"),
    ],
)
def test_a_place_of_ones_own(context, marked):
    assert is_context(context)
    check(marked, context)
    check(marked.replace("→", "") if "[src]" not in context else "", *OPTIONAL_CONTEXTS - {"data"})


@pytest.mark.parametrize(
    ("context", "marked"),
    [
        ("json[a]", '{"a": "→/media/a", "b": {"a": ["→/media/b"]}, "c": "/media/c"}'),
        ("JSON[A]", '{"a": "→/media/a"}'),
        ("json[b.a]", '{"a": "/media/a", "b": {"a": "→/media/b"}}'),
        ("json[a]:url", '{"a": "→/media/a"}'),
        ("json[a]:html", """{"a": "x <img src='→/media/a'>", "b": "<img src='/media/b'>"}"""),
        ("json[a]:srcset", '{"a": "→/media/a 1x, →/media/b 2x", "b": "/media/c 1x"}'),
        ("json[a]:css", '{"a": "p { background: url(→/media/a) }", "b": "url(/media/b)"}'),
        ("json[a]:json", r'{"a": "{\"x\": \"→/media/a\", \"/media/b\": 1}", "b": "/media/b"}'),
    ],
)
def test_a_key_of_ones_own(context, marked):
    assert is_context(context)
    check(marked, context, collect=json.collect)
    check(marked.replace("→", ""), *OPTIONAL_CONTEXTS - {"json"}, collect=json.collect)
    asks = (Target((b"/media/",), frozenset({context})),)
    assert KINDS["application/json"].is_asked_by(asks)


def test_json_in_json_that_escapes_its_slashes():
    body = rb'{"a": "{\"x\": \"\\/media\\/a\"}"}'
    (found,) = json.collect(body, Scope((Target((b"/media/",), frozenset({"json[a]:json"})),)))
    assert found.url == b"/media/a"


def test_mounts_that_ask_for_one_place_in_different_spellings():
    body = b"<my-card image=/media/a><my-card image=/static/b><my-card image=/other/c>"
    asked = {b"/media/": "my-card[image]", b"/static/": "*[Image]", b"/other/": "*[x]"}
    targets = tuple(Target((prefix,), frozenset({name})) for prefix, name in asked.items())
    assert [c.url for c in html.collect(body, Scope(targets))] == [b"/media/a", b"/static/b"]


def test_what_one_mount_adds_takes_nothing_from_another():
    body = b"<img src=/media/a><img src=/static/b><p style='background: url(/static/c)'>"
    targets = (Target((b"/media/",), frozenset({"*[src]"})), Target((b"/static/",)))
    assert len(html.collect(body, Scope(targets))) == 3


# What the table's rows for other texts than HTML are named for, in the place of an element.
KINDS_OF_TEXT = {
    place.partition("[")[0]
    for row in TABLE
    for place in row.places.split()
    if "/" not in place.partition("[")[0]
} & set("css json ld+json json-script json-string json-feed manifest m3u8 header".split())


@pytest.mark.parametrize("name", sorted(KINDS_OF_TEXT))
def test_a_tag_with_the_name_of_another_kind_of_text(name):
    check(
        f"<{name} style='background: url(→/media/a)' data-src=→/media/b location=/media/c "
        f"src=/media/d line=/media/e background=/media/f photo=/media/g>",
        *OPTIONAL_CONTEXTS,
        "json[photo]",
        cors=True,
    )


def test_a_place_of_ones_own_among_those_of_a_row():
    check("<p data-hero=→/media/a data-x=→/media/b>", "*[data-hero]", "data")


@pytest.mark.parametrize(
    "name",
    ["", "x", "img[src]", "p[value]", "*[onclick]", "a[href]", "link[href]", "css[background]",
     "my-card[]", "my-card[a b]", "my-card[a]:xml", "[a]", "*[data-*]", "iframe[srcdoc]",
     "manifest[icons]", "m3u8[line]", "css[x]", "meta[og:image]", "meta[og:url]", f"*[{'x' * 99}]",
     "\u212aard[x]"],
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
