from hypothesis import given
from hypothesis import strategies as st

from s3rewrite.sync.hints import MANY, WHOLE, condensed, tree, tree_of

PARTS = st.lists(st.sampled_from(["a", "b", "ab"]), min_size=1, max_size=4)
NAMES = PARTS.map("/".join)
HINTS = st.lists(NAMES | NAMES.map(tree), max_size=20)


def test_a_tree_and_a_name() -> None:
    assert tree_of(tree("photos/2026")) == "photos/2026"
    assert tree_of("photos/2026") is None
    assert tree_of(WHOLE) is None


def test_what_a_tree_speaks_of_is_left_out() -> None:
    given_hints = ["a/", "a/b/", "a/c.jpg", "ab/c.jpg", "a", "ab"]
    assert condensed(given_hints) == ["a", "a/", "ab", "ab/c.jpg"]


def test_all_is_all() -> None:
    assert condensed(["a/", WHOLE, "b"]) == [WHOLE]
    assert condensed([]) == []


def test_too_many_are_all() -> None:
    names = [str(number) for number in range(MANY + 1)]
    assert condensed(names) == [WHOLE]
    assert condensed([*names, *map(tree, names[:-1])]) == [WHOLE]
    assert len(condensed(names[:-1])) == MANY


def spoken_of(hints: list[str], name: str) -> bool:
    return any(name == hint or (tree_of(hint) and name.startswith(hint)) for hint in hints)


@given(HINTS, NAMES)
def test_the_same_names_are_spoken_of_once(hints: list[str], name: str) -> None:
    found = condensed(hints)
    assert set(found) <= set(hints)
    assert spoken_of(found, name) == spoken_of(hints, name)
    trees = [hint for hint in found if tree_of(hint)]
    assert not any(one != other and one.startswith(other) for one in found for other in trees)
