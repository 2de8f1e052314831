import threading
import time
from collections.abc import Callable

import pytest

from s3rewrite.core.background import call_every


class Calls:
    """Counts calls, and the threads that made them."""

    def __init__(self) -> None:
        self.threads: list[threading.Thread] = []

    def __call__(self) -> None:
        self.threads.append(threading.current_thread())


def wait_until(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.005)


def test_it_calls_again_and_again_until_the_block_ends() -> None:
    calls = Calls()
    with call_every(0.01, calls, thread_name="test-calls"):
        wait_until(lambda: len(calls.threads) > 2)
    count = len(calls.threads)
    time.sleep(0.05)
    assert len(calls.threads) == count
    assert {(thread.name, thread.daemon) for thread in calls.threads} == {("test-calls", True)}


@pytest.mark.parametrize("at_once", [False, True])
def test_when_the_first_call_comes(at_once: bool) -> None:
    calls = Calls()
    with call_every(60, calls, thread_name="test-calls", at_once=at_once):
        if at_once:
            wait_until(lambda: bool(calls.threads))
    assert len(calls.threads) == at_once


def test_the_end_of_the_block_waits_for_a_call_under_way() -> None:
    began, ended = threading.Event(), threading.Event()

    def slow() -> None:
        began.set()
        time.sleep(0.1)
        ended.set()

    with call_every(60, slow, thread_name="test-calls", at_once=True):
        began.wait(10)
    assert ended.is_set()


def test_an_error_in_the_block_ends_the_calls_too() -> None:
    calls = Calls()
    with pytest.raises(ZeroDivisionError), call_every(0.01, calls, thread_name="test-calls"):
        raise ZeroDivisionError
    count = len(calls.threads)
    time.sleep(0.05)
    assert len(calls.threads) == count
