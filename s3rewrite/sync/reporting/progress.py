"""Shows what a pass does while it runs: nothing, a bar on a terminal, or a line per change."""

import sys
from typing import TextIO

from tqdm import tqdm

from s3rewrite.core.redaction import printable
from s3rewrite.sync.reporting.report import Result


class Progress:
    """Shows nothing. One thread at a time calls the methods, except `moved`."""

    def moved(self) -> None:
        """The pass made progress: it does not hang."""

    def planned(self, count: int) -> None:
        """So many more names are to be uploaded; -1 if one is put off, to be planned again."""

    def done(self, name: str, result: Result) -> None:
        """A name is finished."""

    def failed(self, name: str, reason: str) -> None:
        """A name could not be uploaded or deleted."""

    def close(self) -> None:
        """The pass has ended."""


class ProgressLines(Progress):
    """Writes one line per change, for logs and pipes."""

    def __init__(self, out: TextIO) -> None:
        self._out = out

    def done(self, name: str, result: Result) -> None:
        """Write the name and its result."""
        self._out.write(f"{result} {printable(name)}\n")

    def failed(self, name: str, reason: str) -> None:
        """Write the name with the reason."""
        self._out.write(f"{Result.FAILED} {printable(name)}: {printable(reason)}\n")


class ProgressBar(Progress):
    """Draws a bar on a terminal; failures are printed above it."""

    def __init__(self, label: str, out: TextIO = sys.stderr) -> None:
        self._bar = tqdm(total=0, desc=label, unit=" files", file=out, leave=False, smoothing=0.05)

    def planned(self, count: int) -> None:
        """Make the bar longer."""
        self._bar.total = (self._bar.total or 0) + count
        self._bar.refresh()

    def done(self, name: str, result: Result) -> None:
        """Advance the bar, unless the name was not planned."""
        if result not in (Result.WITHDRAWN, Result.DELETED):
            self._bar.update()

    def failed(self, name: str, reason: str) -> None:
        """Advance the bar, and print the failure above it."""
        self._bar.update()
        line = f"{Result.FAILED} {printable(name)}: {printable(reason)}"
        self._bar.write(line, file=self._bar.fp)

    def close(self) -> None:
        """Remove the bar."""
        self._bar.close()
