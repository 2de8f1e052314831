"""The occurrences in the values of a JSON text."""

from collections.abc import Iterator

from s3rewrite.explain import reasons
from s3rewrite.explain.occurrences import Occurrence, Occurrences, names, outer
from s3rewrite.explain.texts import why_not
from s3rewrite.rewriters.json_members import rows_for
from s3rewrite.rewriters.page import Page
from s3rewrite.rewriters.passages import Passage
from s3rewrite.rewriters.search import TRIMMED
from s3rewrite.rewriters.syntax.json import KeyPath, Position, Value, values
from s3rewrite.rewriters.table.lookup import table_of

NOT_A_VALUE = reasons.Reason("json", "a key, or in no string that is a URL as a whole")


def in_text(page: Page, passage: Passage) -> Occurrences:
    """The occurrences in a text, which is of the kind that its row is named for."""
    text, rows = passage.text, names(passage.rows)
    end = text.offset(len(text.data))
    yield Occurrence(text.start, end, passage.place, rows=rows, reasons=(NOT_A_VALUE,))
    kind = passage.rows[0].name.encode()
    yield from outer((found for found, _ in members(page, kind, passage)), text)


def members(page: Page, kind: bytes, passage: Passage) -> Iterator[tuple[Occurrence, Passage]]:
    """The values that hold a mount's path, each as a URL and as a passage of the JSON text.

    `kind` is the "element" of their places in the table, such as `ld+json`.
    """
    table = table_of(page.scope.targets)
    for value in values(Position(passage.text.data, KeyPath()), page.needles):
        rows = rows_for(table, kind, value.keys)
        keys = b".".join(value.keys[-2:])
        member = Passage(passage.tag, keys, passage.rows + rows, value.text)
        place = f"{kind.decode()}[{keys.decode('utf-8', 'replace')}]"
        found = _occurrence(value, place)
        why = why_not(page, member, value.text.data) if rows else (reasons.no_place(place),)
        yield found._replace(rows=names(member.rows), reasons=why), member


def _occurrence(value: Value, place: str) -> Occurrence:
    url = value.text.data.strip(TRIMMED)
    first = value.text.data.index(url)
    start, end = value.text.offset(first), value.text.offset(first + len(url))
    return Occurrence(start, end, place, url)
