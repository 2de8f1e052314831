"""The local URLs of a feed or a sitemap. bytes, scope -> candidates.

RSS 2.0 with the usual extensions, Atom (RFC 4287), https://www.sitemaps.org. Other XML is left
alone. Tags of XHTML in Atom have the rows of HTML.
"""

import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import replace

from s3rewrite.rewriters.candidates import Passage
from s3rewrite.rewriters.html import collect_passage
from s3rewrite.rewriters.page import Page
from s3rewrite.rewriters.search import MAX_URLS, Matches, without_root_relative
from s3rewrite.rewriters.syntax.attributes import Tag
from s3rewrite.rewriters.syntax.decoded_text import Text, attribute_text
from s3rewrite.rewriters.syntax.xml import ONE_CDATA, ONE_OTHER, ONE_TAG, PROLOG, TOKENS
from s3rewrite.rewriters.table.lookup import applying, rows_at
from s3rewrite.rewriters.types import Candidate, Scope

_KINDS = {b"rss": b"feed/", b"rdf:RDF": b"feed/", b"feed": b"feed/", b"urlset": b"sitemap/"}
"""Root element -> what the places of its elements begin with in the context table."""

_IMAGE_BYTES = 4096
"""How far before its `<url>` an RSS `<image>` may begin; it holds a few short texts."""

_END_TAG = re.compile(rb"\s*+</")


def collect(body: bytes, scope: Scope) -> list[Candidate]:
    """The local URLs of `body`, in order; those of the HTML in it, too."""
    page = page_of(body, scope)
    candidates: list[Candidate] = []
    for passage in passages(page):
        if len(candidates) >= MAX_URLS:
            break
        if passage.rows:
            candidates += collect_passage(page, passage)
    return candidates


def page_of(body: bytes, scope: Scope) -> Page:
    """A feed, and its scope: `xml:base` may lead root-relative URLs elsewhere."""
    if b"xml:base" in body:
        scope = replace(scope, targets=without_root_relative(scope.targets))
    return Page(body, scope)


def passages(page: Page) -> Iterator[Passage]:
    """The texts that hold a target's path, in order, with the rows for each, if there are any."""
    prolog = PROLOG.match(page.body)
    root = ONE_TAG.match(page.body, prolog.end() if prolog else 0)
    kind = _KINDS.get(root[1] + root[2]) if root else None
    if root and kind:
        yield from _passages(page, kind, root.end())


def _passages(page: Page, kind: bytes, end: int) -> Iterator[Passage]:
    matches = Matches((page.body, needle) for needle in page.needles)
    xhtml = _Xhtml(page.body if kind == b"feed/" else b"")
    while (place := matches.next(end)) is not None:
        passed = TOKENS.match(page.body, end, place)
        start = passed.end() if passed else end
        if tag := ONE_TAG.match(page.body, start):
            end = tag.end()
            if not tag[1]:
                is_html = xhtml.holds(tag.start())
                yield from _in_tag(matches, place, _html_tag(tag) if is_html else _tag(kind, tag))
        elif content := _content(page.body, start):
            end = content[2]
            yield from _in_content(page, kind, start, content)
        elif other := ONE_OTHER.match(page.body, start):
            end = other.end()
        else:
            return  # a token without an end


class _Xhtml:
    """Where the texts with `type="xhtml"` lie, whose tags are those of HTML. RFC 4287, 3.1.1.3"""

    def __init__(self, body: bytes) -> None:
        self._ends: list[int] = []
        """Where such a text begins, where it ends, where the next one begins, and so on."""
        at = 0
        while (place := body.find(b"xhtml", at)) >= 0:
            tag = ONE_TAG.match(body, max(at, body.rfind(b"<", at, place)))
            at = place + 1
            if tag and _tag(b"", tag).word(b"type") == b"xhtml":
                end = body.find(b"</%s>" % tag[2], tag.end())
                at = end if end >= 0 else len(body)
                self._ends += (tag.end(), at)

    def holds(self, place: int) -> bool:
        """Whether a place lies in one of them."""
        return bisect_right(self._ends, place) % 2 == 1


def _html_tag(tag: re.Match[bytes]) -> Tag:
    """A tag of XHTML, with a prefix or without: `<xhtml:img>`."""
    found = _tag(b"", tag)
    found.name = found.name.rpartition(b":")[2]
    return found


def _tag(kind: bytes, tag: re.Match[bytes]) -> Tag:
    return Tag(tag.string, kind + tag[2].lower(), tag.start(3), tag.end())


def _in_tag(matches: Matches, place: int, tag: Tag) -> Iterator[Passage]:
    for attribute in tag.holding_any(matches, place):
        rows = applying(rows_at(tag.name, attribute.name), tag)
        yield Passage(tag, attribute.name, rows, tag.value(attribute))


def _content(body: bytes, start: int) -> tuple[int, int, int] | None:
    """Where a text or a CDATA section begins and ends, and where the next token begins."""
    if not body.startswith(b"<", start):
        end = body.find(b"<", start)
        return (start, end, end) if end > start else None
    cdata = ONE_CDATA.match(body, start)
    return (*cdata.span(1), cdata.end()) if cdata else None


def _in_content(
    page: Page, kind: bytes, token: int, content: tuple[int, int, int]
) -> Iterator[Passage]:
    """The text of an element, if it is all that the element holds."""
    start, end, next_token = content
    opened = ONE_TAG.match(page.body, max(0, page.body.rfind(b"<", 0, token)))
    is_closed = _END_TAG.match(page.body, next_token)
    if not opened or opened[1] or page.body[opened.end() : token].strip() or not is_closed:
        return
    tag = _tag(kind, opened)
    if tag.name == b"feed/url" and _is_in_image(page.body, token):
        tag.name = b"feed/image/url"
    is_cdata = start > token
    text = Text(page.body[start:end], start) if is_cdata else attribute_text(page.body, start, end)
    yield Passage(tag, b"", applying(rows_at(tag.name, b""), tag), text)


def _is_in_image(body: bytes, place: int) -> bool:
    """Whether an RSS `<image>` is open: an `<url>` elsewhere is a page."""
    start = max(0, place - _IMAGE_BYTES)
    return body.rfind(b"<image>", start, place) > body.rfind(b"</image>", start, place)
