"""The rows for a place: those of the context table, and those that a mount adds."""

import re
from collections import defaultdict
from collections.abc import Iterable
from functools import lru_cache

from s3rewrite.rewriters.syntax.attributes import Tag
from s3rewrite.rewriters.table.conditions import (
    about,
    cors_if_asked,
    cors_if_manifest,
    embeddable,
    no_document,
)
from s3rewrite.rewriters.table.contexts import TABLE
from s3rewrite.rewriters.table.rows import Mark, Row, Rule
from s3rewrite.rewriters.types import Target

OPTIONAL_CONTEXTS = frozenset(row.name for row in TABLE if row.mark is Mark.ASKED)
"""The names that a mount may write in CONTEXTS."""

# Places that mounts add: `my-card[image]`, `*[data-sizes]:srcset`, `meta[my:image]`, `json[photo]`.
_OWN_PLACE = re.compile(
    r"(?P<element>\*|[a-z][a-z0-9._-]*)\[(?P<attribute>[^\s\[\]{}*\"'<>/=]+)\]"
    r"(?::(?P<rule>url|srcset|css|json|html))?",
    re.IGNORECASE,
)
LONGEST_NAME = 100
"""Bytes of a name that are compared: the names of pages are cached, so their length has a bound."""

_RULES = {rule.name.lower(): rule for rule in Rule}


def _places(row: Row) -> list[tuple[bytes, bytes]]:
    pairs = [place.replace("{}", "[]").rstrip("]").split("[") for place in row.places.split()]
    return [(element.encode(), attribute.encode()) for element, attribute in pairs]


# The "elements" of texts that are not HTML: `*` does not mean them.
_APART = frozenset(b"css json ld+json json-script json-feed manifest m3u8 header".split())


class Table:
    """Rows, found by the places that they name."""

    def __init__(self, rows: Iterable[Row]) -> None:
        self._exact: defaultdict[tuple[bytes, bytes], list[Row]] = defaultdict(list)
        self._families: list[tuple[bytes, bytes, Row]] = []
        for row in rows:
            for element, attribute in _places(row):
                if attribute.endswith(b"*"):
                    self._families.append((attribute[:-1], element, row))
                else:
                    self._exact[element, attribute].append(row)
        self._families.sort(key=lambda family: len(family[0]), reverse=True)
        # A page asks for the same few places again and again.
        self._cached_at = lru_cache(maxsize=4096)(self._at)

    def at(self, element: bytes, attribute: bytes) -> tuple[Row, ...]:
        """The rows that name a place; names in lower case, b"" as the attribute for the text.

        A row whose attribute ends with `*` is for attributes that no other row names; the
        longest beginning counts.
        """
        return self._cached_at(element[:LONGEST_NAME], attribute[:LONGEST_NAME])

    def named(self, element: bytes, attribute: bytes) -> tuple[Row, ...]:
        """The rows that name exactly this place."""
        return tuple(self._exact.get((element, attribute), ()))

    def names_any(self, element: bytes) -> bool:
        """Whether a row names a place of this element, rather than all of them."""
        return any(owner == element and attribute for owner, attribute in self._exact)

    def _at(self, element: bytes, attribute: bytes) -> tuple[Row, ...]:
        is_apart = element in _APART or b"/" in element
        owners = (element,) if is_apart else tuple(dict.fromkeys((element, b"*")))
        rows = tuple(row for owner in owners for row in self.named(owner, attribute))
        if rows or not attribute:
            return rows
        for begins, owner, row in self._families:
            if owner in owners and attribute.startswith(begins):
                return (row,)
        return ()


_TABLE = Table(TABLE)

rows_at = _TABLE.at
"""The rows of the context table for a place."""


@lru_cache(maxsize=256)
def table_of(targets: tuple[Target, ...]) -> Table:
    """The context table, with the places that mounts add."""
    names = {name for target in targets for name in target.contexts} - OPTIONAL_CONTEXTS
    own = [row for name in sorted(names) if (row := own_row(name))]
    return Table((*TABLE, *own)) if own else _TABLE


def own_row(place: str) -> Row | None:
    """The row for a place that a mount adds; None for no place, or one that the table has already.

    `element[attribute]`, with `:srcset` or the like for how its URLs are written;
    `meta[name or property]`; `json[key]`, for the members of that key in bodies of JSON.
    """
    match = _OWN_PLACE.fullmatch(place)
    if match is None:
        return None
    element, attribute = match["element"].lower(), match["attribute"].lower()
    rule = _RULES[(match["rule"] or "url").lower()]
    if element == "meta":
        return Row(place, Mark.ASKED, "meta[content]", rule, (about(attribute),), (no_document,))
    if element == "json":
        needs = (no_document, cors_if_manifest, embeddable)
        return Row(place, Mark.ASKED, f"json[{attribute}]", Rule.JSON, (), needs, "json")
    return _row(place, f"{element}[{attribute}]", rule)


def _row(place: str, where: str, rule: Rule) -> Row | None:
    known = rows_at(*(part.encode() for part in where.rstrip("]").split("[")))
    family = next((row.name for row in known if row.mark is Mark.ASKED), "")
    is_of_family = all(row.places.endswith("*]") and row.name == family for row in known)
    needs = (no_document, cors_if_manifest, cors_if_asked)
    return Row(place, Mark.ASKED, where, rule, (), needs, family) if is_of_family else None


def is_context(name: str) -> bool:
    """Whether a mount may write this in CONTEXTS: an optional row, or a place that it adds."""
    return name in OPTIONAL_CONTEXTS or own_row(name) is not None


def is_asked(targets: Iterable[Target], name: str) -> bool:
    """Whether any mount asks for an optional row, or adds a place to that row's."""
    place = f"{name}["
    return any(n == name or n.startswith(place) for target in targets for n in target.contexts)


def applying(rows: tuple[Row, ...], tag: Tag) -> tuple[Row, ...]:
    """The rows for a place that are for this tag."""
    if len(rows) == 1 and not rows[0].when:
        return rows
    return tuple(row for row in rows if all(when(tag) for when in row.when))
