"""The strings of a JSON text, each with the keys that lead to it. RFC 8259.

A text that is not valid JSON is read as far as it is like JSON: bytes outside strings are
skipped.
"""

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from s3rewrite.rewriters.search import Matches, spellings
from s3rewrite.rewriters.syntax.decoded_text import Escape, Text, unescaped
from s3rewrite.rewriters.syntax.tokens import compiled
from s3rewrite.rewriters.types import Candidate

MAX_DEPTH = 200
"""Below so many containers nothing is looked for."""

LONGEST_KEY = 100
"""Bytes of a key that are compared."""

_STRING = r'"[^"\\]*+(?: \\[\x00-\xff] [^"\\]*+ )*+"'
_BEFORE_COLON = r"(?=[\x20\t\n\r]*+:)"

# Whole strings, and what is between them.
_PASSED = compiled(rf'(?: [^"]++ | {_STRING} )*+')
# The same, but only strings whose next byte has come: it tells a key from a value.
_KNOWN = compiled(rf'(?: [^"]++ | {_STRING}(?=[\x20\t\n\r]*+[^\x20\t\n\r]) )*+')
# Up to what changes the keys that lead to a place: a container's begin or end, or a key.
_NEXT = compiled(
    rf'(?: [^"{{}}\[\]]++ | {_STRING}(?![\x20\t\n\r]*+:) )*+'
    rf"(?: (?P<open>[{{\[]) | (?P<close>[}}\]]) | (?P<key>{_STRING}){_BEFORE_COLON} )"
)
_WHOLE = compiled(rf"{_STRING}(?P<is_key>{_BEFORE_COLON})?+")

_ESCAPE = re.compile(
    rb"\\(?:u([dD][89abAB][0-9a-fA-F]{2})\\u([dD][c-fC-F][0-9a-fA-F]{2})"
    rb"|u([0-9a-fA-F]{4})|([\x00-\xff]))"
)
_CONTROLS = {b"b": b"\b", b"f": b"\f", b"n": b"\n", b"r": b"\r", b"t": b"\t"}
_WORD = re.compile(rb"[A-Za-z0-9]+")
_BACKSLASH = ord("\\")


class Value(NamedTuple):
    """A string, decoded, and the keys that lead to it, in lower case.

    A string in an array has the key of the array.
    """

    json: bytes
    text: Text
    keys: tuple[bytes, ...]

    def outer(self, inner: Candidate) -> Candidate:
        """The candidate in the JSON text for one that was found in the string."""
        return self.marked(self.text.outer(inner))

    def marked(self, found: Candidate) -> Candidate:
        """A candidate in the JSON text that was found in the string, with how its slashes are."""
        raw = self.json[found.offsets[0] : found.offsets[-1]] if found.offsets else b""
        return found._replace(is_escaped=rb"\/" in raw)


def words(needles: Sequence[bytes]) -> tuple[bytes, ...]:
    """Of each needle the part that no encoder of JSON escapes: its longest word."""
    found = (_WORD.findall(needle) for needle in needles)
    return tuple(dict.fromkeys(max(w, key=len) for w in found if w))


class KeyPath:
    """The containers that are open at a place, by the keys that lead to them."""

    def __init__(self) -> None:
        self._opened: list[bytes | None] = []
        # Containers that are open below MAX_DEPTH: counted, not kept.
        self._too_deep = 0
        self._key: bytes | None = None

    def here(self) -> tuple[bytes, ...] | None:
        """The keys that lead to a value; None where they are too many."""
        if self._too_deep:
            return None
        return tuple(key for key in (*self._opened, self._key) if key is not None)

    def follow(self, found: re.Match[bytes]) -> None:
        """Go on behind a container's begin or end, or a key."""
        if found.lastgroup == "key":
            key = found["key"]
            self._key = decoded(key, 1, len(key) - 1).data[:LONGEST_KEY].lower()
        elif found.lastgroup == "open" and len(self._opened) < MAX_DEPTH:
            self._opened.append(self._key)
            self._key = None
        elif found.lastgroup == "open" or self._too_deep:
            self._too_deep += 1 if found.lastgroup == "open" else -1
        else:
            self._key = self._opened.pop() if self._opened else None


class Position:
    """A reading position in a JSON text; it follows the keys that lead there, if it has `keys`."""

    def __init__(self, json: bytes, keys: KeyPath | None) -> None:
        self.json = json
        self.at = 0
        self._keys = keys

    def seek(self, place: int) -> tuple[bytes, ...] | None:
        """Go on to the string that holds a place, or to the place itself.

        The keys that lead there; None where they are too many.
        """
        while self._keys and (found := _NEXT.match(self.json, self.at, place)):
            self.at = found.end()
            self._keys.follow(found)
        passed = _PASSED.match(self.json, self.at, place)
        self.at = passed.end() if passed else place
        return self._keys.here() if self._keys else ()


def values(position: Position, needles: Sequence[bytes]) -> Iterator[Value]:
    """The strings that are values and hold a needle, in order, from a position on."""
    json = position.json
    # A needle may be written with escapes, its longest word cannot; in JSON within JSON twice.
    written = spellings(json, tuple(needles))
    matches = Matches((json, word) for word in words(needles))
    place = matches.next(position.at)
    while place is not None:
        keys = position.seek(place)
        string = _WHOLE.match(json, position.at)
        if string is None and json.startswith(b'"', position.at):
            return  # a string without an end
        if string and keys is not None and string["is_key"] is None:
            text = decoded(json, string.start() + 1, string.end() - 1)
            if any(spelling in text.data for spelling in written):
                yield Value(json, text, keys)
        place = matches.next(string.end() if string else place + 1)


def strings_end(json: bytes) -> int:
    """Where the strings end that are whole, and known to be keys or values."""
    passed = _KNOWN.match(json)
    return passed.end() if passed else 0


def decoded(json: bytes, start: int, end: int) -> Text:
    """The string whose inside lies between two offsets."""
    raw = json[start:end]
    return unescaped(raw, start, _escapes(raw)) if _BACKSLASH in raw else Text(raw, start)


def _escapes(raw: bytes) -> Iterator[Escape]:
    for found in _ESCAPE.finditer(raw):
        yield *found.span(), _characters(found)


def _characters(found: re.Match[bytes]) -> bytes:
    if found[4] is not None:
        return _CONTROLS.get(found[4], found[4])
    # Two surrogates are one character; a single one becomes U+FFFD.
    numbers = bytes.fromhex(((found[1] or b"") + (found[2] or found[3])).decode())
    return numbers.decode("utf-16-be", "replace").encode()
