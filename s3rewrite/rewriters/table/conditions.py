"""The conditions of the context table: on a tag, which row it is; on a URL, what the row needs."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import unquote_to_bytes

from s3rewrite.rewriters.media import WITH_CREDENTIALS, asked_cors
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
_SHOWN = re.compile(
    rb"(?i)\.(?:apng|avif|bmp|cur|gif|heic|ico|jfif|jpe?g|jxl|png|tiff?|webp"
    rb"|m4v|mov|mp4|mpe?g|ogv|webm)$"
)
_PDF = re.compile(rb"(?i)\.pdf$")
_ANY_EXTENSION = re.compile(rb"\.[A-Za-z0-9]+$")
_SVG = re.compile(rb"(?i)\.svgz?$")
_MANIFEST = re.compile(rb"(?i)\.(?:m3u8?|mpd|ismc?)$")
_MANIFEST_TYPES = frozenset(
    b"application/dash+xml application/vnd.apple.mpegurl application/x-mpegurl "
    b"audio/mpegurl audio/x-mpegurl".split()
)
_DOCUMENT = re.compile(rb"(?i)\.(?:[psx]?html?|xht|xml|xslt?|rdf|rss|atom|mht|mhtml)$")
_SHOWN_BY = frozenset((b"img", b"video", b"audio", b"source"))
_NEVER_LAZY = frozenset(
    b"iframe frame script embed object track use feimage link form fieldset button datalist input "
    b"meter option optgroup output progress select textarea".split()
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
    return _answers(context, context.tag.word(b"crossorigin"))


def embeddable(context: UrlContext) -> bool:
    """The fetch is one without CORS, which the page's policy may ask to be answered with CORP."""
    return _answers(context, None)


def cors_if_asked(context: UrlContext) -> bool:
    """The fetch is one with CORS where the tag says `crossorigin`."""
    return _answers(context, asked_cors(context.tag))


def cors_if_parent_asks(context: UrlContext) -> bool:
    """The fetch of a `<source>` is one with CORS where the element above says `crossorigin`."""
    if context.tag.name != b"source":
        return True
    page, place = context.page, context.tag.end
    return _answers(context, page.media.crossorigin(place) if page.asks_cors else None)


def cors_if_module(context: UrlContext) -> bool:
    """The fetch of a module is always one with CORS."""
    if context.tag.word(b"type") == b"module":
        return cors(context)
    return cors_if_asked(context)


def cors_if_manifest(context: UrlContext) -> bool:
    """A player fetches the manifest of HLS or DASH, and what that names, by script."""
    is_manifest = context.tag.word(b"type") in _MANIFEST_TYPES or _ends(context, _MANIFEST)
    return not is_manifest or cors(context)


def cors_if_fetched(context: UrlContext) -> bool:
    """A script fetches what no loader of images or media shows; icon loaders fetch SVG."""
    if context.tag.name in _SHOWN_BY:
        is_shown = not (_ends(context, _MANIFEST) or _ends(context, _SVG))
    else:
        has_extension = _ends(context, _ANY_EXTENSION)
        is_shown = context.tag.name != b"svg" and (not has_extension or _ends(context, _SHOWN))
    return is_shown or cors(context)


def shows_files(context: UrlContext) -> bool:
    """Of the element only what is shown is loaded: no document, no code, no form's value."""
    return context.tag.name not in _NEVER_LAZY


def no_document(context: UrlContext) -> bool:
    """A document is read from where it lies, and so is all that it refers to."""
    return not is_document(context.url)


def is_document(url: bytes) -> bool:
    """Whether a URL's name is that of a page, or of XML, which may have a style sheet."""
    return bool(_DOCUMENT.search(_path(url)))


def no_style_hash(context: UrlContext) -> bool:
    """The page's policy does not allow a `<style>` by its hash."""
    return "style" not in context.page.hashed


def no_attribute_hash(context: UrlContext) -> bool:
    """The page's policy does not allow a `style` attribute by its hash."""
    return "style-attribute" not in context.page.hashed


def _answers(context: UrlContext, crossorigin: bytes | None) -> bool:
    """Whether a page gets to see what it fetches from the target with this `crossorigin`, or none.

    An answer for everybody is none where credentials are sent. Fetch, 4.10; CORP: Fetch, 3.7.
    """
    if crossorigin is None:
        return context.target.corp or not context.page.scope.requires_corp
    return context.target.cors and crossorigin != WITH_CREDENTIALS


def _path(url: bytes) -> bytes:
    """The path of a URL, percent-decoded."""
    path = re.split(rb"[?#]", url, maxsplit=1)[0]
    return unquote_to_bytes(path) if b"%" in path else path


def _ends(context: UrlContext, extension: re.Pattern[bytes]) -> bool:
    return bool(extension.search(_path(context.url)))


def checkable(context: UrlContext) -> bool:
    """A browser checks the digest of a file of another origin only if it is fetched with CORS."""
    is_free = context.target.same_origin or b"integrity" not in context.tag
    return is_free or b"crossorigin" in context.tag


def no_download(context: UrlContext) -> bool:
    """A browser ignores `download` for a file of another origin."""
    return context.target.same_origin or b"download" not in context.tag


def media_extension(context: UrlContext) -> bool:
    """A PDF, image or video by its name; never a document that could run scripts."""
    return _ends(context, _SHOWN) or _ends(context, _PDF)


def _meta_names(tag: Tag) -> frozenset[bytes]:
    return tag.words(b"name") | tag.words(b"property")
