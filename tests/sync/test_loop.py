"""The loop's steps, with passes and Redis played by the test; the real thing is elsewhere."""

import threading
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
import redis

from s3rewrite.core.entries import Signature
from s3rewrite.core.mounts import Mount
from s3rewrite.registry.lease import Lease, LeaseTaken
from s3rewrite.sync import loop as loop_module
from s3rewrite.sync.context import SyncContext
from s3rewrite.sync.hints import WHOLE
from s3rewrite.sync.loop import MountLoop, run_loops
from s3rewrite.sync.reporting.report import Report, Result

MOUNT = Mount(alias="media", bucket="uploads", prefix="media/", public_url="https://cdn/")


class World:
    """What the loop meets: hints that come, and what passes report."""

    def __init__(self) -> None:
        self.now = 0.0
        self.hints: list[list[str]] = []
        self.reports: list[Report | Exception] = []
        self.passes: list[list[str] | None] = []
        self.waits: list[float] = []
        self.said: list[str] = []
        self.redis_error: redis.RedisError | None = None

    def last_id(self) -> str:
        if self.redis_error:
            raise self.redis_error
        return "0-0"

    def read(self, cursor: str, wait: float) -> tuple[str, list[str]]:
        self.waits.append(wait)
        self.now += wait
        return cursor, self.hints.pop(0) if self.hints else []

    def whole(self, job: SyncContext) -> Report:
        return self.passed(None)

    def over(self, job: SyncContext, names: list[str]) -> Report:
        return self.passed(names)

    def passed(self, names: list[str] | None) -> Report:
        self.passes.append(names)
        found = self.reports.pop(0) if self.reports else Report("media")
        if isinstance(found, Exception):
            raise found
        found.names = names
        return found


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    world = World()
    monkeypatch.setattr(
        loop_module,
        "loop_registry",
        lambda mount: SimpleNamespace(hints=world, has_epoch=lambda: True),
    )
    monkeypatch.setattr(loop_module, "whole_pass", world.whole)
    monkeypatch.setattr(loop_module, "pass_over", world.over)
    return world


@pytest.fixture
def loop(world: World) -> MountLoop:
    stop = threading.Event()
    return MountLoop(MOUNT, 60.0, stop, world.said.append, clock=lambda: world.now)


def test_a_pass_at_once_and_then_each_interval(world: World, loop: MountLoop) -> None:
    for _ in range(122):
        loop.step()
    assert world.passes == [None, None]
    assert world.now == pytest.approx(120.0)


def test_hints_are_answered_as_they_come(world: World, loop: MountLoop) -> None:
    loop.step()
    world.hints = [[], ["a.jpg", "b.jpg"]]
    loop.step()
    loop.step()
    assert world.passes == [None, ["a.jpg", "b.jpg"]]
    assert max(world.waits) <= 1.0


def test_a_pass_over_all_files_on_demand(world: World, loop: MountLoop) -> None:
    loop.step()
    world.hints = [["a.jpg", WHOLE]]
    loop.step()
    loop.step()
    assert world.passes == [None, None]


def test_what_is_asked_during_a_pass_is_done_after_it(world: World, loop: MountLoop) -> None:
    def passed(names: list[str] | None) -> Report:
        world.passes.append(names)
        if len(world.passes) == 1:
            world.hints = [["a.jpg", WHOLE]]
            assert loop._context.take_hints() == ["a.jpg"]
        return Report("media")

    world.passed = passed  # type: ignore[method-assign]
    for _ in range(3):
        loop.step()
    assert world.passes == [None, None]


def test_what_was_done_is_said_and_an_idle_pass_is_not(world: World, loop: MountLoop) -> None:
    busy = Report("media", notices=["3 objects are due"])
    busy.add(Result.UPLOADED, 2)
    idle = Report("media")
    idle.add(Result.KEPT, 9)
    world.reports = [busy, idle]
    loop.step()
    world.now += 60
    loop.step()
    assert world.said == [busy.summary(), "media: 3 objects are due"]


def test_trouble_is_said_once_and_tried_again_ever_later(world: World, loop: MountLoop) -> None:
    away = [Report("media", stopped="S3 cannot be reached") for _ in range(7)]
    world.reports = [*away]
    pauses = []
    for _ in range(7):
        pauses.append(loop.step())
        world.now += pauses[-1]
    assert pauses == [1.0, 2.0, 5.0, 10.0, 30.0, 30.0, 30.0]
    assert world.said == ["media: stopped, and will try again. S3 cannot be reached"]
    loop.step()
    assert world.said[1:] == ["media: continues"]


