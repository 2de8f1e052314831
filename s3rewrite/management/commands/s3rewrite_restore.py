"""`manage.py s3rewrite_restore`: missing files, back from the bucket."""

from argparse import ArgumentParser
from typing import Any

import redis
from django.core.management.base import BaseCommand, CommandError

from s3rewrite.core.mounts import Mount
from s3rewrite.core.redaction import printable
from s3rewrite.management.arguments import add_mounts, chosen_mounts
from s3rewrite.s3.errors import S3Error
from s3rewrite.sync.context import SyncContext, SyncOptions
from s3rewrite.sync.reporting.report import readable_size
from s3rewrite.sync.scan import ScanError
from s3rewrite.tools.restore import restore


class Command(BaseCommand):
    """Arguments and wiring."""

    help = "Brings files that are missing on disk back from the bucket. Touches none that is there."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """The mounts, and which names."""
        add_mounts(parser)
        add = parser.add_argument
        add("--dry-run", action="store_true", help="only say what would come back")
        add("--freed", action="store_true", help="also what KEEP_LOCAL has freed")
        add(
            "--pattern", action="append", default=[], metavar="PATTERN",
            help="only names that it matches, as in .gitignore; may be given again",
        )  # fmt: skip

    def handle(self, *args: Any, **options: Any) -> None:
        """Restore; exit with 1 where a file could not be."""
        failed = sum(self._restore(mount, options) for mount in chosen_mounts(options))
        if failed:
            raise CommandError(f"{failed:,} files could not be restored; the reasons stand above.")

    def _restore(self, mount: Mount, options: dict[str, Any]) -> int:
        job = SyncContext(mount, SyncOptions(dry_run=options["dry_run"]))
        count = size = failed = 0
        try:
            for name, length, reason in restore(job, options["pattern"], freed=options["freed"]):
                failed += bool(reason)
                count, size = (count, size) if reason else (count + 1, size + length)
                self.stdout.write(
                    printable(f"failed {name}: {reason}" if reason else f"restored {name}")
                )
        except (OSError, S3Error, ScanError, redis.RedisError) as error:
            raise CommandError(printable(f"{mount.alias}: {error}")) from error
        would = "a dry run; would be: " if options["dry_run"] else ""
        done = f"{would}{mount.alias}: {count:,} restored, {failed:,} failed; {readable_size(size)}"
        self.stdout.write(self.style.SUCCESS(done))
        return failed
