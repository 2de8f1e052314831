"""What a visitor, who has no credentials, gets at a URL."""

import urllib.error
import urllib.request
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

TIMEOUT = 10.0
"""Seconds that a request of a visitor's may take."""

ORIGIN = "https://example.com"

MAX_BODY = 1024 * 1024
"""Bytes of an answer that are read."""

GONE = (403, 404, 410)
"""Statuses that prove that a visitor does not get an object."""


class VisitorAnswer(NamedTuple):
    """What a visitor gets."""

    status: int
    body: bytes
    headers: Any


def fetch(
    url: str, *, headers: Mapping[str, str] = MappingProxyType({}), **options: Any
) -> VisitorAnswer:
    """The answer at a URL, with any status. Raises OSError, ValueError."""
    if not url.startswith(("http://", "https://")):
        url = f"https:{url}"
    all_headers = {"Origin": ORIGIN, **headers}
    request = urllib.request.Request(url, headers=all_headers, **options)  # noqa: S310
    try:
        answer = urllib.request.urlopen(request, timeout=TIMEOUT)  # noqa: S310
    except urllib.error.HTTPError as error:
        answer = error  # the answer itself, with a status of 400 or more
    with answer:
        return VisitorAnswer(answer.status, answer.read(MAX_BODY), answer.headers)


def why_not_gone(requests: Iterable[tuple[str, Mapping[str, str]]]) -> str:
    """The first URL where a visitor may still get something, and why; "" for none.

    In: URLs, each with the headers that a visitor who may see it sends.
    """
    for opened, headers in requests:
        url = opened.partition("?")[0]  # without a signature
        try:
            status = fetch(opened, headers=headers).status
        except (OSError, ValueError) as error:
            return f"nothing proves that it is gone: {url} cannot be fetched ({error})"
        if status not in GONE:
            return f"{url} still answers visitors (status {status})"
    return ""
