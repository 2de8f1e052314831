import threading
import time
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from s3rewrite.s3.errors import S3Unavailable
from s3rewrite.s3.throttle import COOLDOWN, RECOVERY, ConcurrencyLimit, RateLimit, Throttle


def go_on() -> bool:
    return True


def most_at_once(throttle: Throttle, threads: int) -> int:
    """How many threads had a slot at the same time, at the most."""
    lock, now, most = threading.Lock(), 0, 0

    def work() -> None:
        nonlocal now, most
        with throttle.slot(go_on):
            with lock:
                now += 1
                most = max(most, now)
            time.sleep(0.02)
            with lock:
                now -= 1

    running = [threading.Thread(target=work) for _ in range(threads)]
    for thread in running:
        thread.start()
    for thread in running:
        thread.join()
    return most


def test_as_many_at_a_time_as_may_be() -> None:
    throttle = Throttle(8, 0)
    assert most_at_once(throttle, 8) > 4
    throttle.slow_down()
    assert most_at_once(throttle, 8) == 4


def test_as_many_a_second_as_may_be() -> None:
    throttle = Throttle(4, 20)
    began = time.monotonic()
    for _ in range(5):
        with throttle.slot(go_on):
            pass
    assert time.monotonic() - began >= 4 / 20


def test_a_slot_is_freed_with_an_error_too() -> None:
    throttle = Throttle(1, 0)
    with pytest.raises(ValueError, match="x"), throttle.slot(go_on):
        raise ValueError("x")
    with throttle.slot(go_on):
        pass


@pytest.mark.parametrize(("threads", "rate"), [(1, 0), (2, 0.001)])
def test_who_waits_can_be_stopped(threads: int, rate: float) -> None:
    throttle = Throttle(threads, rate)
    stopped = pytest.raises(S3Unavailable, match="stopped")
    with throttle.slot(go_on), stopped as caught, throttle.slot(lambda: False):
        pytest.fail("it had a slot")
    assert caught.value.is_settled


# Its limits


@pytest.mark.parametrize(
    ("now", "since", "decreased", "increased"),
    [
        (16, 0.0, 16, 16),
        (16, COOLDOWN, 8, 16),
        (16, RECOVERY, 8, 16),
        (8, COOLDOWN / 2, 8, 8),
        (8, COOLDOWN, 4, 8),
        (8, RECOVERY, 4, 9),
        (3, RECOVERY, 1, 4),
        (1, RECOVERY, 1, 2),
    ],
)
def test_what_each_event_does(now: int, since: float, decreased: int, increased: int) -> None:
    limit = ConcurrencyLimit(16, now, changed_at=100.0)
    limit.decrease(100.0 + since)
    assert limit.current == decreased
    limit = ConcurrencyLimit(16, now, changed_at=100.0)
    limit.increase(100.0 + since)
    assert limit.current == increased


def test_the_first_answer_that_asks_for_less_counts() -> None:
    limit = ConcurrencyLimit(16)
    assert limit.current == 16
    limit.decrease(0.0)
    assert limit.current == 8


EVENTS = st.lists(st.tuples(st.booleans(), st.floats(0.0, 10.0)), max_size=60)


@given(st.integers(1, 64), EVENTS)
def test_there_is_always_one_and_never_more_than_wanted(
    most: int, events: list[tuple[bool, float]]
) -> None:
    limit, at = ConcurrencyLimit(most), 0.0
    for is_slow, pause in events:
        at, before = at + pause, limit.current
        (limit.decrease if is_slow else limit.increase)(at)
        assert 1 <= limit.current <= most
        assert limit.current in ({before, max(1, before // 2)} if is_slow else {before, before + 1})


@given(st.integers(1, 64))
def test_it_is_as_wide_as_before_in_the_end(most: int) -> None:
    limit, at = ConcurrencyLimit(most), 0.0
    limit.decrease(at)
    for _ in range(most):
        at += RECOVERY
        limit.increase(at)
    assert limit.current == most


def test_without_a_rate_nothing_waits() -> None:
    rate = RateLimit(0)
    for _ in range(10):
        assert rate.delay(5.0) <= 0
        rate.record_start(5.0)


@given(st.floats(0.1, 1000.0), st.lists(st.floats(0.0, 3.0), min_size=2, max_size=50))
def test_no_more_begin_than_the_rate_says(most: float, pauses: list[float]) -> None:
    rate, at, begun = RateLimit(most), 0.0, []
    for pause in pauses:
        at += pause
        at += max(0.0, rate.delay(at))
        rate.record_start(at)
        begun.append(at)
    assert all(after - before >= 0.999 / most for before, after in pairwise(begun))
