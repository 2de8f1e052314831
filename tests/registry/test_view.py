import logging
import os
import threading
import time
from collections.abc import Iterator

import pytest
import redis
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from demo.servers import Valkey
from s3rewrite.core.entries import Entry
from s3rewrite.registry import Outcome, Registry, View, entry_cache
from s3rewrite.registry import view as view_module
from s3rewrite.registry.lease import held
from tests.registry.conftest import entry, publish

LIMITS = {"poll_seconds": 1.0, "max_staleness": 5.0, "redis_timeout": 0.2}


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


class Commands:
    """Counts the round trips of a client."""

    def __init__(self, client: redis.Redis, monkeypatch: pytest.MonkeyPatch) -> None:
        self.count = 0
        pipeline = client.pipeline

        def counted(**options: bool) -> object:
            self.count += 1
            return pipeline(**options)

        monkeypatch.setattr(client, "pipeline", counted)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def view(registry: Registry, clock: Clock) -> View:
    return View(registry, clock, **LIMITS)


@pytest.fixture
def commands(registry: Registry, lease: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Commands]:
    return Commands(registry.client, monkeypatch)


def test_a_published_name_is_seen_and_an_unknown_one_is_not(
    registry: Registry, lease: str, view: View
) -> None:
    publish(registry, lease, "photos/a.jpg")
    assert view.get_many(["photos/a.jpg", "photos/b.jpg"]) == [entry(1), None]


def test_a_cold_page_costs_one_round_trip_whatever_its_names(
    view: View, commands: Commands
) -> None:
    view.get_many([f"{number % 7}/{number}.jpg" for number in range(200)])
    assert commands.count == 1


def test_a_warm_page_costs_none_between_polls(view: View, clock: Clock, commands: Commands) -> None:
    names = ["a.jpg", "b.jpg"]
    view.get_many(names)
    for _ in range(9):
        clock.now += 0.1
        assert view.is_warm(names)
        view.get_many(names)
    assert commands.count == 1
    clock.now += 0.2
    assert not view.is_warm(names)
    view.get_many(names)
    assert commands.count == 2


def test_changes_are_seen_at_the_next_poll(
    registry: Registry, lease: str, view: View, clock: Clock
) -> None:
    publish(registry, lease, "a.jpg")
    assert view.get_many(["a.jpg", "b.jpg"]) == [entry(1), None]
    registry.withdraw(["a.jpg"])
    publish(registry, lease, "b.jpg", 2)
    clock.now += 1
    assert view.get_many(["a.jpg", "b.jpg"]) == [None, entry(2)]


def test_a_name_that_this_process_changed_is_asked_for_at_once(
    registry: Registry, lease: str, view: View
) -> None:
    publish(registry, lease, "a.jpg")
    view.get_many(["a.jpg"])
    view.withdraw(["a.jpg"], hint=False)
    assert view.get_many(["a.jpg"]) == [None]


