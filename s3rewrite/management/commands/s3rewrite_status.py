"""`manage.py s3rewrite_status`: how the mounts are doing, for people and for monitors."""

import json
import time
from argparse import ArgumentParser
from collections.abc import Iterator
from typing import Any

from django.core.management.base import BaseCommand, no_translations

from s3rewrite.core.redaction import printable
from s3rewrite.management.arguments import add_mounts, chosen_mounts
from s3rewrite.monitoring.status import (
    KINDS,
    MAX_AGE,
    Level,
    Status,
    Verdict,
    ago,
    status_of,
    verdict,
)
from s3rewrite.sync.reporting.report import readable_size

SHOWN = 20
"""Names of each kind that are listed without `--all`."""


class Command(BaseCommand):
    """Arguments and output."""

    help = (
        "Says what is published, pending, failed and kept local, and whether a loop runs. Exits "
        "with 0 if all is well, 1 for warnings, 2 where something is broken, 3 without Redis."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """The mounts, and the form of the output."""
        add_mounts(parser)
        add = parser.add_argument
        add("--json", action="store_true", help="print everything as JSON")
        add("--all", action="store_true", help="list every name that failed or was kept local")
        add(
            "--max-age", type=float, default=MAX_AGE, metavar="SECONDS",
            help="for which a file may be pending, or since the last pass, without a warning",
        )  # fmt: skip

    @no_translations  # scripts and monitors read it
    def handle(self, *args: Any, **options: Any) -> None:
        """Print each mount; exit with the worst level."""
        statuses = [status_of(mount) for mount in chosen_mounts(options)]
        verdicts = [verdict(status, max_age=options["max_age"]) for status in statuses]
        pairs = list(zip(statuses, verdicts, strict=True))
        if options["json"]:
            self.stdout.write(json.dumps([_as_dict(*pair) for pair in pairs], indent=2))
        else:
            for status, judged in pairs:
                self._print(status, judged, None if options["all"] else SHOWN)
        if worst := max((judged.level for judged in verdicts), default=Level.OK):
            raise SystemExit(int(worst))

    def _print(self, status: Status, judged: Verdict, shown: int | None) -> None:
        style = self.style.SUCCESS if judged.level is Level.OK else self.style.ERROR
        self.stdout.write(style(f"{status.mount}: {judged.level.name}"))
        for sentence in judged.sentences:
            self.stdout.write(f"  {printable(sentence)}")
        if status.error:
            return
        for line in _figures(status):
            self.stdout.write(f"  {printable(line)}")
        for kind in KINDS:
            self._print_names(status, kind, shown)

    def _print_names(self, status: Status, kind: str, shown: int | None) -> None:
        names = status.of_kind(kind)
        for name, problem in list(names.items())[:shown]:
            self.stdout.write(f"  {kind}: {printable(name)}: {printable(problem.reason)}")
        if shown is not None and len(names) > shown:
            self.stdout.write(f"  {kind}: and {len(names) - shown:,} more (--all)")


def _figures(status: Status) -> Iterator[str]:
    now, running, last = time.time(), status.running, status.last
    private = ", private" * (status.access == "private")
    yield f"published: {status.published:,} ({readable_size(status.bytes)}){private}"
    since = f", for {ago(now - status.pending_since)}" if status.pending_since else ""
    yield f"pending: {status.pending:,}{since}"
    if running:
        progress = f"{running['done']:,} of {running['planned']:,} so far"
        yield f"a pass runs: {progress}, {status.rate:,.0f} files a second"
    if last:
        counts = f"{last['uploaded']:,} uploaded, {last['kept']:,} kept"
        yield f"last pass: {ago(now - last['ended'])} ago, {last['seconds']:.1f} s, {counts}"
    yield f"loop: {status.loop['holder'] if status.loop else 'none'}"


def _as_dict(status: Status, judged: Verdict) -> dict[str, Any]:
    reasons = list(judged.sentences)
    return {"level": judged.level.name, "reasons": reasons, **status.as_dict()}
