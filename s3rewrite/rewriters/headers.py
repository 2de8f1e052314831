"""The local URLs of response headers. name, value, scope -> candidates."""

from s3rewrite.rewriters import link_header
from s3rewrite.rewriters.candidates import in_text
from s3rewrite.rewriters.page import Page
from s3rewrite.rewriters.passages import Passage
from s3rewrite.rewriters.syntax.attributes import Tag
from s3rewrite.rewriters.syntax.decoded_text import Text
from s3rewrite.rewriters.table.lookup import rows_at
from s3rewrite.rewriters.types import Candidate, Scope

NAMES = ("Link", "Location")
"""The headers that may hold a URL to be linked."""


def collect(name: str, value: bytes, scope: Scope) -> list[Candidate]:
    """The local URLs of a header's value, in order."""
    if name == "Link":
        return link_header.collect(value, scope)
    tag, _, rows, text = passage(name, value)
    return in_text(Page(value, scope), tag, rows, text) if rows else []


def passage(name: str, value: bytes) -> Passage:
    """A header that is one URL, with the rows for it, if there are any."""
    attribute = name.lower().encode()
    rows = rows_at(b"header", attribute)
    return Passage(Tag(b"", b"header", 0, 0), attribute, rows, Text(value, 0))
