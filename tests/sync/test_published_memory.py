import pytest

from s3rewrite.core.entries import Entry, Signature
from s3rewrite.sync import published_memory
from s3rewrite.sync.published_memory import PublishedMemory

ENTRY = Entry(Signature(5, 6, 7), "3f9c2b1d0a4e5f60718293a4")
ENCODED = ENTRY.encode().encode()


def test_what_was_met_or_published_is_found() -> None:
    memory = PublishedMemory()
    memory.remember_directory("d", {b"a": ENCODED})
    memory.remember("b", ENTRY, 5, "md5")
    memory.remember("e/c", ENTRY, 5, "")
    assert [memory.find(name) for name in ("d/a", "b", "e/c", "x", "d/x")] == [ENTRY] * 3 + [
        None
    ] * 2
    assert memory.sent == {"b": (ENTRY.fingerprint, 5, "md5")}


def test_an_empty_directory_takes_nothing_away_and_another_state_replaces_it() -> None:
    memory = PublishedMemory()
    memory.remember_directory("d", {b"a": ENCODED})
    memory.remember_directory("d", {})
    assert memory.find("d/a") == ENTRY
    memory.remember_directory("d", {b"b": ENCODED})
    assert (memory.find("d/a"), memory.find("d/b")) == (None, ENTRY)


def test_what_is_forgotten_is_not_found() -> None:
    memory = PublishedMemory()
    memory.remember("d/a", ENTRY, 5, "md5")
    for name in ("d/a", "x/y"):
        memory.forget(name)
    assert memory.find("d/a") is None
    assert memory.sent == {}


def test_it_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(published_memory, "MAX_REMEMBERED", 100)
    memory = PublishedMemory()
    for number in range(9):
        memory.remember_directory(str(number), {b"%d" % n: ENCODED for n in range(25)})
        assert sum(map(len, memory._directories.values())) <= 100
    for number in range(1000):
        memory.remember(str(number), ENTRY, 5, "md5")
        assert len(memory.sent) <= 100


def test_it_is_bounded_where_files_come_and_go(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(published_memory, "MAX_REMEMBERED", 100)
    memory = PublishedMemory()
    for number in range(1000):
        memory.remember(f"d/{number}", ENTRY, 5, "md5")
        memory.remember_directory("d", {b"one": ENCODED})
        assert len(memory.sent) <= 100
