"""Links the files in responses to S3: which responses, and which headers. The rest is elsewhere."""

from collections.abc import Awaitable, Callable, Sequence
from time import perf_counter
from typing import cast

from asgiref.sync import iscoroutinefunction, markcoroutinefunction
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase

from s3rewrite import conf
from s3rewrite.linking.body_headers import forget_absent_body, set_body_headers
from s3rewrite.linking.debugging import add_server_timing, notify_observers
from s3rewrite.linking.errors import guarded
from s3rewrite.linking.resolver import Resolver, get_resolver
from s3rewrite.linking.response import (
    ResponsePart,
    body_kind,
    find_parts,
    skip_reason,
    splice_parts,
    urls_of,
)
from s3rewrite.linking.streaming import link_stream
from s3rewrite.rewriters.types import Link

GetResponse = Callable[[HttpRequest], HttpResponseBase | Awaitable[HttpResponseBase]]


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
            notify_observers(request, response)
            if is_rewritable(response):
                rewrite(request, response)
        return response

    async def __acall__(self, request: HttpRequest) -> HttpResponseBase:
        response = await cast("Awaitable[HttpResponseBase]", self.get_response(request))
        with guarded(request):
            notify_observers(request, response)
            if is_rewritable(response):
                await arewrite(request, response)
        return response


def is_rewritable(response: HttpResponseBase) -> bool:
    """Whether a response is one whose URLs may be changed."""
    return not skip_reason(response)


def rewrite(request: HttpRequest, response: HttpResponseBase) -> None:
    """Link the files in a response's body and headers: one batch, splices only."""
    began = perf_counter()
    found = get_resolver(request)
    changed = _parts(request, response, found)
    links = found.resolve(urls_of(changed)) if changed else []
    _finish(response, changed, links, began)


async def arewrite(request: HttpRequest, response: HttpResponseBase) -> None:
    """As `rewrite`; the event loop does not wait for Redis."""
    began = perf_counter()
    found = get_resolver(request)
    changed = _parts(request, response, found)
    links = await found.aresolve(urls_of(changed)) if changed else []
    _finish(response, changed, links, began)


def _finish(
    response: HttpResponseBase,
    changed: Sequence[ResponsePart],
    links: Sequence[Link | None],
    began: float,
) -> None:
    if changed:
        _apply(response, changed, links)
    # Of a body that is yet to flow it is not known.
    if conf.is_debug() and not response.streaming:
        add_server_timing(response, perf_counter() - began, links)


def _parts(
    request: HttpRequest, response: HttpResponseBase, resolver: Resolver
) -> list[ResponsePart]:
    if request.method == "HEAD" and body_kind(response, resolver):
        forget_absent_body(response)
    if isinstance(response, StreamingHttpResponse):
        link_stream(request, response, resolver)
    return find_parts(response, resolver)


def _apply(
    response: HttpResponseBase, changed: Sequence[ResponsePart], links: Sequence[Link | None]
) -> None:
    values = dict(splice_parts(changed, links))
    body = values.pop("", None)
    if body is not None:
        set_body_headers(response, body)
    for header, value in values.items():
        response[header] = value.decode("latin-1")
    # Last, when nothing can fail any more: body and headers change both, or neither.
    if body is not None and isinstance(response, HttpResponse):
        response.content = body
