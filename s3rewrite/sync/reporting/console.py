"""What a loop prints: what its passes did, and once what keeps them from running."""

import math
from collections.abc import Callable

from s3rewrite.core.repeats import Repeats
from s3rewrite.sync.reporting.report import Report

Say = Callable[[str], None]
"""Prints a line."""

MAX_NAMES = 20
"""Failures of one pass that are printed each by its name."""

FAILED = "{alias}: {name} is not in step: {reason}"


class Console:
    """Prints about the passes over one mount."""

    def __init__(self, alias: str, say: Say) -> None:
        self._alias = alias
        self._say = say
        self._repeats = Repeats()
        self._failures = Repeats(capacity=math.inf)  # as many as a report has

    def show(self, report: Report) -> None:
        """Print what a pass did that came to its end."""
        if report.stopped:
            return
        if self._repeats.resolve("problem"):
            self._say(f"{self._alias}: continues")
        if report.is_eventful:
            self._say(report.summary())
        self._show_failures(report)
        for notice in report.notices:
            self._say(f"{self._alias}: {notice}")

    def _show_failures(self, report: Report) -> None:
        """Print which names failed and why, unless the last pass printed the same."""
        news = [pair for pair in report.failures.items() if self._failures.is_new(*pair)]
        for name, reason in news[:MAX_NAMES]:
            self._say(FAILED.format(alias=self._alias, name=name, reason=reason))
        if (more := len(news) - MAX_NAMES) > 0:
            self._say(f"{self._alias}: {more:,} more failed: s3rewrite_status --all names them")
        if report.is_whole:
            self._failures.retain(report.failures)

    def warn(self, problem: str, message: str) -> None:
        """Print the message, unless that problem was the last one and is not over."""
        if self._repeats.is_new("problem", problem):
            self._say(f"{self._alias}: {message}")
