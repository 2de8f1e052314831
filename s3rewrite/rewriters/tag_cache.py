"""The candidates of tags that were read before: the pages of a site repeat many of their tags."""

from collections.abc import Sequence
from functools import lru_cache

from s3rewrite.rewriters.page import Page
from s3rewrite.rewriters.syntax.walker import SimpleAttribute
from s3rewrite.rewriters.types import Candidate, Scope

MOST = 2048
"""Values of tags that are kept for one kind of page; when there are more, all are dropped."""

LONGEST = 400
"""Bytes of a tag that is kept."""

Held = tuple[tuple[int, bytes, int], ...]
"""Where candidates begin behind a tag's name, their URLs, and how often references are undone."""


class TagCache:
    """The candidates of simple attributes, by the bytes of their tag and the place in it."""

    __slots__ = ("_held",)

    def __init__(self) -> None:
        self._held: dict[tuple[bytes, bytes, int], Held] = {}

    def get(self, body: bytes, attribute: SimpleAttribute) -> list[Candidate] | None:
        """The candidates of an attribute in `body`; None where it is not kept."""
        held = self._held.get(_key(body, attribute))
        if held is None:
            return None
        inner = attribute.inner
        return [Candidate(inner + start, url, None, False, count) for start, url, count in held]

    def put(self, body: bytes, attribute: SimpleAttribute, candidates: Sequence[Candidate]) -> None:
        """Keep them, unless one has escapes, which are rare, or the tag is long."""
        length = attribute.end - attribute.inner + len(attribute.name)
        if length > LONGEST or any(c.offsets or c.is_escaped for c in candidates):
            return
        if len(self._held) >= MOST:
            self._held.clear()
        held = tuple((c.start - attribute.inner, c.url, c.references) for c in candidates)
        self._held[_key(body, attribute)] = held


def tag_cache_of(page: Page) -> TagCache:
    """The cache for pages of the same kind."""
    return _cache_of(page.scope, page.has_foreign_base, page.asks_cors, page.hashed)


@lru_cache(maxsize=8)
def _cache_of(
    scope: Scope, has_foreign_base: bool, asks_cors: bool, hashed: frozenset[str]
) -> TagCache:
    """By what the candidates of a tag depend on besides its bytes."""
    return TagCache()


def _key(body: bytes, attribute: SimpleAttribute) -> tuple[bytes, bytes, int]:
    inner = attribute.inner
    return attribute.name, body[inner : attribute.end], attribute.value - inner
