"""What becomes of each local URL in a response, and why: its place, and what S3 holds."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from django.http import HttpRequest, HttpResponse

from s3rewrite import conf
from s3rewrite.core.paths import is_harmless_query
from s3rewrite.explain.bodies import explain, explain_header
from s3rewrite.explain.occurrences import Occurrence
from s3rewrite.explain.publication import why_local
from s3rewrite.explain.reasons import DOCUMENT, Reason
from s3rewrite.linking.access import Access, explained
from s3rewrite.linking.resolver import Resolver, get_resolver
from s3rewrite.linking.response import Inspection, inspect, skip_reason
from s3rewrite.rewriters import headers
from s3rewrite.rewriters.table.conditions import is_document
from s3rewrite.rewriters.types import Candidate, Link

ALREADY = Reason("already", "an S3 URL already, as a template tag or a view writes it")
UNSEEN = Reason("middleware", "the page does not pass S3RewriteMiddleware")


class UrlOutcome(NamedTuple):
    """What becomes of one local URL.

    `header` is the header that it stands in, "" for the body; `line` counts from 1; `place` and
    `rows` are those of the context table. `link` is the S3 URL; without one, `reasons` say why.
    `is_candidate` tells whether the place allows a link.
    """

    header: str
    line: int
    url: str
    place: str
    rows: tuple[str, ...]
    is_candidate: bool
    link: str
    reasons: tuple[Reason, ...]

    @property
    def verdict(self) -> str:
        """`S3`, `local`, or `left` for a URL that no link is looked up for."""
        if self.link:
            return "S3"
        return "local" if self.is_candidate else "left"

    def as_dict(self) -> dict[str, Any]:
        """For machines."""
        reasons = [reason._asdict() for reason in self.reasons]
        return {**self._asdict(), "verdict": self.verdict, "reasons": reasons}


@dataclass
class Explanation:
    """What becomes of the local URLs of a response; `notice` says why its body is not searched."""

    outcomes: list[UrlOutcome] = field(default_factory=list)
    notice: str = ""

    @property
    def candidates(self) -> list[UrlOutcome]:
        """The URLs at places that allow a link."""
        return [outcome for outcome in self.outcomes if outcome.is_candidate]

    @property
    def linked(self) -> list[UrlOutcome]:
        """The URLs that are linked to S3."""
        return [outcome for outcome in self.outcomes if outcome.link]

    def without_middleware(self) -> "Explanation":
        """The same of a page that the middleware does not see."""
        outcomes = [
            outcome._replace(link="", reasons=(UNSEEN,)) if outcome.link else outcome
            for outcome in self.outcomes
        ]
        hint = "is it in MIDDLEWARE, and does none above it answer?"
        return Explanation(outcomes, self.notice or f"Nothing is linked, as {UNSEEN.text}: {hint}")

    def summary(self) -> str:
        """One line for people."""
        others = len(self.outcomes) - len(self.candidates)
        counts = f"{len(self.linked)} of {len(self.candidates)} linked"
        return f"{counts}, {others} left alone" if others else counts

    def as_dict(self) -> dict[str, Any]:
        """For machines."""
        outcomes = [outcome.as_dict() for outcome in self.outcomes]
        return {"notice": self.notice, "outcomes": outcomes}


def explain_response(
    request: HttpRequest, response: HttpResponse, *, streams: bool = False
) -> Explanation:
    """What the middleware makes of a response to a request, which it has not changed yet.

    `streams` says that its body is one that came in pieces.
    """
    if why := skip_reason(response):
        return Explanation(notice=f"The response is left as it is: {why}.")
    inspection = inspect(response, get_resolver(request))
    with explained(request, response) as access:
        return _explained(response, inspection, access, streams=streams)


def _explained(
    response: HttpResponse, inspection: Inspection, access: Access | None, *, streams: bool
) -> Explanation:
    in_headers = _in_headers(response, inspection, access)
    kind, content_type = inspection.kind, response.get("Content-Type", "")
    if kind is None:
        skipped = f"{content_type or 'such'} bodies"
    elif inspection.hides_ascii:
        skipped = f"the charset of {content_type}"
    elif streams and kind.reader is None:
        skipped = f"{content_type} that streams"
    else:
        body = response.content
        places = explain(body, inspection.body_scope, kind.collect)
        return Explanation([*in_headers, *_outcomes(body, places, inspection.resolver, access)])
    return Explanation(in_headers, f"No URLs are looked for in {skipped}.")


def explain_urls(request: HttpRequest, urls: Sequence[str]) -> Explanation:
    """What becomes of URLs, or what would at a place that allows a link."""
    encoded = [url.encode("utf-8", "surrogatepass") for url in urls]
    places = [
        Occurrence(0, 0, "", url, reasons=(DOCUMENT,))
        if is_document(url)
        else Occurrence(0, 0, "", url, candidate=Candidate(0, url))
        for url in encoded
    ]
    outcomes = _outcomes(b"", places, get_resolver(request))
    return Explanation([outcome._replace(line=0) for outcome in outcomes])


def _in_headers(
    response: HttpResponse, inspection: Inspection, access: Access | None
) -> list[UrlOutcome]:
    outcomes: list[UrlOutcome] = []
    for name in headers.NAMES:
        value = response.get(name, "").encode("latin-1")
        places = explain_header(name, value, inspection.header_scope)
        found = _outcomes(value, places, inspection.resolver, access)
        outcomes += [outcome._replace(header=name) for outcome in found]
    return outcomes


def _outcomes(
    body: bytes, places: Sequence[Occurrence], resolver: Resolver, access: Access | None = None
) -> list[UrlOutcome]:
    """What becomes of the URLs at places of a body, or of a header's value; one batch."""
    urls = [place.url for place in places if place.candidate]
    links = resolver.resolve(urls, access)
    local = [url for url, link in zip(urls, links, strict=True) if link is None]
    next_links, next_reasons = iter(links), iter(why_local(resolver, local))
    outcomes: list[UrlOutcome] = []
    line, start = 1, 0
    for place in places:
        line, start = line + body.count(b"\n", start, place.start), place.start
        link = next(next_links) if place.candidate else None
        is_local = place.candidate and link is None
        why = (next(next_reasons),) if is_local else _why_left(place)
        outcomes.append(_outcome(place, link, why)._replace(line=line))
    return outcomes


def _why_left(place: Occurrence) -> tuple[Reason, ...]:
    publics = tuple(mount.public_url.encode() for mount in conf.mounts().values())
    return (ALREADY,) if place.reasons and place.url.startswith(publics) else place.reasons


def _unsigned(url: bytes) -> bytes:
    """A URL without the signature that a tag gave it: what is explained is shown, and kept."""
    path, _, query = url.partition(b"?")
    private = [mount.public_url.encode() for mount in conf.mounts().values() if mount.is_private]
    is_signed = url.startswith(tuple(private)) or not is_harmless_query(query)
    return path if private and is_signed else url


def _outcome(place: Occurrence, link: Link | None, why: tuple[Reason, ...]) -> UrlOutcome:
    to = link.text + place.url[link.length :] if link else b""
    url, s3_url = (_unsigned(text).decode("utf-8", "replace") for text in (place.url, to))
    is_candidate = place.candidate is not None
    return UrlOutcome("", 0, url, place.place, place.rows, is_candidate, s3_url, why)
