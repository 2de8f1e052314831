"""Where a mount's path stands in a body: URLs, and stretches of the body that are no URL."""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from s3rewrite.explain import reasons
from s3rewrite.explain.reasons import Reason
from s3rewrite.rewriters.candidates import (
    SPANS,
    Passage,
    declared_rows,
    hides_escapes,
    inner_scope,
    rows_for,
)
from s3rewrite.rewriters.html import opens_editable, passages
from s3rewrite.rewriters.page import Page
from s3rewrite.rewriters.search import TRIMMED, Matches
from s3rewrite.rewriters.syntax.decoded_text import Text
from s3rewrite.rewriters.syntax.json import KeyPath, Position, values
from s3rewrite.rewriters.syntax.walker import Element, Token, TokenKind, Walker, element_end
from s3rewrite.rewriters.table.conditions import UrlContext
from s3rewrite.rewriters.table.lookup import table_of
from s3rewrite.rewriters.table.rows import Row, Rule
from s3rewrite.rewriters.types import Candidate


class Occurrence(NamedTuple):
    """A URL between two offsets of a body, its place, and why it is left alone, if it is.

    `place` is written as in the table, and `rows` are the names of the table's rows for it.
    `candidate` is what the rewriter found there. Without a `url` it is a stretch of the body: a
    mount's path in it that is no URL is left alone for these reasons.
    """

    start: int
    end: int
    place: str
    url: bytes = b""
    rows: tuple[str, ...] = ()
    reasons: tuple[Reason, ...] = ()
    candidate: Candidate | None = None


Occurrences = Iterator[Occurrence]


def url_in(text: Text, raw: bytes, begin: int = 0) -> Occurrence:
    """The URL that bytes of a text, which begin at `begin` of it, are without spaces around."""
    url = raw.strip(TRIMMED)
    first = begin + raw.index(url)
    return Occurrence(text.offset(first), text.offset(first + len(url)), "", url)


def names(rows: Iterable[Row]) -> tuple[str, ...]:
    """The names of rows, each once."""
    return tuple(dict.fromkeys(row.name for row in rows))


def outer(inner: Occurrences, text: Text) -> Occurrences:
    """The occurrences in the body of those in a text of it, taken as a body."""
    for occurrence in inner:
        start, end = text.offset(occurrence.start), text.offset(occurrence.end)
        yield occurrence._replace(start=start, end=end)


# How a token begins that is neither a start tag nor the text of an element.
_OTHERS = (
    (b"<!--", reasons.COMMENT),
    (b"</", reasons.END_TAG),
    (b"<", reasons.DECLARATION),
    (b"", reasons.TEXT),
)


def in_html(page: Page) -> Occurrences:
    """The occurrences in a body, and the stretches that are no URL."""
    matches = page.matches()
    walker = Walker(page.body)
    place = matches.next(0)
    while place is not None:
        token = walker.seek(place)
        if token is None:
            yield Occurrence(walker.at, len(page.body), "", reasons=(reasons.UNSURE,))
            return
        yield from _in_token(page, token, matches, place)
        end = _end(page, walker, token)
        yield Occurrence(token.end, end, "", reasons=(reasons.EDITABLE,))
        place = matches.next(end)


def in_passage(page: Page, passage: Passage) -> Occurrences:
    """The occurrences in a passage, which may be HTML itself, and the passage as a stretch."""
    yield _stretch(page, passage)
    if not passage.rows:
        return
    if passage.rows[0].rule is Rule.HTML:
        inner = Page(passage.text.data, inner_scope(page, passage.rows))
        yield from outer(in_html(inner), passage.text)
    elif passage.rows[0].rule is Rule.JSON:
        yield from _in_json(page, passage)
    else:
        yield from _in_text(page, passage)


def _end(page: Page, walker: Walker, token: Token) -> int:
    """Where the next token begins; after an element that users edit, its end tag."""
    if not opens_editable(page, token):
        return token.end
    end = element_end(walker, Element(token.name), token.end)
    return len(page.body) if isinstance(end, Element) else end


def _in_token(page: Page, token: Token, matches: Matches, place: int) -> Occurrences:
    why = reasons.ATTRIBUTE_NAME
    if token.kind is TokenKind.OTHER:
        start = page.body[token.start : token.start + 4]
        why = next(why for sign, why in _OTHERS if start.startswith(sign))
    yield Occurrence(token.start, token.end, "", reasons=(why,))
    for passage in passages(page, token, matches, place):
        yield from in_passage(page, passage)


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


def _in_text(page: Page, passage: Passage) -> Occurrences:
    """The occurrences in a text that at least one row is for."""
    text, hidden = passage.text, hides_escapes(page, passage)
    for begin, end, css_property in SPANS[passage.rows[0].rule](text.data, page.needles):
        raw = text.data[begin:end]
        if not any(needle in raw for needle in page.needles):
            continue
        place, rows = passage.place, passage.rows
        if css_property:
            place += f" css[{css_property.decode('utf-8', 'replace')}]"
            rows += declared_rows(css_property)
        why = (reasons.CHARSET,) if hidden else _why_not(page, passage, rows, raw)
        yield url_in(text, raw, begin)._replace(place=place, rows=names(rows), reasons=why)


def _why_not(page: Page, passage: Passage, rows: tuple[Row, ...], raw: bytes) -> tuple[Reason, ...]:
    """Why decoded bytes of a passage are not linked, of which all rows must allow it."""
    match = page.find(raw)
    if match is None:
        return (reasons.of_url(page, raw),)
    return reasons.of_rows(rows, UrlContext(page, passage.tag, *match))


NOT_A_VALUE = Reason("json", "a key, or in no string that is a URL as a whole")


def _in_json(page: Page, passage: Passage) -> Occurrences:
    """The occurrences in a text, which is of the kind that its row is named for."""
    text, rows = passage.text, names(passage.rows)
    end = text.offset(len(text.data))
    yield Occurrence(text.start, end, passage.place, rows=rows, reasons=(NOT_A_VALUE,))
    kind = passage.rows[0].json_kind
    yield from outer((occurrence for occurrence, _ in members(page, kind, passage)), text)


def members(page: Page, kind: bytes, passage: Passage) -> Iterator[tuple[Occurrence, Passage]]:
    """The values that hold a mount's path, each as a URL and as a passage of the JSON text.

    `kind` is the "element" of their places in the table, such as `ld+json`.
    """
    table = table_of(page.scope.targets)
    for value in values(Position(passage.text.data, KeyPath()), page.needles):
        rows, data = rows_for(table, kind, value.keys), value.text.data
        keys = b".".join(value.keys[-2:])
        place = f"{kind.decode()}[{keys.decode('utf-8', 'replace')}]"
        all_rows = passage.rows + rows
        why = _why_not(page, passage, all_rows, data) if rows else (reasons.no_place(place),)
        occurrence = url_in(value.text, data)
        yield (
            occurrence._replace(place=place, rows=names(all_rows), reasons=why),
            Passage(passage.tag, keys, all_rows, value.text),
        )
