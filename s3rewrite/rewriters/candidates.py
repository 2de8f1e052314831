"""From a decoded text, and the rows of the context table for it, to candidates."""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from itertools import islice

from s3rewrite.rewriters.json_members import as_url, members
from s3rewrite.rewriters.page import Page
from s3rewrite.rewriters.search import MAX_URLS
from s3rewrite.rewriters.syntax import css as css_statements
from s3rewrite.rewriters.syntax import srcset
from s3rewrite.rewriters.syntax.attributes import Tag
from s3rewrite.rewriters.syntax.decoded_text import Text
from s3rewrite.rewriters.table.conditions import UrlContext
from s3rewrite.rewriters.table.lookup import rows_at
from s3rewrite.rewriters.table.rows import Row, Rule, all_allow
from s3rewrite.rewriters.types import Candidate, Scope

Span = tuple[int, int, tuple[Row, ...]]
"""Where a URL begins and ends in a text, and the rows that it must satisfy besides."""

# In some Asian charsets a backslash may be the second byte of a character.
HIDDEN_ESCAPE = re.compile(rb"[\x80-\xff]\\")
"""What may be such a character."""

_VENDOR = re.compile(rb"^-[a-z]++-")


def in_text(page: Page, tag: Tag, rows: tuple[Row, ...], text: Text) -> list[Candidate]:
    """The candidates of a text, in order. In: the tag it belongs to, and at least one row.

    HTML within the text is for those who read HTML.
    """
    if rows[0].rule is Rule.URL:
        return _whole(page, tag, rows, text)
    if rows[0].rule is Rule.JSON:
        return _in_json(page, tag, rows, text)
    if rows[0].rule is Rule.CSS and not page.scope.utf8 and HIDDEN_ESCAPE.search(text.data):
        return []
    candidates: list[Candidate] = []
    spans = _SPANS[rows[0].rule]
    for begin, end, more in islice(spans(text.data, page.needles), MAX_URLS):
        raw = text.data[begin:end]
        found = page.find(raw)
        if found and all_allow(rows + more, UrlContext(page, tag, *found)):
            candidates.append(text.candidate(begin + raw.index(found[0]), found[0]))
    return candidates


def _whole(page: Page, tag: Tag, rows: tuple[Row, ...], text: Text) -> list[Candidate]:
    found = page.find(text.data)
    if found is None:
        return []
    url, target = found
    if not all_allow(rows, UrlContext(page, tag, url, target)):
        return []
    return [text.candidate(text.data.index(url), url)]


def inner_scope(page: Page, rows: tuple[Row, ...]) -> Scope:
    """What a body within this one is searched for: the targets for which the rows allow it.

    What asked for it does so no more in there, so that bodies within bodies have an end.
    """
    names = {row.name for row in rows}
    targets = (
        target._replace(contexts=target.contexts - names)
        for target in page.targets
        if all(row.is_wanted_by(target.contexts) for row in rows)
    )
    return replace(page.scope, targets=tuple(targets))


def _in_json(page: Page, tag: Tag, rows: tuple[Row, ...], text: Text) -> list[Candidate]:
    """The candidates of a JSON text, which is of the kind that its row is named for."""
    found = members(page, rows[0].name.encode(), text.data)
    urls = (as_url(page, tag, value, rows + more) for value, more in found)
    return [text.outer(url) for url in urls if url]


def _images(text: bytes, needles: Sequence[bytes]) -> Iterable[Span]:
    return ((begin, end, ()) for begin, end in srcset.spans(text))


def _declared(text: bytes, needles: Sequence[bytes]) -> Iterable[Span]:
    for begin, end, name in css_statements.uses(text, needles):
        yield begin, end, declared_rows(name)


def declared_rows(name: bytes) -> tuple[Row, ...]:
    """The rows for a property of CSS, by its name in lower case, with or without a vendor's."""
    return rows_at(b"css", _VENDOR.sub(b"", name))


_SPANS: dict[Rule, Callable[[bytes, Sequence[bytes]], Iterable[Span]]] = {
    Rule.SRCSET: _images,
    Rule.CSS: _declared,
}
