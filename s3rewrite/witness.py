"""Shows a response, as it is before its URLs are changed, to whoever asks on the request."""

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase

from s3rewrite.guard import guarded

Witness = Callable[[HttpResponseBase], object]

_ATTRIBUTE = "_s3rewrite_witnesses"


def call_as_witness(request: HttpRequest, witness: Witness) -> None:
    """Have the middleware call `witness` with the response to this request, untouched."""
    setattr(request, _ATTRIBUTE, (*_witnesses(request), witness))


def show(request: HttpRequest, response: HttpResponseBase) -> None:
    """Call the witnesses of a request. An error of theirs is logged."""
    for witness in _witnesses(request):
        with guarded(request):
            witness(response)


def _witnesses(request: HttpRequest) -> tuple[Witness, ...]:
    return getattr(request, _ATTRIBUTE, ())


def copy_of(response: HttpResponseBase, body: bytes) -> HttpResponse:
    """A response with that body and the same headers, which stays as it is."""
    headers: dict[str, Any] = dict(response.headers)
    copy = HttpResponse(body, status=response.status_code, headers=headers)
    if hasattr(response, "s3rewrite"):
        copy.s3rewrite = response.s3rewrite  # type: ignore[attr-defined]
    return copy
