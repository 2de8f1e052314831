"""The local URLs of a body of HTML. bytes, scope -> candidates."""

from s3rewrite.rewriters.attributes import Tag
from s3rewrite.rewriters.candidates import in_text, inner_scope
from s3rewrite.rewriters.lookup import applying, table_of
from s3rewrite.rewriters.page import EDITABLE, Page
from s3rewrite.rewriters.prefixes import Places
from s3rewrite.rewriters.references import Text
from s3rewrite.rewriters.rows import Row, Rule
from s3rewrite.rewriters.scope import Candidate, Scope
from s3rewrite.rewriters.walker import Kind, Piece, Walker, element_end

_TAG, _RAW, _ = Kind


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
    if page.is_editable:
        places = Places([*needles, (page.lower, EDITABLE)])
    return _candidates(page, places)


def _candidates(page: Page, places: Places) -> list[Candidate]:
    found: list[Candidate] = []
    walker = Walker(page.body)
    place = places.next(0)
    while place is not None and (piece := walker.seek(place)):
        end: int | None = piece.end
        if piece.kind is _TAG:
            tag = Tag(page.body, piece.name, piece.inner, piece.end)
            found += _in_tag(page, tag, places, place)
            if page.is_editable and _is_editable(tag):
                end = element_end(walker, piece)
        elif piece.kind is _RAW:
            found += _in_raw_text(page, piece)
        place = None if end is None else places.next(end)
    return found


def _is_editable(tag: Tag) -> bool:
    return EDITABLE in tag and tag.word(EDITABLE) != b"false"


def _in_tag(page: Page, tag: Tag, places: Places, place: int | None) -> list[Candidate]:
    found: list[Candidate] = []
    while place is not None and place < tag.end:
        attribute = tag.holding(place)
        if attribute is None:
            place = places.next(place + 1)
            continue
        if rows := _rows(page, tag, attribute.name):
            found += _in_value(page, tag, rows, tag.value(attribute))
        place = places.next(attribute.end)
    return found


def _in_raw_text(page: Page, piece: Piece) -> list[Candidate]:
    tag = Tag(page.body, piece.name, piece.start + 1 + len(piece.name), piece.inner)
    if rows := _rows(page, tag, b""):
        text = Text(page.body[piece.inner : piece.end], piece.inner)
        return in_text(page, tag, rows, text)
    return []


def _rows(page: Page, tag: Tag, attribute: bytes) -> tuple[Row, ...]:
    """The rows for an attribute of a tag, or for its text."""
    return applying(table_of(page.scope.targets).at(tag.name, attribute), tag)


def _in_value(page: Page, tag: Tag, rows: tuple[Row, ...], text: Text) -> list[Candidate]:
    if rows[0].rule is not Rule.HTML:
        return in_text(page, tag, rows, text)
    return [text.outer(found) for found in collect(text.data, inner_scope(page, rows))]
