"""Arguments that the commands share."""

import re
import sys
from argparse import ArgumentParser, ArgumentTypeError
from collections.abc import Callable
from typing import Any, TypeVar

from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import CommandError

from s3rewrite import conf
from s3rewrite.core.mounts import Mount

T = TypeVar("T")

NOTHING = f"{conf.SETTING} has no mount, so there is nothing to do: s3rewrite_init writes one."

_SPAN = re.compile(r"(\d{1,6})([smhd]?)")
_UNITS = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86_400}


def add_mounts(parser: ArgumentParser) -> None:
    """Add `[alias …]`."""
    parser.add_argument(
        "mounts", nargs="*", metavar="alias", help="mounts of S3REWRITE; the default is all"
    )


def add_wait(parser: ArgumentParser) -> None:
    """Add `--wait SECONDS`."""
    parser.add_argument(
        "--wait", type=float, default=60.0, metavar="SECONDS", help="for another pass to end"
    )


def chosen_mounts(options: dict[str, Any]) -> list[Mount]:
    """The mounts that the arguments name, or all; says so if there is none. Raises CommandError."""
    if not conf.is_written():
        raise CommandError(f"The settings have no {conf.SETTING}: manage.py check says more.")
    try:
        named = [conf.mount(alias) for alias in options["mounts"]]
        mounts = named or list(conf.mounts().values())
    except ImproperlyConfigured as error:
        raise CommandError(str(error)) from error
    if not mounts:  # standard output may be JSON
        (options.get("stderr") or sys.stderr).write(f"{NOTHING}\n")
    return mounts


def showing_errors(parse: Callable[[str], T]) -> Callable[[str], T]:
    """A `type` of an argument; argparse prints the messages of its ValueErrors."""

    def parsed(text: str) -> T:
        try:
            return parse(text)
        except ValueError as error:
            raise ArgumentTypeError(str(error)) from error

    return parsed


def parse_span(text: str) -> float:
    """Seconds of a time span: "90", "30m", "2h", "1d". Raises ValueError."""
    match = _SPAN.fullmatch(text)
    if not match or not int(match[1]):
        raise ValueError(f"{text!r} is no time span: write 90 (seconds), 30m, 2h or 1d")
    return float(int(match[1]) * _UNITS[match[2]])
