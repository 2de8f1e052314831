"""A start tag taken apart."""

from collections.abc import Mapping
from functools import cached_property

from s3rewrite.rewriters.references import Text, attribute_text
from s3rewrite.rewriters.tokens import ATTRIBUTE

Span = tuple[int, int]


class Tag:
    """A start tag: its name, its attributes and their values.

    WHATWG HTML, 13.2.5.33: of two attributes with one name the first counts. Names are in
    lower case; values are found by their span in the body, and decoded when asked for.
    """

    def __init__(self, body: bytes, name: bytes, start: int, end: int) -> None:
        """`name` is in lower case; the attributes lie between two offsets of `body`."""
        self.body = body
        self.name = name
        self._start = start
        self._end = end

    @cached_property
    def spans(self) -> Mapping[bytes, Span]:
        """Name -> where the raw value begins and ends; in order of position."""
        spans: dict[bytes, Span] = {}
        for found in ATTRIBUTE.finditer(self.body, self._start, self._end):
            group = found.lastindex or 1
            begin, end = found.span(group)
            spans.setdefault(found[1].lower(), (begin, end) if group > 1 else (end, end))
        return spans

    def __contains__(self, name: bytes) -> bool:
        return name in self.spans

    def text(self, name: bytes) -> Text:
        """The decoded value of an attribute; empty where it is missing."""
        return attribute_text(self.body, *self.spans.get(name, (0, 0)))

    def word(self, name: bytes) -> bytes:
        """The value of an attribute as one keyword, trimmed and in lower case."""
        return self.text(name).data.strip().lower()

    def words(self, name: bytes) -> frozenset[bytes]:
        """The value of an attribute as a set of tokens, in lower case."""
        return frozenset(self.text(name).data.lower().split())
