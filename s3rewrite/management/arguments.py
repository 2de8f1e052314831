"""The arguments that the commands share."""

from argparse import ArgumentParser
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import CommandError

from s3rewrite import conf
from s3rewrite.core.mounts import Mount


def add_mounts(parser: ArgumentParser) -> None:
    """`[alias …]`."""
    parser.add_argument(
        "mounts", nargs="*", metavar="alias", help="mounts of S3REWRITE; all of them without"
    )


def chosen_mounts(options: dict[str, Any]) -> list[Mount]:
    """The mounts that were named, or all. Raises CommandError."""
    try:
        named = [conf.mount(alias) for alias in options["mounts"]]
        return named or list(conf.mounts().values())
    except ImproperlyConfigured as error:
        raise CommandError(str(error)) from error
