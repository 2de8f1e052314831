"""The local URLs of a body of HTML. bytes, scope -> candidates."""

import re

from s3rewrite.rewriters.candidates import in_text, inner_scope
from s3rewrite.rewriters.page import EDITABLE, Page, StreamState
from s3rewrite.rewriters.search import MAX_URLS, Matches
from s3rewrite.rewriters.syntax.attributes import Tag
from s3rewrite.rewriters.syntax.decoded_text import Text, attribute_text
from s3rewrite.rewriters.syntax.tokens import RAW_TEXT, SPACES
from s3rewrite.rewriters.syntax.walker import (
    Element,
    SimpleAttribute,
    Token,
    TokenKind,
    Walker,
    element_end,
)
from s3rewrite.rewriters.table.lookup import applying, table_of
from s3rewrite.rewriters.table.rows import Row, Rule
from s3rewrite.rewriters.tag_cache import TagCache, tag_cache_of
from s3rewrite.rewriters.types import Candidate, Scope

_TAG, _RAW, _ = TokenKind
_URL = Rule.URL


def collect(body: bytes, scope: Scope) -> list[Candidate]:
    """The local URLs of `body`, in order of position, never overlapping.

    A body without a target's path costs one search. What a user edits in place
    (`contenteditable`) is left alone, as it comes back with what was changed in it.
    """
    page = Page(body, scope)
    if not any(needle in body for needle in page.needles):
        return []
    return _candidates(page)


class HtmlReader:
    """Reads a body of HTML that comes in pieces."""

    def __init__(self, scope: Scope) -> None:
        self.scope = scope
        self._past = StreamState()
        self._signs: tuple[bytes, ...] = _ENDS
        self._tail = b""
        self._asks_for_cors = not all(target.cors for target in scope.targets)

    def take(self, buffer: bytes, *, is_full: bool) -> tuple[int, list[Candidate]]:
        """Where the last whole token ends, and the local URLs before that.

        A `<picture>` counts as one token, as its image says how its sources are fetched;
        where `is_full` they may be fetched with CORS, for all that is known.
        """
        picture = None if is_full or not self._asks_for_cors else self._open_picture(buffer)
        self._past.has_cors_media |= is_full
        walker = Walker(buffer[:picture], self._past.opened)
        end = walker.advance()
        found = self.finish(buffer[:end])
        self._past.opened = walker.opened
        self._signs = (b"</picture",) if end == picture else _signs(buffer[end : end + _LONGEST])
        self._tail = buffer[-_LONGEST:]
        return end, found

    def may_end(self, chunk: bytes) -> bool:
        """Whether a sign has come without which the token that is held back cannot end."""
        window = self._tail + chunk.lower()
        self._tail = window[-_LONGEST:]
        return any(sign in window for sign in self._signs)

    def finish(self, buffer: bytes) -> list[Candidate]:
        """The local URLs of the last piece, which may end within a token."""
        page = Page(buffer, self.scope, self._past)
        found = _candidates(page)
        self._past.has_foreign_base = page.has_foreign_base
        self._past.has_cors_media = page.has_cors_media
        return found

    def _open_picture(self, buffer: bytes) -> int | None:
        """Where a `<picture>` begins that does not end in the buffer."""
        lower = buffer.lower()
        start = lower.rfind(b"<picture")
        if start < 0 or lower.find(b"</picture", start) >= 0:
            return None
        piece = Walker(buffer, self._past.opened).seek(start)
        return start if piece and piece.kind is _TAG and piece.start == start else None


_ENDS = (b">",)
_COMMENT_ENDS = (b"-->", b"--!>")
_LONGEST = len(b"</textarea")
_RAW_TEXT = re.compile(rb"(?i)<(%s)[%s/>]" % ("|".join(RAW_TEXT).encode(), SPACES.encode()))


def _signs(rest: bytes) -> tuple[bytes, ...]:
    """One of these must come before a token can end; every one ends with `>`, but not text."""
    if rest == b"<":
        return (b"",)
    if rest.startswith(b"<!--"):
        return _COMMENT_ENDS
    raw = _RAW_TEXT.match(rest)
    return (b"</" + raw[1].lower(),) if raw else _ENDS


def _candidates(page: Page) -> list[Candidate]:
    needles = [(page.body, needle) for needle in page.needles]
    places = Matches([*needles, (page.lower, EDITABLE)] if page.is_editable else needles)
    walker = Walker(page.body, page.past.opened)
    memory = tag_cache_of(page)
    found: list[Candidate] = []
    place = _next_place(page, walker, places, 0)
    while place is not None and len(found) < MAX_URLS:
        if not page.is_editable and (usual := walker.simple_attribute(place)):
            found += _in_usual(page, memory, usual)
            place = places.next(usual.value_end)
        elif piece := walker.seek(place):
            found += _in_piece(page, piece, places, place)
            place = _next_place(page, walker, places, piece.end)
        else:
            break
    return found


def _in_usual(page: Page, memory: TagCache, usual: SimpleAttribute) -> list[Candidate]:
    found = memory.get(page.body, usual)
    if found is None:
        found = _in_new(page, usual)
        memory.put(page.body, usual, found)
    return found


def _in_new(page: Page, usual: SimpleAttribute) -> list[Candidate]:
    rows = table_of(page.scope.targets).at(usual.name, usual.attribute)
    if not rows:
        return []
    tag = Tag(page.body, usual.name, usual.inner, usual.end)
    if not (rows := applying(rows, tag)):
        return []
    text = attribute_text(page.body, usual.value, usual.value_end)
    return (
        in_text(page, tag, rows, text) if rows[0].rule is _URL else _in_value(page, tag, rows, text)
    )


def _in_piece(page: Page, piece: Token, places: Matches, place: int) -> list[Candidate]:
    if piece.kind is _RAW:
        return _in_raw_text(page, piece)
    if piece.kind is not _TAG:
        return []
    tag = Tag(page.body, piece.name, piece.inner, piece.end)
    if page.is_editable and is_editable(tag):
        page.past.editable = Element(piece.name)
    return _in_tag(page, tag, places, place)


def _next_place(page: Page, walker: Walker, places: Matches, at: int) -> int | None:
    """The first place from an offset on; behind the element that users edit, if one is open."""
    if page.past.editable is None:
        return places.next(at)
    end = element_end(walker, page.past.editable, at)
    page.past.editable = end if isinstance(end, Element) else None
    return None if isinstance(end, Element) else places.next(end)


def is_editable(tag: Tag) -> bool:
    """Whether users edit an element in place."""
    return EDITABLE in tag and tag.word(EDITABLE) != b"false"


def _in_tag(page: Page, tag: Tag, places: Matches, place: int | None) -> list[Candidate]:
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


def _in_raw_text(page: Page, piece: Token) -> list[Candidate]:
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
