"""How many uploads run at a time, and how many begin a second."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from s3rewrite.s3.errors import S3Unavailable

COOLDOWN = 1.0
"""Seconds in which all answers that ask for fewer requests count as one: each upload under way
gets such an answer."""

RECOVERY = 5.0
"""Seconds after which one more upload at a time is tried."""

CHECK_INTERVAL = 0.2
"""Seconds after which a waiting thread asks whether to proceed."""


@dataclass(slots=True)
class ConcurrencyLimit:
    """How many uploads may run at a time: half as many once S3 asks for fewer, then slowly more.

    | call     | since the last change | `current` becomes          |
    |----------|-----------------------|----------------------------|
    | decrease | less than COOLDOWN    | what it is                 |
    | decrease | COOLDOWN or more      | half of it, at least 1     |
    | increase | less than RECOVERY    | what it is                 |
    | increase | RECOVERY or more      | one more, up to `maximum`  |
    """

    maximum: int
    current: int = 0
    """`maximum` where it is not given."""
    changed_at: float = float("-inf")

    def __post_init__(self) -> None:
        self.current = self.current or self.maximum

    def decrease(self, now: float) -> None:
        """S3 asked for fewer requests."""
        if now - self.changed_at >= COOLDOWN:
            self.current, self.changed_at = max(1, self.current // 2), now

    def increase(self, now: float) -> None:
        """An upload succeeded."""
        if self.current < self.maximum and now - self.changed_at >= RECOVERY:
            self.current, self.changed_at = self.current + 1, now


@dataclass(slots=True)
class RateLimit:
    """How many uploads may begin a second; 0 for no limit."""

    per_second: float
    next_start: float = float("-inf")

    def delay(self, now: float) -> float:
        """Seconds until the next upload may begin; 0 or less if it may now."""
        return self.next_start - now

    def record_start(self, now: float) -> None:
        """An upload begins."""
        if self.per_second:
            self.next_start = now + 1 / self.per_second


class Throttle:
    """Lets threads upload, as many as both limits allow. Safe to share between threads."""

    def __init__(self, threads: int, rate: float) -> None:
        self.concurrency = ConcurrencyLimit(threads)
        self._rate = RateLimit(rate)
        self._running = 0
        self._changed = threading.Condition()
        self._thread = threading.local()

    @contextmanager
    def slot(self, proceed: Callable[[], bool]) -> Iterator[None]:
        """Wait until an upload may begin; the block is the upload.

        Raises S3Unavailable when `proceed()` returns False while it waits.
        """
        self._thread.proceed = proceed
        self._begin(proceed)
        try:
            yield
            with self._changed:
                self.concurrency.increase(time.monotonic())
        finally:
            self._end()

    def wait_again(self) -> None:
        """Before another attempt: give this thread's slot to a waiting one, and wait for one.

        Fewer may run by now. Does nothing in a thread without a slot. Raises as `slot`.
        """
        if getattr(self._thread, "has_slot", False):
            self._end()
            self._begin(self._thread.proceed)

    def slow_down(self) -> None:
        """S3 asked for fewer requests."""
        with self._changed:
            self.concurrency.decrease(time.monotonic())

    def _begin(self, proceed: Callable[[], bool]) -> None:
        with self._changed:
            while (delay := self._delay()) > 0:
                if not proceed():
                    raise S3Unavailable("the upload was stopped", is_settled=True)
                self._changed.wait(min(delay, CHECK_INTERVAL))
            self._running += 1
            self._thread.has_slot = True
            self._rate.record_start(time.monotonic())

    def _end(self) -> None:
        with self._changed:
            self._running -= self._thread.has_slot
            self._thread.has_slot = False
            self._changed.notify()

    def _delay(self) -> float:
        # A slot that becomes free wakes a thread before this time is over.
        if self._running >= self.concurrency.current:
            return CHECK_INTERVAL
        return self._rate.delay(time.monotonic())
