"""Shows a response, as it is before its URLs are changed, to whoever asks on the request."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase

from s3rewrite.linking.errors import guarded
from s3rewrite.rewriters.types import Link

Observer = Callable[[HttpResponseBase], object]

_ATTRIBUTE = "_s3rewrite_witnesses"


def observe_response(request: HttpRequest, witness: Observer) -> None:
    """Have the middleware call `witness` with the response to this request, untouched."""
    setattr(request, _ATTRIBUTE, (*_witnesses(request), witness))


def notify_observers(request: HttpRequest, response: HttpResponseBase) -> None:
    """Call the witnesses of a request. An error of theirs is logged."""
    for witness in _witnesses(request):
        with guarded(request):
            witness(response)


def _witnesses(request: HttpRequest) -> tuple[Observer, ...]:
    return getattr(request, _ATTRIBUTE, ())


def copy_of(response: HttpResponseBase, body: bytes) -> HttpResponse:
    """A response with that body and the same headers, which stays as it is."""
    headers: dict[str, Any] = dict(response.headers)
    copy = HttpResponse(body, status=response.status_code, headers=headers)
    if hasattr(response, "s3rewrite"):
        copy.s3rewrite = response.s3rewrite  # type: ignore[attr-defined]
    return copy


NAME = "s3rewrite"
_ATTRIBUTE = "_s3rewrite_timing"


@dataclass(frozen=True, slots=True)
class ServerTiming:
    """How long a response's URLs took, in seconds, how many there were and how many are linked."""

    seconds: float
    candidates: int
    linked: int

    @property
    def description(self) -> str:
        """In words."""
        return f"{self.linked} of {self.candidates} linked"

    def metric(self) -> str:
        """As the header has it."""
        return f'{NAME};dur={self.seconds * 1000:.2f};desc="{self.description}"'


def add_server_timing(
    response: HttpResponseBase, seconds: float, links: Sequence[Link | None]
) -> None:
    """Add the header to a response, beside the metrics that it has already."""
    timing = ServerTiming(seconds, len(links), sum(link is not None for link in links))
    setattr(response, _ATTRIBUTE, timing)
    others = response.get("Server-Timing")
    response["Server-Timing"] = f"{others}, {timing.metric()}" if others else timing.metric()


def server_timing_of(response: HttpResponseBase) -> ServerTiming | None:
    """What was told of a response, if anything was."""
    found: ServerTiming | None = getattr(response, _ATTRIBUTE, None)
    return found
