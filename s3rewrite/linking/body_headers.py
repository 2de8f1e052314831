"""The headers that describe the bytes of a body: they must be true of the bytes that are sent."""

from collections.abc import Iterable
from hashlib import blake2b

from django.http import HttpResponse
from django.http.response import HttpResponseBase

from s3rewrite.core.paths import origin_of
from s3rewrite.linking.resolver import Resolver
from s3rewrite.rewriters.types import Link

# They describe the original bytes. RFC 9530; RFC 9110 8.8.2
_STALE = ("Content-MD5", "Digest", "Content-Digest", "Repr-Digest", "Last-Modified")
# They can be computed of a new body. RFC 9110 8.6, 8.8.3 and, for ranges, 14.3
_COMPUTED = ("Content-Length", "ETag", "Accept-Ranges")


def set_body_headers(response: HttpResponseBase, body: bytes) -> None:
    """Make the headers describe the body that is sent.

    Also where no link changed: a later response may link the same files elsewhere, and a 304 by
    an ETag or a date of the view would keep the links of this one alive.
    """
    if etag := response.get("ETag"):
        response["ETag"] = _etag(etag, body)
    if response.has_header("Content-Length"):
        response["Content-Length"] = str(len(body))
    for header in _STALE:
        del response[header]


def forget_body(response: HttpResponseBase) -> None:
    """Drop what depends on the bytes of a body that is not known yet."""
    for header in (*_STALE, *_COMPUTED):
        del response[header]


def forget_absent_body(response: HttpResponseBase) -> None:
    """Drop what depends on the body of GET, where the view answers HEAD without that body.

    Its headers would differ from those of GET, whose links change. RFC 9110 9.3.2
    """
    if isinstance(response, HttpResponse) and not response.content:
        forget_body(response)


def _etag(etag: str, body: bytes) -> str:
    weak = "W/" if etag.startswith("W/") else ""
    return f'{weak}"{blake2b(body, digest_size=16).hexdigest()}"'


def add_preconnects(
    response: HttpResponseBase, links: Iterable[Link | None], resolver: Resolver
) -> None:
    """Have browsers connect to where a page's links lead, while they still read the page.

    https://html.spec.whatwg.org/multipage/links.html#link-type-preconnect
    """
    if not response.get("Content-Type", "").startswith("text/html"):
        return
    quiet = {origin_of(m.public_url.encode()) for m, _ in resolver.mounts if not m.preconnect}
    quiet |= {b"", *resolver.origins}
    texts = dict.fromkeys(link.text for link in links if link)  # mostly one for all of a mount
    origins = dict.fromkeys(map(origin_of, texts))
    values = [f"<{origin.decode()}>; rel=preconnect" for origin in origins if origin not in quiet]
    if values:
        response["Link"] = ", ".join([*filter(None, [response.get("Link")]), *values])
