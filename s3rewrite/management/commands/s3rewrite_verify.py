"""`manage.py s3rewrite_verify`: compares disk, registry and bucket."""

from argparse import ArgumentParser
from typing import Any

import redis
from django.core.management.base import BaseCommand, CommandError

from s3rewrite.core.mounts import Mount
from s3rewrite.core.plurals import plural
from s3rewrite.core.redaction import printable
from s3rewrite.management.arguments import add_mounts, chosen_mounts
from s3rewrite.s3.errors import S3Error
from s3rewrite.sync.context import SyncContext
from s3rewrite.sync.scan import ScanError
from s3rewrite.tools.verify import Difference, Fault, differences, repair


class Command(BaseCommand):
    """Arguments and output."""

    help = "Compares files, published set and bucket: one line for each difference."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """The mounts, and how closely to look."""
        add_mounts(parser)
        add = parser.add_argument
        add("--checksum", action="store_true", help="read each file, and ask for each object")
        add("--public", action="store_true", help="ask as a visitor for what should not be there")
        add("--repair", action="store_true", help="link what is wrong locally until it is fixed")

    def handle(self, *args: Any, **options: Any) -> None:
        """Compare; exit with 1 if something differs that was not repaired."""
        if sum(self._verify(mount, options) for mount in chosen_mounts(options)):
            raise CommandError("Not everything is as it should be; --repair fixes what it can.")

    def _verify(self, mount: Mount, options: dict[str, Any]) -> int:
        context = SyncContext(mount)
        found: list[Difference] = []
        try:
            how = {key: options[key] for key in ("checksum", "public")}
            for difference in differences(context, **how):
                found.append(difference)
                name = printable(difference.name)
                self.stdout.write(f"{mount.alias}: {name}: {difference.fault}")
            repaired = repair(context, found) if options["repair"] else 0
        except (OSError, S3Error, ScanError, redis.RedisError) as error:
            raise CommandError(printable(f"{mount.alias}: {error}")) from error
        if repaired:
            pronoun = "it" if repaired == 1 else "them"
            self.stdout.write(
                f"{mount.alias}: {repaired:,} withdrawn; the loop looks at {pronoun} now"
            )
        count = plural(len(found), "difference")
        self.stdout.write(self.style.SUCCESS(f"{mount.alias}: {count}"))
        return sum(fault is not Fault.ONLY_IN_BUCKET for _, fault in found) - repaired
