"""`manage.py s3rewrite_resume`: pages link to S3 again."""

from argparse import ArgumentParser
from typing import Any

import redis
from django.core.management.base import BaseCommand, CommandError

from s3rewrite.core.redaction import printable
from s3rewrite.management.arguments import add_mounts, chosen_mounts
from s3rewrite.registry import loop_registry
from s3rewrite.registry.suspension import Suspensions


class Command(BaseCommand):
    """Arguments and output."""

    help = (
        "Ends what s3rewrite_suspend began, and an outage that the loop has seen; where visitors "
        "still do not get the files, the loop suspends the mount again."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Add the mounts."""
        add_mounts(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        """Resume each mount."""
        for mount in chosen_mounts(options):
            try:
                was_suspended = Suspensions(loop_registry(mount)).resume()
            except redis.RedisError as error:
                raise CommandError(printable(f"{mount.alias}: {error}")) from error
            outcome = "pages link to S3 again" if was_suspended else "was not suspended"
            self.stdout.write(f"{mount.alias}: {outcome}")
