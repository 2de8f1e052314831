"""The page of a resident, and where pictures are sent to."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.template import RequestContext, Template
from django.views.static import serve

from tests.zoo.settings import project
from tests.zoo.shelf.models import Picture


def page(request: HttpRequest) -> HttpResponse:
    values = {"pictures": Picture.objects.all(), **getattr(project, "values", dict)()}
    text = f"<!DOCTYPE html><title>x</title>{settings.PAGE}"
    return HttpResponse(Template(text).render(RequestContext(request, values)))


def upload(request: HttpRequest) -> HttpResponse:
    Picture.objects.create(image=request.FILES["image"])
    return HttpResponse("saved")


def file(request: HttpRequest, name: str, root: Any) -> Any:
    return serve(request, name, root)
