"""`manage.py s3rewrite_status`: how the mounts are, for people and for monitors."""

import json
import time
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from s3rewrite.core.redaction import printable
from s3rewrite.management.arguments import add_mounts, chosen_mounts
from s3rewrite.monitoring.status import MAX_AGE, Level, Status, Verdict, ago, status_of, verdict
from s3rewrite.sync.reporting.report import readable_size

SHOWN = 20
"""Names of each kind that are listed without `--all`."""


class Command(BaseCommand):
    """Arguments and wiring."""

    help = (
        "Says what is published, pending, failed and kept local, and whether a loop runs. Exits "
        "with 0 if all is well, 1 for warnings, 2 where something is broken, 3 without Redis."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """The mounts, and how to say it."""
        add_mounts(parser)
        add = parser.add_argument
        add("--json", action="store_true", help="print everything as JSON")
        add("--all", action="store_true", help="list every name that failed or was kept local")
        add(
            "--max-age", type=float, default=MAX_AGE, metavar="SECONDS",
            help="for which a file may be pending, or a last pass lie back",
        )  # fmt: skip

    def handle(self, *args: Any, **options: Any) -> None:
        """Print, and exit as the worst of the mounts asks for."""
        found = [status_of(mount) for mount in chosen_mounts(options)]
        verdicts = [verdict(status, max_age=options["max_age"]) for status in found]
        pairs = list(zip(found, verdicts, strict=True))
        if options["json"]:
            self.stdout.write(json.dumps([_as_dict(*pair) for pair in pairs], indent=2))
        else:
            for status, judged in pairs:
                self._say(status, judged, None if options["all"] else SHOWN)
        if worst := max((judged.level for judged in verdicts), default=Level.OK):
            raise SystemExit(int(worst))

    def _say(self, status: Status, judged: Verdict, shown: int | None) -> None:
        style = self.style.SUCCESS if judged.level is Level.OK else self.style.ERROR
        self.stdout.write(style(f"{status.mount}: {judged.level.name}"))
        for sentence in judged.sentences:
            self.stdout.write(f"  {printable(sentence)}")
        if status.error:
            return
        for line in _lines(status):
            self.stdout.write(f"  {printable(line)}")
        for kind in ("failed", "kept local"):
            self._list(status, kind, shown)

    def _list(self, status: Status, kind: str, shown: int | None) -> None:
        names = status.of_kind(kind)
        for name, trouble in list(names.items())[:shown]:
            self.stdout.write(f"  {kind}: {printable(name)}: {printable(trouble.reason)}")
        if shown is not None and len(names) > shown:
            self.stdout.write(f"  {kind}: and {len(names) - shown:,} more (--all)")


def _lines(status: Status) -> list[str]:
    now = time.time()
    lines = [f"published: {status.published:,} ({readable_size(status.bytes)})"]
    since = f", for {ago(now - status.pending_since)}" if status.pending_since else ""
    lines.append(f"pending: {status.pending:,}{since}")
    if status.running:
        lines.append(
            f"a pass runs: {status.running['done']:,} of {status.running['planned']:,} so far, "
            f"{status.rate:,.0f} files a second"
        )
    if status.last:
        lines.append(
            f"last pass: {ago(now - status.last['ended'])} ago, {status.last['seconds']:.1f} s, "
            f"{status.last['uploaded']:,} uploaded, {status.last['kept']:,} kept"
        )
    lines.append(f"loop: {status.loop['holder'] if status.loop else 'none'}")
    return lines


def _as_dict(status: Status, judged: Verdict) -> dict[str, Any]:
    told = {"level": judged.level.name, "reasons": list(judged.sentences)}
    return {**told, **status.as_dict()}