def test_more_changes_than_a_poll_reads_drop_everything(
    registry: Registry, lease: str, view: View, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(view_module, "MAX_CHANGES", 3)
    publish(registry, lease, "a.jpg")
    assert view.get_many(["a.jpg"]) == [entry(1)]
    for number in range(5):
        publish(registry, lease, f"{number}.jpg")
    registry.withdraw(["a.jpg"])
    clock.now += 1
    assert view.get_many(["a.jpg"]) == [None]


def test_a_trimmed_stream_drops_everything(
    registry: Registry, lease: str, view: View, clock: Clock
) -> None:
    publish(registry, lease, "a.jpg")
    assert view.get_many(["a.jpg"]) == [entry(1)]
    registry.withdraw(["a.jpg"])
    publish(registry, lease, "b.jpg")
    registry.client.xtrim(registry.keys.changes, maxlen=1, approximate=False)
    clock.now += 1
    assert view.get_many(["a.jpg"]) == [None]


def test_a_flush_makes_everything_local(
    registry: Registry, lease: str, view: View, clock: Clock
) -> None:
    publish(registry, lease, "a.jpg")
    assert view.get_many(["a.jpg"]) == [entry(1)]
    registry.client.flushall()
    clock.now += 1
    assert view.get_many(["a.jpg"]) == [None]
    clock.now += 1
    assert view.get_many(["a.jpg"]) == [None]


def test_without_an_epoch_everything_is_local(
    registry: Registry, lease: str, view: View, clock: Clock
) -> None:
    publish(registry, lease, "a.jpg")
    registry.client.delete(registry.keys.epoch)
    assert view.get_many(["a.jpg"]) == [None]
    assert registry.trust(lease, registry.start_epoch().run_id) is Outcome.PUBLISHED
    clock.now += 1
    assert view.get_many(["a.jpg"]) == [entry(1)]


def test_an_evicted_stream_makes_links_no_worse(
    registry: Registry, lease: str, view: View, clock: Clock
) -> None:
    publish(registry, lease, "a.jpg")
    view.get_many(["a.jpg"])
    registry.client.delete(registry.keys.changes)
    registry.client.hdel(registry.keys.directory(""), "a.jpg")
    clock.now += 1
    assert view.get_many(["a.jpg"]) == [None]


def test_the_least_recently_used_names_are_forgotten(
    registry: Registry, lease: str, view: View, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(entry_cache, "CAPACITY", 2)
    for name in "abc":
        publish(registry, lease, name)
    view.get_many(["a", "b"])
    view.get_many(["a"])
    view.get_many(["c"])
    assert view.is_warm(["a", "c"])
    assert not view.is_warm(["b"])


def test_more_names_than_it_remembers_are_still_answered(
    registry: Registry, lease: str, view: View, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(entry_cache, "CAPACITY", 2)
    for name in "abc":
        publish(registry, lease, name)
    assert sum(found is not None for found in view.get_many(["a", "b", "c"])) >= 2


class TestRedisAway:
    def test_what_was_known_is_believed_for_max_staleness(
        self, registry: Registry, lease: str, view: View, clock: Clock, valkey: Valkey
    ) -> None:
        publish(registry, lease, "a.jpg")
        view.get_many(["a.jpg"])
        valkey.stop()
        clock.now += 4.9
        assert view.get_many(["a.jpg"]) == [entry(1)]
        clock.now += 0.2
        assert view.get_many(["a.jpg"]) == [None]

    def test_it_is_left_alone_for_a_while_and_said_once(
        self,
        view: View,
        clock: Clock,
        commands: Commands,
        monkeypatch: pytest.MonkeyPatch,
        caplog: pytest.LogCaptureFixture,
        registry: Registry,
    ) -> None:
        def failing(*args: object, **options: object) -> None:
            commands.count += 1
            raise redis.ConnectionError("refused")

        working = registry.client.pipeline
        monkeypatch.setattr(registry.client, "pipeline", failing)
        for _ in range(100):
            assert view.get_many(["a.jpg"]) == [None]
            clock.now += 0.1
        assert 4 <= commands.count <= 5
        monkeypatch.setattr(registry.client, "pipeline", working)
        clock.now += 10
        with caplog.at_level(logging.INFO):
            view.get_many(["a.jpg"])
        messages = [record.getMessage() for record in caplog.records]
        assert len(messages) == 2
        assert "does not answer" in messages[0]
        assert "answers again" in messages[1]

    def test_a_wrong_type_under_a_key_is_no_error_of_the_page(
        self, registry: Registry, view: View
    ) -> None:
        registry.client.set(registry.keys.directory(""), "text")
        assert view.get_many(["a.jpg"]) == [None]


def test_another_thread_that_asks_is_not_waited_for_by_who_knows(
    registry: Registry, lease: str, view: View, clock: Clock, commands: Commands
) -> None:
    publish(registry, lease, "a.jpg")
    view.get_many(["a.jpg"])
    clock.now += 1.1
    with view._asking:
        answers: list[Entry | None] = []
        thread = threading.Thread(target=lambda: answers.extend(view.get_many(["a.jpg"])))
        thread.start()
        thread.join()
    assert answers == [entry(1)]


def test_after_a_quiet_time_nobody_answers_before_the_one_who_asks(
    registry: Registry, lease: str, view: View, clock: Clock
) -> None:
    publish(registry, lease, "a.jpg")
    view.get_many(["a.jpg"])
    registry.withdraw(["a.jpg"])
    clock.now += 4
    answers: list[Entry | None] = []
    thread = threading.Thread(target=lambda: answers.extend(view.get_many(["a.jpg"])))
    with view._asking:
        thread.start()
        time.sleep(0.05)
        assert not answers
        view._ask(["a.jpg"])
    thread.join()
    assert answers == [None]


def test_while_redis_is_away_nobody_waits_for_the_one_who_asks(
    registry: Registry, lease: str, view: View, clock: Clock
) -> None:
    publish(registry, lease, "a.jpg")
    view.get_many(["a.jpg"])
    view._pause(redis.ConnectionError("refused"))
    clock.now += 4
    with view._asking:
        began = time.monotonic()
        assert view.get_many(["a.jpg"]) == [entry(1)]
        assert time.monotonic() - began < LIMITS["redis_timeout"] / 2


def test_a_forked_process_begins_anew(
    registry: Registry, lease: str, view: View, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish(registry, lease, "a.jpg")
    view.get_many(["a.jpg"])
    # Another thread was at work in the view, and is not in the child.
    view._lock.acquire()
    view._asking.acquire()
    monkeypatch.setattr(os, "getpid", lambda: -1)
    assert not view.is_warm(["a.jpg"])
    assert view.get_many(["a.jpg"]) == [entry(1)]
    assert view.is_warm(["a.jpg"])


def test_threads_share_a_view(registry: Registry, lease: str) -> None:
    names = [f"{number}.jpg" for number in range(20)]
    for name in names:
        publish(registry, lease, name)
    view = View(registry, poll_seconds=0.0, max_staleness=60.0, redis_timeout=5.0)
    wrong: list[object] = []

    def work() -> None:
        for _ in range(50):
            if (found := view.get_many(names)) != [entry(1)] * len(names):
                wrong.append(found)

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


class ViewMachine(RuleBasedStateMachine):
    """Two views beside a registry that changes, is trimmed, flushed and loses its parts.

    A view may say of a name what the registry held since its last poll, or "local".
    """

    client: redis.Redis

    def __init__(self) -> None:
        super().__init__()
        self.client.flushall()
        self.clock = Clock()
        self.registry = Registry("media", self.client)
        self.views = [View(self.registry, self.clock, **LIMITS) for _ in range(2)]
        self.version = 0
        # Name -> (since when, entry or None), oldest first
        self.history: dict[str, list[tuple[float, Entry | None]]] = {}

    @initialize()
    def start(self) -> None:
        self.registry.start_epoch()

    names = st.sampled_from(["a", "b", "d/a", "d/b"])

    def note(self, name: str, found: Entry | None) -> None:
        self.history.setdefault(name, [(0.0, None)]).append((self.clock.now, found))

    @rule(name=names)
    def publish(self, name: str) -> None:
        self.version += 1
        with held(self.registry) as lease:
            publish(self.registry, lease, name, self.version)
        self.note(name, entry(self.version))

    @rule(name=names)
    def withdraw(self, name: str) -> None:
        self.registry.withdraw([name])
        self.note(name, None)

    @rule(seconds=st.sampled_from([0.1, 0.5, 1.0, 6.0]))
    def wait(self, seconds: float) -> None:
        self.clock.now += seconds

    @rule()
    def trim(self) -> None:
        self.client.xtrim(self.registry.keys.changes, maxlen=1, approximate=False)

    @rule(lost=st.sampled_from(["epoch", "changes"]))
    def lose(self, lost: str) -> None:
        self.client.delete(getattr(self.registry.keys, lost))

    @rule()
    def flush(self) -> None:
        self.client.flushall()
        for name in self.history:
            self.note(name, None)

    @rule()
    def heal(self) -> None:
        epoch = self.registry.start_epoch()
        if epoch.state == "doubted":
            with held(self.registry) as lease:
                assert self.registry.trust(lease, epoch.run_id) is Outcome.PUBLISHED

    @rule(index=st.integers(0, 1), names=st.lists(names, min_size=1, max_size=4))
    def look(self, index: int, names: list[str]) -> None:
        for name, found in zip(names, self.views[index].get_many(names), strict=True):
            assert found is None or found in self.possible(name)

    def possible(self, name: str) -> list[Entry | None]:
        """What the registry held at some time since the poll that a view may rest on."""
        since = self.clock.now - LIMITS["poll_seconds"]
        history = self.history.get(name, [])
        ends = [*(began for began, _ in history[1:]), float("inf")]
        return [found for (_, found), end in zip(history, ends, strict=True) if end >= since]

    @invariant()
    def views_are_bounded(self) -> None:
        assert all(len(view._cache) <= 4 for view in self.views)


def test_a_view_never_believes_what_was_not_true_since_its_poll(
    redis_client: redis.Redis,
) -> None:
    machine = type("Machine", (ViewMachine,), {"client": redis_client})
    case = machine.TestCase
    case.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
    case().runTest()
