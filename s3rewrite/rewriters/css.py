"""The local URLs of a style sheet that is a body of its own. bytes, scope -> candidates."""

import re

from s3rewrite.rewriters.candidates import Passage, collect_text
from s3rewrite.rewriters.page import Page
from s3rewrite.rewriters.syntax.attributes import Tag
from s3rewrite.rewriters.syntax.css import statements_end
from s3rewrite.rewriters.syntax.decoded_text import Text
from s3rewrite.rewriters.table.lookup import rows_at
from s3rewrite.rewriters.types import Candidate, Scope


def collect(body: bytes, scope: Scope) -> list[Candidate]:
    """The local URLs of a `text/css` body, in order, for the mounts that ask for "css"."""
    return collect_text(Page(body, scope), passage(body))


def passage(body: bytes) -> Passage:
    """The whole body, with the rows for it."""
    rows = rows_at(b"body", b"text/css")
    return Passage(Tag(body, b"body", 0, 0), b"text/css", rows, Text(body, 0))


_MAY_END = re.compile(rb"[;{}]")


class CssReader:
    """Reads a style sheet that comes in pieces; its tokens are statements."""

    def __init__(self, scope: Scope) -> None:
        self.scope = scope

    def take(self, buffer: bytes, *, is_full: bool) -> tuple[int, list[Candidate]]:
        """Where the last whole statement ends, and the local URLs before that."""
        end = statements_end(buffer)
        return end, collect(buffer[:end], self.scope)

    def finish(self, buffer: bytes) -> list[Candidate]:
        """The local URLs of the last piece, which may end within a statement."""
        return collect(buffer, self.scope)

    def may_end(self, chunk: bytes) -> bool:
        """Whether a chunk may hold the end of a statement."""
        return _MAY_END.search(chunk) is not None
