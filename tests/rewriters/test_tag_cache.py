"""What was met before changes nothing of what is found."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from s3rewrite.rewriters import html
from s3rewrite.rewriters import tag_cache as memory
from s3rewrite.rewriters.page import Page
from s3rewrite.rewriters.syntax import walker
from s3rewrite.rewriters.syntax.walker import Walker
from s3rewrite.rewriters.tag_cache import LONGEST, MOST_BYTES, MOST_SEEN, TagCache, tag_cache_of
from s3rewrite.rewriters.types import Candidate, Scope, Target
from tests.rewriters import truth

TARGET = Target((b"/media/", b"https://example.com/media/"))
SCOPE = Scope((TARGET,))
BODY = b'<p>a<img alt="b"\n src="/media/c.jpg">'


def keep(known: TagCache, body: bytes, *, times: int = 2, offsets: tuple[int, ...] = ()) -> None:
    """Have the cache keep what a walker reads from the body's beginning to its first URL."""
    place, read = body.index(b"/media/"), Walker(body)
    attribute = read.simple_attribute(place)
    assert attribute
    url = Candidate(place, body[place : attribute.value_end], offsets or None)
    for _ in range(times):
        known.keep((place, body[: attribute.end]), 0, attribute, [url])


def read(known: TagCache, body: bytes, start: int = 0) -> tuple[int, int, list[Candidate]] | None:
    """Where the walker and the value end, and the candidates; None where that is not known."""
    at, candidates = Walker(body), []
    at.at = start
    end = known.read(at, body.index(b"/media/"), candidates)
    return (at.at, end, candidates) if end else None


@pytest.fixture(autouse=True)
def empty():
    memory._cache_of.cache_clear()


def test_the_same_bytes_are_read_once():
    known = TagCache()
    keep(known, BODY)
    place = BODY.index(b"/media/")
    expected = (BODY.index(b"<img"), BODY.index(b'">'), [Candidate(place, b"/media/c.jpg")])
    assert read(known, BODY) == expected
    assert read(known, BODY + b"<p>more") == expected
    moved = b"<h1>x</h1>" + BODY
    assert read(known, moved) is None
    assert read(known, moved, start=10) == (
        expected[0] + 10, expected[1] + 10, [Candidate(place + 10, b"/media/c.jpg")],
    )  # fmt: skip
    for old, new in ((b"c.jpg", b"d.jpg"), (b"img", b"div"), (b"<p>", b"<b>"), (b">a<", b">b<")):
        assert read(known, BODY.replace(old, new)) is None


def test_below_an_unsure_element_it_is_not_what_is_known():
    known = TagCache()
    keep(known, BODY)
    unsure = Walker(BODY, {b"svg": 1})
    assert unsure.syntax is walker.WHERE_UNSURE
    assert known.read(unsure, BODY.index(b"/media/"), []) is None


def test_a_tag_is_known_behind_other_bytes_too(monkeypatch):
    for text in (b"a", b"b"):  # what comes twice is kept
        html.collect(b"<p>%s</p>" % text + BODY, SCOPE)
    monkeypatch.delattr(html, "_in_simple")  # takes a tag apart
    (found,) = html.collect(b"<p>c</p>" + BODY, SCOPE)
    assert found.url == b"/media/c.jpg"


def test_two_values_of_one_tag():
    body = b'<video poster="/media/a.jpg" src="/media/b.mp4">'
    for _ in range(2):
        found = html.collect(body, Scope((TARGET,)))
        assert [one.url for one in found] == [b"/media/a.jpg", b"/media/b.mp4"]


def test_what_comes_once_or_is_rare_or_long_is_not_kept():
    known = TagCache()
    keep(known, BODY, times=1)
    assert read(known, BODY) is None
    keep(known, BODY, offsets=(9, 10, 11))
    assert read(known, BODY) is None
    long = BODY.replace(b"b", b"b" * LONGEST)
    keep(known, long)
    assert read(known, long) is None


def test_memory_has_an_end():
    known = TagCache()
    bodies = [b'<p title="%s"><img src="/media/%d">' % (b"x" * 30_000, n) for n in range(101)]
    for body in bodies:
        keep(known, body)
    assert len(bodies) * len(bodies[0]) > MOST_BYTES
    assert read(known, bodies[-1])
    assert read(known, bodies[0]) is None
    for number in range(MOST_SEEN + 1):
        keep(known, b'<img src="/media/%d">' % number, times=1)
    assert len(known._seen) <= MOST_SEEN


def test_a_value_with_the_end_of_a_tag_in_it():
    body = b'<img src="/media/a" alt="x>y"><img src="/media/b>c" alt="">'
    for _ in range(4):
        assert [one.url for one in html.collect(body, SCOPE)] == [b"/media/a", b"/media/b>c"]


def test_pages_of_another_kind_are_remembered_apart():
    kinds = [
        Page(b"", Scope((TARGET,))),
        Page(b"", Scope((TARGET,), utf8=False)),
        Page(b"", Scope((TARGET._replace(cors=True),))),
        Page(b'<base href="https://else.test/">', Scope((TARGET,))),
        Page(b"<img crossorigin>", Scope((TARGET,))),
        Page(b"", Scope((TARGET,), requires_corp=True)),
        Page(b"", Scope((TARGET,), hashed=frozenset({"style-attribute"}))),
    ]
    assert len({id(tag_cache_of(page)) for page in kinds}) == len(kinds)
    assert tag_cache_of(kinds[0]) is tag_cache_of(Page(b"other", Scope((TARGET,))))


PIECES = st.sampled_from(
    [
        *truth.PIECES,
        *truth.FOREIGN_PIECES,
        '<img src="/media/a">',
        '<img\n src="/media/a" alt="x">',
        '<source src="/media/a">',
        '<img src="/media/é&amp;a">',
        '<base href="https://else.test/">',
        "<video crossorigin>",
        '<a href="/media/a" download="x">',
        '<p style="background: url(/media/a)">',
    ]
)
BODIES = st.lists(PIECES, max_size=20).map(lambda pieces: "".join(pieces).encode())


@given(st.lists(st.tuples(BODIES, st.booleans(), st.booleans()), max_size=4))
@settings(max_examples=300, deadline=None)
def test_what_was_met_before_changes_nothing(pages):
    for body, utf8, cors in pages:
        scope = Scope((TARGET._replace(cors=cors),), utf8=utf8)
        met = html.collect(body, scope)
        memory._cache_of.cache_clear()
        # Read anew; what comes twice is kept then, and known after that.
        assert all(html.collect(body, scope) == met for _ in range(4))
