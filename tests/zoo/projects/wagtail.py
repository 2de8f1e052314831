from typing import Any

from django.core.files.base import ContentFile
from django.http import HttpRequest, HttpResponse
from django.urls import include, path

APPS = [
    *(f"wagtail.{name}" for name in "users snippets documents images search admin".split()),
    "wagtail",
    "taggit",
]
SETTINGS = {
    "WAGTAIL_SITE_NAME": "A site",
    "WAGTAILADMIN_BASE_URL": "http://127.0.0.1",
    "WAGTAIL_GRAVATAR_PROVIDER_URL": None,
    "WAGTAIL_ENABLE_UPDATE_CHECK": False,
}


def upload(request: HttpRequest) -> HttpResponse:
    from wagtail.documents import get_document_model
    from wagtail.images import get_image_model

    get_image_model().objects.create(title="a title", file=request.FILES["image"])
    get_document_model().objects.create(title="x", file=ContentFile(b"%PDF-1.4", "a.pdf"))
    return HttpResponse("saved")


def urls() -> list[Any]:
    from wagtail.documents import urls as documents

    from tests.sites.wagtail_urls import page

    return [path("", page), path("photo/", upload), path("documents/", include(documents))]
