"""Which rewriter reads bodies of which media type. Data, and its lookup."""

from collections.abc import Callable
from typing import NamedTuple

from s3rewrite.rewriters import css, feeds, html, json, m3u8
from s3rewrite.rewriters.pieces import Reader
from s3rewrite.rewriters.table.lookup import is_asked
from s3rewrite.rewriters.types import Collect, Scope, Target

NewReader = Callable[[Scope], Reader]


class BodyKind(NamedTuple):
    """A kind of bodies: how its URLs are found, and the optional row that it belongs to."""

    collect: Collect
    row: str = ""
    is_utf8: bool = False
    """Whether it is UTF-8 whatever the headers say."""
    reader: NewReader | None = None
    """Reads a body that comes in pieces; None where only whole bodies are read."""

    def is_asked_by(self, targets: tuple[Target, ...]) -> bool:
        """Whether bodies of this kind are rewritten for any of these mounts."""
        return not self.row or is_asked(targets, self.row)


_HTML = BodyKind(html.collect, reader=html.HtmlReader)
_FEED = BodyKind(feeds.collect)
_JSON_FEED = BodyKind(json.collect_feed, is_utf8=True, reader=json.JsonFeedReader)
_MANIFEST = BodyKind(json.collect_manifest, "manifest", is_utf8=True, reader=json.ManifestReader)
_JSON = BodyKind(json.collect, "json", is_utf8=True, reader=json.JsonReader)  # RFC 8259, 8.1
_PLAYLIST = BodyKind(m3u8.collect, "playlist", is_utf8=True)  # RFC 8216, 4.1

# Not XHTML, which is XML: other rules say where its tokens end.
KINDS = {
    "text/html": _HTML,
    "text/vnd.turbo-stream.html": _HTML,
    "text/css": BodyKind(css.collect, "css", reader=css.CssReader),
    "application/rss+xml": _FEED,
    "application/atom+xml": _FEED,
    "application/rdf+xml": _FEED,
    "application/xml": _FEED,
    "text/xml": _FEED,
    "application/feed+json": _JSON_FEED,
    "application/manifest+json": _MANIFEST,
    "application/json": _JSON,
    "text/json": _JSON,
    **dict.fromkeys(m3u8.MEDIA_TYPES, _PLAYLIST),
}


def kind_of(content_type: str) -> BodyKind | None:
    """The kind of a body with this Content-Type; None where no rewriter reads such bodies."""
    media_type = content_type.partition(";")[0].strip().lower()
    return KINDS.get(media_type, _JSON if media_type.endswith("+json") else None)
