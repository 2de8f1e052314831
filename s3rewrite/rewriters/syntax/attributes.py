"""A start tag taken apart, no further than is asked for."""

import re
from collections.abc import Iterator
from typing import NamedTuple

from s3rewrite.rewriters.search import Matches
from s3rewrite.rewriters.syntax.decoded_text import Text, attribute_text
from s3rewrite.rewriters.syntax.tokens import ATTRIBUTE, ATTRIBUTES

# Bytes of a tag that is searched for a name first: mostly the name is missing, and that is cheap.
_SHORT = 4096


class Attribute(NamedTuple):
    """An attribute by its place in the body: its name in lower case, and its raw value."""

    name: bytes
    start: int
    end: int


class Tag:
    """A start tag: its name in lower case, its attributes and their values.

    Where two attributes have the same name, the first counts: WHATWG HTML, 13.2.5.33.
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
        match = ATTRIBUTE.match(self.body, self._at, self.end)
        if match is None:
            return None
        attribute = _attribute(match)
        is_in = attribute.start <= place < attribute.end
        return attribute if is_in and self._counts(attribute) else None

    def holding_any(self, matches: Matches, place: int | None) -> Iterator[Attribute]:
        """The attributes whose values hold matches, of which the first is at `place`."""
        while place is not None and place < self.end:
            attribute = self.holding(place)
            if attribute:
                yield attribute
            place = matches.next(attribute.end if attribute else place + 1)

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
        # A name that the tag has once has no other attribute before it.
        if self._lower is not None and self._lower.count(attribute.name) == 1:
            return True
        return self._attributes()[attribute.name] == attribute

    def _attributes(self) -> dict[bytes, Attribute]:
        if self._all is None:
            self._all = {}
            # From the start again: `holding` has passed some of them.
            for match in ATTRIBUTE.finditer(self.body, self._start, self.end):
                attribute = _attribute(match)
                self._all.setdefault(attribute.name, attribute)
        return self._all


def _attribute(match: re.Match[bytes]) -> Attribute:
    group = match.lastindex or 1  # the name's where there is no value, which is empty then
    start, end = match.span(group)
    return Attribute(match[1].lower(), start if group > 1 else end, end)
