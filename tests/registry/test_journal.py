"""What passes tell, on a real Redis."""

import time

import pytest

from s3rewrite.registry import Registry, journal
from s3rewrite.registry.journal import Journal, Problem, Totals
from tests.registry.conftest import entry, publish

TOLD = {
    **dict.fromkeys(("kept", "pending", "failed", "seconds"), 0),
    "ok": True,
    "by": "loop",
    "stopped": "",
    "eventful": True,
    "uploaded": 3,
}


@pytest.fixture
def told(registry: Registry) -> Journal:
    return Journal(registry)


def test_at_first_nothing_is_told(told: Journal) -> None:
    assert (told.loop(), told.progress(), told.last(), told.passes(), told.problems()) == (
        None, None, None, [], {},
    )  # fmt: skip


def test_a_loop_is_alive_until_it_goes(told: Journal, registry: Registry) -> None:
    told.record_heartbeat(60.0)
    found = told.loop()
    assert found
    assert found["interval"] == 60.0
    assert 0 < registry.client.pttl(registry.keys.loop) <= 20_000
    told.clear_heartbeat()
    assert told.loop() is None


def test_the_progress_of_a_pass_ends_with_it(told: Journal, registry: Registry) -> None:
    told.record_progress({"planned": 3, "done": 1, "seconds": 0.5})
    assert told.progress() == {"planned": 3, "done": 1, "seconds": 0.5}
    assert registry.client.pttl(registry.keys.progress) > 0
    told.record_pass(TOLD, is_whole=True)
    assert told.progress() is None


def test_the_last_passes_are_remembered(told: Journal, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(journal, "MAX_PASSES", 3)
    for number in range(200):
        told.record_pass({**TOLD, "uploaded": number}, is_whole=number == 198)
    found = [one["uploaded"] for one in told.passes()]
    assert found[:3] == [199, 198, 197]
    assert len(found) < 200
    assert told.last()["uploaded"] == 198  # type: ignore[index]
    assert time.time() - told.passes()[0]["ended"] < 60


def test_of_passes_that_did_nothing_the_last_one_is_remembered(told: Journal) -> None:
    told.record_pass({**TOLD, "eventful": False}, is_whole=True)
    assert told.last()
    assert told.passes() == []


def test_a_trouble_keeps_the_time_at_which_it_began(told: Journal) -> None:
    told.record_problems({"a": ("failed", "no"), "b": ("kept local", "never")}, None)
    first = told.problems()
    assert {name: found[:2] for name, found in first.items()} == {
        "a": ("failed", "no"), "b": ("kept local", "never"),
    }  # fmt: skip
    told.record_problems({"a": ("failed", "still no")}, None)
    assert told.problems() == {"a": Problem("failed", "still no", first["a"].since)}


def test_a_pass_over_some_names_speaks_of_those_only(told: Journal) -> None:
    told.record_problems({"a": ("failed", "no"), "b": ("failed", "no")}, None)
    told.record_problems({"c": ("failed", "no")}, ["b", "c", "d"])
    assert set(told.problems()) == {"a", "c"}
    told.record_problems({}, ["a", "c"])
    assert told.problems() == {}


def test_so_many_troubles_are_remembered(told: Journal, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(journal, "MAX_PROBLEMS", 2)
    told.record_problems(dict.fromkeys("abc", ("failed", "no")), None)
    assert set(told.problems()) == {"a", "b"}


def test_what_is_published_is_counted_now_and_then(
    told: Journal, registry: Registry, lease: str
) -> None:
    publish(registry, lease, "a", 1)
    publish(registry, lease, "b/c", 2)
    assert told.totals() == Totals(2, entry(1).signature.size + entry(2).signature.size)
    publish(registry, lease, "d", 3)
    assert told.totals().names == 2
    registry.client.delete(registry.keys.totals)
    assert told.totals().names == 3


def test_troubles_have_a_bound(told: Journal, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(journal, "MAX_PROBLEMS", 5)
    for number in range(20):
        told.record_problems({f"{number}.jpg": ("failed", "no" * 5000)}, [f"{number}.jpg"])
    found = told.problems()
    assert len(found) == 5
    assert {len(trouble.reason) for trouble in found.values()} == {journal.MAX_REASON}


def test_a_name_that_is_not_utf8_has_its_trouble(told: Journal) -> None:
    told.record_problems({"a/\udcff.jpg": ("kept local", "its name is not UTF-8")}, None)
    assert list(told.problems()) == ["a/\\udcff.jpg"]
