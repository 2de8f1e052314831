"""Goes through a body from one place to the next and says which token each is in."""

import re
from collections.abc import Mapping
from enum import Enum, auto
from typing import NamedTuple

from s3rewrite.rewriters.syntax.tokens import (
    CONTENT_END,
    IN_HTML,
    NEUTRAL,
    SPACES,
    TAG,
    TAG_OPEN,
    UNSURE,
    USUAL_VALUE,
    WHERE_UNSURE,
    Syntax,
    any_case,
    compiled,
)

_NAME = rf"{any_case('script')}(?=[{SPACES}/>])"

# What matters in each state, WHATWG HTML 13.2.5.4 and 13.2.5.15 to 13.2.5.31. An "-->" may share
# its dashes with the "<!--" before it.
_IN_DATA = compiled(rf"<(?: /{_NAME} | !(?=--) )")
_ESCAPED = compiled(rf"-->|</?+{_NAME}")
_DOUBLE_ESCAPED = compiled(rf"-->|</{_NAME}")


def script_end(body: bytes, start: int) -> int | None:
    """The offset of the end tag of a script whose text begins at `start`; None without one."""
    state = _IN_DATA
    while found := state.search(body, start):
        if state is not _DOUBLE_ESCAPED and found[0].startswith(b"</"):
            return found.start()
        state, start = _after(state, found), found.end()
    return None


def _after(state: re.Pattern[bytes], found: re.Match[bytes]) -> re.Pattern[bytes]:
    if found[0] == b"-->":
        return _IN_DATA
    return _DOUBLE_ESCAPED if found[0].startswith(b"<") and state is _ESCAPED else _ESCAPED


_UNSURE = frozenset(name.encode() for name in UNSURE)


_EACH_SPACE = (b" ", b"\n", b"\t", b"\r", b"\f")


class TokenKind(Enum):
    """What a piece is: a start tag, the text of a raw text element, or anything else."""

    TAG = auto()
    RAW = auto()
    OTHER = auto()


# Looked up for every piece: a global is found sooner than a member.
_TAG, _RAW, _OTHER = TokenKind


class Token(NamedTuple):
    """A token, or a run of text, between two offsets of the body.

    `name` is a tag's name in lower case, or that of the element whose text it is. `start` is
    where the start tag begins in both cases, `inner` where its attributes or the text do.
    """

    kind: TokenKind
    start: int
    end: int
    name: bytes = b""
    inner: int = 0


class SimpleAttribute(NamedTuple):
    """An attribute in a start tag of the usual spelling: `<name attribute="value" …>`.

    The attributes lie between `inner` and `end`, the value between `value` and `value_end`.
    """

    name: bytes
    inner: int
    end: int
    attribute: bytes
    value: int
    value_end: int


