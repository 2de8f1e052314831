"""Was a body that was fetched one that was current between the render of its page and the fetch?"""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable
from typing import Any, NamedTuple

from tests.history.contents import content_of


class Change(NamedTuple):
    """A change of a file, and between which two moments it took place (monotonic seconds)."""

    version: int
    before: float
    after: float
    gone: bool


class Fetch(NamedTuple):
    """A link to S3 in a page, and what was there."""

    name: str
    asked: float
    """When the page was asked for."""
    fetched: float
    """When the body had come."""
    body: bytes | None
    """None where S3 has no such object."""


def changes_of(told: Iterable[dict[str, Any]]) -> dict[str, list[Change]]:
    """Name -> its changes in order, from the writers' lines."""
    found: defaultdict[str, list[Change]] = defaultdict(list)
    for one in told:
        found[one["name"]].append(Change(one["version"], one["before"], one["after"], one["gone"]))
    return dict(found)


def fault(fetch: Fetch, changes: list[Change]) -> str:
    """What is wrong with a link; "" where its body is one that the site had meanwhile.

    A change takes place at some moment between its two times, and what it leaves is current
    until the next one has taken place. Files that are written in place are empty, or half
    written, during their change. A change that was never written down began after the last.
    """
    if fetch.body is None:
        return "broken"
    possible = [
        change
        for change, until in zip(
            changes, [*(c.after for c in changes[1:]), float("inf")], strict=True
        )
        if change.before <= fetch.fetched and until >= fetch.asked
    ]
    if any(_may_be(fetch.name, change, fetch.body) for change in possible):
        return ""
    at = bisect_left([change.before for change in changes], fetch.asked)
    newest = changes[-1].version if changes else 0
    if content_of(fetch.name, newest + 1).startswith(fetch.body):
        return ""
    seen = fetch.body[:30].decode("ascii", "replace")
    return f"stale: {seen!r}, current was version {changes[at - 1].version if at else 0}"


def _may_be(name: str, change: Change, body: bytes) -> bool:
    """Whether the body is what a change left, or the beginning that stood there during it."""
    content = content_of(name, change.version)
    return body in (content, content[:100], b"") if not change.gone else body == b""
