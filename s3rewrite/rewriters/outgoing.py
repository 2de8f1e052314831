"""All URLs that a style sheet, a script, an SVG or a playlist refers to, on this site or not.

Browsers resolve the relative URLs of such a file against the file's own URL, so on S3 they mean
something else. WHATWG URL Standard, 4.4; CSS Values 4, 4.5.2;
RFC 8216, 4.1; SVG 2, 16.1; ISO/IEC 23009-1, 5.3 and 5.6 (MPEG-DASH).
"""

import re
from collections.abc import Callable, Iterator
from itertools import chain
from typing import NamedTuple

from s3rewrite.rewriters import m3u8
from s3rewrite.rewriters.search import TRIMMED
from s3rewrite.rewriters.syntax import javascript
from s3rewrite.rewriters.syntax.css import every_use
from s3rewrite.rewriters.syntax.decoded_text import Text, attribute_text
from s3rewrite.rewriters.syntax.tokens import ATTRIBUTE
from s3rewrite.rewriters.syntax.xml import ONE_CDATA, ONE_OTHER, ONE_TAG, PROLOG
from s3rewrite.rewriters.types import Candidate

TEMPLATES = "it names its files by templates, or below a BaseURL: which ones is unclear"
UNREAD = "it cannot be said for sure what it refers to"

MAX_BYTES = 4 * 1024 * 1024
"""Larger files are not searched."""


class Outgoing(NamedTuple):
    """A URL in a file, and on what conditions a browser fetches it."""

    candidate: Candidate
    cors: bool
    """From another origin than the page's only where that answers with CORS headers."""
    own_origin: bool = False
    """From the file's own origin only, as an SVG is a document by itself. SVG 2, 16.1.4"""
    is_lost: bool = False
    """Nowhere, if the file is of another origin than the page and the URL is relative."""


class Unreadable(Exception):
    """What a file refers to is in doubt; why."""

    def __init__(self, reason: str = UNREAD) -> None:
        super().__init__(reason)


Read = Callable[[bytes], list[Outgoing]]

# Properties whose files are fetched with CORS. CSS Fonts 4, 4.8.2; CSS Masking 1, 5.1;
# CSS Shapes 1, 5; Filter Effects 1, 5.
_CORS_PROPERTIES = re.compile(rb"--.*|src|(?:-webkit-)?mask.*|shape-outside|clip-path|.*filter")
_STYLE = re.compile(rb"\s*+(?:(?><!\[CDATA\[((?s:.*?))\]\]>)\s*+|([^<]*+))</")
_SVG_LINKS = frozenset({b"href", b"xlink:href", b"src"})
_XML_UNREADABLE = re.compile(rb"<!ENTITY|xml:base|<\?xml-stylesheet|<(?:[\w.-]++:)?script\b")
_MPD_LINKS = frozenset(b"media initialization sourceURL index xlink:href".split())
_MPD_TEXTS = re.compile(rb"(?:.*:)?(?:BaseURL|Location|PatchLocation)")


def in_css(body: bytes) -> list[Outgoing]:
    """The URLs of a style sheet. Raises Unreadable."""
    return list(_of_css(Text(body, 0)))


def in_svg(body: bytes) -> list[Outgoing]:
    """The URLs of an SVG. Raises Unreadable."""
    if _XML_UNREADABLE.search(body):
        raise Unreadable
    return list(chain.from_iterable(_in_tag(body, tag) for tag in _start_tags(body)))


def in_playlist(body: bytes) -> list[Outgoing]:
    """The URLs of an M3U8. A player fetches all of them with CORS, or none."""
    texts = (Text(body[start:end], start) for _, start, end in m3u8.uris(body))
    return [outgoing for text in texts for outgoing in _whole(text, cors=True)]


def in_script(body: bytes) -> list[Outgoing]:
    """The URLs that a script loads relative to its own; `import` does so with CORS."""
    text = Text(body, 0)
    try:
        found = javascript.references(body)
    except javascript.Unsure as unsure:
        raise Unreadable(str(unsure) or UNREAD) from None
    return [
        Outgoing(text.candidate(start, body[start:end]), cors=True, is_lost=is_lost)
        for start, end, is_lost in found
    ]


