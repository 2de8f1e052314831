"""Calls an action again and again in a thread, while a block runs."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def call_every(
    seconds: float, action: Callable[[], object], *, thread_name: str, at_once: bool = False
) -> Iterator[None]:
    """Call `action` in a daemon thread every so many seconds, until the end of the block.

    The first call comes after `seconds`, or with `at_once` when the block begins. A call that is
    under way at the end of the block is waited for. An error of the action ends the thread: the
    action itself suppresses those after which it is to be called again.
    """
    is_done = threading.Event()

    def repeat() -> None:
        if at_once:
            action()
        while not is_done.wait(seconds):
            action()

    thread = threading.Thread(target=repeat, name=thread_name, daemon=True)
    thread.start()
    try:
        yield
    finally:
        is_done.set()
        thread.join()
