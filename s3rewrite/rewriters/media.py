"""The elements with `<source>` in them, and how these are fetched. Pure. WHATWG HTML, 4.8.2.

A `<source>` does not say `crossorigin` itself: its video or audio does, or its picture's image.
"""

from bisect import bisect_left
from collections import Counter
from dataclasses import dataclass

from s3rewrite.rewriters.syntax.attributes import Tag
from s3rewrite.rewriters.syntax.tokens import SPACES, any_case, compiled
from s3rewrite.rewriters.syntax.walker import TokenKind, Walker

MOST_OPEN = 100
"""Elements that are open at a time; with more, all that follows is in doubt."""

WITH_CREDENTIALS = b"use-credentials"
"""The `crossorigin` whose fetch a bucket that answers everybody cannot answer."""

_NAMES = "|".join(map(any_case, ("picture", "video", "audio", "img", "image")))
_TAG = compiled(rf"</?(?:{_NAMES})(?=[{SPACES}/>])")


@dataclass
class MediaElement:
    """An open `<picture>`, `<video>` or `<audio>`, and its `crossorigin`; None without one.

    Without a name it stands for all that follows, of which nothing is known.
    """

    name: bytes
    crossorigin: bytes | None


def asked_cors(tag: Tag) -> bytes | None:
    """The `crossorigin` of a tag, None without one."""
    return tag.word(b"crossorigin") if b"crossorigin" in tag else None


def in_doubt() -> list[MediaElement]:
    """The open elements where it is not known which ones those are."""
    return [MediaElement(b"", WITH_CREDENTIALS)]


class MediaElements:
    """Which element is the innermost at each place of a body."""

    def __init__(self, walker: Walker, opened: list[MediaElement]) -> None:
        """`opened` are the elements that are open where the body begins."""
        self.opened = list(opened)
        self._counts = Counter(element.name for element in opened)
        self._starts = [0]
        self._innermost = opened[-1:] or [MediaElement(b"", None)]
        if not self._counts[b""]:
            self._read(walker)

    def crossorigin(self, place: int) -> bytes | None:
        """That of the innermost element at a place."""
        return self._innermost[bisect_left(self._starts, place) - 1].crossorigin

    def _read(self, walker: Walker) -> None:
        end = 0
        while found := _TAG.search(walker.body, end):
            start, token = found.start(), walker.seek(found.start())
            if token is None or len(self.opened) > MOST_OPEN:
                self.opened = in_doubt()
                self._add(start)
                return
            end = token.end
            if token.start != start:
                continue  # it only looks like a tag
            if token.kind is TokenKind.TAG:
                self._open(Tag(walker.body, token.name, token.inner, token.end))
            else:
                self._close(token.name)
            self._add(start)

    def _open(self, tag: Tag) -> None:
        crossorigin = asked_cors(tag)
        if tag.name not in (b"img", b"image"):
            self._counts[tag.name] += 1
            own = None if tag.name == b"picture" else crossorigin
            self.opened.append(MediaElement(tag.name, own))
        elif crossorigin is not None and self.opened and self.opened[-1].name == b"picture":
            self.opened[-1].crossorigin = crossorigin

    def _close(self, name: bytes) -> None:
        """Close the innermost element of a name, and those in it."""
        is_closed = not self._counts[name]
        while not is_closed:
            closed = self.opened.pop().name
            self._counts[closed] -= 1
            is_closed = closed == name

    def _add(self, start: int) -> None:
        self._starts.append(start)
        self._innermost.append(self.opened[-1] if self.opened else MediaElement(b"", None))
