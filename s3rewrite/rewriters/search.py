"""What to look for in a body, and which mount a URL belongs to."""

from bisect import bisect_left
from collections.abc import Iterable
from functools import lru_cache

from s3rewrite.rewriters.types import Target

MAX_URL_BYTES = 8192
"""Longer URLs are left alone: no key is that long, whatever its encoding."""

MAX_URLS = 50_000
"""URLs of one response that are linked: as many as a sitemap may list."""

MAX_PLACES = 2 * MAX_URLS
"""Places in one body that are examined."""

MAX_BODY_BYTES = 16 * 1024 * 1024
"""Bytes of one body in which places are searched for."""

TRIMMED = bytes(range(1, 0x21))
"""C0 controls and space, which do not count at the ends of a URL (URL Standard, 4.4).

NUL is not among them: HTML and CSS have made it U+FFFD by then.
"""


# As numbers, as `number in bytes` takes a third of the time of `bytes in bytes`.
_TAB, _LINE_FEED, _CARRIAGE_RETURN = b"\t\n\r"


class Matches:
    """The places where some needles occur, in order; at most MAX_PLACES of them."""

    __slots__ = ("_all", "_index")

    def __init__(self, needles: Iterable[tuple[bytes, bytes]]) -> None:
        """`needles` are pairs: where to look, and what for."""
        places: list[int] = []
        for body, needle in needles:
            bound = len(places) + MAX_PLACES
            place = body.find(needle, 0, MAX_BODY_BYTES)
            while place >= 0 and len(places) < bound:
                places.append(place)
                place = body.find(needle, place + len(needle), MAX_BODY_BYTES)
        self._all = sorted(places)[:MAX_PLACES]
        self._index = 0

    @property
    def last(self) -> int:
        """The last place; 0 without one."""
        return self._all[-1] if self._all else 0

    def next(self, start: int) -> int | None:
        """The first place at `start` or behind it; None without one. `start` never falls."""
        self._index = bisect_left(self._all, start, self._index)
        return self._all[self._index] if self._index < len(self._all) else None


@lru_cache(maxsize=256)
def needles(targets: tuple[Target, ...]) -> tuple[bytes, ...]:
    """The fewest strings of which every URL of the targets holds one.

    The spellings of a target's prefix share the path that they end with, so a body is
    searched once for all of them.
    """
    return tuple(dict.fromkeys(needle for target in targets for needle in _needles(target)))


def spellings(body: bytes, needles: tuple[bytes, ...]) -> tuple[bytes, ...]:
    """Needles, and the other ways in which JSON in a body may write them. RFC 8259, 7"""
    return needles + _json_spellings(needles) if b"\\" in body else needles


@lru_cache(maxsize=256)
def _json_spellings(needles: tuple[bytes, ...]) -> tuple[bytes, ...]:
    slashes = (rb"\/", rb"\u002f", rb"\u002F")
    return tuple(needle.replace(b"/", slash) for needle in needles for slash in slashes)


def _needles(target: Target) -> tuple[bytes, ...]:
    shortest = min(target.prefixes, key=len, default=b"")
    for end in (shortest[i:] for i in range(len(shortest) - 1)):
        if all(prefix.endswith(end) for prefix in target.prefixes):
            return (end,)
    return target.prefixes


def without_root_relative(targets: tuple[Target, ...]) -> tuple[Target, ...]:
    """The targets without the prefixes that `<base>` has led to another origin."""
    others = (tuple(p for p in t.prefixes if p[:1] != b"/" or p[:2] == b"//") for t in targets)
    return tuple(t._replace(prefixes=p) for t, p in zip(targets, others, strict=True))


def find(raw: bytes, targets: tuple[Target, ...], *, utf8: bool) -> tuple[bytes, Target] | None:
    """The URL that decoded bytes are, trimmed, and the first target that it belongs to.

    None if there is no such target, or if the bytes do not say what a browser asks for: a tab
    or newline inside, which it takes out, or bytes outside ASCII where the body may not be
    UTF-8.
    """
    url = raw.strip(TRIMMED)
    for target in targets:
        if url.startswith(target.prefixes):
            has_break = _TAB in url or _LINE_FEED in url or _CARRIAGE_RETURN in url
            is_plain = not has_break and len(url) <= MAX_URL_BYTES
            return (url, target) if is_plain and (utf8 or url.isascii()) else None
    return None
