"""Where a mount's path stands in a body: a URL, or a stretch of it that is none."""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from s3rewrite.explain.reasons import Reason
from s3rewrite.rewriters.syntax.decoded_text import Text
from s3rewrite.rewriters.table.rows import Row


class Occurrence(NamedTuple):
    """A URL between two offsets of a body, its place, and why it is left alone, if it is.

    With an empty `url` it is a stretch of the body: what is found in it and is no URL is left
    alone for these reasons.
    """

    start: int
    end: int
    place: str
    url: bytes = b""
    rows: tuple[str, ...] = ()
    reasons: tuple[Reason, ...] = ()

    @property
    def is_linked(self) -> bool:
        """Whether it is a URL that nothing speaks against."""
        return bool(self.url) and not self.reasons


Occurrences = Iterator[Occurrence]


def names(rows: Iterable[Row]) -> tuple[str, ...]:
    """The names of rows, each once."""
    return tuple(dict.fromkeys(row.name for row in rows))


def outer(found: Occurrences, text: Text) -> Occurrences:
    """The occurrences in the body of those in a text of it, taken as a body."""
    for one in found:
        yield one._replace(start=text.offset(one.start), end=text.offset(one.end))
