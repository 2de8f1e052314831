"""Links the files in responses to S3: when, and in which order. How is in `linking`."""

from collections.abc import Awaitable, Callable, Sequence
from time import perf_counter
from typing import cast

from asgiref.sync import iscoroutinefunction, markcoroutinefunction
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase

from s3rewrite import conf
from s3rewrite.linking import body_headers
from s3rewrite.linking.access import of_response, of_stream
from s3rewrite.linking.debugging import add_server_timing, notify_observers
from s3rewrite.linking.errors import contain_errors
from s3rewrite.linking.resolver import Resolver, get_resolver
from s3rewrite.linking.response import (
    ResponsePart,
    find_parts,
    inspect,
    skip_reason,
    splice_parts,
    urls_of,
)
from s3rewrite.linking.streaming import link_stream
from s3rewrite.linking.visits import Visit, begin_visit
from s3rewrite.rewriters.types import Link

GetResponse = Callable[[HttpRequest], HttpResponseBase | Awaitable[HttpResponseBase]]


class S3RewriteMiddleware:
    """Django middleware, native in sync and in async."""

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
        visit = _begin_visit(request)
        response = cast("HttpResponseBase", self.get_response(request))
        with contain_errors(request):
            notify_observers(request, response)
            if not skip_reason(response):
                rewrite(request, response)
        _finish_visit(visit, response)
        return response

    async def __acall__(self, request: HttpRequest) -> HttpResponseBase:
        visit = _begin_visit(request)
        response = await cast("Awaitable[HttpResponseBase]", self.get_response(request))
        with contain_errors(request):
            notify_observers(request, response)
            if not skip_reason(response):
                await arewrite(request, response)
        _finish_visit(visit, response)
        return response


def _begin_visit(request: HttpRequest) -> Visit | None:
    with contain_errors(request):
        return begin_visit(request) if conf.has_private() else None
    return None


def _finish_visit(visit: Visit | None, response: HttpResponseBase) -> None:
    if visit:
        with contain_errors(visit.request):
            visit.finish(response)


def rewrite(request: HttpRequest, response: HttpResponseBase) -> None:
    """Link the files in a response's body and headers: one batch, splices only."""
    started, resolver = perf_counter(), get_resolver(request)
    parts, access = _prepare(request, response, resolver), of_response(request, response)
    links = resolver.resolve(urls_of(parts), access)
    _finish(response, resolver, (parts, links), started)


async def arewrite(request: HttpRequest, response: HttpResponseBase) -> None:
    """As `rewrite`; the event loop does not wait for Redis."""
    started, resolver = perf_counter(), get_resolver(request)
    parts, access = _prepare(request, response, resolver), of_response(request, response)
    links = await resolver.aresolve(urls_of(parts), access)
    _finish(response, resolver, (parts, links), started)


def _prepare(
    request: HttpRequest, response: HttpResponseBase, resolver: Resolver
) -> list[ResponsePart]:
    """The parts to link at once; a body that streams is linked as it flows."""
    inspection = inspect(response, resolver)
    if request.method == "HEAD" and inspection.searched_kind:
        body_headers.forget_absent_body(response)
    if isinstance(response, StreamingHttpResponse):
        link_stream(request, response, inspection, of_stream(request, response))
    return find_parts(response, inspection)


def _finish(
    response: HttpResponseBase,
    resolver: Resolver,
    linked: tuple[Sequence[ResponsePart], Sequence[Link | None]],
    started: float,
) -> None:
    parts, links = linked
    values = dict(splice_parts(parts, links))
    body = values.pop("", None)
    if body is not None:
        body_headers.set_body_headers(response, body)
    for header, value in values.items():
        response[header] = value.decode("latin-1")
    if body is not None:
        body_headers.add_preconnects(response, links, resolver)
    # Last, when nothing can fail any more: body and headers change both, or neither.
    if body is not None and isinstance(response, HttpResponse):
        response.content = body
    # How long a body that streams will take is not known yet.
    if conf.is_debug() and not response.streaming:
        add_server_timing(response, perf_counter() - started, links)
