"""A page of the site, fetched as a visitor would, without a server."""

from typing import NamedTuple, cast

from django.core.handlers.wsgi import WSGIRequest
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.test import Client
from django.test.client import ClientHandler

from s3rewrite import conf
from s3rewrite.linking.debugging import copy_response, observe_response


class FetchedPage(NamedTuple):
    """A request, the response to it as it was before the middleware changed it, all of it.

    `streams` tells whether it came in pieces.
    """

    request: WSGIRequest
    response: HttpResponse
    streams: bool


def default_host() -> str:
    """The first host of ALLOWED_HOSTS that names one, or `localhost`."""
    hosts = [host.removeprefix(".") for host in conf.allowed_hosts()]
    return next((host for host in hosts if "*" not in host), "localhost")


def fetch(path: str, host: str) -> FetchedPage:
    """GET a page. Raises what the view raises."""
    handler = _ObservedSite(enforce_csrf_checks=False)
    client = Client(headers={"host": host})
    client.handler = handler
    answered = client.get(path, secure=conf.is_https_only())
    return FetchedPage(answered.wsgi_request, handler.seen or whole(answered), answered.streaming)


def whole(response: HttpResponseBase) -> HttpResponse:
    """A copy of a response; one that streams is read, and its body put back."""
    if isinstance(response, StreamingHttpResponse):
        body = b"".join(response)
        response.streaming_content = [body]
        return copy_response(response, body)
    return copy_response(response, cast("HttpResponse", response).content)


class _ObservedSite(ClientHandler):
    """The site, whose middleware shows each response as it was."""

    seen: HttpResponse | None = None

    def get_response(self, request: HttpRequest) -> HttpResponseBase:
        observe_response(request, self._see)
        return super().get_response(request)

    def _see(self, response: HttpResponseBase) -> None:
        self.seen = whole(response)
