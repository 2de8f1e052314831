"""What passes did, for the project's LOGGING: the logger `s3rewrite.passes`.

Each record has its facts as attributes too (`extra`): `mount`, `file` (a name), `reason`,
`seconds`, `bytes` and the counts. What repeats the pass before is logged at DEBUG.
"""

import logging
import math
from typing import Any

from s3rewrite.core.redaction import printable
from s3rewrite.core.repeats import Repeats
from s3rewrite.sync.reporting.report import Report, Result

logger = logging.getLogger("s3rewrite.passes")
# The commands print the same: without LOGGING, Python would print warnings a second time.
logger.addHandler(logging.NullHandler())

FAILED = "%s: %s failed: %s"
KEPT_LOCAL = "%s: %s is kept local: %s"
COUNTED = tuple(result for result in Result if result is not Result.KEPT)


class PassLog:
    """Logs the passes over one mount, one after the other."""

    def __init__(self) -> None:
        self._names = Repeats(capacity=math.inf)  # as many as a report has
        self._passes = Repeats()

    def log(self, report: Report) -> None:
        """Log what a pass did, or why it was stopped."""
        self._log_end(report)
        if not report.stopped:
            self._log_names(report, report.failures, logging.WARNING, FAILED)
            self._log_names(report, report.skipped, logging.INFO, KEPT_LOCAL)
            if report.is_whole:
                self._names.retain({*report.failures, *report.skipped})
        if report.notices:
            is_new = self._passes.is_new("notices", report.notices)
            level = logging.WARNING if is_new else logging.DEBUG
            for notice in report.notices:
                _log(report, level, "%s: %s", (report.mount, notice), {"reason": notice})

    def _log_end(self, report: Report) -> None:
        facts: dict[str, Any] = {str(result): report.counts[result] for result in COUNTED}
        facts |= {"seconds": report.seconds, "bytes": report.bytes_uploaded}
        if report.stopped:
            level = logging.WARNING if self._passes.is_new("stopped") else logging.DEBUG
            facts["reason"] = report.stopped
            _log(report, level, "%s: stopped: %s", (report.mount, report.stopped), facts)
            return
        if self._passes.resolve("stopped"):
            _log(report, logging.INFO, "%s: continues", (report.mount,), {})
        level = logging.INFO if report.changes else logging.DEBUG
        _log(report, level, "%s", (report.summary(),), facts)

    def _log_names(self, report: Report, reasons: dict[str, str], level: int, message: str) -> None:
        for name, reason in reasons.items():
            now = level if self._names.is_new(name, reason) else logging.DEBUG
            facts = {"file": name, "reason": reason}
            _log(report, now, message, (report.mount, name, reason), facts)


def _log(
    report: Report, level: int, message: str, args: tuple[str, ...], facts: dict[str, Any]
) -> None:
    extra = {"mount": report.mount, **facts}
    logger.log(level, message, *map(printable, args), extra=extra)
