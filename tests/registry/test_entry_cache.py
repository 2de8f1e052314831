import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from s3rewrite.core.entries import MAX_NAME_BYTES
from s3rewrite.registry import Registry, View, entry_cache
from s3rewrite.registry.entry_cache import CAPACITY, CAPACITY_BYTES, EntryCache
from tests.registry.conftest import entry


def test_the_names_used_last_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(entry_cache, "CAPACITY", 2)
    known = EntryCache()
    for name in ("a", "b"):
        known.put(name, entry(1))
    assert known.get("a") == entry(1)
    known.put("c", None)
    assert ("a" in known, "b" in known, "c" in known) == (True, False, True)
    assert known.get("b") is known.get("c") is None


@given(st.lists(st.tuples(st.sampled_from(["put", "forget"]), st.text(max_size=3)), max_size=50))
def test_its_size_is_that_of_its_names(steps: list[tuple[str, str]]) -> None:
    known = EntryCache()
    for step, name in steps:
        known.put(name, None) if step == "put" else known.forget(name)
    for name in list(known._entries):
        known.forget(name)
    assert (len(known), known._size) == (0, 0)


@pytest.mark.parametrize("length", [MAX_NAME_BYTES, 4096])
def test_names_that_a_visitor_makes_up_have_a_bound(registry: Registry, length: int) -> None:
    view = View(registry)
    tracemalloc.start()
    for batch in range(25):
        view.get_many([f"{batch:03}{number:05}".ljust(length, "x") for number in range(1000)])
    size = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    assert size < 2 * CAPACITY_BYTES
    assert len(view._cache) < CAPACITY
