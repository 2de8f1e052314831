"""From a passage, and the rows of the context table for it, to candidates."""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import islice
from typing import NamedTuple

from s3rewrite.rewriters.page import Page
from s3rewrite.rewriters.search import MAX_URLS
from s3rewrite.rewriters.syntax import css as css_statements
from s3rewrite.rewriters.syntax import srcset
from s3rewrite.rewriters.syntax.attributes import Tag
from s3rewrite.rewriters.syntax.decoded_text import Text
from s3rewrite.rewriters.syntax.json import KeyPath, Position, Value, values
from s3rewrite.rewriters.table.lookup import LONGEST_NAME, Table, rows_at, table_of
from s3rewrite.rewriters.table.rows import Mark, Row, Rule, allowed_url
from s3rewrite.rewriters.types import Candidate, Scope, Target


class Passage(NamedTuple):
    """A text of a body that may hold URLs, the tag and attribute it belongs to, and its rows.

    The attribute is b"" for an element's own text. There may be no rows of the table for it.
    """

    tag: Tag
    attribute: bytes
    rows: tuple[Row, ...]
    text: Text

    @property
    def place(self) -> str:
        """As the table writes it: `img[src]`, `style{}`."""
        element = self.tag.name[:LONGEST_NAME].decode("utf-8", "replace")
        attribute = self.attribute[:LONGEST_NAME].decode("utf-8", "replace")
        return f"{element}[{attribute}]" if attribute else f"{element}{{}}"


Span = tuple[int, int, bytes]
"""Where a URL begins and ends in a text, and the property of CSS that it is a value of, or b""."""

# In some Asian charsets a backslash may be the second byte of a character.
HIDDEN_ESCAPE = re.compile(rb"[\x80-\xff]\\")
"""What may be such a character."""

_VENDOR = re.compile(rb"^-[a-z]++-")


def collect_text(page: Page, passage: Passage) -> list[Candidate]:
    """The candidates of a passage that has a row, in order. Passages of HTML are for `html`."""
    rows, text = passage.rows, passage.text
    if rows[0].rule is Rule.JSON:
        return _in_json(page, passage)
    if hides_escapes(page, passage):
        return []
    candidates: list[Candidate] = []
    spans = SPANS[rows[0].rule](text.data, page.needles)
    for begin, end, css_property in islice(spans, MAX_URLS):
        raw = text.data[begin:end]
        more = declared_rows(css_property) if css_property else ()
        if url := allowed_url(page, passage.tag, raw, rows + more):
            candidates.append(text.candidate(begin + raw.index(url), url))
    return candidates


def collect_texts(page: Page, passages: Iterable[Passage]) -> list[Candidate]:
    """The candidates of all passages that have rows."""
    return [c for passage in passages if passage.rows for c in collect_text(page, passage)]


def hides_escapes(page: Page, passage: Passage) -> bool:
    """Whether a passage of CSS may have a backslash that is no escape, in its unknown charset."""
    is_css = passage.rows[0].rule is Rule.CSS
    return is_css and not page.scope.utf8 and bool(HIDDEN_ESCAPE.search(passage.text.data))


def inner_scope(page: Page, rows: tuple[Row, ...]) -> Scope:
    """What a body within this one is searched for: the targets for which the rows allow it.

    The context that asked for it is not asked for inside, so that bodies within bodies have an
    end.
    """
    names = {row.name for row in rows}
    targets = (
        target._replace(contexts=target.contexts - names)
        for target in page.targets
        if all(row.is_asked_by(target.contexts) for row in rows)
    )
    return replace(page.scope, targets=tuple(targets), hashed=page.hashed)


def _in_json(page: Page, passage: Passage) -> list[Candidate]:
    """The candidates of a JSON text, which is of the kind that its row is named for."""
    rows, text = passage.rows, passage.text
    kind = rows[0].json_kind
    position = Position(text.data, key_path(page.scope.targets, kind))
    strings = members(page, kind, position)
    urls = (as_url(page, passage.tag, value, rows + more) for value, more in strings)
    return [text.outer(url) for url in urls if url]


def declared_rows(css_property: bytes) -> tuple[Row, ...]:
    """The rows for a property of CSS, by its name in lower case, with or without a vendor's."""
    return rows_at(b"css", _VENDOR.sub(b"", css_property))


SPANS: dict[Rule, Callable[[bytes, Sequence[bytes]], Iterable[Span]]] = {
    Rule.URL: lambda text, _: ((0, len(text), b""),),
    Rule.SRCSET: lambda text, _: ((begin, end, b"") for begin, end in srcset.spans(text)),
    Rule.CSS: css_statements.uses,
}
"""How the URLs of a text are found: those, at least, that hold one of some needles."""


# JSON

Members = Iterator[tuple[Value, tuple[Row, ...]]]
"""Strings of a JSON text, each with the rows for it."""

_NO_KEY = (b"*",)


def key_path(targets: tuple[Target, ...], kind: bytes) -> KeyPath | None:
    """A new path to follow; None where no row names a key, so that following takes no time.

    `kind` is the "element" of the places in the table, such as `ld+json`.
    """
    return KeyPath() if table_of(targets).names_any(kind) else None


def members(page: Page, kind: bytes, position: Position) -> Members:
    """The values that hold a target's path, from a reading position on, with their rows."""
    table = table_of(page.scope.targets)
    for value in values(position, page.needles):
        if rows := rows_for(table, kind, value.keys):
            yield value, rows


def as_url(page: Page, tag: Tag, value: Value, rows: tuple[Row, ...]) -> Candidate | None:
    """The candidate that a value is, if it is the URL of a target and its rows allow it."""
    data = value.text.data
    url = allowed_url(page, tag, data, rows)
    return value.outer(Candidate(data.index(url), url)) if url else None


def rows_for(table: Table, kind: bytes, keys: tuple[bytes, ...]) -> tuple[Row, ...]:
    """The rows for a value by the keys that lead to it; none below a key that forbids it."""
    keys = keys or _NO_KEY
    if any(row.mark is Mark.NEVER for key in keys[:-1] for row in table.at(kind, key)):
        return ()
    return table.named(kind, b".".join(keys[-2:])) or table.at(kind, keys[-1])
