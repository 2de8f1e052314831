"""Shows a response to developers: as it was before its URLs changed, and how long they took."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase

from s3rewrite.linking.errors import contain_errors
from s3rewrite.linking.visits import MARK
from s3rewrite.rewriters.types import Link

Observer = Callable[[HttpResponseBase], object]

_OBSERVERS = "_s3rewrite_observers"
"""The attribute of a request that holds its observers."""


def observe_response(request: HttpRequest, observer: Observer) -> None:
    """Have the middleware call `observer` with the response to this request, unchanged yet."""
    setattr(request, _OBSERVERS, (*getattr(request, _OBSERVERS, ()), observer))


def notify_observers(request: HttpRequest, response: HttpResponseBase) -> None:
    """Call the observers of a request. Their errors are logged."""
    for observer in getattr(request, _OBSERVERS, ()):
        with contain_errors(request):
            observer(response)


def copy_response(response: HttpResponseBase, body: bytes) -> HttpResponse:
    """A response with that body and the same headers, which later changes do not reach."""
    headers: dict[str, Any] = dict(response.headers)
    copy = HttpResponse(body, status=response.status_code, headers=headers)
    for mark in ("s3rewrite", MARK):
        if hasattr(response, mark):
            setattr(copy, mark, getattr(response, mark))
    return copy


METRIC = "s3rewrite"
"""The name of the metric in the header `Server-Timing`. https://www.w3.org/TR/server-timing/"""

_TIMING = "_s3rewrite_timing"
"""The attribute of a response that holds its timing."""


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
        return f'{METRIC};dur={self.seconds * 1000:.2f};desc="{self.description}"'


def add_server_timing(
    response: HttpResponseBase, seconds: float, links: Sequence[Link | None]
) -> None:
    """Add the header to a response, beside the metrics that it has already."""
    timing = ServerTiming(seconds, len(links), sum(link is not None for link in links))
    setattr(response, _TIMING, timing)
    others = response.get("Server-Timing")
    response["Server-Timing"] = f"{others}, {timing.metric()}" if others else timing.metric()


def server_timing_of(response: HttpResponseBase) -> ServerTiming | None:
    """The timing that was added to a response, if one was."""
    timing: ServerTiming | None = getattr(response, _TIMING, None)
    return timing
