"""Pages to explain. As ROOT_URLCONF."""

from collections.abc import Callable

from django.core.files.storage import FileSystemStorage
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, StreamingHttpResponse
from django.urls import path

from s3rewrite.linking.debugging import observe_response

BODY = '<img src="/media/a.jpg">\n<img src="/media/b.jpg"><a href="/media/a.jpg" download>'


class StorageWithoutUrls(FileSystemStorage):
    """Files that no URL leads to."""

    def url(self, name: str | None) -> str:
        raise NotImplementedError("no URLs here")


class WitnessMiddleware:
    """One who asks to see each response, as the debug toolbar's panel does."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        observe_response(request, id)
        return self.get_response(request)


class AnsweringMiddleware:
    """One who answers himself, as a cache does."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return all_linked(request)


def page(request: HttpRequest) -> HttpResponse:
    return HttpResponse(BODY)


def all_linked(request: HttpRequest) -> HttpResponse:
    return HttpResponse('<img src="/media/a.jpg">')


def stream(request: HttpRequest) -> StreamingHttpResponse:
    return StreamingHttpResponse([BODY[:30], BODY[30:]])


def moved(request: HttpRequest) -> HttpResponse:
    return HttpResponseRedirect("/page/")


def host(request: HttpRequest) -> HttpResponse:
    return HttpResponse(f"<img src='//{request.get_host()}/media/a.jpg'>")


def broken(request: HttpRequest) -> HttpResponse:
    raise RuntimeError("a mistake of the view")


def stream_of_a_feed(request: HttpRequest) -> StreamingHttpResponse:
    feed = "<rss><enclosure url='/media/a.jpg'/></rss>"
    return StreamingHttpResponse([feed], content_type="application/rss+xml")


def no_context(request: HttpRequest) -> HttpResponse:
    response = HttpResponse(BODY)
    response.s3rewrite = ["no such context"]  # type: ignore[attr-defined]
    return response


urlpatterns = [
    path("feed/", stream_of_a_feed),
    path("no-context/", no_context),
    path("page/", page),
    path("linked/", all_linked),
    path("stream/", stream),
    path("moved/", moved),
    path("host/", host),
    path("broken/", broken),
]
