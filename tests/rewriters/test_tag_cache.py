"""What was met before changes nothing of what is found."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from s3rewrite.rewriters import html
from s3rewrite.rewriters import tag_cache as memory
from s3rewrite.rewriters.page import Page
from s3rewrite.rewriters.syntax.walker import Walker
from s3rewrite.rewriters.tag_cache import LONGEST, MOST, TagCache, tag_cache_of
from s3rewrite.rewriters.types import Candidate, Scope, Target
from tests.rewriters import truth

TARGET = Target((b"/media/", b"https://example.com/media/"))
BODY = b'<p>a<img alt="b"\n src="/media/c.jpg">'


def usual_of(body: bytes):
    usual = Walker(body).simple_attribute(body.index(b"/media/"))
    assert usual
    return usual


@pytest.fixture(autouse=True)
def empty():
    memory._cache_of.cache_clear()


def test_a_tag_is_known_wherever_it_stands():
    known, usual = TagCache(), usual_of(BODY)
    assert known.get(BODY, usual) is None
    known.put(BODY, usual, [Candidate(BODY.index(b"/media/"), b"/media/c.jpg")])
    other = b"<h1>elsewhere</h1>" + BODY
    (found,) = known.get(other, usual_of(other))
    assert found == (other.index(b"/media/"), b"/media/c.jpg", None, False, 0)
    changed = BODY.replace(b"c.jpg", b"d.jpg")
    assert known.get(changed, usual_of(changed)) is None
    renamed = BODY.replace(b"img", b"div")
    assert known.get(renamed, usual_of(renamed)) is None


def test_two_values_of_one_tag():
    body = b'<video poster="/media/a.jpg" src="/media/b.mp4">'
    for _ in range(2):
        found = html.collect(body, Scope((TARGET,)))
        assert [one.url for one in found] == [b"/media/a.jpg", b"/media/b.mp4"]


def test_what_is_rare_or_long_is_not_kept():
    known, usual = TagCache(), usual_of(BODY)
    known.put(BODY, usual, [Candidate(9, b"/media/c.jpg", (9, 10, 11))])
    assert known.get(BODY, usual) is None
    long = BODY.replace(b"b", b"b" * LONGEST)
    known.put(long, usual_of(long), [])
    assert known.get(long, usual_of(long)) is None


def test_memory_has_an_end():
    known = TagCache()
    for number in range(MOST + 1):
        body = b'<img src="/media/%d">' % number
        known.put(body, usual_of(body), [])
    assert known.get(body, usual_of(body)) == []
    first = b'<img src="/media/0">'
    assert known.get(first, usual_of(first)) is None


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
        assert met == html.collect(body, scope) == html.collect(body, scope)
