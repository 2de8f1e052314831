"""`manage.py s3rewrite_setup`: the bucket, as it must be."""

import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from s3rewrite.core.mounts import Mount
from s3rewrite.core.redaction import printable
from s3rewrite.management.arguments import add_mounts, chosen_mounts
from s3rewrite.s3.bucket import Bucket
from s3rewrite.s3.errors import S3Error
from s3rewrite.tools.bucket_rules import iam_policy
from s3rewrite.tools.bucket_setup import Step, is_unknown, steps


class Command(BaseCommand):
    """Arguments and wiring."""

    help = (
        "Creates the bucket, lets anybody read what is below the mount's prefix, answers with "
        "CORS where the mount says so, and tidies up abandoned uploads. Prints the IAM policy "
        "for the user of the loop. Rules that are there already are kept."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """The mounts, and how far to go."""
        add_mounts(parser)
        add = parser.add_argument
        add("--dry-run", action="store_true", help="only say what would be done")
        add("--private", action="store_true", help="make nothing public: a CDN has its own rights")

    def handle(self, *args: Any, **options: Any) -> None:
        """Do what is missing; exit with 1 where the service refuses a step."""
        failed = sum(self._set_up(mount, options) for mount in chosen_mounts(options))
        if failed:
            raise CommandError(f"{failed} steps failed; the reasons stand above.")

    def _set_up(self, mount: Mount, options: dict[str, Any]) -> int:
        failed = 0
        try:
            found = steps(mount, Bucket(mount), public=not options["private"])
        except S3Error as error:
            self.stderr.write(self.style.ERROR(printable(f"{mount.alias}: {error}")))
            found, failed = [], 1
        failed += sum(not self._step(mount, step, options) for step in found)
        if not failed and all(step.error for step in found):
            self.stdout.write(self.style.SUCCESS(f"{mount.alias}: nothing to do"))
        self.stdout.write(f"{mount.alias}: the rights that the loop needs, as an IAM policy:")
        self.stdout.write(json.dumps(iam_policy(mount), indent=2))
        return failed

    def _step(self, mount: Mount, step: Step, options: dict[str, Any]) -> bool:
        """Whether all is well, or nothing worse than that the mount does without it."""
        sentence = f"{mount.alias}: {step.sentence}"
        if options["dry_run"] and not step.error:
            self.stdout.write(f"{sentence} (a dry run: not done)")
            return True
        try:
            if step.error:
                raise step.error
            step.run()
        except S3Error as error:
            return self._not_done(sentence, step, error)
        self.stdout.write(self.style.SUCCESS(f"{sentence}: done"))
        return True

    def _not_done(self, sentence: str, step: Step, error: S3Error) -> bool:
        if step.is_needless(error):
            self.stdout.write(printable(f"{sentence}: not done, and not needed: {error}"))
            return True
        otherwise = f"; {step.otherwise}" if is_unknown(error) and step.otherwise else ""
        self.stderr.write(self.style.ERROR(printable(f"{sentence}: failed: {error}{otherwise}")))
        return False
