"""The local URLs of a body of HTML. bytes, scope -> candidates."""

from collections.abc import Callable, Iterable, Sequence

from s3rewrite.rewriters import css, srcset
from s3rewrite.rewriters.attributes import Tag
from s3rewrite.rewriters.conditions import Spot
from s3rewrite.rewriters.contexts import Row, Rule, rows_at
from s3rewrite.rewriters.page import Page
from s3rewrite.rewriters.prefixes import Places
from s3rewrite.rewriters.references import Text
from s3rewrite.rewriters.scope import Candidate, Scope
from s3rewrite.rewriters.walker import Kind, Piece, Walker, element_end

_EDITABLE = b"contenteditable"

Span = tuple[int, int, tuple[Row, ...]]
"""Where a URL begins and ends in a text, and the rows that it must satisfy besides."""


def collect(body: bytes, scope: Scope) -> list[Candidate]:
    """The local URLs of `body`, in order of position, never overlapping.

    A body without a target's path costs one search. What a user edits in place
    (`contenteditable`) is left alone, as it comes back with what was changed in it.
    """
    page = Page(body, scope)
    needles = [(body, needle) for needle in page.needles]
    places = Places(needles)
    if not places:
        return []
    if _EDITABLE in page.lower:
        places = Places([*needles, (page.lower, _EDITABLE)])
    return _candidates(page, places)


def _candidates(page: Page, places: Places) -> list[Candidate]:
    found: list[Candidate] = []
    walker = Walker(page.body)
    place = places.next(0)
    while place is not None and (piece := walker.seek(place)):
        end: int | None = piece.end
        if piece.kind is Kind.TAG:
            tag = Tag(page.body, piece.name, piece.inner, piece.end)
            found += _in_tag(page, tag, places, place)
            if _EDITABLE in tag and tag.word(_EDITABLE) != b"false":
                end = element_end(walker, piece)
        elif piece.kind is Kind.RAW:
            found += _in_raw_text(page, piece)
        place = None if end is None else places.next(end)
    return found


def _in_tag(page: Page, tag: Tag, places: Places, place: int | None) -> list[Candidate]:
    found: list[Candidate] = []
    while place is not None and place < tag.end:
        attribute = tag.holding(place)
        if attribute is None:
            place = places.next(place + 1)
            continue
        if rows := _rows(tag, attribute.name):
            found += _in_text(page, tag, rows, tag.value(attribute))
        place = places.next(attribute.end)
    return found


def _in_raw_text(page: Page, piece: Piece) -> list[Candidate]:
    tag = Tag(page.body, piece.name, piece.start + 1 + len(piece.name), piece.inner)
    if rows := _rows(tag, b""):
        text = Text(page.body[piece.inner : piece.end], piece.inner)
        return _in_text(page, tag, rows, text)
    return []


def _rows(tag: Tag, attribute: bytes) -> tuple[Row, ...]:
    """The rows for an attribute of a tag, or for its text."""
    rows = rows_at(tag.name, attribute)
    if not any(row.when for row in rows):
        return rows
    return tuple(row for row in rows if all(when(tag) for when in row.when))


def _in_text(page: Page, tag: Tag, rows: tuple[Row, ...], text: Text) -> list[Candidate]:
    candidates: list[Candidate] = []
    spans = _SPANS.get(rows[0].rule, _nowhere)
    for begin, end, more in spans(text.data, page.needles):
        found = page.find(text.data, begin, end)
        if found and _allowed(rows + more, Spot(page, tag, found.target, found.url)):
            candidates.append(text.candidate(found.begin, found.url))
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
    return ((use.begin, use.end, css.rows(use)) for use in css.uses(text, needles))


def _nowhere(text: bytes, needles: Sequence[bytes]) -> Iterable[Span]:
    return ()


_SPANS: dict[Rule, Callable[[bytes, Sequence[bytes]], Iterable[Span]]] = {
    Rule.URL: _whole,
    Rule.SRCSET: _images,
    Rule.CSS: _declared,
}
