"""Threads that upload take turns, as many at a time and a second as may be."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from s3rewrite.s3.errors import S3Unavailable

AGAIN = 1.0
"""Seconds in which answers that ask for fewer requests count as one: all those that were under
way get one."""

RECOVERY = 5.0
"""Seconds after which one more upload at a time is tried."""


@dataclass(slots=True)
class ConcurrencyLimit:
    """How many uploads there may be at a time: halved where S3 asks for fewer, then slowly more.

    | what happened | since the last change | uploads at a time      |
    |---------------|-----------------------|------------------------|
    | slowed        | less than AGAIN       | as many                |
    | slowed        | AGAIN or more         | half as many, 1 or more |
    | went well     | less than RECOVERY    | as many                |
    | went well     | RECOVERY or more      | one more, up to `most` |
    """

    most: int
    now: int = 0
    changed: float = float("-inf")

    def __post_init__(self) -> None:
        self.now = self.now or self.most

    def slowed(self, at: float) -> None:
        """S3 asked for fewer requests."""
        if at - self.changed >= AGAIN:
            self._become(max(1, self.now // 2), at)

    def went_well(self, at: float) -> None:
        """An upload ended."""
        if self.now < self.most and at - self.changed >= RECOVERY:
            self._become(self.now + 1, at)

    def _become(self, width: int, at: float) -> None:
        self.now, self.changed = width, at


@dataclass(slots=True)
class RateLimit:
    """How many uploads may begin a second; 0 for as many as can."""

    most: float
    next: float = float("-inf")

    def wait(self, at: float) -> float:
        """Seconds until the next upload may begin; 0 or less where it may."""
        return self.next - at

    def begun(self, at: float) -> None:
        """An upload begins."""
        if self.most:
            self.next = at + 1 / self.most


PATIENCE = 0.2
"""Seconds after which who waits looks whether it is to go on."""


class Throttle:
    """Who may upload now. Safe to share between threads."""

    def __init__(self, threads: int, rate: float) -> None:
        self.width = ConcurrencyLimit(threads)
        self._rate = RateLimit(rate)
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
