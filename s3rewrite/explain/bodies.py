"""Each place in a body or a header where a mount's path stands: candidates, and all the others."""

import re
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial

from s3rewrite.explain.occurrences import (
    NOT_A_VALUE,
    Occurrence,
    Occurrences,
    in_html,
    in_passage,
    members,
)
from s3rewrite.explain.reasons import LIMIT, no_place
from s3rewrite.rewriters import css, feeds, headers, html, json, m3u8
from s3rewrite.rewriters.candidates import Passage
from s3rewrite.rewriters.page import Page
from s3rewrite.rewriters.search import MAX_URLS, Matches
from s3rewrite.rewriters.syntax.attributes import Tag
from s3rewrite.rewriters.syntax.decoded_text import Text
from s3rewrite.rewriters.table.rows import Rule
from s3rewrite.rewriters.types import Candidate, Collect, Scope

_NEAR = re.compile(rb"""(?:[^\s"'<>()\\]|\\/|\\u002[fF])*+""")
_SHOWN = 300  # bytes


def explain(body: bytes, scope: Scope, collect: Collect) -> list[Occurrence]:
    """Each place in a body where a mount's path stands, in order.

    `collect` is the one for bodies of its kind: what it finds has a candidate.
    """
    make_page, occurrences = KINDS[collect]
    page = make_page(body, scope)
    return _joined(page, collect(body, scope), occurrences(page))


def explain_header(name: str, value: bytes, scope: Scope) -> list[Occurrence]:
    """The same for a response's header."""
    page = Page(value, scope)
    candidates = headers.collect(name, value, scope) if name in headers.NAMES else []
    return _joined(page, candidates, _in_passages(page, headers.passages(name, value)))


def _in_passages(page: Page, passages: Iterable[Passage]) -> Occurrences:
    for passage in passages:
        yield from in_passage(page, passage)


def _in_json(kind: bytes, page: Page) -> Occurrences:
    whole = Passage(Tag(b"", kind, 0, 0), b"*", (), Text(page.body, 0))
    yield Occurrence(0, len(page.body), kind.decode(), reasons=(NOT_A_VALUE,))
    for occurrence, member in members(page, kind, whole):
        if not member.rows or member.rows[0].rule is Rule.URL:
            yield occurrence
        else:
            yield from in_passage(page, member)


KINDS: dict[Collect, tuple[Callable[[bytes, Scope], Page], Callable[[Page], Occurrences]]] = {
    html.collect: (Page, in_html),
    css.collect: (Page, lambda page: in_passage(page, css.passage(page.body))),
    feeds.collect: (feeds.page_of, lambda page: _in_passages(page, feeds.passages(page))),
    json.collect: (Page, partial(_in_json, b"json")),
    json.collect_feed: (Page, partial(_in_json, b"json-feed")),
    json.collect_manifest: (Page, partial(_in_json, b"manifest")),
    m3u8.collect: (Page, lambda page: _in_passages(page, m3u8.passages(page.body))),
}
"""How bodies become pages, and the occurrences in these, by the `collect` of their kind."""


def _joined(
    page: Page, candidates: Sequence[Candidate], occurrences: Iterable[Occurrence]
) -> list[Occurrence]:
    """Everything that holds a mount's path, in order: candidates, other URLs, what is no URL.

    What is left alone has reasons.
    """
    urls: dict[int, Occurrence] = {}
    stretches: list[Occurrence] = []
    for occurrence in occurrences:
        if occurrence.url:
            urls[occurrence.start] = occurrence
        else:
            stretches.append(occurrence)
    explained: list[Occurrence] = []
    for candidate in candidates[:MAX_URLS]:
        start, url, offsets, *_ = candidate
        end = offsets[-1] if offsets else start + len(url)
        seen = urls.pop(start, Occurrence(start, end, ""))
        explained.append(seen._replace(url=url, reasons=(), candidate=candidate))
    # Where nothing forbids a URL that the rewriter did not find, there are too many before it.
    for seen in urls.values():
        why = seen.reasons or ((LIMIT if seen.rows else no_place(seen.place)),)
        explained.append(seen._replace(reasons=why))
    explained += _no_urls(page, [*stretches, *explained])
    explained += _beyond_limit(page)
    return sorted(explained, key=lambda occurrence: occurrence.start)


def _beyond_limit(page: Page) -> Iterator[Occurrence]:
    """The first place that the rewriter does not look at, on behalf of all that follow."""
    last = Matches((page.body, needle) for needle in page.needles).last
    starts = (page.body.find(needle, last + len(needle)) for needle in page.needles)
    start = min((start for start in starts if start >= 0), default=None)
    if start is not None:
        yield _no_url(page, start, Occurrence(start, start, "", reasons=(LIMIT,)))


def _no_urls(page: Page, spans: Sequence[Occurrence]) -> Iterator[Occurrence]:
    """The places where nothing is read as a URL; the innermost stretch says why.

    Spans are stretches, and URLs, at places of which nothing more is said. They lie within each
    other or apart, and the outer ones come first in the list.
    """
    waiting = deque(sorted(spans, key=lambda span: span.start))
    open_spans: list[Occurrence] = []
    matches = Matches((page.body, spelling) for spelling in page.spellings)
    place = matches.next(0)
    while place is not None:
        while waiting and waiting[0].start <= place:
            _leave(open_spans, waiting[0].start)
            open_spans.append(waiting.popleft())
        _leave(open_spans, place)
        innermost = open_spans[-1] if open_spans else Occurrence(place, place, "")
        if not innermost.url:
            yield _no_url(page, place, innermost)
        place = matches.next(place + 1)


def _leave(open_spans: list[Occurrence], place: int) -> None:
    while open_spans and open_spans[-1].end <= place:
        open_spans.pop()


def _no_url(page: Page, place: int, stretch: Occurrence) -> Occurrence:
    near = _NEAR.match(page.body, place, place + _SHOWN)
    url = near[0] if near else b""
    why = stretch.reasons or (no_place(""),)
    return Occurrence(place, place, stretch.place, url, stretch.rows, why)
