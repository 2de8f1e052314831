"""`manage.py s3rewrite_purge`: takes files down, and proves it."""

from argparse import ArgumentParser
from typing import Any

import redis
from django.core.management.base import BaseCommand, CommandError

from s3rewrite.core.redaction import printable
from s3rewrite.disk.takedown import take_down
from s3rewrite.management.arguments import add_wait, chosen_mounts
from s3rewrite.s3.errors import S3Error
from s3rewrite.sync.context import SyncContext
from s3rewrite.sync.exposed import exposed_names
from s3rewrite.sync.scan import ScanError
from s3rewrite.sync.stopping import stoppable
from s3rewrite.tools.purge import finish, missing, with_pattern


class Command(BaseCommand):
    """Arguments and output."""

    help = (
        "Takes files down: no page links them any more, S3 (with all versions) and the CDN forget "
        "them, and a visitor's request proves it. Exits with 1 for what may still be public."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """The names, and what becomes of the local files."""
        add = parser.add_argument
        chosen = parser.add_mutually_exclusive_group(required=True)
        chosen.add_argument("names", nargs="*", default=[], help="as in the storage: photos/a.jpg")
        chosen.add_argument("--pattern", help="names by a pattern as in .gitignore")
        for option, text in (("excluded", "that the settings keep local"), ("missing", "not here")):
            chosen.add_argument(f"--{option}", action="store_true", help=f"objects of files {text}")
        add("--mount", dest="mounts", action="append", default=[], help="one or more of S3REWRITE")
        add("--local", action="store_true", help="delete the files on the disk, too")
        add("--exclude", action="store_true", help="keep files local that stay on the disk")
        add("--quarantine", action="store_true", help="keep copies in the QUARANTINE")
        add("--dry-run", action="store_true", help="only print the names")
        add_wait(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        """Take down the names of each mount."""
        mounts = chosen_mounts(options)
        if options["names"] and len(mounts) != 1:
            raise CommandError("Say of which mount: --mount ALIAS.")
        with stoppable(1) as stop:
            contexts = [SyncContext(mount, stop=stop) for mount in mounts]
            if sum(self._purge(context, options) for context in contexts):
                raise CommandError("Not everything is proved to be gone; the reasons are above.")

    def _purge(self, context: SyncContext, options: dict[str, Any]) -> int:
        """How many names may still be public."""
        mount = context.mount
        try:
            names = _chosen(context, options)
            if options["dry_run"]:
                reasons = dict.fromkeys(names, "would be taken down")
            else:
                how = {key: options[key] for key in ("local", "exclude", "quarantine")}
                take_down(mount, names, **how)
                reasons = finish(context, names, options["wait"])
        except (OSError, ValueError, S3Error, ScanError, redis.RedisError) as error:
            raise CommandError(printable(f"{mount.alias}: {error}")) from error
        for name, reason in reasons.items():
            self.stdout.write(printable(f"{mount.alias}: {name}: {reason or 'gone'}"))
        return sum(map(bool, reasons.values())) if not options["dry_run"] else 0


def _chosen(context: SyncContext, options: dict[str, Any]) -> list[str]:
    if options["pattern"]:
        return with_pattern(context, options["pattern"])
    if options["excluded"]:
        return exposed_names(context)
    return missing(context) if options["missing"] else options["names"]
