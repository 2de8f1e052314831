"""How a pass tells what it does while it runs: to nobody, by a bar on a terminal, or by lines."""

import sys
from typing import TextIO

from tqdm import tqdm

from s3rewrite.core.shown import printable
from s3rewrite.sync.reporting.report import Result


class Progress:
    """Tells nobody. Methods are called by one thread at a time, but for `moved`."""

    def moved(self) -> None:
        """Something happened that is no name: the pass does not hang."""

    def planned(self, count: int) -> None:
        """So many more names are to be uploaded."""

    def done(self, name: str, result: Result) -> None:
        """A name is finished."""

    def failed(self, name: str, reason: str) -> None:
        """A name could not be uploaded or deleted."""

    def close(self) -> None:
        """The pass has ended."""


class ProgressLines(Progress):
    """A line a change, for logs and pipes."""

    def __init__(self, out: TextIO) -> None:
        self._out = out

    def done(self, name: str, result: Result) -> None:
        """One line."""
        self._out.write(f"{result} {printable(name)}\n")

    def failed(self, name: str, reason: str) -> None:
        """One line, with the reason."""
        self._out.write(f"{Result.FAILED} {printable(name)}: {printable(reason)}\n")


class ProgressBar(Progress):
    """A bar for terminals; failures stand above it."""

    def __init__(self, label: str, out: TextIO = sys.stderr) -> None:
        self._bar = tqdm(total=0, desc=label, unit=" files", file=out, leave=False, smoothing=0.05)

    def planned(self, count: int) -> None:
        """The bar grows."""
        self._bar.total = (self._bar.total or 0) + count
        self._bar.refresh()

    def done(self, name: str, result: Result) -> None:
        """The bar advances, but for what was not planned."""
        if result not in (Result.WITHDRAWN, Result.DELETED):
            self._bar.update()

    def failed(self, name: str, reason: str) -> None:
        """A line above the bar."""
        self._bar.update()
        line = f"{Result.FAILED} {printable(name)}: {printable(reason)}"
        self._bar.write(line, file=self._bar.fp)

    def close(self) -> None:
        """The bar goes."""
        self._bar.close()
