"""A page never fails because of an error in this package."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from django.http import HttpRequest

from s3rewrite.core.repeats import Repeats, kind_of

logger = logging.getLogger("s3rewrite")

SILENCE = 600.0
"""Seconds in which a kind of error that was logged is logged again at the level DEBUG only."""

_repeats = Repeats(SILENCE)


@contextmanager
def contain_errors(request: HttpRequest | None) -> Iterator[None]:
    """Log an error of the block, with the request's path, and go on: links stay local.

    Each kind of error, which is its type and where it was raised, is logged once with its
    traceback, and again every ten minutes with how often it came since.
    """
    try:
        yield
    except Exception as error:
        _log(error, request.path if request else "without a request")


def _log(error: Exception, path: str) -> None:
    message = "Files are linked locally, as s3rewrite met an error (%r)."
    count = _repeats.count(kind_of(error))
    if count:
        times = "time" if count == 1 else "times"
        message += f" It was met {count} {times} more since it was logged."
    logger.log(logging.DEBUG if count is None else logging.ERROR, message, path, exc_info=error)
