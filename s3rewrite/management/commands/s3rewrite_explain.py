"""`manage.py s3rewrite_explain`: why a URL is linked to S3, or is not."""

import json
import sys
from argparse import ArgumentParser
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import BaseCommand, CommandError

from s3rewrite.core.redaction import printable
from s3rewrite.explain.explanation import Explanation, UrlOutcome
from s3rewrite.explain.subjects import Subject, explain_subject
from s3rewrite.management.columns import align_columns, shorten

LOCAL = 3
"""The exit code where something could be linked, and is not."""


class Command(BaseCommand):
    """Arguments and wiring."""

    help = (
        "Says of each local URL in a page, or in a file on disk, whether it is linked to S3, and "
        f"why it is not; or of one URL or name. Exit code {LOCAL} where one could be, and is not."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """What to explain."""
        add = parser.add_argument
        add("subject", metavar="PAGE|FILE|URL|NAME", help="/blog/, page.html, /media/a.jpg, a.jpg")
        add("--host", help="the host at which the page is asked for, and whose URLs are local")
        add("--json", action="store_true", help="print it as JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        """Explain it; exit with 1 where that cannot be done."""
        try:
            subject = explain_subject(options["subject"], options["host"])
        except ImproperlyConfigured as error:
            raise CommandError(str(error)) from error
        say = self._say_json if options["json"] else self._say
        say(subject)
        if any(not one.link for one in subject.explanation.candidates):
            sys.exit(LOCAL)

    def _say_json(self, subject: Subject) -> None:
        found = {"subject": subject.title, **subject.explanation.as_dict()}
        self.stdout.write(json.dumps(found, indent=2))

    def _say(self, subject: Subject) -> None:
        self.stdout.write(self.style.MIGRATE_HEADING(printable(subject.title)))
        explanation = subject.explanation
        for line, one in zip(_lines(explanation), explanation.outcomes, strict=True):
            self.stdout.write(self._style(one)(line))
        if explanation.notice:
            self.stdout.write(self.style.NOTICE(printable(explanation.notice)))
        self.stdout.write(explanation.summary())

    def _style(self, one: UrlOutcome) -> Any:
        if one.link:
            return self.style.SUCCESS
        return self.style.WARNING if one.is_candidate else str


def _lines(explanation: Explanation) -> list[str]:
    return align_columns([_row(one) for one in explanation.outcomes])


def _row(one: UrlOutcome) -> list[str]:
    where = one.header or (f"line {one.line}" if one.line else "")
    rows = f"({', '.join(one.rows)})" if one.rows else ""
    what = shorten(one.link) if one.link else "; ".join(r.text for r in one.reasons)
    cells = (where, one.verdict, shorten(one.url, 60), one.place, rows, what)
    return list(map(printable, cells))
