"""The local URLs of a body of JSON. bytes, scope -> candidates."""

from functools import partial

from s3rewrite.rewriters import html
from s3rewrite.rewriters.attributes import Tag
from s3rewrite.rewriters.candidates import inner_scope
from s3rewrite.rewriters.json_members import as_url, members
from s3rewrite.rewriters.json_strings import Value
from s3rewrite.rewriters.page import Page
from s3rewrite.rewriters.rows import Row, Rule
from s3rewrite.rewriters.scope import Candidate, Scope

_NO_TAG = Tag(b"", b"", 0, 0)


def collect(body: bytes, scope: Scope, kind: str = "json") -> list[Candidate]:
    """The local URLs of `body`, in order, where the rows of its kind allow them.

    A string that is a URL as a whole, or HTML where the row says so; never a key. JSON is
    UTF-8 (RFC 8259, 8.1).
    """
    page = Page(body, scope)
    found: list[Candidate] = []
    for value, rows in members(page, kind.encode(), body):
        if rows[0].rule is Rule.HTML:
            found += _in_html(page, value, rows)
        elif url := as_url(page, _NO_TAG, value, rows):
            found.append(url)
    return found


def _in_html(page: Page, value: Value, rows: tuple[Row, ...]) -> list[Candidate]:
    inner = html.collect(value.text.data, inner_scope(page, rows))
    return [value.outer(found) for found in inner]


collect_feed = partial(collect, kind="json-feed")
"""JSON Feed, https://www.jsonfeed.org/version/1.1/"""

collect_manifest = partial(collect, kind="manifest")
"""A web application manifest, https://www.w3.org/TR/appmanifest/"""
