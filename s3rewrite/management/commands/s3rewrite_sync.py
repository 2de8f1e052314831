"""`manage.py s3rewrite_sync`: one pass."""

import json
from argparse import ArgumentParser, ArgumentTypeError
from dataclasses import replace
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from s3rewrite.core.mounts import Mount, parsed_limit
from s3rewrite.core.shown import printable
from s3rewrite.management.arguments import add_mounts, chosen_mounts
from s3rewrite.registry.lease import LeaseTaken
from s3rewrite.sync.context import SyncContext, SyncOptions
from s3rewrite.sync.passes import retry_while_leased, whole_pass
from s3rewrite.sync.reporting.journal import JournalProgress, note
from s3rewrite.sync.reporting.log import PassLog
from s3rewrite.sync.reporting.progress import Progress, ProgressBar, ProgressLines
from s3rewrite.sync.reporting.report import Report
from s3rewrite.sync.stopping import stoppable


class Command(BaseCommand):
    """Arguments and wiring."""

    help = "Brings S3 and the published set in step with the files, once."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """The mounts, and what to do with them."""
        add_mounts(parser)
        add = parser.add_argument
        add("--dry-run", action="store_true", help="only say what would be done")
        add("--force", action="store_true", help="upload files that are published, too")
        add("--delete", action="store_true", help="delete objects whose files are gone")
        add("--max-delete", type=_limit, metavar="N", help="objects to delete: 5 or 10%%")
        add("--json", action="store_true", help="print the report as JSON")
        add("--wait", type=float, default=60.0, metavar="SECONDS", help="for another pass to end")

    def handle(self, *args: Any, **options: Any) -> None:
        """Run a pass over each mount; exit with 1 where something failed."""
        choices = SyncOptions(
            options["force"], options["delete"], options["max_delete"], options["dry_run"]
        )
        with stoppable(1) as stop:
            jobs = (SyncContext(mount, choices, stop=stop) for mount in chosen_mounts(options))
            reports = [self._sync(job, options) for job in jobs if not stop.is_set()]
        if options["json"]:
            self.stdout.write(json.dumps([report.as_dict() for report in reports], indent=2))
        if stop.is_set():
            raise CommandError("Stopped before the end; the next pass does what is left.")
        if not all(report.is_ok for report in reports):
            raise CommandError("Not everything is in step; the reasons stand above.")

    def _sync(self, planned: SyncContext, options: dict[str, Any]) -> Report:
        mount, choices = planned.mount, planned.options
        progress = JournalProgress(mount, self._progress(mount, choices, options))
        job = replace(planned, progress=progress)
        try:
            report = retry_while_leased(lambda: whole_pass(job), options["wait"], job.stop)
        except LeaseTaken as error:
            report = Report(mount.alias, stopped=f"{error}, and did not end in time")
        progress.close()
        if not choices.dry_run:
            note(mount, report, "s3rewrite_sync")
            PassLog().log(report, is_whole=True)
        if not options["json"]:
            self._say(report, choices)
        return report

    def _progress(self, mount: Mount, choices: SyncOptions, options: dict[str, Any]) -> Progress:
        if options["json"] or options["verbosity"] == 0:
            return Progress()
        if self.stderr.isatty() and not choices.dry_run:
            return ProgressBar(mount.alias)
        return ProgressLines(self.stdout)  # type: ignore[arg-type]

    def _say(self, report: Report, choices: SyncOptions) -> None:
        if report.stopped:
            reason = printable(report.stopped)
            self.stderr.write(self.style.ERROR(f"{report.mount}: stopped: {reason}"))
        kept = report.skipped.items()
        told = [f"kept local: {printable(name)}: {printable(reason)}" for name, reason in kept]
        for line in (*told, *map(printable, report.notices)):
            self.stderr.write(self.style.WARNING(f"{report.mount}: {line}"))
        would = "a dry run; would be: " if choices.dry_run else ""
        self.stdout.write(self.style.SUCCESS(would + report.summary()))


def _limit(text: str) -> int | str:
    try:
        return parsed_limit(text)
    except ValueError as problem:
        raise ArgumentTypeError(str(problem)) from problem
