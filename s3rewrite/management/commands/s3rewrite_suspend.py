"""`manage.py s3rewrite_suspend`: pages link local files, whatever S3 holds, until it is resumed."""

import getpass
import os
from argparse import ArgumentParser
from typing import Any

import redis
from django.core.management.base import BaseCommand, CommandError

from s3rewrite.core.redaction import printable
from s3rewrite.management.arguments import add_mounts, chosen_mounts, parse_span, showing_errors
from s3rewrite.registry import loop_registry
from s3rewrite.registry.suspension import Suspensions


class Command(BaseCommand):
    """Arguments and output."""

    help = (
        "Has pages link local files, for maintenance, or for an outage that the loop does not see. "
        "Uploads go on. s3rewrite_resume ends it."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """The mounts, for how long, and why."""
        add_mounts(parser)
        add = parser.add_argument
        add(
            "--for", type=showing_errors(parse_span), dest="seconds", metavar="TIME",
            help="as in 90 (seconds), 30m, 2h or 1d; without it, until s3rewrite_resume",
        )  # fmt: skip
        add("--why", default="by command", help="shown by status, admin and explain")

    def handle(self, *args: Any, **options: Any) -> None:
        """Change each mount, and say how it is then."""
        for mount in chosen_mounts(options):
            try:
                outcome = self.change(Suspensions(loop_registry(mount)), options)
            except redis.RedisError as error:
                raise CommandError(printable(f"{mount.alias}: {error}")) from error
            self.stdout.write(printable(f"{mount.alias}: {outcome}"))

    def change(self, suspensions: Suspensions, options: dict[str, Any]) -> str:
        """Suspend a mount."""
        suspensions.suspend(_user(), options["why"], options["seconds"])
        return suspensions.current()[0].sentence


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container's user may have no name
        return f"uid {os.getuid()}"
