import threading
import time

import pytest

from s3rewrite.s3.errors import S3Unavailable
from s3rewrite.s3.throttle import Throttle


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
