"""Threads that upload take turns, as many at a time and a second as may be."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from s3rewrite.sync.errors import S3Unavailable
from s3rewrite.sync.pace import Rate, Width

PATIENCE = 0.2
"""Seconds after which who waits looks whether it is to go on."""


class Turns:
    """Who may upload now. Safe to share between threads."""

    def __init__(self, threads: int, rate: float) -> None:
        self.width = Width(threads)
        self._rate = Rate(rate)
        self._under_way = 0
        self._changed = threading.Condition()

    @contextmanager
    def turn(self, proceed: Callable[[], bool]) -> Iterator[None]:
        """Wait for a turn, and have it. Raises S3Unavailable once `proceed()` says no."""
        self._begin(proceed)
        try:
            yield
        finally:
            self._end()

    def slowed(self) -> None:
        """S3 asked for fewer requests."""
        with self._changed:
            self.width.slowed(time.monotonic())

    def _begin(self, proceed: Callable[[], bool]) -> None:
        with self._changed:
            while (wait := self._wait()) > 0:
                if not proceed():
                    raise _stopped()
                self._changed.wait(min(wait, PATIENCE))
            self._under_way += 1
            self._rate.begun(time.monotonic())

    def _end(self) -> None:
        with self._changed:
            self._under_way -= 1
            self.width.went_well(time.monotonic())
            self._changed.notify()

    def _wait(self) -> float:
        if self._under_way >= self.width.now:
            return PATIENCE
        return self._rate.wait(time.monotonic())


def _stopped() -> S3Unavailable:
    error = S3Unavailable("the upload was stopped")
    error.is_settled = True
    return error
