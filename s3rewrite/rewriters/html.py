"""The local URLs of a body of HTML. bytes, scope -> candidates."""

from collections.abc import Callable, Iterable, Iterator, Sequence

from s3rewrite.rewriters import css, srcset
from s3rewrite.rewriters.attributes import Tag
from s3rewrite.rewriters.conditions import Spot
from s3rewrite.rewriters.contexts import Row, Rule, rows_at
from s3rewrite.rewriters.page import Page
from s3rewrite.rewriters.prefixes import Finder
from s3rewrite.rewriters.references import Text
from s3rewrite.rewriters.scope import Candidate, Scope
from s3rewrite.rewriters.walker import Kind, Piece, Walker, element_end

_EDITABLE = b"contenteditable"

Place = tuple[int, int, tuple[Row, ...]]
"""Where a URL begins and ends in a text, and the rows that it must satisfy besides."""


def collect(body: bytes, scope: Scope) -> list[Candidate]:
    """The local URLs of `body`, in order of position, never overlapping.

    A body without a target's path costs one search. What a user edits in place
    (`contenteditable`) is left alone, as it comes back with what was changed in it.
    """
    page = Page(body, scope)
    finder = Finder([(body, needle) for needle in page.needles])
    place = finder.next(0)
    if place is None:
        return []
    if _EDITABLE in page.lower:
        finder = Finder([*((body, n) for n in page.needles), (page.lower, _EDITABLE)])
    return list(_candidates(page, finder))


def _candidates(page: Page, finder: Finder) -> Iterator[Candidate]:
    walker = Walker(page.body)
    place = finder.next(0)
    while place is not None:
        piece = walker.seek(place)
        end = piece.end if piece else None
        if piece and piece.kind is Kind.TAG:
            tag = Tag(page.body, piece.name, piece.inner, piece.end)
            yield from _in_tag(page, tag)
            if _is_editable(tag):
                end = element_end(walker, piece)
        elif piece and piece.kind is Kind.RAW:
            yield from _in_raw_text(page, piece)
        place = None if end is None else finder.next(end)


def _is_editable(tag: Tag) -> bool:
    return _EDITABLE in tag and tag.word(_EDITABLE) != b"false"


def _in_tag(page: Page, tag: Tag) -> Iterator[Candidate]:
    for name in tag.spans:
        if rows := _rows(tag, name):
            yield from _in_text(page, tag, rows, tag.text(name))


def _in_raw_text(page: Page, piece: Piece) -> Iterator[Candidate]:
    tag = Tag(page.body, piece.name, piece.start + 1 + len(piece.name), piece.inner)
    if rows := _rows(tag, b""):
        text = Text(page.body[piece.inner : piece.end], piece.inner)
        yield from _in_text(page, tag, rows, text)


def _rows(tag: Tag, attribute: bytes) -> tuple[Row, ...]:
    """The rows for an attribute of a tag, or for its text; none where one of them forbids it."""
    rows = rows_at(tag.name, attribute)
    return tuple(row for row in rows if all(when(tag) for when in row.when))


def _in_text(page: Page, tag: Tag, rows: tuple[Row, ...], text: Text) -> Iterator[Candidate]:
    places = _PLACES.get(rows[0].rule, _nowhere)
    for begin, end, more in places(text.data, page.needles):
        found = page.find(text.data, begin, end)
        if found is None:
            continue
        spot = Spot(page, tag, found.target, text.data[found.begin : found.end])
        if all(row.allows(spot) for row in (*rows, *more)):
            yield text.candidate(found.begin, found.end)


def _whole(text: bytes, needles: Sequence[bytes]) -> Iterable[Place]:
    return ((0, len(text), ()),)


def _images(text: bytes, needles: Sequence[bytes]) -> Iterable[Place]:
    return ((begin, end, ()) for begin, end in srcset.spans(text))


def _declared(text: bytes, needles: Sequence[bytes]) -> Iterable[Place]:
    return ((use.begin, use.end, css.rows(use)) for use in css.uses(text, needles))


def _nowhere(text: bytes, needles: Sequence[bytes]) -> Iterable[Place]:
    return ()


_PLACES: dict[Rule, Callable[[bytes, Sequence[bytes]], Iterable[Place]]] = {
    Rule.URL: _whole,
    Rule.SRCSET: _images,
    Rule.CSS: _declared,
}
