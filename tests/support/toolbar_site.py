"""Pages with the toolbar. As ROOT_URLCONF, where its app is installed."""

from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.urls import include, path

BODY = b"""<body><img src=/media/a.jpg>
<img src="/media/%2f<script>alert(1)</script>"><p title="/media/b"></p></body>"""


def page(request: HttpRequest) -> HttpResponse:
    return HttpResponse(BODY)


async def async_page(request: HttpRequest) -> HttpResponse:
    return HttpResponse(BODY)


def stream(request: HttpRequest) -> StreamingHttpResponse:
    return StreamingHttpResponse([BODY])


urlpatterns = [
    path("page/", page),
    path("async/", async_page),
    path("stream/", stream),
    path("__debug__/", include("debug_toolbar.urls")),
]
