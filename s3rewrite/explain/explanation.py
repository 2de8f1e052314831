"""What becomes of each local URL in a response, and why: the places, and what S3 holds."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from django.http import HttpRequest, HttpResponse

from s3rewrite import conf
from s3rewrite.explain import ExplainedPlace, Reason, explain, explain_header
from s3rewrite.explain.publication import why_local
from s3rewrite.linking.resolver import Resolver, get_resolver
from s3rewrite.linking.response import Inspection, inspect, skip_reason
from s3rewrite.rewriters import headers
from s3rewrite.rewriters.types import Candidate, Link

ALREADY = Reason("already", "an S3 URL already, as a template tag or a view writes it")


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
        """`S3`, `local`, or `left` for what no link is looked up for."""
        if self.link:
            return "S3"
        return "local" if self.is_candidate else "left"

    def as_dict(self) -> dict[str, Any]:
        """For machines."""
        reasons = [reason._asdict() for reason in self.reasons]
        return {**self._asdict(), "verdict": self.verdict, "reasons": reasons}


@dataclass
class Explanation:
    """What becomes of the local URLs of a response; `notice` says why none is looked at."""

    outcomes: list[UrlOutcome] = field(default_factory=list)
    notice: str = ""

    @property
    def candidates(self) -> list[UrlOutcome]:
        """Those at places that allow a link."""
        return [one for one in self.outcomes if one.is_candidate]

    @property
    def linked(self) -> list[UrlOutcome]:
        """Those that are linked to S3."""
        return [one for one in self.outcomes if one.link]

    def summary(self) -> str:
        """One line for people."""
        others = len(self.outcomes) - len(self.candidates)
        counts = f"{len(self.linked)} of {len(self.candidates)} linked"
        return f"{counts}, {others} left alone" if others else counts

    def as_dict(self) -> dict[str, Any]:
        """For machines."""
        return {"notice": self.notice, "outcomes": [one.as_dict() for one in self.outcomes]}


def explain_response(
    request: HttpRequest, response: HttpResponse, *, streams: bool = False
) -> Explanation:
    """What the middleware makes of a response to a request, which it has not changed yet.

    `streams` says that its body is one that came in pieces.
    """
    if why := skip_reason(response):
        return Explanation(notice=f"The response is left as it is: {why}.")
    resolver = get_resolver(request)
    inspection = inspect(response, resolver)
    in_headers = _in_headers(response, resolver, inspection)
    kind, content_type = inspection.kind, response.get("Content-Type", "")
    if kind is None:
        skipped = f"{content_type or 'such'} bodies"
    elif inspection.hides_ascii:
        skipped = f"the charset of {content_type}"
    elif streams and kind.reader is None:
        skipped = f"{content_type} that streams"
    else:
        body = response.content
        explained = explain(body, inspection.body_scope, kind.collect)
        return Explanation([*in_headers, *outcomes(body, explained, resolver)])
    return Explanation(in_headers, f"No URLs are looked for in {skipped}.")


def explain_urls(request: HttpRequest, urls: Sequence[str]) -> Explanation:
    """What becomes of URLs, or what would at a place that allows a link."""
    found = get_resolver(request)
    encoded = [url.encode("utf-8", "surrogatepass") for url in urls]
    explained = [ExplainedPlace(0, url, "", (), Candidate(0, url), ()) for url in encoded]
    return Explanation([one._replace(line=0) for one in outcomes(b"", explained, found)])


def _in_headers(
    response: HttpResponse, resolver: Resolver, inspection: Inspection
) -> list[UrlOutcome]:
    found: list[UrlOutcome] = []
    for name in headers.NAMES:
        value = response.get(name, "").encode("latin-1")
        found += outcomes(
            value, explain_header(name, value, inspection.header_scope), resolver, name
        )
    return found


def outcomes(
    body: bytes, explained: Sequence[ExplainedPlace], resolver: Resolver, header: str = ""
) -> list[UrlOutcome]:
    """The places that a body has, with what becomes of each; one batch."""
    urls = [one.url for one in explained if one.candidate]
    links = resolver.resolve(urls)
    local = [url for url, link in zip(urls, links, strict=True) if link is None]
    linked, reasons = iter(links), iter(why_local(resolver, local))
    found: list[UrlOutcome] = []
    line, at = 1, 0
    for one in explained:
        line, at = line + body.count(b"\n", at, one.start), one.start
        link = next(linked) if one.candidate else None
        why = _why(one) if link or not one.candidate else (next(reasons),)
        found.append(_outcome(header, line, one, link, why))
    return found


def _why(one: ExplainedPlace) -> tuple[Reason, ...]:
    publics = tuple(mount.public_url.encode() for mount in conf.mounts().values())
    return (ALREADY,) if one.reasons and one.url.startswith(publics) else one.reasons


def _outcome(
    header: str, line: int, one: ExplainedPlace, link: Link | None, why: tuple[Reason, ...]
) -> UrlOutcome:
    url = one.url.decode("utf-8", "replace")
    to = (link.text + one.url[link.length :]).decode("utf-8", "replace") if link else ""
    is_candidate = one.candidate is not None
    return UrlOutcome(header, line, url, one.place, one.rows, is_candidate, to, why)
