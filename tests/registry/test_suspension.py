"""Suspended mounts, on a real Redis."""

import time

import pytest
import redis

from s3rewrite.core.entries import Entry
from s3rewrite.registry import Registry, View
from s3rewrite.registry.suspension import DAMAGED, MAX_WHY, Suspension, Suspensions
from tests.registry.conftest import entry, publish, publish_entry
from tests.registry.test_view import LIMITS, Clock, Commands, clock, commands, view

__all__ = ["clock", "commands", "view"]


@pytest.fixture
def suspensions(registry: Registry) -> Suspensions:
    return Suspensions(registry)


FREED = Entry(*entry(7)[:2], freed=True)


@pytest.fixture
def warm(registry: Registry, lease: str, view: View) -> View:
    """A view that knows a published name, and a freed one."""
    publish(registry, lease, "a.jpg")
    publish_entry(registry, lease, "freed.jpg", FREED)
    assert view.get_many(["a.jpg", "freed.jpg"]) == [entry(1), FREED]
    return view


def test_pages_link_locally_from_the_next_poll_on_but_for_freed_files(
    suspensions: Suspensions, warm: View, clock: Clock
) -> None:
    suspensions.suspend("anna", "maintenance")
    clock.now += 1.1
    assert warm.get_many(["a.jpg", "freed.jpg"]) == [None, FREED]
    assert warm.is_suspended
    assert warm.is_trusted()
    suspensions.resume()
    clock.now += 1.1
    assert warm.get_many(["a.jpg"]) == [entry(1)]


def test_it_costs_no_further_round_trip_and_nothing_is_read_again(
    suspensions: Suspensions, warm: View, clock: Clock, commands: Commands
) -> None:
    suspensions.begin_outage("loop", "frozen")
    before = commands.count
    clock.now += 1.1
    warm.get_many(["a.jpg"])
    assert commands.count == before + 1
    assert len(warm._cache) == 2


def test_a_new_process_sees_it(
    registry: Registry, suspensions: Suspensions, warm: View, clock: Clock
) -> None:
    suspensions.begin_outage("loop", "frozen")
    assert View(registry, clock, **LIMITS).get_many(["a.jpg"]) == [None]


def test_it_outlives_clear_and_ends_with_resume(
    registry: Registry, suspensions: Suspensions
) -> None:
    suspensions.suspend("anna", "maintenance")
    suspensions.begin_outage("loop", "frozen")
    registry.clear()
    assert [suspension.why for suspension in suspensions.current()] == ["maintenance", "frozen"]
    assert suspensions.resume()
    assert not suspensions.resume()
    assert suspensions.current() == ()


def test_the_end_of_an_outage_does_not_end_what_people_decided(suspensions: Suspensions) -> None:
    suspensions.suspend("anna", "maintenance")
    suspensions.begin_outage("loop", "frozen")
    suspensions.end_outage()
    assert [suspension.by for suspension in suspensions.current()] == ["anna"]


def test_it_ends_by_itself(suspensions: Suspensions, warm: View, clock: Clock) -> None:
    suspensions.suspend("anna", "x" * 1000, 0.3)
    (found,) = suspensions.current()
    assert found.until == pytest.approx(time.time() + 0.3, abs=5)
    assert len(found.why) == MAX_WHY
    until = time.monotonic() + 30
    while suspensions.current():
        assert time.monotonic() < until
        time.sleep(0.05)
    clock.now += 1.1
    assert warm.get_many(["a.jpg"]) == [entry(1)]


@pytest.mark.parametrize("raw", [b"", b"{}", b"\xff", b"[1]", b'{"since": "x"}'])
def test_what_is_no_record_counts_as_absent(
    registry: Registry, suspensions: Suspensions, warm: View, clock: Clock, raw: bytes
) -> None:
    registry.client.set(registry.keys.outage, raw)
    assert suspensions.current() == ()
    clock.now += 1.1
    assert warm.get_many(["a.jpg"]) == [entry(1)]


@pytest.mark.parametrize("raw", [b'{"since": 1', b'{"since": 1e999}', b'{"since": 1, "why": 2}'])
def test_a_damaged_record_suspends_and_says_so(
    registry: Registry, suspensions: Suspensions, warm: View, clock: Clock, raw: bytes
) -> None:
    registry.client.set(registry.keys.outage, raw)
    assert suspensions.current() == (DAMAGED,)
    clock.now += 1.1
    assert warm.get_many(["a.jpg"]) == [None]


def test_a_record_of_another_type_goes_with_the_next_lease(
    registry: Registry, suspensions: Suspensions
) -> None:
    registry.client.sadd(registry.keys.suspended, "x")
    assert suspensions.current() == ()
    assert suspensions.resume()


def test_the_probes_of_one_loop_count(
    suspensions: Suspensions, redis_client: "redis.Redis[bytes]", registry: Registry
) -> None:
    assert suspensions.take_turn("one") == (True, False)
    assert suspensions.take_turn("other") == (False, False)
    suspensions.begin_outage("one", "frozen")
    assert suspensions.take_turn("one") == (True, True)
    assert 0 < redis_client.pttl(registry.keys.prober) <= 10_000
    redis_client.delete(registry.keys.prober)
    assert suspensions.take_turn("other") == (True, True)
    assert suspensions.take_turn("one") == (False, True)
    suspensions.end_turn("one")
    assert suspensions.take_turn("one") == (False, True)
    suspensions.end_turn("other")
    assert suspensions.take_turn("one") == (True, True)


def test_the_sentence() -> None:
    since, until = 1_700_000_000.0, 1_700_007_200.0
    assert Suspension(since, None, "frozen", "the loop").sentence == (
        "suspended since 2023-11-14 22:13 UTC by the loop: frozen"
    )
    assert Suspension(since, until, "x", "anna").sentence == (
        "suspended since 2023-11-14 22:13 UTC until 2023-11-15 00:13 UTC by anna: x"
    )
