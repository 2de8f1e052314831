"""The conditions of the context table: on a tag, which row it is; on a URL, what the row needs."""

import re
from collections.abc import Callable
from dataclasses import dataclass

from s3rewrite.rewriters.page import Page
from s3rewrite.rewriters.syntax.attributes import Tag
from s3rewrite.rewriters.types import Target


@dataclass(slots=True)
class UrlContext:
    """Where a URL stands, what it is, and the mount that it belongs to."""

    page: Page
    tag: Tag
    url: bytes
    target: Target


When = Callable[[Tag], bool]
Need = Callable[[UrlContext], bool]

_SCRIPT_TYPES = frozenset(
    b"module text/javascript application/javascript application/x-javascript text/ecmascript "
    b"application/ecmascript application/x-ecmascript text/jscript text/livescript "
    b"text/x-javascript text/x-ecmascript".split()
)
_MEDIA_EXTENSION = re.compile(
    rb"(?i)\.(?:pdf|avif|bmp|gif|ico|jpe?g|jxl|png|webp|m4v|mov|mp4|mpe?g|ogv|webm)$"
)
_TILE_LOGO = re.compile(rb"msapplication-[a-z0-9]*logo")


def has(attribute: str, *words: str) -> When:
    """A tag with one of these words in the list that an attribute holds."""
    encoded = frozenset(word.encode() for word in words)
    return lambda tag: not encoded.isdisjoint(tag.words(attribute.encode()))


def kind(attribute: str, *words: str) -> When:
    """A tag with one of these values of an attribute; "" stands for none."""
    encoded = frozenset(word.encode() for word in words)
    return lambda tag: tag.word(attribute.encode()) in encoded


def about(*names: str) -> When:
    """A `<meta>` whose name or property is one of these."""
    encoded = frozenset(name.encode() for name in names)
    return lambda tag: not encoded.isdisjoint(_meta_names(tag))


def about_tile_logo(tag: Tag) -> bool:
    """A `<meta>` for the tile of a pinned site: `msapplication-square70x70logo`."""
    return any(_TILE_LOGO.fullmatch(name) for name in _meta_names(tag))


def is_script(tag: Tag) -> bool:
    """A `<script>` that is run, not a block of data. WHATWG HTML, 4.12.1.1."""
    return tag.word(b"type") in _SCRIPT_TYPES or not tag.text(b"type").data


def cors(context: UrlContext) -> bool:
    """The fetch is always one with CORS."""
    return context.target.cors


def cors_if_asked(context: UrlContext) -> bool:
    """The fetch is one with CORS where the tag says `crossorigin`."""
    return context.target.cors or b"crossorigin" not in context.tag


def cors_if_parent_asks(context: UrlContext) -> bool:
    """The fetch is one with CORS where the element above says `crossorigin`."""
    return context.target.cors or not context.page.has_cors_media


def cors_if_module(context: UrlContext) -> bool:
    """The fetch of a module is always one with CORS."""
    return context.target.cors or context.tag.word(b"type") != b"module"


def checkable(context: UrlContext) -> bool:
    """A browser checks the digest of a file of another origin only if it is fetched with CORS."""
    is_free = context.target.same_origin or b"integrity" not in context.tag
    return is_free or b"crossorigin" in context.tag


def no_download(context: UrlContext) -> bool:
    """A browser ignores `download` for a file of another origin."""
    return context.target.same_origin or b"download" not in context.tag


def media_extension(context: UrlContext) -> bool:
    """A PDF, image or video by its name; never a document that could run scripts."""
    return bool(_MEDIA_EXTENSION.search(re.split(rb"[?#]", context.url, maxsplit=1)[0]))


def _meta_names(tag: Tag) -> frozenset[bytes]:
    return tag.words(b"name") | tag.words(b"property")
