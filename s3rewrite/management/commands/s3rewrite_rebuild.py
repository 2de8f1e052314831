"""`manage.py s3rewrite_rebuild`: the published set, built again from disk and bucket."""

from argparse import ArgumentParser
from functools import partial
from typing import Any

import redis
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError

from s3rewrite.core.mounts import Mount
from s3rewrite.core.redaction import printable
from s3rewrite.management.arguments import add_mounts, add_wait, chosen_mounts
from s3rewrite.registry import loop_registry
from s3rewrite.registry.lease import LeaseTaken, held
from s3rewrite.sync.passes import retry_while_leased
from s3rewrite.sync.stopping import stoppable


class Command(BaseCommand):
    """Arguments and wiring."""

    help = (
        "Forgets what is published, so that every page links locally, and then publishes what "
        "disk and bucket have in common, without uploading it again."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Add the mounts."""
        add_mounts(parser)
        add_wait(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        """Forget, and run a pass."""
        with stoppable(1) as stop:
            for mount in chosen_mounts(options):
                try:
                    retry_while_leased(partial(_forget, mount), options["wait"], stop)
                except (LeaseTaken, redis.RedisError) as error:
                    raise CommandError(printable(f"{mount.alias}: {error}")) from error
                self.stdout.write(f"{mount.alias}: forgotten; links are local until proven again")
            call_command(
                "s3rewrite_sync", *options["mounts"], wait=options["wait"],
                stdout=self.stdout, stderr=self.stderr, verbosity=options["verbosity"],
            )  # fmt: skip


def _forget(mount: Mount) -> None:
    registry = loop_registry(mount)
    with held(registry):
        registry.clear()