class Walker:
    """A reading position in a body, always at the start of a token of the data state.

    WHATWG HTML, 13.2.5. `noscript` and `template` are markup. Below the UNSURE elements raw
    text and CDATA depend on the tree: there the walker goes on only where both readings agree,
    and stops for good where they do not.
    """

    __slots__ = ("at", "body", "opened", "unsure")

    def __init__(self, body: bytes, opened: Mapping[bytes, int] | None = None) -> None:
        """`opened` says how many UNSURE elements of each name are open where the body begins."""
        self.body = body
        self.at = 0
        self.opened = dict(opened) if opened else dict.fromkeys(_UNSURE, 0)
        self.unsure = any(self.opened.values())

    def seek(self, place: int) -> Token | None:
        """The piece that holds the byte at `place`, which never lies before an earlier one.

        None where the token, and so the rest of the body, has no end that is beyond doubt.
        """
        while True:
            syntax = WHERE_UNSURE if self.unsure else IN_HTML
            before = syntax.tokens.match(self.body, self.at, place)
            self.at = before.end() if before else self.at
            tag = TAG.match(self.body, self.at)
            if tag is None:
                end = self._end_of_other(syntax, place)
                if end is None or place < end:
                    return Token(_OTHER, self.at, end) if end else None
            elif place < tag.end():
                kind = _OTHER if tag[1] else _TAG
                return Token(kind, self.at, tag.end(), tag[2].lower(), tag.end(2))
            else:
                end = self._enter(tag)
                if end is None or place < end:
                    return self._raw(tag, end) if end else None
            self.at = end

    def simple_attribute(self, place: int) -> SimpleAttribute | None:
        """The attribute whose value holds a place, where its tag is of the usual spelling.

        A second attribute of a name does not count: None. Otherwise as `seek`, but quicker.
        """
        syntax = WHERE_UNSURE if self.unsure else IN_HTML
        before = syntax.to_value.match(self.body, self.at, place)
        if before is None or before[1] is None:
            return None
        self.at = before.start(1) - 1
        found = USUAL_VALUE.match(self.body, before.end())
        if found is None:
            return None
        attribute = found[1]
        start, end = found.span(2)
        if not start <= place < end or is_in(attribute, before[2]):
            return None
        return SimpleAttribute(before[1], before.end(1), found.end(), attribute, start, end)

    def advance(self) -> int:
        """Go on to the first token that is not whole yet; its offset, or the body's end."""
        while True:
            syntax = WHERE_UNSURE if self.unsure else IN_HTML
            whole = syntax.tokens.match(self.body, self.at)
            self.at = whole.end() if whole else self.at
            tag = TAG.match(self.body, self.at)
            end = self._enter(tag) if tag else None
            if end is None:
                return self.at
            self.at = end

    def _end_of_other(self, syntax: Syntax, place: int) -> int | None:
        """The end of the text, comment or the like at the reading position; None without one."""
        if not self.body.startswith(b"<", self.at):
            end = self.body.find(b"<", place)
            return end if end >= 0 else len(self.body)
        found = syntax.markup.match(self.body, self.at)
        return found.end() if found else None

    def _enter(self, tag: re.Match[bytes]) -> int | None:
        """Go on behind a special tag, and the text it begins; None where that has no sure end."""
        slash, name = tag[1], tag[2].lower()
        if name in _UNSURE:
            self.opened[name] = max(0, self.opened[name] + (-1 if slash else 1))
            self.unsure = any(self.opened.values())
            return tag.end()
        return self._content_end(name, tag.end())

    def _raw(self, tag: re.Match[bytes], end: int) -> Token:
        return Token(_RAW, self.at, end, tag[2].lower(), tag.end())

    def _content_end(self, name: bytes, start: int) -> int | None:
        if name not in CONTENT_END:
            return None
        if name == b"script":
            end = script_end(self.body, start)
        else:
            found = CONTENT_END[name].search(self.body, start)
            end = found.start() if found else None
        if self.unsure and end is not None and not NEUTRAL.fullmatch(self.body, start, end):
            return None
        return end


def is_in(attribute: bytes, attributes: bytes) -> bool:
    """Whether an attribute may be among attributes of the usual spelling; a value may say so."""
    found = attribute + b"="
    return found in attributes and any(space + found in attributes for space in _EACH_SPACE)


class Element(NamedTuple):
    """An element whose end tag was not met yet, and how many of its name are open."""

    name: bytes
    depth: int = 1


def element_end(walker: Walker, element: Element, at: int) -> int | Element:
    """The offset of the end tag of an element, whose content goes on at an offset.

    The element as it is at the end of the body where that holds none. Elements of the same
    name are counted, so one whose end tag was left out makes this end later, never earlier.
    """
    name, depth = element
    while found := TAG_OPEN.search(walker.body, at):
        at = found.end()
        if found[2].lower() != name:
            continue
        piece = walker.seek(found.start())
        if piece is None:
            break
        at = piece.end
        if piece.start == found.start() and piece.name == name:
            depth += 1 if piece.kind is _TAG else -1
        if depth == 0:
            return found.start()
    return Element(name, depth)
