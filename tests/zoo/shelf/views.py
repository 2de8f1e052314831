"""The page of a resident, and where pictures are sent to."""

from typing import Any

from django.conf import settings
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse
from django.template import RequestContext, Template
from django.views.static import serve

from tests.zoo.shelf.models import Picture


def signed_in(get_response: Any) -> Any:
    """Middleware: every visitor is the boss."""

    def middleware(request: HttpRequest) -> Any:
        request.user = User.objects.get_or_create(
            username="boss", is_staff=True, is_superuser=True
        )[0]
        request._dont_enforce_csrf_checks = True  # type: ignore[attr-defined]
        return get_response(request)

    return middleware


def page(request: HttpRequest) -> HttpResponse:
    values = {"pictures": Picture.objects.all()}
    text = f"<!DOCTYPE html><title>x</title>{settings.PAGE}"
    return HttpResponse(Template(text).render(RequestContext(request, values)))


def upload(request: HttpRequest) -> HttpResponse:
    Picture.objects.create(image=request.FILES["image"])
    return HttpResponse("saved")


def file(request: HttpRequest, name: str, root: Any) -> Any:
    return serve(request, name, root)
