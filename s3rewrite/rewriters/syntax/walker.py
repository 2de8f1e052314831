"""Goes through a body of HTML from one place to the next, and tells which token each is in."""

import re
from collections.abc import Mapping
from enum import Enum, auto
from typing import NamedTuple

from s3rewrite.rewriters.syntax.tokens import (
    ATTRIBUTE,
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

# The marks that matter in each state: WHATWG HTML 13.2.5.4 and 13.2.5.15 to 13.2.5.31. In short, a
# "<script" within "<!--" hides the next "</script". "-->" may share its dashes with "<!--".
_IN_DATA = compiled(rf"<(?: /{_NAME} | !(?=--) )")
_ESCAPED = compiled(rf"-->|</?+{_NAME}")
_DOUBLE_ESCAPED = compiled(rf"-->|</{_NAME}")


def script_end(body: bytes, start: int) -> int | None:
    """The offset of the end tag of a script whose text begins at `start`; None without one."""
    state = _IN_DATA
    while mark := state.search(body, start):
        if state is not _DOUBLE_ESCAPED and mark[0].startswith(b"</"):
            return mark.start()
        state, start = _after(state, mark), mark.end()
    return None


def _after(state: re.Pattern[bytes], mark: re.Match[bytes]) -> re.Pattern[bytes]:
    if mark[0] == b"-->":
        return _IN_DATA
    return _DOUBLE_ESCAPED if mark[0].startswith(b"<") and state is _ESCAPED else _ESCAPED


_UNSURE = frozenset(name.encode() for name in UNSURE)
_EACH_SPACE = (b" ", b"\n", b"\t", b"\r", b"\f")


class TokenKind(Enum):
    """What a token is: a start tag, the text of a raw text element, or anything else."""

    TAG = auto()
    RAW = auto()
    OTHER = auto()


# Looked up for every token: a global is found sooner than a member.
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


def _syntax(opened: Mapping[bytes, int]) -> Syntax:
    return WHERE_UNSURE if any(opened.values()) else IN_HTML


class Walker:
    """A reading position in a body, always at the start of a token of the data state.

    WHATWG HTML, 13.2.5. `noscript` and `template` are markup. Below the UNSURE elements raw
    text and CDATA depend on the tree: there the walker goes on only where both readings agree,
    and stops for good where they do not.
    """

    __slots__ = ("at", "body", "opened", "syntax")

    def __init__(self, body: bytes, opened: Mapping[bytes, int] | None = None) -> None:
        """`opened` says how many UNSURE elements of each name are open where the body begins."""
        self.body = body
        self.at = 0
        self.opened = dict(opened) if opened else dict.fromkeys(_UNSURE, 0)
        self.syntax = _syntax(self.opened)

    def seek(self, place: int) -> Token | None:
        """The token that holds the byte at `place`, which never lies before an earlier one.

        None where the end of the token, and so the rest of the body, is in doubt.
        """
        while True:
            # Whole tokens up to `place` cost one match; what it stops at is told apart below.
            before = self.syntax.tokens.match(self.body, self.at, place)
            self.at = before.end() if before else self.at
            tag = TAG.match(self.body, self.at)
            if tag is None:
                end = self._end_of_other(place)
                if end is None or place < end:
                    return Token(_OTHER, self.at, end) if end else None
            elif place < tag.end():
                kind = _OTHER if tag[1] else _TAG
                return Token(kind, self.at, tag.end(), tag[2].lower(), tag.end(2))
            else:
                end = self._enter(tag)
                if end is None or place < end:
                    # In the text of the element, unless that has no sure end.
                    name = tag[2].lower()
                    return Token(_RAW, self.at, end, name, tag.end()) if end else None
            self.at = end

    def simple_attribute(self, place: int) -> SimpleAttribute | None:
        """The attribute whose value holds a place; None where its tag has another spelling.

        None too for a second attribute of a name, which does not count. Otherwise as `seek`, but
        faster.
        """
        before = self.syntax.to_value.match(self.body, self.at, place)
        if before is None or before[1] is None:
            return None
        self.at = before.start(1) - 1  # the tag's "<": the next place may be in this tag too
        value = USUAL_VALUE.match(self.body, before.end())
        if value is None:
            return None
        attribute = value[1]
        start, end = value.span(2)
        if not start <= place < end or is_in(attribute, before[2]):
            return None
        return SimpleAttribute(before[1], before.end(1), value.end(), attribute, start, end)

    def advance(self) -> int:
        """Go on to the first token that is not whole yet; its offset, or the body's end."""
        while True:
            whole = self.syntax.tokens.match(self.body, self.at)
            self.at = whole.end() if whole else self.at
            tag = TAG.match(self.body, self.at)
            end = self._enter(tag) if tag else None
            if end is None:
                return self.at
            self.at = end

    def _end_of_other(self, place: int) -> int | None:
        """The end of the text, comment or the like at the reading position; None without one."""
        if not self.body.startswith(b"<", self.at):
            end = self.body.find(b"<", place)
            return end if end >= 0 else len(self.body)
        markup = self.syntax.markup.match(self.body, self.at)
        return markup.end() if markup else None

    def _enter(self, tag: re.Match[bytes]) -> int | None:
        """Go on behind a special tag, and the text it begins; None where that has no sure end."""
        slash, name = tag[1], tag[2].lower()
        if name in _UNSURE:
            if not _closes_itself(tag, name):
                self.opened[name] = max(0, self.opened[name] + (-1 if slash else 1))
            self.syntax = _syntax(self.opened)
            return tag.end()
        return self._content_end(name, tag.end())

    def _content_end(self, name: bytes, start: int) -> int | None:
        if name not in CONTENT_END:
            return None
        if name == b"script":
            end = script_end(self.body, start)
        else:
            end_tag = CONTENT_END[name].search(self.body, start)
            end = end_tag.start() if end_tag else None
        is_unsure = self.syntax is WHERE_UNSURE
        if is_unsure and end is not None and not NEUTRAL.fullmatch(self.body, start, end):
            return None
        return end


def _closes_itself(tag: re.Match[bytes], name: bytes) -> bool:
    """Whether a tag is that of an empty SVG or MathML element: `<svg />`, not `<svg width=9/>`.

    WHATWG HTML, 13.2.6.4.7 ("svg" and "math"), 13.2.6.5. `select` has no such spelling.
    """
    if name == b"select" or not tag[0].endswith(b"/>"):
        return False
    slash = tag.end() - len(b"/>")
    attributes = ATTRIBUTE.finditer(tag.string, tag.end(2), slash + 1)
    return all(attribute.end() <= slash for attribute in attributes)


def is_in(attribute: bytes, attributes: bytes) -> bool:
    """Whether a name may be among attributes of the usual spelling, or is it only in a value."""
    start = attribute + b"="
    return start in attributes and any(space + start in attributes for space in _EACH_SPACE)


class Element(NamedTuple):
    """An element whose end tag has not come yet, and how many elements of its name are open."""

    name: bytes
    depth: int = 1


def element_end(walker: Walker, element: Element, start: int) -> int | Element:
    """The offset of the end tag of an element, whose content goes on at `start`.

    Without such an end tag in the body, the element as it is at the body's end. Elements of the
    same name are counted, so one whose end tag is missing makes this end later, never earlier.
    """
    name, depth = element
    while tag := TAG_OPEN.search(walker.body, start):
        start = tag.end()
        if tag[2].lower() != name:
            continue
        # It may only look like a tag, as in a comment: the walker knows.
        token = walker.seek(tag.start())
        if token is None:
            break
        start = token.end
        if token.start == tag.start() and token.name == name:
            depth += 1 if token.kind is _TAG else -1
        if depth == 0:
            return tag.start()
    return Element(name, depth)
