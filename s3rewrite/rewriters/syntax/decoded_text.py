"""Texts with their escapes undone, and where in the body each of their bytes comes from.

Here are the character references of attribute values: WHATWG HTML, 13.2.5.72 to 13.2.5.80. Other
modules read other escapes.
"""

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from html.entities import html5

from s3rewrite.rewriters.types import Candidate

_REFERENCE = re.compile(rb"&(?:#(?:[xX]([0-9a-fA-F]++)|([0-9]++));?+|([a-zA-Z0-9]++;?+))(=?+)")
_AMPERSAND = ord("&")
_REPLACEMENT = "\ufffd"
_MAX_CODE_POINT = 0x10FFFF
_DIGITS = len(str(_MAX_CODE_POINT))
_SURROGATES = range(0xD800, 0xE000)
_WINDOWS_1252 = range(0x80, 0xA0)


@dataclass(slots=True)
class Text:
    """A piece of a body with the escapes of its context undone.

    `data` is what a browser reads there, `start` the offset in the body of its first byte.
    Behind the byte at `places[i]` the body holds `gaps[i]` bytes more than `data` does, in all.
    `references`: see `Candidate`.
    """

    data: bytes
    start: int
    places: tuple[int, ...] = ()
    gaps: tuple[int, ...] = ()
    references: int = 0

    def offset(self, place: int) -> int:
        """The offset in the body of the byte at `place` of `data`."""
        before = bisect_right(self.places, place)
        return self.start + place + (self.gaps[before - 1] if before else 0)

    def candidate(self, begin: int, url: bytes) -> Candidate:
        """The candidate for a URL that begins at a place of `data`."""
        if not self.places:
            return Candidate(self.start + begin, url, None, False, self.references)
        end = begin + len(url)
        if bisect_right(self.places, begin) == bisect_right(self.places, end):
            return Candidate(self.offset(begin), url, None, False, self.references)
        offsets = tuple(self.offset(place) for place in range(begin, end + 1))
        return Candidate(offsets[0], url, offsets, False, self.references)

    def outer(self, inner: Candidate) -> Candidate:
        """The candidate in the body for one that was found in `data`, taken as a body."""
        references = inner.references + self.references
        if inner.offsets is None:
            found = self.candidate(inner.start, inner.url)
            return found._replace(is_escaped=inner.is_escaped, references=references)
        offsets = tuple(self.offset(place) for place in inner.offsets)
        return Candidate(offsets[0], inner.url, offsets, inner.is_escaped, references)


Escape = tuple[int, int, bytes]
"""Where an escape begins and ends in raw bytes, and the characters that it stands for."""


def attribute_text(body: bytes, start: int, end: int) -> Text:
    """The value of an attribute, which the body holds from `start` to `end`, decoded."""
    raw = body[start:end]
    if _AMPERSAND not in raw:
        return Text(raw, start, references=1)
    text = unescaped(raw, start, _references(raw))
    text.references = 1
    return text


def unescaped(raw: bytes, start: int, escapes: Iterable[Escape]) -> Text:
    """The text of raw bytes, which begin at an offset of the body, with escapes undone."""
    pieces: list[bytes] = []
    places: list[int] = []
    gaps: list[int] = []
    end = length = 0
    for begin, escape_end, characters in escapes:
        pieces += (raw[end:begin], characters)
        length += begin - end + len(characters)
        end = escape_end
        places.append(length)
        gaps.append(end - length)
    return Text(b"".join((*pieces, raw[end:])), start, tuple(places), tuple(gaps))


def _references(raw: bytes) -> Iterator[Escape]:
    for reference in _REFERENCE.finditer(raw):
        if (characters := _characters(reference)) is not None:
            yield reference.start(), reference.start(4), characters


def _characters(reference: re.Match[bytes]) -> bytes | None:
    """What a reference stands for, as UTF-8; None for one that is plain text."""
    if reference[3] is None:
        return (
            _numbered(reference[1], 16) if reference[1] else _numbered(reference[2], 10)
        ).encode()
    name = reference[3].decode()
    # Only old names may lack the semicolon, and then not before "=" or an alphanumeric.
    if not name.endswith(";") and reference[4]:
        return None
    character = html5.get(name)
    return character.encode() if character is not None else None


def _numbered(digits: bytes, base: int) -> str:
    """The character of a number. WHATWG HTML, 13.2.5.80"""
    significant = digits.lstrip(b"0")
    # A number of more digits is above all code points, and int() refuses very long ones.
    code = int(significant or b"0", base) if len(significant) <= _DIGITS else 0
    if not 0 < code <= _MAX_CODE_POINT or code in _SURROGATES:
        return _REPLACEMENT
    if code in _WINDOWS_1252:
        return bytes((code,)).decode("cp1252", "ignore") or chr(code)
    return chr(code)
