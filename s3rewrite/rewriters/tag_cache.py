"""What tags hold that were taken apart before: a site's pages say the same ones again and again."""

from collections.abc import Iterable
from functools import lru_cache
from typing import NamedTuple

from s3rewrite.rewriters.page import Page
from s3rewrite.rewriters.syntax.walker import SimpleAttribute
from s3rewrite.rewriters.types import Candidate, Target

MOST = 2048
"""Tags that are remembered for one kind of page; then all are forgotten."""

LONGEST = 400
"""Bytes of a tag that is remembered."""

Held = tuple[tuple[int, bytes], ...]
"""Where candidates begin in a tag, and their URLs."""


class CacheKey(NamedTuple):
    """What the candidates of a tag depend on besides its bytes."""

    targets: tuple[Target, ...]
    utf8: bool
    has_foreign_base: bool
    has_cors_media: bool


class TagCache:
    """The candidates of tags of the usual spelling, by the bytes of the tag and a place in it."""

    __slots__ = ("_held",)

    def __init__(self) -> None:
        self._held: dict[tuple[bytes, bytes, int], Held] = {}

    def get(self, body: bytes, usual: SimpleAttribute) -> list[Candidate] | None:
        """The candidates of a value of a tag in `body`; None where it was not met before."""
        held = self._held.get(_key(body, usual))
        if held is None:
            return None
        inner = usual.inner
        return [Candidate(inner + start, url) for start, url in held]

    def put(self, body: bytes, usual: SimpleAttribute, found: Iterable[Candidate]) -> None:
        """Remember them, unless they are of a kind that is rare, or the tag is long."""
        length = usual.end - usual.inner + len(usual.name)
        if length > LONGEST or any(one.offsets or one.is_escaped for one in found):
            return
        if len(self._held) >= MOST:
            self._held.clear()
        held = tuple((one.start - usual.inner, one.url) for one in found)
        self._held[_key(body, usual)] = held


def tag_cache_of(page: Page) -> TagCache:
    """What was met on pages of the same kind."""
    scope = page.scope
    facts = CacheKey(scope.targets, scope.utf8, page.has_foreign_base, page.has_cors_media)
    return _memory_of(facts)


@lru_cache(maxsize=8)
def _memory_of(facts: CacheKey) -> TagCache:
    return TagCache()


def _key(body: bytes, usual: SimpleAttribute) -> tuple[bytes, bytes, int]:
    return usual.name, body[usual.inner : usual.end], usual.value - usual.inner
