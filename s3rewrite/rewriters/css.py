"""The local URLs of a style sheet that is a body of its own. bytes, scope -> candidates."""

from s3rewrite.rewriters.attributes import Tag
from s3rewrite.rewriters.candidates import in_text
from s3rewrite.rewriters.lookup import rows_at
from s3rewrite.rewriters.page import Page
from s3rewrite.rewriters.references import Text
from s3rewrite.rewriters.scope import Candidate, Scope


def collect(body: bytes, scope: Scope) -> list[Candidate]:
    """The local URLs of a `text/css` body, in order, for the mounts that ask for "css"."""
    page = Page(body, scope)
    if not any(needle in body for needle in page.needles):
        return []
    rows = rows_at(b"body", b"text/css")
    return in_text(page, Tag(body, b"", 0, 0), rows, Text(body, 0))
