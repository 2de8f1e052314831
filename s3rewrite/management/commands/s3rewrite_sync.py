"""`manage.py s3rewrite_sync`: one pass."""

import json
from argparse import ArgumentParser
from functools import partial
from threading import Event
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from s3rewrite.core.mounts import Mount, parse_limit
from s3rewrite.core.redaction import printable
from s3rewrite.management.arguments import add_mounts, add_wait, chosen_mounts, showing_errors
from s3rewrite.registry.lease import LeaseTaken
from s3rewrite.sync.context import SyncContext, SyncOptions
from s3rewrite.sync.passes import retry_while_leased, whole_pass
from s3rewrite.sync.reporting.journal import JournalProgress, record_report
from s3rewrite.sync.reporting.log import PassLog
from s3rewrite.sync.reporting.progress import Progress, ProgressBar, ProgressLines
from s3rewrite.sync.reporting.report import Observer, Report
from s3rewrite.sync.stopping import stoppable


class Command(BaseCommand):
    """Arguments and wiring."""

    help = "Brings S3 and the published set in step with the files, once."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Add the mounts, and the options of a pass."""
        add_mounts(parser)
        add = parser.add_argument
        limit = showing_errors(parse_limit)
        add("--dry-run", action="store_true", help="only print what would be done")
        add("--force", action="store_true", help="also upload files that are published")
        add("--delete", action="store_true", help="delete objects whose files are gone")
        add("--max-delete", type=limit, metavar="N", help="objects to delete: 5 or 10%%")
        add("--json", action="store_true", help="print the report as JSON")
        add_wait(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        """Run a pass over each mount; exit with 1 if something failed."""
        with stoppable(1) as stop:
            mounts = chosen_mounts(options)
            reports = [self._sync(mount, options, stop) for mount in mounts if not stop.is_set()]
        if options["json"]:
            self.stdout.write(json.dumps([report.as_dict() for report in reports], indent=2))
        if stop.is_set():
            raise CommandError("Stopped before the end; the next pass does what is left.")
        if not all(report.is_ok for report in reports):
            raise CommandError("Not everything is in step; the reasons are above.")

    def _sync(self, mount: Mount, options: dict[str, Any], stop: Event) -> Report:
        is_dry = options["dry_run"]
        choices = SyncOptions(options["force"], options["delete"], options["max_delete"], is_dry)
        progress = JournalProgress(mount, self._progress(mount, options))
        context = SyncContext(mount, choices, progress, stop)
        try:
            report = retry_while_leased(lambda: whole_pass(context), options["wait"], stop)
        except LeaseTaken as error:
            report = Report(mount.alias, stopped=f"{error}, and did not end in time")
        progress.close()
        observers: list[Observer] = []
        if not is_dry:
            observers += [partial(record_report, mount, "s3rewrite_sync"), PassLog().log]
        if not options["json"]:
            observers.append(partial(self._print, "a dry run; would be: " if is_dry else ""))
        for observer in observers:
            observer(report)
        return report

    def _progress(self, mount: Mount, options: dict[str, Any]) -> Progress:
        if options["json"] or options["verbosity"] == 0:
            return Progress()
        if self.stderr.isatty() and not options["dry_run"]:
            return ProgressBar(mount.alias)
        return ProgressLines(self.stdout)  # type: ignore[arg-type]

    def _print(self, label: str, report: Report) -> None:
        if report.stopped:
            reason = printable(report.stopped)
            self.stderr.write(self.style.ERROR(f"{report.mount}: stopped: {reason}"))
        skipped = report.skipped.items()
        lines = [f"kept local: {printable(name)}: {printable(reason)}" for name, reason in skipped]
        for line in (*lines, *map(printable, report.notices)):
            self.stderr.write(self.style.WARNING(f"{report.mount}: {line}"))
        self.stdout.write(self.style.SUCCESS(label + report.summary()))
