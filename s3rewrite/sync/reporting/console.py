"""What a loop prints: what its passes did, and once what keeps them from running."""

from collections.abc import Callable

from s3rewrite.core.repeats import Repeats
from s3rewrite.sync.reporting.report import Report

Say = Callable[[str], None]
"""Prints a line."""


class Console:
    """Prints about the passes over one mount."""

    def __init__(self, alias: str, say: Say) -> None:
        self._alias = alias
        self._say = say
        self._repeats = Repeats()

    def show(self, report: Report) -> None:
        """Print what a pass did that came to its end."""
        if report.stopped:
            return
        if self._repeats.resolve("problem"):
            self._say(f"{self._alias}: continues")
        if report.is_eventful:
            self._say(report.summary())
        for notice in report.notices:
            self._say(f"{self._alias}: {notice}")

    def warn(self, problem: str, message: str) -> None:
        """Print the message, unless that problem was the last one and is not over."""
        if self._repeats.is_new("problem", problem):
            self._say(f"{self._alias}: {message}")