def test_redis_being_away_is_trouble_too(world: World, loop: MountLoop) -> None:
    world.redis_error = redis.ConnectionError("refused")
    assert loop.step() == 1.0
    assert loop.step() == 2.0
    world.redis_error = None
    world.now += 2.0
    assert loop.step() == 0
    assert world.said == ["media: stopped, and will try again. Redis: refused", "media: continues"]


def test_another_pass_is_waited_for_and_that_is_said_once(world: World, loop: MountLoop) -> None:
    world.reports = [LeaseTaken(Lease("1 web1:7 a")), LeaseTaken(Lease("1 web1:7 a"))]
    assert loop.step() == loop.step() == 0.5
    loop.step()
    assert world.said == [
        "media: waiting, as another pass is running (web1:7)",
        "media: continues",
    ]


def test_hints_that_another_pass_kept_from_being_answered_lead_to_a_pass(
    world: World, loop: MountLoop
) -> None:
    loop.step()
    world.hints, world.reports = [["a.jpg"]], [LeaseTaken(Lease("1 web1:7 a"))]
    loop.step()
    loop.step()
    assert world.passes == [None, ["a.jpg"], None]


def test_a_hinted_file_that_could_not_be_uploaded_is_tried_again_soon(
    world: World, loop: MountLoop
) -> None:
    loop.step()
    pending = Report("media")
    pending.add(Result.PENDING)
    world.hints, world.reports = [["a.jpg"]], [pending]
    loop.step()
    loop.step()
    loop.step()
    assert world.passes == [None, ["a.jpg"], None]


def test_hints_that_come_during_a_pass(world: World, loop: MountLoop) -> None:
    loop.step()
    world.hints = [["a.jpg"], ["b.jpg"]]
    assert loop._context.take_hints() == ["a.jpg"]
    assert loop._context.take_hints() == []
    world.now += 0.2
    assert loop._context.take_hints() == ["b.jpg"]


def test_no_hint_is_answered_after_the_stop(world: World, loop: MountLoop) -> None:
    loop.step()
    world.hints = [["a.jpg"]]
    loop.stop.set()
    loop.step()
    assert world.passes == [None]


def test_loops_run_side_by_side_until_the_stop(world: World) -> None:
    stop = threading.Event()
    stepped = [threading.Event(), threading.Event()]

    class Stepping(MountLoop):
        def step(self) -> float:
            stepped[int(self.interval)].set()
            return 0.01

    loops = [Stepping(MOUNT, float(number), stop) for number in range(2)]
    runner = threading.Thread(target=run_loops, args=(loops, stop), daemon=True)
    runner.start()
    try:
        assert all(event.wait(10) for event in stepped)
    finally:
        stop.set()
        runner.join(10)
    assert not runner.is_alive()


def test_a_watch_that_has_nothing_to_do_ends(world: World) -> None:
    class Watch:
        mount, stop, runs = MOUNT, threading.Event(), 0

        def run(self) -> None:
            self.runs += 1
            self.stop.set()

    watch = Watch()
    run_loops([], watch.stop, watches=[watch])
    assert watch.runs == 1


def test_a_fault_of_ours_is_logged_and_the_loop_begins_anew(
    world: World, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(loop_module, "PAUSES", (0.01,))
    stop = threading.Event()
    steps: Iterator[Any] = iter([ZeroDivisionError("a fault"), None])

    class Faulty(MountLoop):
        def step(self) -> float:
            if error := next(steps):
                raise error
            stop.set()
            return 0

    run_loops([Faulty(MOUNT, 60.0, stop)], stop)
    assert "'media' failed; it will be restarted" in caplog.text


def test_files_that_cannot_be_freed_have_a_bound(
    world: World, loop: MountLoop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loop_module, "MAX_UNFREEABLE", 1)
    loop._context.unfreeable.update((name, Signature(1, 1)) for name in "abc")
    loop.step()
    assert loop._context.unfreeable == set()


def test_a_fault_of_ours_is_trouble_as_any_other(
    world: World, loop: MountLoop, caplog: pytest.LogCaptureFixture
) -> None:
    world.reports = [ZeroDivisionError("a fault")]
    assert loop.step() == 1.0
    assert "A bug in s3rewrite stopped a pass over mount 'media'" in caplog.text
    world.now += 1.0
    assert loop.step() == 0
    assert world.said[-1] == "media: continues"
