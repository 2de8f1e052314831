"""A start tag taken apart, no further than is asked for."""

import re
from typing import NamedTuple

from s3rewrite.rewriters.syntax.decoded_text import Text, attribute_text
from s3rewrite.rewriters.syntax.tokens import ATTRIBUTE, ATTRIBUTES

# Tags up to here are searched for a name before they are taken apart, which is mostly not needed.
_SHORT = 4096  # bytes


class Attribute(NamedTuple):
    """An attribute by its place in the body: its name in lower case, and its raw value."""

    name: bytes
    start: int
    end: int


class Tag:
    """A start tag: its name in lower case, its attributes and their values.

    WHATWG HTML, 13.2.5.33: of two attributes with one name the first counts.
    """

    __slots__ = ("_all", "_at", "_lower", "_start", "body", "end", "name")

    def __init__(self, body: bytes, name: bytes, start: int, end: int) -> None:
        """The attributes lie between two offsets of `body`."""
        self.body = body
        self.name = name
        self._start = self._at = start
        self.end = end
        self._lower = body[start:end].lower() if end - start <= _SHORT else None
        self._all: dict[bytes, Attribute] | None = None

    def holding(self, place: int) -> Attribute | None:
        """The attribute whose value holds a place, which never lies before an earlier one."""
        before = ATTRIBUTES.match(self.body, self._at, place)
        self._at = before.end() if before else self._at
        found = ATTRIBUTE.match(self.body, self._at, self.end)
        if found is None:
            return None
        attribute = _attribute(found)
        is_in = attribute.start <= place < attribute.end
        return attribute if is_in and self._counts(attribute) else None

    def __contains__(self, name: bytes) -> bool:
        if self._lower is not None and name not in self._lower:
            return False
        return name in self._attributes()

    def value(self, attribute: Attribute) -> Text:
        """The decoded value of an attribute."""
        return attribute_text(self.body, attribute.start, attribute.end)

    def text(self, name: bytes) -> Text:
        """The decoded value of the attribute of a name; empty where it is missing."""
        return self.value(self._attributes()[name]) if name in self else Text(b"", 0)

    def word(self, name: bytes) -> bytes:
        """The value of an attribute as one keyword, trimmed and in lower case."""
        return self.text(name).data.strip().lower()

    def words(self, name: bytes) -> frozenset[bytes]:
        """The value of an attribute as a set of tokens, in lower case."""
        return frozenset(self.text(name).data.lower().split())

    def _counts(self, attribute: Attribute) -> bool:
        if self._lower is not None and self._lower.count(attribute.name) == 1:
            return True
        return self._attributes()[attribute.name] == attribute

    def _attributes(self) -> dict[bytes, Attribute]:
        if self._all is None:
            self._all = {}
            # Also what `holding` went past.
            for found in ATTRIBUTE.finditer(self.body, self._start, self.end):
                attribute = _attribute(found)
                self._all.setdefault(attribute.name, attribute)
        return self._all


def _attribute(found: re.Match[bytes]) -> Attribute:
    group = found.lastindex or 1
    start, end = found.span(group)
    return Attribute(found[1].lower(), start if group > 1 else end, end)
