"""A file whose events prove that a watch is alive: who overflows, or ends, does not say so."""

import os
from contextlib import suppress
from pathlib import Path

from s3rewrite.disk.own_names import WATCH, own_name

WAIT = 10.0
"""Seconds in which the event has to come."""

PERIOD = 60.0
"""Seconds between two proofs."""


class WatchLost(Exception):
    """Events have stopped coming."""


class Cookie:
    """A file directly in the root of a watch, there for a moment at a time."""

    def __init__(self, root: str) -> None:
        self.path = os.path.join(root, own_name(WATCH))  # noqa: PTH118
        self.is_seen = False
        """Whether its event came at least once."""
        self.problem = ""
        """Why it could not be written: then nothing can be proved."""
        self._due: float | None = None
        self._next = float("-inf")

    def tick(self, now: float) -> None:
        """Write it when it is time. Raises WatchLost where the event of the last one is missing."""
        if self._due is not None and now > self._due:
            raise WatchLost(f"no event came in {WAIT:.0f} s")
        if self._due is None and now >= self._next:
            self._write(now)

    def noticed(self, now: float) -> None:
        """The event came."""
        self.is_seen = True
        self._due = None
        self._next = now + PERIOD

    def _write(self, now: float) -> None:
        path = Path(self.path)
        try:
            path.touch(exist_ok=True)
        except OSError as error:
            self.problem = error.strerror or str(error)
            self._next = now + PERIOD
            return
        self._due = now + WAIT
        with suppress(OSError):
            path.unlink()
