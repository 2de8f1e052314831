"""Links the files in responses to S3: which responses, and which headers. The rest is elsewhere."""

from collections.abc import Awaitable, Callable, Sequence
from hashlib import blake2b
from typing import cast

from asgiref.sync import iscoroutinefunction, markcoroutinefunction
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase

from s3rewrite.guard import guarded
from s3rewrite.links import Resolver, resolver
from s3rewrite.responses import Part, body_kind, parts, spliced, urls
from s3rewrite.rewriters.scope import Link

GetResponse = Callable[[HttpRequest], HttpResponseBase | Awaitable[HttpResponseBase]]

# Not a whole body, or one whose bytes another server will send.
_UNTOUCHED_STATUS = frozenset({204, 205, 206, 304})
_UNTOUCHED_HEADERS = ("Content-Encoding", "X-Accel-Redirect", "X-Sendfile", "Content-Range")

# Those say what the original bytes were. RFC 9530, RFC 9110 8.8.2
_STALE_HEADERS = ("Content-MD5", "Digest", "Content-Digest", "Repr-Digest", "Last-Modified")


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
            if is_rewritable(response):
                rewrite(request, response)
        return response

    async def __acall__(self, request: HttpRequest) -> HttpResponseBase:
        response = await cast("Awaitable[HttpResponseBase]", self.get_response(request))
        with guarded(request):
            if is_rewritable(response):
                await arewrite(request, response)
        return response


def is_rewritable(response: HttpResponseBase) -> bool:
    """Whether a response is one whose URLs may be changed.

    Left as it is: a part, one that is encoded, that another server sends, that says
    `no-transform` (RFC 9111 5.2.2.6), or `response.s3rewrite = False`.
    """
    return not (
        response.status_code in _UNTOUCHED_STATUS
        or getattr(response, "s3rewrite", True) is False
        or any(response.has_header(header) for header in _UNTOUCHED_HEADERS)
        or "no-transform" in response.get("Cache-Control", "").lower()
    )


def rewrite(request: HttpRequest, response: HttpResponseBase) -> None:
    """Link the files in a response's body and headers: one batch, splices only."""
    found = resolver(request)
    if changed := _parts(request, response, found):
        _apply(response, changed, found.resolve(urls(changed)))


async def arewrite(request: HttpRequest, response: HttpResponseBase) -> None:
    """As `rewrite`; the event loop does not wait for Redis."""
    found = resolver(request)
    if changed := _parts(request, response, found):
        _apply(response, changed, await found.aresolve(urls(changed)))


def _parts(request: HttpRequest, response: HttpResponseBase, resolver: Resolver) -> list[Part]:
    if request.method == "HEAD" and body_kind(response, resolver):
        _forget_absent_body(response)
    return parts(response, resolver)


def _forget_absent_body(response: HttpResponseBase) -> None:
    """Drop what depends on the body that GET would have, where a HEAD was answered without it.

    It would not be what GET says. RFC 9110 9.3.2
    """
    if isinstance(response, HttpResponse) and not response.content:
        for header in (*_STALE_HEADERS, "Content-Length", "ETag"):
            del response[header]


def _apply(
    response: HttpResponseBase, changed: Sequence[Part], links: Sequence[Link | None]
) -> None:
    values = dict(spliced(changed, links))
    body = values.pop("", None)
    if body is not None:
        set_headers(response, body)
    for header, value in values.items():
        response[header] = value.decode("latin-1")
    # Last, when nothing can fail any more: body and headers change both, or neither.
    if body is not None and isinstance(response, HttpResponse):
        response.content = body


def set_headers(response: HttpResponseBase, body: bytes) -> None:
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
