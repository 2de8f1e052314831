"""Shows a response, as it is before its URLs are changed, to whoever asks on the request."""

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase

Witness = Callable[[HttpResponseBase], object]

_ATTRIBUTE = "_s3rewrite_witness"


def call_as_witness(request: HttpRequest, witness: Witness) -> None:
    """Have the middleware call `witness` with the response to this request, untouched."""
    setattr(request, _ATTRIBUTE, witness)


def show(request: HttpRequest, response: HttpResponseBase) -> None:
    """Call the witness of a request, if it has one."""
    witness: Witness | None = getattr(request, _ATTRIBUTE, None)
    if witness is not None:
        witness(response)


def copy_of(response: HttpResponseBase, body: bytes) -> HttpResponse:
    """A response with that body and the same headers, which stays as it is."""
    headers: dict[str, Any] = dict(response.headers)
    copy = HttpResponse(body, status=response.status_code, headers=headers)
    if hasattr(response, "s3rewrite"):
        copy.s3rewrite = response.s3rewrite  # type: ignore[attr-defined]
    return copy
