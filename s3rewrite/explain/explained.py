"""Joins what the rewriter found with the occurrences around it."""

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
_SHOWN = 300  # bytes


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
    urls: dict[int, Occurrence] = {}
    stretches: list[Occurrence] = []
    for occurrence in occurrences:
        if occurrence.url:
            urls[occurrence.start] = occurrence
        else:
            stretches.append(occurrence)
    spans = [(occurrence.start, occurrence.end) for occurrence in urls.values()]
    explained: list[ExplainedPlace] = []
    for candidate in candidates[:MAX_URLS]:
        explained.append(_candidate(candidate, urls.pop(candidate.start, None)))
        spans.append((candidate.start, _end(candidate)))
    explained += [_other_url(occurrence) for occurrence in urls.values()]
    explained += _no_urls(page, _uncovered(page, spans), stretches)
    explained += _beyond_limit(page)
    return sorted(explained, key=lambda place: place.start)


def _beyond_limit(page: Page) -> Iterator[ExplainedPlace]:
    """The first place that the rewriter does not look at, on behalf of all that follow."""
    last = Matches((page.body, needle) for needle in page.needles).last
    starts = (page.body.find(needle, last + len(needle)) for needle in page.needles)
    start = min((start for start in starts if start >= 0), default=None)
    if start is not None:
        yield _no_url(page, start, Occurrence(start, start, "", reasons=(LIMIT,)))


def _candidate(candidate: Candidate, occurrence: Occurrence | None) -> ExplainedPlace:
    place, rows = (occurrence.place, occurrence.rows) if occurrence else ("", ())
    return ExplainedPlace(candidate.start, candidate.url, place, rows, candidate, ())


def _other_url(url: Occurrence) -> ExplainedPlace:
    # Where nothing forbids a URL that the rewriter did not find, there are too many before it.
    why = url.reasons or ((LIMIT if url.rows else no_place(url.place)),)
    return ExplainedPlace(url.start, url.url, url.place, url.rows, None, why)


def _no_urls(
    page: Page, places: Iterable[int], stretches: Sequence[Occurrence]
) -> Iterator[ExplainedPlace]:
    """The places where nothing is read as a URL; the innermost stretch says why.

    Stretches lie within each other or apart, and the outer ones come first in the list.
    """
    waiting = deque(sorted(stretches, key=lambda stretch: stretch.start))
    open_stretches: list[Occurrence] = []
    for place in places:
        while waiting and waiting[0].start <= place:
            _leave(open_stretches, waiting[0].start)
            open_stretches.append(waiting.popleft())
        _leave(open_stretches, place)
        stretch = open_stretches[-1] if open_stretches else Occurrence(place, place, "")
        yield _no_url(page, place, stretch)


def _leave(open_stretches: list[Occurrence], place: int) -> None:
    while open_stretches and open_stretches[-1].end <= place:
        open_stretches.pop()


def _no_url(page: Page, place: int, stretch: Occurrence) -> ExplainedPlace:
    near = _NEAR.match(page.body, place, place + _SHOWN)
    url = near[0] if near else b""
    why = stretch.reasons or (no_place(""),)
    return ExplainedPlace(place, url, stretch.place, stretch.rows, None, why)


def _uncovered(page: Page, spans: Iterable[tuple[int, int]]) -> Iterator[int]:
    """The places of a mount's path that lie in none of these spans."""
    covered = sorted(spans)
    starts = [start for start, _ in covered]
    matches = Matches((page.body, needle) for needle in page.needles)
    place = matches.next(0)
    while place is not None:
        before = bisect_right(starts, place) - 1
        if before < 0 or covered[before][1] <= place:
            yield place
        place = matches.next(place + 1)


def _end(candidate: Candidate) -> int:
    return candidate.offsets[-1] if candidate.offsets else candidate.start + len(candidate.url)
