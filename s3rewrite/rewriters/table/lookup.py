"""The rows for a place: those of the context table, and those that a mount adds."""

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
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
    re.IGNORECASE | re.ASCII,
)
LONGEST_NAME = 100
"""Bytes of a name that are compared: the names of pages are cached, so their length has a bound."""

_RULES = {rule.name.lower(): rule for rule in Rule}


def _places(row: Row) -> list[tuple[bytes, bytes]]:
    pairs = [place.replace("{}", "[]").rstrip("]").split("[") for place in row.places.split()]
    return [(element.encode(), attribute.encode()) for element, attribute in pairs]


# The "elements" of texts that are not HTML: `*` does not mean them.
_APART = frozenset(
    b"css json ld+json json-script json-string json-feed manifest m3u8 header".split()
)
_NO_ELEMENTS = frozenset({b"css", b"manifest", b"m3u8"})


def element_of(tag_name: bytes) -> bytes:
    """The element that a tag is in the table: `/header`, as `header` means the headers of HTTP."""
    return b"/" + tag_name if tag_name in _APART else tag_name


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
        rows = self._exact.get((element, attribute))
        return _combined(rows) if rows else ()

    def names_any(self, element: bytes) -> bool:
        """Whether a row names a place of this element, rather than all of them."""
        return any(owner == element and attribute for owner, attribute in self._exact)

    def _at(self, element: bytes, attribute: bytes) -> tuple[Row, ...]:
        is_apart = element in _APART or b"/" in element[1:]
        owners = (element,) if is_apart else tuple(dict.fromkeys((element, b"*")))
        rows = _combined([row for owner in owners for row in self.named(owner, attribute)])
        if rows or not attribute:
            return rows
        for begins, owner, row in self._families:
            if owner in owners and attribute.startswith(begins):
                return (row,)
        return ()


def _combined(rows: Sequence[Row]) -> tuple[Row, ...]:
    """The rows for one place, where each must allow a URL.

    | the table has rows | mounts add the place   | rows                              |
    |--------------------|------------------------|-----------------------------------|
    | yes                | yes (`*[src]`), or no  | the table's                       |
    | no                 | one of them            | that one                          |
    | no                 | several (`*[x]` too)   | the first, for whoever asks of them |

    A row with a condition, as that for a `<meta>`, stands beside the others.
    """
    own = [row for row in rows if row.is_own and not row.when]
    others = tuple(row for row in rows if row not in own) if own else tuple(rows)
    if others or len(own) < 2:
        return others or tuple(own)
    names = frozenset(row.name for row in own)
    return (own[0]._replace(families=names.union(*(row.families for row in own))),)


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
    if match is None or len(place.encode()) > LONGEST_NAME:
        return None
    # As in a tag: only letters of ASCII have two cases.
    element, attribute = (match[name].encode().lower() for name in ("element", "attribute"))
    rule = _RULES[(match["rule"] or "url").lower()]
    if element == b"meta":
        return _meta_row(place, attribute, rule)
    if element == b"json":
        families = frozenset({"json"})
        needs = (no_document, cors_if_manifest, embeddable)
        return Row(place, Mark.ASKED, f"json[{attribute.decode()}]", rule, (), needs, families)
    if element in _NO_ELEMENTS:
        return None
    return _row(place, (element_of(element), attribute), rule)


def _meta_row(place: str, name: bytes, rule: Rule) -> Row | None:
    html = b' name="%s"' % name
    if applying(rows_at(b"meta", b"content"), Tag(html, b"meta", 0, len(html))):
        return None
    when, needs = (about(name.decode()),), (no_document,)
    return Row(place, Mark.ASKED, "meta[content]", rule, when, needs)


def _row(place: str, where: tuple[bytes, bytes], rule: Rule) -> Row | None:
    known = rows_at(*where)
    families = frozenset(row.name for row in known if row.mark is Mark.ASKED)
    if not all(row.places.endswith("*]") and row.name in families for row in known):
        return None
    element, attribute = (part.decode() for part in where)
    needs = (no_document, cors_if_manifest, cors_if_asked)
    return Row(place, Mark.ASKED, f"{element}[{attribute}]", rule, (), needs, families)


def is_context(name: str) -> bool:
    """Whether a mount may write this in CONTEXTS: an optional row, or a place that it adds."""
    return name in OPTIONAL_CONTEXTS or own_row(name) is not None


def is_asked(targets: Iterable[Target], name: str) -> bool:
    """Whether any mount asks for an optional row, or adds a place to that row's."""
    place = f"{name}["
    names = (asked for target in targets for asked in target.contexts)
    return any(asked == name or asked.lower().startswith(place) for asked in names)


def applying(rows: tuple[Row, ...], tag: Tag) -> tuple[Row, ...]:
    """The rows for a place that are for this tag."""
    if len(rows) == 1 and not rows[0].when:
        return rows
    return tuple(row for row in rows if all(when(tag) for when in row.when))
