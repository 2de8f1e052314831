"""The gallery's pages. They do not know of S3: the middleware links what S3 holds."""

import socket
from pathlib import PurePosixPath
from urllib.parse import urlsplit

from django.conf import settings
from django.core.files.base import File
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_GET, require_POST

from demo.gallery.forms import OverwriteForm, UploadForm, as_named
from demo.gallery.models import Picture

SHOWN = 120
HEALTH_TIMEOUT = 0.5  # seconds


@require_GET
def gallery(request: HttpRequest) -> HttpResponse:
    """All pictures, the newest first."""
    context = {"pictures": Picture.objects.all()[:SHOWN], "form": UploadForm()}
    return render(request, "gallery/gallery.html", context)


@require_GET
def cards(request: HttpRequest) -> HttpResponse:
    """The pictures again, as the page's script asks for them; with `?only=`, one of them."""
    pictures = Picture.objects.all()
    if (only := request.GET.get("only", "")).isdecimal():
        pictures = pictures.filter(pk=only)
    return render(request, "gallery/_cards.html", {"pictures": pictures[:SHOWN]})


@require_GET
def picture(request: HttpRequest, pk: int) -> HttpResponse:
    """One picture, large, with its forms."""
    context = {"picture": get_object_or_404(Picture, pk=pk), "form": OverwriteForm()}
    return render(request, "gallery/picture.html", context)


@require_POST
def upload(request: HttpRequest) -> HttpResponse:
    """Add the uploaded pictures."""
    form = UploadForm(request.POST, request.FILES)
    if not form.is_valid():
        return _refused(request, form)
    for file in form.cleaned_data["images"]:
        Picture.objects.create(title=title_of(file.name), image=file)
    return _done(request)


@require_POST
def overwrite(request: HttpRequest, pk: int) -> HttpResponse:
    """Replace a picture by the uploaded one, under the same name."""
    picture = get_object_or_404(Picture, pk=pk)
    form = OverwriteForm(request.POST, request.FILES)
    if not form.is_valid():
        return _refused(request, form)
    image: File[bytes] = form.cleaned_data["image"]
    picture.overwrite(as_named(image, str(picture.image.name)))
    return _done(request, picture.get_absolute_url())


@require_POST
def delete(request: HttpRequest, pk: int) -> HttpResponse:
    """Delete a picture and its file."""
    get_object_or_404(Picture, pk=pk).delete()
    return _done(request)


@require_GET
def health(_request: HttpRequest) -> JsonResponse:
    """Whether Redis and S3 answer; the page's script asks."""
    redis_url = settings.CACHES["default"]["LOCATION"]
    s3_url = str(settings.S3REWRITE["media"]["PUBLIC_URL"])
    redis_answers = _answers(redis_url, b"PING\r\n")
    s3_answers = _answers(s3_url, b"GET /healthz HTTP/1.0\r\n\r\n")
    return JsonResponse({"redis": redis_answers, "s3": s3_answers})


def title_of(filename: str) -> str:
    """A title for a file: `evening_light-2.jpg` is "Evening light 2"."""
    words = PurePosixPath(filename).stem.replace("_", " ").replace("-", " ").split()
    title = " ".join(words)[:80]
    return title[:1].upper() + title[1:] or "Untitled"


def _answers(url: str, question: bytes) -> bool:
    """Whether a server sends an answer: a paused server still accepts connections."""
    parts = urlsplit(url)
    address = (parts.hostname or "", parts.port or 0)
    try:
        with socket.create_connection(address, HEALTH_TIMEOUT) as connection:
            connection.settimeout(HEALTH_TIMEOUT)
            connection.sendall(question)
            return bool(connection.recv(1))
    except OSError:
        return False


def _done(request: HttpRequest, url: str = "/") -> HttpResponse:
    if request.accepts("text/html"):
        return redirect(url)
    return JsonResponse({"errors": []})


def _refused(request: HttpRequest, form: UploadForm | OverwriteForm) -> HttpResponse:
    if request.accepts("text/html"):
        return render(request, "gallery/refused.html", {"form": form}, status=400)
    errors = [error for errors in form.errors.values() for error in errors]
    return JsonResponse({"errors": errors}, status=400)
