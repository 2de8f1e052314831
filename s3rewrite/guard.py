"""A page never fails because of this package."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from django.http import HttpRequest

logger = logging.getLogger("s3rewrite")


@contextmanager
def guarded(request: HttpRequest | None) -> Iterator[None]:
    """Log an error of the block, with the request's path, and go on: links stay local."""
    try:
        yield
    except Exception:
        path = request.path if request else "without a request"
        logger.exception("Files are linked locally, as s3rewrite met an error (%r).", path)
