"""A page of the site, fetched as a visitor would, without a server."""

from typing import NamedTuple, cast

from django.core.handlers.wsgi import WSGIRequest
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.test import Client
from django.test.client import ClientHandler

from s3rewrite import conf
from s3rewrite.linking.debugging import copy_response, observe_response


def default_host() -> str:
    """The first host of ALLOWED_HOSTS that names one, or `localhost`."""
    hosts = [host.removeprefix(".") for host in conf.allowed_hosts()]
    return next((host for host in hosts if "*" not in host), "localhost")


class Fetched(NamedTuple):
    """A page: its request, its whole response before the middleware changed it, if it streams.

    `passes` tells whether the middleware saw the response at all.
    """

    request: WSGIRequest
    response: HttpResponse
    streams: bool
    passes: bool


def fetch(path: str, host: str) -> Fetched:
    """GET a page. Raises what the view raises."""
    handler = _ObservedSite(enforce_csrf_checks=False)
    client = Client(headers={"host": host})
    client.handler = handler
    response = client.get(path, secure=conf.is_https_only())
    # Without the middleware, or where an outer one answers, the response is unchanged anyway.
    unchanged = handler.seen or whole(response)
    passes = handler.seen is not None
    return Fetched(response.wsgi_request, unchanged, response.streaming, passes)


def whole(response: HttpResponseBase) -> HttpResponse:
    """A copy of a response. A body that streams is read, and put back."""
    if isinstance(response, StreamingHttpResponse):
        body = b"".join(response)
        response.streaming_content = [body]
        return copy_response(response, body)
    return copy_response(response, cast("HttpResponse", response).content)


class _ObservedSite(ClientHandler):
    """The site; keeps the response as it was before the middleware changed it."""

    seen: HttpResponse | None = None

    def get_response(self, request: HttpRequest) -> HttpResponseBase:
        observe_response(request, self._keep)
        return super().get_response(request)

    def _keep(self, response: HttpResponseBase) -> None:
        self.seen = whole(response)
