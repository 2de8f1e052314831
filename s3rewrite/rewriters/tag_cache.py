"""What was read before: the pages of a site repeat most of their bytes.

What a walker reads depends on nothing but its state and the bytes from where it reads, so the same
bytes need not be taken apart twice. A key has all of these bytes: no digest stands for them.
"""

from functools import lru_cache
from typing import NamedTuple

from s3rewrite.rewriters.page import Page
from s3rewrite.rewriters.syntax.tokens import IN_HTML
from s3rewrite.rewriters.syntax.walker import SimpleAttribute, Walker
from s3rewrite.rewriters.types import Candidate, Scope

MOST_BYTES = 3_000_000
"""Bytes in memory that are kept for one kind of page; when there are more, all are dropped."""

LONGEST = 32_768
"""Bytes that are kept of what is read for one attribute."""

_OVERHEAD = 500
"""Bytes in memory that these take beside themselves."""

MOST_SEEN = 4096
"""Keys whose hashes are remembered, to see which come twice; when there are more, all go."""

Key = tuple[int, bytes]
"""A place behind where reading begins, and the bytes from there to the end of the place's tag."""


class Known(NamedTuple):
    """Where the tag that holds a place begins, where the value there ends, and the URLs in it.

    All offsets count from where reading begins, those of the URLs too.
    """

    tag: int
    value_end: int
    urls: tuple[tuple[int, bytes, int], ...]
    """With how often character references are undone in each."""


class TagCache:
    """The candidates of simple attributes, by the bytes from a walker's position to the tag's end.

    They are kept by the bytes from the tag's beginning, too: other bytes may come before it. What
    comes once is not kept.
    """

    __slots__ = ("_known", "_seen", "_size")

    def __init__(self) -> None:
        self._known: dict[Key, Known] = {}
        self._seen: set[int] = set()
        self._size = 0

    def read(self, walker: Walker, place: int, candidates: list[Candidate]) -> int | None:
        """Do what these bytes led to before; None where they are not known.

        Moves the walker to the tag that holds a place, adds the candidates of the attribute there,
        and returns where its value ends.
        """
        start, body = walker.at, walker.body
        end = body.find(b">", place, start + LONGEST) + 1
        known = self._known.get((place - start, body[start:end])) if end else None
        if known is None or walker.syntax is not IN_HTML:
            return None
        walker.at = start + known[0]
        for offset, url, references in known[2]:
            candidates.append(Candidate(start + offset, url, None, False, references))
        return start + known[1]

    def keep(self, key: Key, start: int, attribute: SimpleAttribute, urls: list[Candidate]) -> None:
        """Keep what was read from `start` on; no URL with escapes, which are rare."""
        size = len(key[1]) + _OVERHEAD
        if size > LONGEST or key in self._known or not self._has_seen(key):
            return
        if any(url.offsets or url.is_escaped for url in urls):
            return
        if self._size + size > MOST_BYTES:
            self._known.clear()
            self._size = 0
        self._size += size
        offsets = tuple((url.start - start, url.url, url.references) for url in urls)
        tag = attribute.inner - len(attribute.name) - 1
        self._known[key] = Known(tag - start, attribute.value_end - start, offsets)

    def _has_seen(self, key: Key) -> bool:
        number = hash(key)
        if number in self._seen:
            return True
        if len(self._seen) >= MOST_SEEN:
            self._seen.clear()
        self._seen.add(number)
        return False


def tag_cache_of(page: Page) -> TagCache:
    """The cache for pages of the same kind."""
    return _cache_of(page.scope, page.has_foreign_base, page.asks_cors, page.hashed)


@lru_cache(maxsize=8)
def _cache_of(
    scope: Scope, has_foreign_base: bool, asks_cors: bool, hashed: frozenset[str]
) -> TagCache:
    """By what the candidates of a tag depend on besides its bytes."""
    return TagCache()
