"""The local URLs of a body of HTML. bytes, scope -> candidates."""

import re
from collections.abc import Iterator

from s3rewrite.rewriters.candidates import Passage, collect_text, inner_scope
from s3rewrite.rewriters.media import in_doubt
from s3rewrite.rewriters.page import EDITABLE, Page, StreamState
from s3rewrite.rewriters.search import MAX_URLS, Matches
from s3rewrite.rewriters.syntax.attributes import Tag
from s3rewrite.rewriters.syntax.decoded_text import Text, attribute_text
from s3rewrite.rewriters.syntax.tokens import IN_HTML, RAW_TEXT, SPACES, VOID, any_case, compiled
from s3rewrite.rewriters.syntax.walker import (
    Element,
    SimpleAttribute,
    Token,
    TokenKind,
    Walker,
    element_end,
)
from s3rewrite.rewriters.table.lookup import applying, element_of, table_of
from s3rewrite.rewriters.table.rows import Rule
from s3rewrite.rewriters.tag_cache import TagCache, tag_cache_of
from s3rewrite.rewriters.types import Candidate, Scope

_TAG, _RAW, _ = TokenKind


def collect(body: bytes, scope: Scope) -> list[Candidate]:
    """The local URLs of `body`, in order of position, never overlapping.

    A body without a target's path costs one search. What a user edits in place
    (`contenteditable`) is left alone, as it comes back with what was changed in it.
    """
    page = Page(body, scope)
    if not any(spelling in body for spelling in page.spellings):
        return []
    return _candidates(page)


def _candidates(page: Page) -> list[Candidate]:
    matches = page.matches()
    walker = Walker(page.body, page.state.opened)
    cache = tag_cache_of(page)
    candidates: list[Candidate] = []
    place = _next_place(page, walker, matches, 0)
    while place is not None and len(candidates) < MAX_URLS:
        # An editable element is only seen by its whole tag, so such pages take the slower way.
        if not page.is_editable and (
            end := cache.read(walker, place, candidates)
            or _read_simple(page, walker, cache, place, candidates)
        ):
            place = matches.next(end)
        elif token := walker.seek(place):
            if opens_editable(page, token):
                page.state.editable = Element(token.name)
            for passage in passages(page, token, matches, place):
                if passage.rows:
                    candidates += collect_passage(page, passage)
            place = _next_place(page, walker, matches, token.end)
        else:
            break
    return candidates


def _read_simple(
    page: Page, walker: Walker, cache: TagCache, place: int, candidates: list[Candidate]
) -> int | None:
    """Add the candidates of the simple attribute that holds a place; where its value ends."""
    start = walker.at
    attribute = walker.simple_attribute(place)
    if attribute is None:
        return None
    starts = {start}
    found: list[Candidate] = []
    if not cache.read(walker, place, found):
        found = _in_simple(page, attribute)
        starts.add(walker.at)
    candidates += found
    # A `<source>` depends on the element that it is in, too; and in doubt all does.
    if walker.syntax is IN_HTML and (attribute.name != b"source" or not page.asks_cors):
        for begin in starts:
            key = place - begin, page.body[begin : attribute.end]
            cache.keep(key, begin, attribute, found)
    return attribute.value_end


def _in_simple(page: Page, attribute: SimpleAttribute) -> list[Candidate]:
    tag = Tag(page.body, attribute.name, attribute.inner, attribute.end)
    text = attribute_text(page.body, attribute.value, attribute.value_end)
    passage = _passage(page, tag, attribute.attribute, text)
    return collect_passage(page, passage) if passage.rows else []


def _next_place(page: Page, walker: Walker, matches: Matches, start: int) -> int | None:
    """The first place from an offset on; behind the element that users edit, if one is open."""
    if page.state.editable is None:
        return matches.next(start)
    end = element_end(walker, page.state.editable, start)
    page.state.editable = end if isinstance(end, Element) else None
    return None if isinstance(end, Element) else matches.next(end)


def opens_editable(page: Page, token: Token) -> bool:
    """Whether a token is the start tag of an element that users edit in place."""
    if not page.is_editable or token.kind is not _TAG or token.name in VOID:
        return False
    tag = Tag(page.body, token.name, token.inner, token.end)
    return EDITABLE in tag and tag.word(EDITABLE) != b"false"


