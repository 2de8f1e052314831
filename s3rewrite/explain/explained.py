"""Joins what the rewriter found with what was seen around it."""

import re
from bisect import bisect_right
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from s3rewrite.explain.occurrences import Occurrence
from s3rewrite.explain.reasons import LIMIT, Reason, no_place
from s3rewrite.rewriters.page import Page
from s3rewrite.rewriters.search import MAX_URLS, Matches
from s3rewrite.rewriters.types import Candidate

_NEAR = re.compile(rb"""[^\s"'<>()\\]*+""")
_SHOWN = 300


class ExplainedPlace(NamedTuple):
    """A place in a body where a mount's path stands.

    `start` is an offset, `place` as the table writes it, `rows` the names of the table's rows
    for it. Without a `candidate` it is left alone, for the `reasons`.
    """

    start: int
    url: bytes
    place: str
    rows: tuple[str, ...]
    candidate: Candidate | None
    reasons: tuple[Reason, ...]


def joined(
    page: Page, candidates: Sequence[Candidate], occurrences: Iterable[Occurrence]
) -> list[ExplainedPlace]:
    """Everything that holds a mount's path: candidates, other URLs, and what is no URL."""
    seen = list(occurrences)
    urls = {one.start: one for one in seen if one.url}
    candidates = candidates[:MAX_URLS]
    linked = [_linked(candidate, urls.get(candidate.start)) for candidate in candidates]
    starts = {candidate.start for candidate in candidates}
    others = [_other(one) for one in urls.values() if one.start not in starts]
    spans = [(one.start, one.end) for one in urls.values()]
    spans += [(one.start, _end(one)) for one in candidates]
    stretches = [one for one in seen if not one.url]
    rest = _no_urls(page, _uncovered(page, spans), stretches)
    return sorted([*linked, *others, *rest, *_beyond(page)], key=lambda one: one.start)


def _beyond(page: Page) -> Iterator[ExplainedPlace]:
    """The first place that is not looked at, for all of them."""
    last = Matches((page.body, needle) for needle in page.needles).last
    begins = (page.body.find(needle, last + len(needle)) for needle in page.needles)
    start = min((begin for begin in begins if begin >= 0), default=None)
    if start is not None:
        yield _no_url(page, start, Occurrence(start, start, "", reasons=(LIMIT,)))


def _linked(candidate: Candidate, seen: Occurrence | None) -> ExplainedPlace:
    place, rows = (seen.place, seen.rows) if seen else ("", ())
    return ExplainedPlace(candidate.start, candidate.url, place, rows, candidate, ())


def _other(seen: Occurrence) -> ExplainedPlace:
    why = seen.reasons or ((LIMIT if seen.rows else no_place(seen.place)),)
    return ExplainedPlace(seen.start, seen.url, seen.place, seen.rows, None, why)


def _no_urls(
    page: Page, places: Iterable[int], stretches: Sequence[Occurrence]
) -> list[ExplainedPlace]:
    """What stands where nothing is read as a URL; the innermost stretch says why.

    Stretches lie within each other or apart, the inner ones behind the outer ones in the list.
    """
    waiting = deque(sorted(stretches, key=lambda one: one.start))
    around: list[Occurrence] = []
    found = []
    for place in places:
        while waiting and waiting[0].start <= place:
            _leave(around, waiting[0].start)
            around.append(waiting.popleft())
        _leave(around, place)
        found.append(_no_url(page, place, around[-1] if around else Occurrence(place, place, "")))
    return found


def _leave(around: list[Occurrence], place: int) -> None:
    while around and around[-1].end <= place:
        around.pop()


def _no_url(page: Page, place: int, stretch: Occurrence) -> ExplainedPlace:
    near = _NEAR.match(page.body, place, place + _SHOWN)
    url = near[0] if near else b""
    why = stretch.reasons or (no_place(""),)
    return ExplainedPlace(place, url, stretch.place, stretch.rows, None, why)


def _uncovered(page: Page, spans: Iterable[tuple[int, int]]) -> Iterable[int]:
    covered = sorted(spans)
    begins = [begin for begin, _ in covered]
    places = Matches((page.body, needle) for needle in page.needles)
    place = places.next(0)
    while place is not None:
        before = bisect_right(begins, place) - 1
        if before < 0 or covered[before][1] <= place:
            yield place
        place = places.next(place + 1)


def _end(candidate: Candidate) -> int:
    return candidate.offsets[-1] if candidate.offsets else candidate.start + len(candidate.url)
