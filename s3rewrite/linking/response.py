"""Whether a response is rewritten, and its parts that hold URLs: its body, and two headers."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from itertools import islice
from typing import Any, NamedTuple

from django.http import HttpResponse
from django.http.response import HttpResponseBase

from s3rewrite import conf
from s3rewrite.linking.charsets import charset_of, hides_ascii, is_utf8
from s3rewrite.linking.resolver import Resolver
from s3rewrite.rewriters import headers
from s3rewrite.rewriters.bodies import BodyKind, kind_of
from s3rewrite.rewriters.policies import hashed_rows
from s3rewrite.rewriters.search import MAX_URLS
from s3rewrite.rewriters.splice import splice
from s3rewrite.rewriters.table.lookup import is_context
from s3rewrite.rewriters.types import Candidate, Link, Scope

# Not a whole body, or one whose bytes another server will send.
_SKIPPED_STATUSES = frozenset({204, 205, 206, 304})
_SKIPPED_HEADERS = ("Content-Encoding", "X-Accel-Redirect", "X-Sendfile", "Content-Range")

_EMBEDDER_POLICIES = ("Cross-Origin-Embedder-Policy", "Document-Isolation-Policy")
_CSP_CONFIGS = ("_csp_config", "_csp_update", "_csp_replace")


def skip_reason(response: HttpResponseBase) -> str:
    """Why a response's URLs may not be changed; "" where they may.

    Skipped are a part of a body, a body that is encoded or that another server sends, a file
    for the user to keep, `no-transform` (RFC 9111 5.2.2.6) and `response.s3rewrite = False`.
    """
    if response.status_code in _SKIPPED_STATUSES:
        return f"its status is {response.status_code}"
    if getattr(response, "s3rewrite", True) is False:
        return "response.s3rewrite is False"
    for header in _SKIPPED_HEADERS:
        if response.has_header(header):
            return f"it has the header {header}"
    if response.get("Content-Disposition", "").lower().startswith("attachment"):
        return "it is an attachment"
    if "no-transform" in response.get("Cache-Control", "").lower():
        return "Cache-Control says no-transform"
    return ""


class Inspection(NamedTuple):
    """What the headers of a response, and its view, say of its parts. Worked out once.

    `kind` follows from the media type alone; it is None where no rewriter reads such bodies.
    """

    resolver: Resolver
    kind: BodyKind | None
    hides_ascii: bool
    header_scope: Scope
    body_scope: Scope

    @property
    def searched_kind(self) -> BodyKind | None:
        """How the body's URLs are found; None where no mount asks for that, or it is unreadable."""
        if self.kind is None or self.hides_ascii:
            return None
        return self.kind if self.kind.is_asked_by(self.body_scope.targets) else None


def inspect(response: HttpResponseBase, resolver: Resolver) -> Inspection:
    """What is known of a response before its parts are read.

    Raises ValueError where its view asks for a context that does not exist.
    """
    facts = (_requested_contexts(response), _requires_corp(response), _hashed(response))
    return _inspection(resolver, response.get("Content-Type", ""), *facts)


@lru_cache(maxsize=64)
def _inspection(
    resolver: Resolver,
    content_type: str,
    contexts: frozenset[str],
    requires_corp: bool,
    hashed: frozenset[str],
) -> Inspection:
    kind, charset = kind_of(content_type), charset_of(content_type)
    scope = resolver.scope(utf8=False, contexts=contexts)
    scope = replace(scope, requires_corp=requires_corp, hashed=hashed if kind else frozenset())
    utf8 = (kind is not None and kind.is_utf8) or is_utf8(charset)
    return Inspection(resolver, kind, hides_ascii(charset), scope, replace(scope, utf8=utf8))


def _requires_corp(response: HttpResponseBase) -> bool:
    """Whether the page may embed only what is sent with CORS or CORP.

    https://html.spec.whatwg.org/#coep, https://wicg.github.io/document-isolation-policy/
    """
    return any("require-corp" in response.get(header, "") for header in _EMBEDDER_POLICIES)


def _hashed(response: HttpResponseBase) -> frozenset[str]:
    """The rows whose texts a policy allows by their hashes.

    The middleware of Django or django-csp may add its header later: then it does so by the settings
    and by what the view, or its decorators, left at the response.
    """
    configs = [config for n in _CSP_CONFIGS if (config := getattr(response, n, None))]
    header = response.get("Content-Security-Policy", "")
    return hashed_by([*configs, *map(_merged, configs)], header) | hashed_by_settings()


def hashed_by_settings() -> frozenset[str]:
    """The rows whose texts the policy of the settings allows by their hashes."""
    return hashed_by([conf.content_security_policy()])


def hashed_by(configs: Iterable[Mapping[str, Any]], header: str = "") -> frozenset[str]:
    """Those that any of these policies allows: a header, and settings or what changes them."""
    policies = ["; ".join(map(_directive, config.items())) for config in configs]
    return hashed_rows(",".join([header, *policies]))


def _merged(config: Mapping[str, Any]) -> dict[str, list[Any]]:
    """The policy of the settings with what a decorator of django-csp adds to it."""
    merged = {name: _words(value) for name, value in conf.content_security_policy().items()}
    for name, value in config.items():
        merged[name] = [*merged.get(name, []), *_words(value)]
    return merged


def _directive(item: tuple[str, Any]) -> str:
    name, value = item
    # None and False leave a directive out: others, as default-src, hold in its place.
    return "" if value in (None, False) else " ".join(map(str, (name, *_words(value))))


def _words(value: Any) -> list[Any]:
    if value in (None, False):
        return []
    return list(value) if isinstance(value, (list, tuple, set, frozenset)) else [value]


def _requested_contexts(response: HttpResponseBase) -> frozenset[str]:
    """The CONTEXTS that a view asks for besides those of the mounts."""
    value = getattr(response, "s3rewrite", ())
    if isinstance(value, bool):
        return frozenset()
    contexts = frozenset({value} if isinstance(value, str) else value)
    if unknown := [name for name in contexts if not is_context(name)]:
        raise ValueError(f"response.s3rewrite asks for {unknown[0]!r}, which is no context")
    return contexts


class ResponsePart(NamedTuple):
    """A header by its name, or the body (""), with the URLs that were found in it."""

    header: str
    value: bytes
    candidates: Sequence[Candidate]


def find_parts(response: HttpResponseBase, inspection: Inspection) -> list[ResponsePart]:
    """The parts of a response that hold local URLs."""
    parts = []
    for name in headers.NAMES:
        if value := response.get(name, "").encode("latin-1"):
            candidates = headers.collect(name, value, inspection.header_scope)
            parts.append(ResponsePart(name, value, candidates[:MAX_URLS]))
    kind = inspection.searched_kind
    if kind and isinstance(response, HttpResponse):
        body = response.content
        candidates = kind.collect(body, inspection.body_scope)
        parts.append(ResponsePart("", body, candidates[:MAX_URLS]))
    return [part for part in parts if part.candidates]


def urls_of(parts: Iterable[ResponsePart]) -> list[bytes]:
    """The URLs of all parts, to be resolved in one batch."""
    return [candidate.url for part in parts for candidate in part.candidates]


def splice_parts(
    parts: Iterable[ResponsePart], links: Iterable[Link | None]
) -> list[tuple[str, bytes]]:
    """Each part's header, "" for the body, and its new value."""
    rest = iter(links)
    return [
        (header, splice(value, candidates, list(islice(rest, len(candidates)))))
        for header, value, candidates in parts
    ]
