"""From a decoded text, and the rows of the context table for it, to candidates."""

import re
from collections.abc import Callable, Iterable, Sequence

from s3rewrite.rewriters import css_statements, srcset
from s3rewrite.rewriters.attributes import Tag
from s3rewrite.rewriters.conditions import Spot
from s3rewrite.rewriters.contexts import Row, Rule, rows_at
from s3rewrite.rewriters.page import Page
from s3rewrite.rewriters.references import Text
from s3rewrite.rewriters.scope import Candidate

Span = tuple[int, int, tuple[Row, ...]]
"""Where a URL begins and ends in a text, and the rows that it must satisfy besides."""

_VENDOR = re.compile(rb"^-[a-z]++-")


def in_text(page: Page, tag: Tag, rows: tuple[Row, ...], text: Text) -> list[Candidate]:
    """The candidates of a text, in order. In: the tag it belongs to, and at least one row."""
    candidates: list[Candidate] = []
    spans = _SPANS[rows[0].rule]
    for begin, end, more in spans(text.data, page.needles):
        raw = text.data[begin:end]
        found = page.find(raw)
        if found and _allowed(rows + more, Spot(page, tag, *found)):
            candidates.append(text.candidate(begin + raw.index(found[0]), found[0]))
    return candidates


def _allowed(rows: tuple[Row, ...], spot: Spot) -> bool:
    for row in rows:  # noqa: SIM110 - called for every URL; half the time of `all`
        if not row.allows(spot):
            return False
    return True


def _whole(text: bytes, needles: Sequence[bytes]) -> Iterable[Span]:
    return ((0, len(text), ()),)


def _images(text: bytes, needles: Sequence[bytes]) -> Iterable[Span]:
    return ((begin, end, ()) for begin, end in srcset.spans(text))


def _declared(text: bytes, needles: Sequence[bytes]) -> Iterable[Span]:
    for begin, end, name in css_statements.uses(text, needles):
        yield begin, end, rows_at(b"css", _VENDOR.sub(b"", name))


_SPANS: dict[Rule, Callable[[bytes, Sequence[bytes]], Iterable[Span]]] = {
    Rule.URL: _whole,
    Rule.SRCSET: _images,
    Rule.CSS: _declared,
}