def in_dash(body: bytes) -> list[Outgoing]:
    """The URLs of a manifest of MPEG-DASH. A player fetches all of them with CORS, or none."""
    if _XML_UNREADABLE.search(body):
        raise Unreadable
    texts: list[Text] = []
    bases: list[Text] = []
    for tag in _start_tags(body):
        texts += [
            attribute_text(body, *attribute.span(attribute.lastindex or 1))
            for attribute in ATTRIBUTE.finditer(body, *tag.span(3))
            if attribute[1] in _MPD_LINKS
        ]
        if _MPD_TEXTS.fullmatch(tag[2]):
            bases.append(attribute_text(body, tag.end(), body.index(b"</", tag.end())))
    # All others are relative to a base, which may be below another one.
    if any(b"$" in text.data for text in texts) or (bases and texts) or _has_folder(bases):
        raise Unreadable(TEMPLATES)
    return [outgoing for text in (*texts, *bases) for outgoing in _whole(text, cors=True)]


def _has_folder(bases: list[Text]) -> bool:
    return any(text.data.strip().endswith(b"/") or b"<" in text.data for text in bases)


KINDS: dict[str, Read] = {
    "text/css": in_css,
    "text/javascript": in_script,
    "image/svg+xml": in_svg,
    "application/dash+xml": in_dash,
    **dict.fromkeys(m3u8.MEDIA_TYPES, in_playlist),
}
"""How each media type is read."""


def _of_css(text: Text) -> Iterator[Outgoing]:
    uses = every_use(text.data)
    if uses is None:
        raise Unreadable
    for begin, end, name in uses:
        url = text.data[begin:end].strip(TRIMMED)
        start = text.data.index(url, begin)
        cors = _CORS_PROPERTIES.fullmatch(name) is not None
        yield Outgoing(text.candidate(start, url), cors)


def _start_tags(body: bytes) -> Iterator[re.Match[bytes]]:
    prolog = PROLOG.match(body)
    place = prolog.end() if prolog else 0
    while (place := body.find(b"<", place)) >= 0:
        tag = ONE_TAG.match(body, place)
        token = tag or ONE_CDATA.match(body, place) or ONE_OTHER.match(body, place)
        if token is None:
            raise Unreadable
        if tag and not tag[1]:
            yield tag
        place = token.end()


def _in_tag(body: bytes, tag: re.Match[bytes]) -> Iterator[Outgoing]:
    for attribute in ATTRIBUTE.finditer(body, *tag.span(3)):
        group = attribute.lastindex or 1
        if group > 1:
            value = attribute_text(body, *attribute.span(group))
            yield from _in_value(tag[2].lower(), attribute[1], value)
    if tag[2].lower() == b"style" and not tag[3].endswith(b"/"):
        yield from _in_style(body, tag.end())


def _in_value(element: bytes, name: bytes, text: Text) -> Iterator[Outgoing]:
    if name in _SVG_LINKS:
        for outgoing in _whole(text, cors=False):
            yield outgoing._replace(own_origin=element == b"use")
    elif name == b"style":
        yield from _of_document(_wrapped(b"{", text))
    elif b"url(" in text.data.lower():
        yield from _of_document(_wrapped(b"{" + name + b":", text))


def _of_document(css: Text) -> Iterator[Outgoing]:
    """The URLs of styles in an SVG, whose origin takes the place of the page's for CORS."""
    for outgoing in _of_css(css):
        yield outgoing._replace(cors=False, own_origin=outgoing.cors)


def _wrapped(before: bytes, text: Text) -> Text:
    """Declarations, or the value of one, as a style sheet."""
    length = len(before)
    places = tuple(place + length for place in text.places)
    return Text(before + text.data + b"}", text.start - length, places, text.gaps)


def _in_style(body: bytes, start: int) -> Iterator[Outgoing]:
    style = _STYLE.match(body, start)
    if style is None:
        raise Unreadable
    if style[1] is not None:
        yield from _of_document(Text(style[1], style.start(1)))
    else:
        yield from _of_document(attribute_text(body, *style.span(2)))


def _whole(text: Text, *, cors: bool) -> Iterator[Outgoing]:
    url = text.data.strip(TRIMMED)
    if url:
        yield Outgoing(text.candidate(text.data.index(url), url), cors)
