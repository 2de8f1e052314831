"""`manage.py s3rewrite_resume`: pages link to S3 again."""

from argparse import ArgumentParser
from typing import Any

from s3rewrite.management.arguments import add_mounts
from s3rewrite.management.commands import s3rewrite_suspend
from s3rewrite.registry.suspension import Suspensions


class Command(s3rewrite_suspend.Command):
    """Its arguments, and what it does otherwise."""

    help = (
        "Ends what s3rewrite_suspend began, and an outage that the loop has seen; where visitors "
        "still do not get the files, the loop suspends the mount again."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Add the mounts."""
        add_mounts(parser)

    def change(self, suspensions: Suspensions, options: dict[str, Any]) -> str:
        """Resume a mount."""
        return "pages link to S3 again" if suspensions.resume() else "was not suspended"
