import pytest

from s3rewrite.rewriters import rewrite, splice
from s3rewrite.rewriters.types import Candidate, Link, Scope

BODY = b"<img src=/media/a> <img src=/media/b>"
CANDIDATES = [Candidate(9, b"/media/a"), Candidate(28, b"/media/b")]
LINK = Link(7, b"//cdn/")


def test_replaces_the_beginning_of_a_url():
    assert splice(BODY, CANDIDATES, [LINK, LINK]) == b"<img src=//cdn/a> <img src=//cdn/b>"


def test_leaves_what_has_no_link():
    assert splice(BODY, CANDIDATES, [None, LINK]) == b"<img src=/media/a> <img src=//cdn/b>"


def test_replaces_a_whole_url():
    links = [Link(8, b"//cdn/a.123"), None]
    assert splice(BODY, CANDIDATES, links) == b"<img src=//cdn/a.123> <img src=/media/b>"


@pytest.mark.parametrize("candidates", [[], CANDIDATES])
def test_gives_the_same_object_when_there_is_nothing_to_do(candidates):
    assert splice(BODY, candidates, [None] * len(candidates)) is BODY


def test_follows_the_offsets():
    body = b"'\\/media\\/a'"
    candidate = Candidate(1, b"/media/a", (1, 3, 4, 5, 6, 7, 8, 10, 11))
    assert splice(body, [candidate], [LINK]) == b"'//cdn/a'"


def test_needs_a_link_for_each_candidate():
    with pytest.raises(ValueError, match="shorter"):
        splice(BODY, CANDIDATES, [LINK])


def test_rewrite_resolves_all_at_once():
    calls = []

    def resolve(urls):
        calls.append(list(urls))
        return [LINK, None]

    body = rewrite(BODY, Scope(()), lambda body, scope: CANDIDATES, resolve)
    assert body == b"<img src=//cdn/a> <img src=/media/b>"
    assert calls == [[b"/media/a", b"/media/b"]]


def test_rewrite_resolves_nothing_where_there_is_nothing():
    assert rewrite(BODY, Scope(()), lambda body, scope: [], pytest.fail) is BODY
