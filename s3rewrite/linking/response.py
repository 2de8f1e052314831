"""The parts of a response that hold URLs: its body, and two headers."""

from collections.abc import Iterable, Sequence
from itertools import islice
from typing import NamedTuple

from django.http import HttpResponse
from django.http.response import HttpResponseBase

from s3rewrite.linking.charsets import charset, hides_ascii, is_utf8
from s3rewrite.linking.resolver import Resolver
from s3rewrite.rewriters import headers
from s3rewrite.rewriters.bodies import BodyKind, kind_of, media_type
from s3rewrite.rewriters.search import MAX_URLS
from s3rewrite.rewriters.splice import splice
from s3rewrite.rewriters.table.lookup import is_context
from s3rewrite.rewriters.types import Candidate, Link, Scope


class ResponsePart(NamedTuple):
    """A header by its name, or the body, with the URLs that were found in it."""

    header: str
    value: bytes
    candidates: Sequence[Candidate]


def find_parts(response: HttpResponseBase, resolver: Resolver) -> list[ResponsePart]:
    """Those parts of a response that hold local URLs."""
    found = _header_parts(response, resolver)
    kind = body_kind(response, resolver)
    if kind and isinstance(response, HttpResponse):
        body = response.content
        found.append(_part("", body, kind.collect(body, body_scope(response, resolver, kind))))
    return [part for part in found if part.candidates]


def body_kind(response: HttpResponseBase, resolver: Resolver) -> BodyKind | None:
    """How a body's URLs are found; None where it is of another kind, or cannot be read."""
    content_type = response.get("Content-Type", "")
    kind = kind_of(media_type(content_type), resolver.targets_with(requested_contexts(response)))
    return None if kind is None or hides_ascii(charset(content_type)) else kind


def body_scope(response: HttpResponseBase, resolver: Resolver, kind: BodyKind) -> Scope:
    """What a body is searched for."""
    utf8 = kind.is_utf8 or is_utf8(charset(response.get("Content-Type", "")))
    return resolver.scope(utf8=utf8, contexts=requested_contexts(response))


def requested_contexts(response: HttpResponseBase) -> frozenset[str]:
    """The CONTEXTS that a view asks for besides those of the mounts.

    Raises ValueError for one that is none.
    """
    given = getattr(response, "s3rewrite", ())
    if isinstance(given, bool):
        return frozenset()
    contexts = frozenset({given} if isinstance(given, str) else given)
    if unknown := [name for name in contexts if not is_context(name)]:
        raise ValueError(f"response.s3rewrite asks for {unknown[0]!r}, which is no context")
    return contexts


def urls_of(found: Iterable[ResponsePart]) -> list[bytes]:
    """The URLs of all parts, to be resolved in one batch."""
    return [candidate.url for part in found for candidate in part.candidates]


def splice_parts(
    found: Iterable[ResponsePart], links: Iterable[Link | None]
) -> list[tuple[str, bytes]]:
    """Each part's header, "" for the body, and its new value."""
    rest = iter(links)
    return [
        (header, splice(value, candidates, list(islice(rest, len(candidates)))))
        for header, value, candidates in found
    ]


def _header_parts(response: HttpResponseBase, resolver: Resolver) -> list[ResponsePart]:
    scope = resolver.scope(utf8=False, contexts=requested_contexts(response))
    found = []
    for name in headers.NAMES:
        value = response.get(name, "").encode("latin-1")
        if value:
            found.append(_part(name, value, headers.collect(name, value, scope)))
    return found


def _part(header: str, value: bytes, candidates: Sequence[Candidate]) -> ResponsePart:
    return ResponsePart(header, value, candidates[:MAX_URLS])


# Not a whole body, or one whose bytes another server will send.
_STATUS = frozenset({204, 205, 206, 304})
_HEADERS = ("Content-Encoding", "X-Accel-Redirect", "X-Sendfile", "Content-Range")


def skip_reason(response: HttpResponseBase) -> str:
    """Why a response's URLs may not be changed; "" where they may.

    Left as it is: a part, one that is encoded, that another server sends, that is a file for
    the user to keep, that says `no-transform` (RFC 9111 5.2.2.6), or `response.s3rewrite = False`.
    """
    if response.status_code in _STATUS:
        return f"its status is {response.status_code}"
    if getattr(response, "s3rewrite", True) is False:
        return "response.s3rewrite is False"
    for header in _HEADERS:
        if response.has_header(header):
            return f"it has the header {header}"
    if response.get("Content-Disposition", "").lower().startswith("attachment"):
        return "it is an attachment"
    if "no-transform" in response.get("Cache-Control", "").lower():
        return "Cache-Control says no-transform"
    return ""
