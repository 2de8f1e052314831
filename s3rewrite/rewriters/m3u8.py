"""The local URLs of a playlist. bytes, scope -> candidates. RFC 8216, 4.1 to 4.3."""

import re
from collections.abc import Iterator
from itertools import islice

from s3rewrite.rewriters.candidates import Passage, collect_texts
from s3rewrite.rewriters.page import Page
from s3rewrite.rewriters.search import MAX_PLACES
from s3rewrite.rewriters.syntax.attributes import Tag
from s3rewrite.rewriters.syntax.decoded_text import Text
from s3rewrite.rewriters.table.lookup import rows_at
from s3rewrite.rewriters.types import Candidate, Scope

MEDIA_TYPES = (
    "application/vnd.apple.mpegurl application/x-mpegurl audio/mpegurl audio/x-mpegurl"
).split()

# A line is a URI, a tag that begins with "#", or blank; a tag may have a list of attributes.
_LINE = re.compile(rb"^(?:#([A-Z0-9-]++):([^\r\n]++)|([^#\r\n][^\r\n]*+))", re.MULTILINE)
_ATTRIBUTE = re.compile(rb'([A-Z0-9-]++)(?:=(?:"([^"]*+)"|[^",]*+))?+')

_NO_TAG = Tag(b"", b"m3u8", 0, 0)


def collect(body: bytes, scope: Scope) -> list[Candidate]:
    """The local URLs of `body`, in order."""
    page = Page(body, scope)
    if not any(needle in body for needle in page.needles):
        return []
    return collect_texts(page, islice(passages(body), MAX_PLACES))


def passages(body: bytes) -> Iterator[Passage]:
    """The URIs, with the rows for each, if there are any."""
    for place, start, end in uris(body):
        yield Passage(_NO_TAG, place, rows_at(b"m3u8", place), Text(body[start:end], start))


def uris(body: bytes) -> Iterator[tuple[bytes, int, int]]:
    """What each URI belongs to, a `line` or a tag's name, and where it begins and ends."""
    for line in _LINE.finditer(body):
        if line[3] is not None:
            yield b"line", *line.span(3)
            continue
        for attribute in _ATTRIBUTE.finditer(body, *line.span(2)):
            if attribute[1] == b"URI" and attribute[2] is not None:
                yield line[1].lower(), *attribute.span(2)
