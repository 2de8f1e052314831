"""The `Server-Timing` header, for whoever looks at a page of a site under development.

https://www.w3.org/TR/server-timing/, 3 The Server-Timing Header Field. Times are in milliseconds.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from django.http.response import HttpResponseBase

from s3rewrite.rewriters.scope import Link

NAME = "s3rewrite"
_ATTRIBUTE = "_s3rewrite_timing"


@dataclass(frozen=True, slots=True)
class Timing:
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


def tell(response: HttpResponseBase, seconds: float, links: Sequence[Link | None]) -> None:
    """Add the header to a response, beside the metrics that it has already."""
    timing = Timing(seconds, len(links), sum(link is not None for link in links))
    setattr(response, _ATTRIBUTE, timing)
    others = response.get("Server-Timing")
    response["Server-Timing"] = f"{others}, {timing.metric()}" if others else timing.metric()


def told(response: HttpResponseBase) -> Timing | None:
    """What was told of a response, if anything was."""
    found: Timing | None = getattr(response, _ATTRIBUTE, None)
    return found
