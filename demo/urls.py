"""The demo's URLs: the gallery, the admin, and the local files."""

from django.conf import settings
from django.contrib import admin
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.urls import include, path
from django.views.decorators.cache import cache_control
from django.views.generic import RedirectView
from django.views.static import serve


@cache_control(no_cache=True)
def local_file(request: HttpRequest, path: str, document_root: str) -> HttpResponseBase:
    """A file from the local disk. In production a web server such as nginx does this."""
    return serve(request, path, document_root=document_root)


urlpatterns = [
    path("", include("demo.gallery.urls")),
    path("admin/", admin.site.urls),
    path("media/<path:path>", local_file, {"document_root": settings.MEDIA_ROOT}),
    path("static/<path:path>", local_file, {"document_root": settings.STATIC_ROOT}),
    path("favicon.ico", RedirectView.as_view(url="/static/gallery/favicon.svg")),
]
