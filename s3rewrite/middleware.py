"""Links the files in responses to S3: which responses, and which headers. The rest is elsewhere."""

import re
from collections.abc import Awaitable, Callable, Sequence
from hashlib import blake2b
from typing import TypeGuard, cast

from asgiref.sync import iscoroutinefunction, markcoroutinefunction
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase

from s3rewrite.guard import guarded
from s3rewrite.links import Resolver, resolver
from s3rewrite.rewriters import css, html
from s3rewrite.rewriters.scope import Candidate, Link
from s3rewrite.rewriters.splice import splice

GetResponse = Callable[[HttpRequest], HttpResponseBase | Awaitable[HttpResponseBase]]

# XHTML is XML: other rules say where its tokens end.
REWRITTEN_TYPES = {"text/html": html, "text/css": css}

# Not a whole body, or one whose bytes another server will send.
_UNTOUCHED_STATUS = frozenset({204, 205, 206, 304})
_UNTOUCHED_HEADERS = ("Content-Encoding", "X-Accel-Redirect", "X-Sendfile", "Content-Range")

# Those say what the original bytes were. RFC 9530, RFC 9110 8.8.2
_STALE_HEADERS = ("Content-MD5", "Digest", "Content-Digest", "Repr-Digest", "Last-Modified")

# Charsets in which an ASCII byte may not be an ASCII character.
_UNREADABLE_CHARSET = re.compile(
    r"(?i)charset\s*=\s*[\"']?\s*(?:utf-?(?:16|32|7)|ucs|iso-2022|hz\b|hz-|csiso2022|unicode)"
)
_UTF8_CHARSET = re.compile(r"(?i)charset\s*=\s*[\"']?\s*utf-?8\b")


class S3RewriteMiddleware:
    """Django middleware, native in both worlds."""

    sync_capable = True
    async_capable = True

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response
        self.is_async = iscoroutinefunction(get_response)
        if self.is_async:
            markcoroutinefunction(self)

    def __call__(self, request: HttpRequest) -> HttpResponseBase | Awaitable[HttpResponseBase]:
        """The response of the view, with its files linked to S3 where S3 holds them."""
        if self.is_async:
            return self.__acall__(request)
        response = cast("HttpResponseBase", self.get_response(request))
        with guarded(request):
            if is_rewritable(response) and not is_bare_head(request, response):
                rewrite(response, resolver(request))
        return response

    async def __acall__(self, request: HttpRequest) -> HttpResponseBase:
        response = await cast("Awaitable[HttpResponseBase]", self.get_response(request))
        with guarded(request):
            if is_rewritable(response) and not is_bare_head(request, response):
                await arewrite(response, resolver(request))
        return response


def is_rewritable(response: HttpResponseBase) -> TypeGuard[HttpResponse]:
    """Whether a response is one whose URLs may be changed.

    Left as it is: a streaming one, a part, one that is encoded, that another server sends, that
    says `no-transform` (RFC 9111 5.2.2.6), that is neither HTML nor CSS, whose charset hides
    ASCII, or that says `response.s3rewrite = False`.
    """
    if response.streaming or response.status_code in _UNTOUCHED_STATUS:
        return False
    content_type = response.get("Content-Type", "")
    if _media_type(content_type) not in REWRITTEN_TYPES:
        return False
    return not (
        getattr(response, "s3rewrite", True) is False
        or any(response.has_header(header) for header in _UNTOUCHED_HEADERS)
        or "no-transform" in response.get("Cache-Control", "").lower()
        or _UNREADABLE_CHARSET.search(content_type)
    )


def is_bare_head(request: HttpRequest, response: HttpResponse) -> bool:
    """Whether a HEAD was answered without the body that GET would have.

    What depends on that body then goes, as it would not be what GET says. RFC 9110 9.3.2
    """
    if request.method != "HEAD" or response.content:
        return False
    for header in (*_STALE_HEADERS, "Content-Length", "ETag"):
        del response[header]
    return True


def rewrite(response: HttpResponse, resolver: Resolver) -> None:
    """Link the files in a response's body: one batch, splices only."""
    if candidates := _collect(response, resolver):
        links = resolver.resolve([candidate.url for candidate in candidates])
        _apply(response, candidates, links)


async def arewrite(response: HttpResponse, resolver: Resolver) -> None:
    """As `rewrite`; the event loop does not wait for Redis."""
    if candidates := _collect(response, resolver):
        links = await resolver.aresolve([candidate.url for candidate in candidates])
        _apply(response, candidates, links)


def _collect(response: HttpResponse, resolver: Resolver) -> list[Candidate]:
    content_type = response.get("Content-Type", "")
    scope = resolver.scope(utf8=bool(_UTF8_CHARSET.search(content_type)))
    found: list[Candidate] = REWRITTEN_TYPES[_media_type(content_type)].collect(
        response.content, scope
    )
    return found


def _media_type(content_type: str) -> str:
    return content_type.partition(";")[0].strip().lower()


def _apply(
    response: HttpResponse, candidates: Sequence[Candidate], links: Sequence[Link | None]
) -> None:
    body = splice(response.content, candidates, links)
    set_headers(response, body)
    # Last, when nothing can fail any more: body and headers change both, or neither.
    response.content = body


def set_headers(response: HttpResponse, body: bytes) -> None:
    """Make the headers speak of the bytes that are sent.

    Also where no link changed: a later answer may link the same files elsewhere, and a 304 by
    an ETag or a date of the view would keep the links of this one alive.
    """
    if etag := response.get("ETag"):
        response["ETag"] = _etag(etag, body)
    if response.has_header("Content-Length"):
        response["Content-Length"] = str(len(body))
    for header in _STALE_HEADERS:
        del response[header]


def _etag(etag: str, body: bytes) -> str:
    weak = "W/" if etag.startswith("W/") else ""
    return f'{weak}"{blake2b(body, digest_size=16).hexdigest()}"'
