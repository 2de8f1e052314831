"""The occurrences in a body of HTML."""

from collections.abc import Iterator

from s3rewrite.explain import members, reasons, texts
from s3rewrite.explain.occurrences import Occurrence, Occurrences, names, outer
from s3rewrite.rewriters.candidates import inner_scope
from s3rewrite.rewriters.html import is_editable
from s3rewrite.rewriters.page import EDITABLE, Page
from s3rewrite.rewriters.passages import Passage
from s3rewrite.rewriters.search import Matches
from s3rewrite.rewriters.syntax.attributes import Tag
from s3rewrite.rewriters.syntax.decoded_text import Text
from s3rewrite.rewriters.syntax.walker import Element, Token, TokenKind, Walker, element_end
from s3rewrite.rewriters.table.lookup import applying, table_of
from s3rewrite.rewriters.table.rows import Rule

# How a piece that is neither a start tag nor the text of an element begins.
_OTHERS = (
    (b"<!--", reasons.COMMENT),
    (b"</", reasons.END_TAG),
    (b"<", reasons.DECLARATION),
    (b"", reasons.TEXT),
)


def occurrences(page: Page) -> Occurrences:
    """The occurrences in a body, and the stretches that have none."""
    needles = [(page.body, needle) for needle in page.needles]
    places = Matches([*needles, (page.lower, EDITABLE)] if page.is_editable else needles)
    walker = Walker(page.body)
    place = places.next(0)
    while place is not None:
        piece = walker.seek(place)
        if piece is None:
            yield Occurrence(walker.at, len(page.body), "", reasons=(reasons.UNSURE,))
            return
        yield from _in_piece(page, piece, places, place)
        end = _end(page, walker, piece)
        yield Occurrence(piece.end, end, "", reasons=(reasons.EDITABLE,))
        place = places.next(end)


def in_passage(page: Page, passage: Passage) -> Occurrences:
    """The occurrences in a passage, which may be HTML itself, and the passage as a stretch."""
    yield _stretch(page, passage)
    if not passage.rows:
        return
    if passage.rows[0].rule is Rule.HTML:
        inner = Page(passage.text.data, inner_scope(page, passage.rows))
        yield from outer(occurrences(inner), passage.text)
    elif passage.rows[0].rule is Rule.JSON:
        yield from members.in_text(page, passage)
    else:
        yield from texts.in_text(page, passage)


def _end(page: Page, walker: Walker, piece: Token) -> int:
    """Where the next token begins; of an element that users edit, its end tag."""
    if piece.kind is not TokenKind.TAG or not page.is_editable:
        return piece.end
    if not is_editable(Tag(page.body, piece.name, piece.inner, piece.end)):
        return piece.end
    end = element_end(walker, Element(piece.name), piece.end)
    return len(page.body) if isinstance(end, Element) else end


def _in_piece(page: Page, piece: Token, places: Matches, place: int) -> Occurrences:
    if piece.kind is TokenKind.OTHER:
        begin = page.body[piece.start : piece.start + 4]
        why = next(why for sign, why in _OTHERS if begin.startswith(sign))
        yield Occurrence(piece.start, piece.end, "", reasons=(why,))
        return
    passages = _in_tag if piece.kind is TokenKind.TAG else _in_element
    yield Occurrence(piece.start, piece.end, "", reasons=(reasons.ATTRIBUTE_NAME,))
    for passage in passages(page, piece, places, place):
        yield from in_passage(page, passage)


def _in_tag(page: Page, piece: Token, places: Matches, at: int) -> Iterator[Passage]:
    tag = Tag(page.body, piece.name, piece.inner, piece.end)
    place: int | None = at
    while place is not None and place < tag.end:
        attribute = tag.holding(place)
        if attribute is None:
            place = places.next(place + 1)
            continue
        yield _passage(page, tag, attribute.name, tag.value(attribute))
        place = places.next(attribute.end)


def _in_element(page: Page, piece: Token, places: Matches, at: int) -> Iterator[Passage]:
    tag = Tag(page.body, piece.name, piece.start + 1 + len(piece.name), piece.inner)
    yield _passage(page, tag, b"", Text(page.body[piece.inner : piece.end], piece.inner))


def _passage(page: Page, tag: Tag, attribute: bytes, text: Text) -> Passage:
    rows = applying(table_of(page.scope.targets).at(tag.name, attribute), tag)
    return Passage(tag, attribute, rows, text)


def _stretch(page: Page, passage: Passage) -> Occurrence:
    """All of a passage: what is said where nothing in it is a URL."""
    text = passage.text
    why = tuple(
        reason
        for row in passage.rows
        for target in page.scope.targets[:1]
        for reason in reasons.of_contexts(row, target)
    )
    if not passage.rows:
        why = (reasons.of_no_rows(page, passage),)
    end = text.offset(len(text.data))
    rows = names(passage.rows)
    return Occurrence(text.start, end, passage.place, rows=rows, reasons=why or (reasons.UNCLEAR,))
