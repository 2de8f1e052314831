"""The site's URLs: a page of pictures, Wagtail's admin, and the files."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.template import RequestContext, Template
from django.urls import include, path
from django.views.static import serve
from wagtail.admin import urls as wagtailadmin_urls
from wagtail.documents import get_document_model
from wagtail.documents import urls as wagtaildocs_urls
from wagtail.images import get_image_model

PAGE = """{% load wagtailimages_tags s3rewrite %}<!DOCTYPE html><title>x</title>
{% image photo fill-200x100 %}
{% image photo fill-90x90 as rendition %}<img id=tag src="{% s3_url rendition %}" alt>
<picture>{% srcset_image photo width-{100,300} sizes="50vw" %}</picture>
<div style="background-image: url('{{ rendition.url }}')"></div>
<a id=document href="{% s3_url document %}">x</a>
<a id=file href="{% s3_url document.file %}">x</a>"""


def page(request: HttpRequest) -> HttpResponse:
    values = {
        "photo": get_image_model().objects.get(),
        "document": get_document_model().objects.get(),
    }
    return HttpResponse(Template(PAGE).render(RequestContext(request, values)))


def file(request: HttpRequest, name: str, root: Any) -> Any:
    return serve(request, name, root)


urlpatterns = [
    path("", page),
    path("cms/", include(wagtailadmin_urls)),
    path("documents/", include(wagtaildocs_urls)),
    path("media/<path:name>", file, {"root": settings.MEDIA_ROOT}),
    path("static/<path:name>", file, {"root": settings.STATIC_ROOT}),
    path("favicon.ico", lambda request: HttpResponse(content_type="image/x-icon")),
]
