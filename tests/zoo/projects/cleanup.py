from typing import Any

from django.http import HttpRequest, HttpResponse
from django.urls import path

APPS = ["django_cleanup.apps.CleanupConfig"]
MEDIA = {"DELETE_MISSING": True, "DELETE_GRACE": 4, "MAX_STALENESS": 2}


def replace(request: HttpRequest) -> HttpResponse:
    from tests.zoo.shelf.models import Picture

    picture = Picture.objects.get()
    picture.image = request.FILES["image"]
    picture.save()
    return HttpResponse("saved")


def urls() -> list[Any]:
    return [path("replace/", replace)]
