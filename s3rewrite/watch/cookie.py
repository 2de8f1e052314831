"""A cookie: a file whose events prove that a watch still works.

The kernel reports neither an overflow nor the end of a watch reliably.
"""

import os
from contextlib import suppress
from pathlib import Path

from s3rewrite.disk.own_names import WATCH, own_name

WAIT = 10.0
"""Seconds within which the event has to come."""

PERIOD = 60.0
"""Seconds between two proofs."""


class WatchLost(Exception):
    """Events no longer come."""


class Cookie:
    """A file directly in the root of a watch; each time it is there only for a moment."""

    def __init__(self, root: str) -> None:
        self.path = os.path.join(root, own_name(WATCH))  # noqa: PTH118
        self.is_confirmed = False
        """Whether its event has come at least once."""
        self.problem = ""
        """Why it could not be written; nothing can be proved then."""
        self._due: float | None = None
        self._next = float("-inf")

    def tick(self, now: float) -> None:
        """Write the file when it is time. Raises WatchLost if the event of the last one is late."""
        if self._due is not None and now > self._due:
            raise WatchLost(f"no event came in {WAIT:.0f} s")
        if self._due is None and now >= self._next:
            self._write(now)

    def confirm(self, now: float) -> None:
        """Note that the event came."""
        self.is_confirmed = True
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
