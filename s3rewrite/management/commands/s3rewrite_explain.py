"""`manage.py s3rewrite_explain`: why a URL is or is not linked to S3."""

import json
import sys
from argparse import ArgumentParser
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import BaseCommand, CommandError

from s3rewrite.core.redaction import printable
from s3rewrite.explain.explanation import Explanation, UrlOutcome
from s3rewrite.explain.subjects import explain_subject
from s3rewrite.management.arguments import chosen_mounts
from s3rewrite.management.columns import align_columns, shorten

LOCAL = 3
"""The exit code if something could be linked, and is not."""


class Command(BaseCommand):
    """Arguments and output."""

    help = (
        "Says whether each local URL in a page, or in a file on disk, is linked to S3, and why it "
        f"is not; or the same of one URL or name. Exit code {LOCAL} if one could be, and is not."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """What to explain."""
        add = parser.add_argument
        add("subject", metavar="PAGE|FILE|URL|NAME", help="/blog/, page.html, /media/a.jpg, a.jpg")
        add("--host", help="the host at which the page is asked for, and whose URLs are local")
        add("--json", action="store_true", help="print it as JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        """Explain the subject; exit with 1 if that is not possible."""
        chosen_mounts({**options, "mounts": ()})
        try:
            subject = explain_subject(options["subject"], options["host"])
        except ImproperlyConfigured as error:
            raise CommandError(str(error)) from error
        explanation = subject.explanation
        if options["json"]:
            fields = {"subject": subject.title, **explanation.as_dict()}
            self.stdout.write(json.dumps(fields, indent=2))
        else:
            self.stdout.write(self.style.MIGRATE_HEADING(printable(subject.title)))
            self._print(explanation)
        if any(not candidate.link for candidate in explanation.candidates):
            sys.exit(LOCAL)

    def _print(self, explanation: Explanation) -> None:
        lines = align_columns([_row(outcome) for outcome in explanation.outcomes])
        for line, outcome in zip(lines, explanation.outcomes, strict=True):
            self.stdout.write(self._style(outcome)(line))
        if explanation.notice:
            self.stdout.write(self.style.NOTICE(printable(explanation.notice)))
        self.stdout.write(explanation.summary())

    def _style(self, outcome: UrlOutcome) -> Any:
        if outcome.link:
            return self.style.SUCCESS
        return self.style.WARNING if outcome.is_candidate else str


def _row(outcome: UrlOutcome) -> list[str]:
    where = outcome.header or (f"line {outcome.line}" if outcome.line else "")
    rows = f"({', '.join(outcome.rows)})" if outcome.rows else ""
    reasons = "; ".join(reason.text for reason in outcome.reasons)
    result = shorten(outcome.link) if outcome.link else reasons
    cells = (where, outcome.verdict, shorten(outcome.url, 60), outcome.place, rows, result)
    return list(map(printable, cells))
