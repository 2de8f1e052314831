"""The members of a JSON text that rows of the context table name, as candidates."""

from collections.abc import Iterator

from s3rewrite.rewriters.page import Page
from s3rewrite.rewriters.syntax.attributes import Tag
from s3rewrite.rewriters.syntax.json import KeyPath, Position, Value, values
from s3rewrite.rewriters.table.conditions import UrlContext
from s3rewrite.rewriters.table.lookup import Table, table_of
from s3rewrite.rewriters.table.rows import Mark, Row, all_allow
from s3rewrite.rewriters.types import Candidate, Target

Members = Iterator[tuple[Value, tuple[Row, ...]]]
"""Strings of a JSON text, each with the rows for it."""

_NO_KEY = (b"*",)


def members(page: Page, kind: bytes, json: bytes) -> Members:
    """The values that hold a target's path, with their rows.

    `kind` is the "element" of the places in the table, such as `ld+json`.
    """
    keys = KeyPath() if has_keys(page.scope.targets, kind) else None
    return members_from(page, kind, Position(json, keys))


def has_keys(targets: tuple[Target, ...], kind: bytes) -> bool:
    """Whether it matters which keys lead to a value."""
    return table_of(targets).names_any(kind)


def members_from(page: Page, kind: bytes, position: Position) -> Members:
    """As `members`, from a reading position on."""
    table = table_of(page.scope.targets)
    for value in values(position, page.needles):
        if rows := rows_for(table, kind, value.keys):
            yield value, rows


def as_url(page: Page, tag: Tag, value: Value, rows: tuple[Row, ...]) -> Candidate | None:
    """The candidate that a value is, if it is the URL of a target and its rows allow it."""
    data = value.text.data
    found = page.find(data)
    if found is None or not all_allow(rows, UrlContext(page, tag, *found)):
        return None
    return value.outer(Candidate(data.index(found[0]), found[0]))


def rows_for(table: Table, kind: bytes, keys: tuple[bytes, ...]) -> tuple[Row, ...]:
    """The rows for a value by the keys that lead to it; none below a key that forbids it."""
    keys = keys or _NO_KEY
    if any(row.mark is Mark.NEVER for key in keys[:-1] for row in table.at(kind, key)):
        return ()
    return table.named(kind, b".".join(keys[-2:])) or table.at(kind, keys[-1])
