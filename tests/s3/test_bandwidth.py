"""Bytes a second, by a clock that the tests drive."""

from io import BytesIO
from itertools import accumulate

import pytest
from hypothesis import given
from hypothesis import strategies as st

from s3rewrite.s3 import bandwidth
from s3rewrite.s3.bandwidth import BURST, STEP, Bandwidth, ByteLimit

RATES = st.integers(1, 10**9)


class Clock:
    """A clock that moves by what is slept, and by how late the sleeper wakes."""

    def __init__(self) -> None:
        self.now, self.late = 1000.0, 0.0

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds + self.late


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(bandwidth, "time", clock)
    return clock


def go_on() -> None:
    """Nothing is to end the waiting."""


def sent(rate: int, pieces: list[tuple[float, float]]) -> list[tuple[float, int]]:
    """When which pieces are sent: each is a pause before it, and a part of the greatest."""
    limit, now, most = ByteLimit(rate), 0.0, max(1, int(rate * STEP))
    done = []
    for pause, part in pieces:
        count = max(1, int(most * part))
        now = max(now + pause, limit.reserve(count, now + pause))
        done.append((now, count))
    return done


@given(RATES, st.lists(st.tuples(st.floats(0.0, 3.0), st.floats(0.0, 1.0)), max_size=60))
def test_in_no_time_more_is_sent_than_may_be(rate: int, pieces: list[tuple[float, float]]) -> None:
    done = sent(rate, pieces)
    totals = [0, *accumulate(count for _, count in done)]
    for first, (began, _) in enumerate(done):
        for last in range(first, len(done)):
            ended, count = done[last]
            most = rate * (ended - began + BURST) + count
            assert totals[last + 1] - totals[first] <= most * 1.000001 + 1


@given(st.integers(100, 10**9), st.lists(st.floats(0.0, BURST), min_size=200, max_size=200))
def test_who_is_late_loses_nothing(rate: int, late: list[float]) -> None:
    limit, now = ByteLimit(rate), 0.0
    count = int(rate * STEP)
    for lateness in late:
        now = max(now, limit.reserve(count, now) + lateness)
    assert now <= len(late) * count / rate + BURST


@pytest.mark.parametrize("rate", [10_000, 123_456, 10_000_000])
@pytest.mark.parametrize("late", [0.0, 0.002, 0.02])
def test_it_is_exact_over_ten_seconds(clock: Clock, rate: int, late: float) -> None:
    clock.late = late
    line, began, count = Bandwidth(rate, go_on), clock.now, 0
    while clock.now < began + 10:
        line.wait(line.step)
        count += line.step
    assert count / (clock.now - began) == pytest.approx(rate, rel=0.05)


def test_a_body_is_read_in_pieces(clock: Clock) -> None:
    line, began = Bandwidth(1000, go_on), clock.now
    body = bandwidth.PacedBody(BytesIO(bytes(950)), line)
    pieces = list(iter(lambda: body.read(16384), b""))
    assert [len(piece) for piece in pieces] == [100] * 9 + [50]
    assert clock.now - began == pytest.approx(0.95 - BURST)
    body.seek(0)
    assert len(body.read(20)) == 20


def test_without_a_limit_nothing_waits(clock: Clock) -> None:
    line = Bandwidth(0, go_on)
    for _ in range(100):
        line.wait(10**12)
    assert clock.now == 1000.0
    assert not line.is_limited


@pytest.mark.parametrize(
    ("rate", "step", "bodies"),
    [(1, 1, 1), (65_536, 6553, 1), (200_000, 20_000, 3), (10**7, 10**6, 152)],
)
def test_how_many_share_the_line(rate: int, step: int, bodies: int) -> None:
    line = Bandwidth(rate, go_on)
    assert (line.step, line.bodies) == (step, bodies)


def test_who_waits_can_be_stopped(clock: Clock) -> None:
    def stop() -> None:
        raise InterruptedError

    line = Bandwidth(1, stop)
    for count in (0, 1000, 1):
        began = clock.now
        with pytest.raises(InterruptedError):
            line.wait(count)
        assert clock.now - began <= bandwidth.CHECK_INTERVAL + 0.001
