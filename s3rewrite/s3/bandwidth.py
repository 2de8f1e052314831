"""How many bytes of files are sent to S3 a second, by all threads together."""

import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from io import BytesIO
from typing import IO, Any

STEP = 0.1
"""Seconds of the line that one piece takes, at the most."""

BURST = 0.25
"""Seconds of the line that are made up for, where a thread woke late or an answer took its time."""

CHECK_INTERVAL = 0.2
"""Seconds after which a waiting thread asks whether to proceed."""

SHARE = 64 * 1024
"""Bytes a second for each body: on a thin line one after the other gets there, not all at last."""


@dataclass(slots=True)
class ByteLimit:
    """When bytes may be sent: in the order in which they were announced. Pure.

    In any time as many as `per_second` says, those of BURST, and the last piece.
    """

    per_second: int
    free_at: float = float("-inf")

    def reserve(self, count: int, now: float) -> float:
        """Announce bytes. Returns when they may be sent: that may be over already."""
        start = max(self.free_at, now - BURST)
        self.free_at = start + count / self.per_second
        return start


class Bandwidth:
    """Has threads wait until they may send bytes. Safe to share between threads.

    `proceed` raises what is to end the waiting: it is called before each piece is sent.
    """

    def __init__(self, per_second: int, proceed: Callable[[], None]) -> None:
        self.is_limited = per_second > 0
        per_second = per_second or sys.maxsize
        self.step = max(1, int(per_second * STEP))
        """Bytes of a piece."""
        self.bodies = max(1, per_second // SHARE)
        """How many bodies of more than one piece are sent at a time."""
        self._limit, self._lock = ByteLimit(per_second), threading.Lock()
        self._proceed = proceed

    def wait(self, count: int) -> None:
        """Wait until so many bytes may be sent."""
        with self._lock:
            start = self._limit.reserve(count, time.monotonic())
        while (delay := start - time.monotonic()) > 0:
            time.sleep(min(delay, CHECK_INTERVAL))
            self._proceed()
        self._proceed()

    def pace(self, request: Any, **_: object) -> None:
        """Have the body of a request of boto3 that is about to be sent read piece by piece."""
        self._proceed()
        body = request.body
        request.body = PacedBody(BytesIO(body) if isinstance(body, bytes) else body, self)


class PacedBody:
    """A body that gives a piece once it may be sent."""

    def __init__(self, body: IO[bytes], bandwidth: Bandwidth) -> None:
        self.seek = body.seek
        self._body, self._bandwidth = body, bandwidth

    def read(self, size: int) -> bytes:
        """The next bytes; fewer than asked for are no end."""
        piece = self._body.read(min(size, self._bandwidth.step))
        self._bandwidth.wait(len(piece))
        return piece
