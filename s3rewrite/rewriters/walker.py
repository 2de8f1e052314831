"""Goes through a body from one place to the next and says which token each is in."""

from enum import Enum, auto
from typing import NamedTuple

from s3rewrite.rewriters.script_data import script_end
from s3rewrite.rewriters.tokens import (
    CONTENT_END,
    IN_FOREIGN,
    IN_HTML,
    NEUTRAL,
    TAG,
    TAG_OPEN,
)

_FOREIGN_NAMES = frozenset({b"svg", b"math"})


class Kind(Enum):
    """What a piece is: a start tag, the text of a raw text element, or anything else."""

    TAG = auto()
    RAW = auto()
    OTHER = auto()


class Piece(NamedTuple):
    """A token, or a run of text, between two offsets of the body.

    `name` is a tag's name in lower case, or that of the element whose text it is. `start` is
    where the start tag begins in both cases, `inner` where its attributes or the text do.
    """

    kind: Kind
    start: int
    end: int
    name: bytes = b""
    inner: int = 0


class Walker:
    """A reading position in a body, always at the start of a token of the data state.

    WHATWG HTML, 13.2.5. `noscript` and `template` are markup. Below `<svg>` and `<math>` raw
    text elements and CDATA depend on the tree: there the walker goes on only where both
    readings agree, and stops for good where they do not.
    """

    __slots__ = ("at", "body", "depth")

    def __init__(self, body: bytes) -> None:
        self.body = body
        self.at = 0
        self.depth = 0

    def seek(self, place: int) -> Piece | None:
        """The piece that holds the byte at `place`, which never lies before an earlier one.

        None where the token, and so the rest of the body, has no end that is beyond doubt.
        """
        piece: Piece | None = None
        while piece is None:
            syntax = IN_FOREIGN if self.depth else IN_HTML
            found = syntax.tokens.match(self.body, self.at, place)
            self.at = found.end() if found else self.at
            if self.at == place and not self.body.startswith(b"<", place):
                return self._text(place)
            end, piece = self._pass(place)
            if end is None:
                return None
            if piece is None:
                self.at = end
        return piece

    def _text(self, place: int) -> Piece:
        end = self.body.find(b"<", place)
        return Piece(Kind.OTHER, place, end if end >= 0 else len(self.body))

    def _pass(self, place: int) -> tuple[int | None, Piece | None]:
        """The end of the token at the reading position, and the piece if it holds `place`."""
        tag = TAG.match(self.body, self.at)
        if tag is None:
            return self._pass_markup(place)
        slash, name = tag[1], tag[2].lower()
        if place < tag.end():
            kind = Kind.OTHER if slash else Kind.TAG
            return tag.end(), Piece(kind, self.at, tag.end(), name, tag.end(2))
        if slash or name in _FOREIGN_NAMES:
            self.depth += -1 if slash else 1
            return tag.end(), None
        end = self._content_end(name, tag.end())
        if end is not None and place < end:
            return end, Piece(Kind.RAW, self.at, end, name, tag.end())
        return end, None

    def _pass_markup(self, place: int) -> tuple[int | None, Piece | None]:
        syntax = IN_FOREIGN if self.depth else IN_HTML
        found = syntax.markup.match(self.body, self.at)
        if found is None:
            return None, None
        end = found.end()
        return end, Piece(Kind.OTHER, self.at, end) if place < end else None

    def _content_end(self, name: bytes, start: int) -> int | None:
        if name not in CONTENT_END:
            return None
        if name == b"script":
            end = script_end(self.body, start)
        else:
            found = CONTENT_END[name].search(self.body, start)
            end = found.start() if found else None
        if self.depth and end is not None and not NEUTRAL.fullmatch(self.body, start, end):
            return None
        return end


def element_end(walker: Walker, tag: Piece) -> int | None:
    """The offset of the end tag of the element that `tag` begins; None without one.

    Elements of the same name are counted, so one whose end tag was left out makes this end
    later, never earlier.
    """
    depth = 1
    at = tag.end
    while found := TAG_OPEN.search(walker.body, at):
        at = found.end()
        if found[2].lower() != tag.name:
            continue
        piece = walker.seek(found.start())
        if piece is None:
            return None
        at = piece.end
        if piece.start == found.start() and piece.name == tag.name:
            depth += 1 if piece.kind is Kind.TAG else -1
        if depth == 0:
            return found.start()
    return None
