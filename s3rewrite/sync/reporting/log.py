"""What passes did, for the project's LOGGING: the logger `s3rewrite.passes`.

Each record says its facts in attributes too (`extra`): `mount`, `file` (a name), `reason`,
`seconds`, `bytes` and the counts. What goes on is said once, and at DEBUG from then on.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from s3rewrite.core.redaction import printable
from s3rewrite.sync.reporting.report import Report, Result

logger = logging.getLogger("s3rewrite.passes")
# The commands say the same on their output: a project without LOGGING is not told twice.
logger.addHandler(logging.NullHandler())

FAILED = "%s: %s is not on S3: %s"
KEPT_LOCAL = "%s: %s is kept local: %s"
COUNTED = tuple(result for result in Result if result is not Result.KEPT)


class PassLog:
    """Logs the passes over one mount, one after the other."""

    def __init__(self) -> None:
        self._told: dict[str, str] = {}
        self._notices: list[str] = []
        self._stopped = ""

    def log(self, report: Report, *, is_whole: bool) -> None:
        """A pass has ended, over all files or over some."""
        self._log_end(report)
        if not report.stopped:
            self._log_names(report, is_whole=is_whole)
        if report.notices:
            self._log_notices(report)

    def _log_end(self, report: Report) -> None:
        told = {"mount": report.mount, "seconds": report.seconds, "bytes": report.bytes_uploaded}
        told |= {str(result): report.counts[result] for result in COUNTED}
        if report.stopped:
            level = logging.DEBUG if self._stopped else logging.WARNING
            told["reason"] = report.stopped
            _log(level, "%s: stopped: %s", (report.mount, report.stopped), told)
        else:
            if self._stopped:
                _log(logging.INFO, "%s: goes on", (report.mount,), {"mount": report.mount})
            level = logging.INFO if _is_eventful(report) else logging.DEBUG
            _log(level, "%s", (report.summary(),), told)
        self._stopped = report.stopped

    def _log_names(self, report: Report, *, is_whole: bool) -> None:
        before = self._told
        self._told = {} if is_whole else before
        self._log_each(report, report.failures, before, (logging.WARNING, FAILED))
        self._log_each(report, report.skipped, before, (logging.INFO, KEPT_LOCAL))

    def _log_each(
        self, report: Report, found: dict[str, str], before: dict[str, str], how: tuple[int, str]
    ) -> None:
        level, message = how
        for name, reason in found.items():
            told = {"mount": report.mount, "file": name, "reason": reason}
            now = logging.DEBUG if before.get(name) == reason else level
            _log(now, message, (report.mount, name, reason), told)
            self._told[name] = reason

    def _log_notices(self, report: Report) -> None:
        level = logging.DEBUG if report.notices == self._notices else logging.WARNING
        for notice in report.notices:
            told = {"mount": report.mount, "reason": notice}
            _log(level, "%s: %s", (report.mount, notice), told)
        self._notices = report.notices


def _is_eventful(report: Report) -> bool:
    return report.counts.total() > report.counts[Result.KEPT] + report.counts[Result.FAILED]


def _log(level: int, message: str, args: tuple[str, ...], extra: dict[str, Any]) -> None:
    logger.log(level, message, *map(printable, args), extra=extra)


Say = Callable[[str], None]


@dataclass
class TransitionLog:
    """Says what is wrong once, not at every try, and once that it is over."""

    say: Say
    current: str = ""

    def trouble(self, kind: str, message: str) -> None:
        """Say the message, unless trouble of this kind was said and goes on."""
        if kind != self.current:
            self.say(message)
        self.current = kind

    def recovered(self, message: str) -> None:
        """Say that the trouble is over, if there was some."""
        if self.current:
            self.say(message)
        self.current = ""