def passages(page: Page, token: Token, matches: Matches, place: int) -> Iterator[Passage]:
    """The texts of a token that hold matches, of which the first is at `place`."""
    if token.kind is _TAG:
        tag = Tag(page.body, token.name, token.inner, token.end)
        for attribute in tag.holding_any(matches, place):
            yield _passage(page, tag, attribute.name, tag.value(attribute))
    elif token.kind is _RAW:
        tag = Tag(page.body, token.name, token.start + 1 + len(token.name), token.inner)
        yield _passage(page, tag, b"", Text(page.body[token.inner : token.end], token.inner))


def _passage(page: Page, tag: Tag, attribute: bytes, text: Text) -> Passage:
    rows = table_of(page.scope.targets).at(element_of(tag.name), attribute)
    return Passage(tag, attribute, applying(rows, tag), text)


def collect_passage(page: Page, passage: Passage) -> list[Candidate]:
    """The candidates of a passage that has a row, which may be HTML itself."""
    if passage.rows[0].rule is not Rule.HTML:
        return collect_text(page, passage)
    inner = collect(passage.text.data, inner_scope(page, passage.rows))
    return [passage.text.outer(candidate) for candidate in inner]


_PICTURE = compiled(rf"</?{any_case('picture')}(?=[{SPACES}/>])")
_TAG_ENDS = (b">",)
_COMMENT_ENDS = (b"-->", b"--!>")
_LONGEST_END = len(b"</textarea")
_RAW_TEXT = re.compile(rb"(?i)<(%s)[%s/>]" % ("|".join(RAW_TEXT).encode(), SPACES.encode()))


class HtmlReader:
    """Reads a body of HTML that comes in pieces."""

    def __init__(self, scope: Scope) -> None:
        self.scope = scope
        self._state = StreamState()
        self._ends: tuple[bytes, ...] = _TAG_ENDS
        self._tail = b""

    def take(self, buffer: bytes, *, is_full: bool) -> tuple[int, list[Candidate]]:
        """Where the last whole token ends, and the local URLs before that.

        A `<picture>` counts as one token, as its image says how its sources are fetched;
        where `is_full` they may be fetched with CORS, for all that is known.
        """
        picture = self._open_picture(buffer)
        if is_full and picture is not None:
            self._state.media, picture = in_doubt(), None
        walker = Walker(buffer[:picture], self._state.opened)
        end = walker.advance()
        # Before `opened` changes: the candidates are read from the same state as the tokens.
        candidates = self.finish(buffer[:end])
        self._state.opened = walker.opened
        rest = buffer[end : end + _LONGEST_END]
        self._ends = (b"</picture",) if end == picture else _ends_of(rest)
        self._tail = buffer[-_LONGEST_END:]
        return end, candidates

    def may_end(self, chunk: bytes) -> bool:
        """Whether one of the strings has come without which the held-back token cannot end."""
        # Such a string may begin in the chunk before.
        window = self._tail + chunk.lower()
        self._tail = window[-_LONGEST_END:]
        return any(end in window for end in self._ends)

    def finish(self, buffer: bytes) -> list[Candidate]:
        """The local URLs of the last piece, which may end within a token."""
        page = Page(buffer, self.scope, self._state)
        candidates = _candidates(page)
        self._state.has_foreign_base = page.has_foreign_base
        self._state.hashed = page.hashed
        if page.asks_cors:
            self._state.media = page.media.opened
        return candidates

    def _open_picture(self, buffer: bytes) -> int | None:
        """Where the last `<picture>` begins, if it does not end in the buffer."""
        walker, opened = Walker(buffer, self._state.opened), None
        for match in _PICTURE.finditer(buffer):
            token = walker.seek(match.start())
            if token is None:
                break
            if token.start == match.start():  # not in a comment, or a text
                opened = token.start if token.kind is _TAG else None
        return opened


def _ends_of(rest: bytes) -> tuple[bytes, ...]:
    """The strings of which one must come before a token ends that begins with `rest`."""
    if rest == b"<":
        return (b"",)  # may be text, which ends anywhere
    if rest.startswith(b"<!--"):
        return _COMMENT_ENDS
    raw = _RAW_TEXT.match(rest)
    return (b"</" + raw[1].lower(),) if raw else _TAG_ENDS
