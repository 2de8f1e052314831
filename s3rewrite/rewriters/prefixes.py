"""What to look for in a body, and which mount a URL belongs to."""

import re
from functools import lru_cache
from typing import NamedTuple

from s3rewrite.rewriters.scope import Target

MAX_URL_BYTES = 8192
"""Longer URLs are left alone: no key is that long, whatever its encoding."""

TRIMMED = bytes(range(1, 0x21))
"""C0 controls and space, which do not count at the ends of a URL (URL Standard, 4.4).

NUL is not among them: HTML and CSS have made it U+FFFD by then.
"""

# What a browser takes out of a URL's inside (URL Standard, 4.4), so that its bytes mislead.
_TAB_OR_NEWLINE = re.compile(rb"[\t\n\r]")


class Finder:
    """The places where any of some needles occurs in a body, in order."""

    def __init__(self, needles: list[tuple[bytes, bytes]]) -> None:
        """`needles` are pairs: where to look (of one length all), and what for."""
        self._needles = needles
        self._places = [-1] * len(needles)

    def next(self, start: int) -> int | None:
        """The first place at `start` or behind it; None without one. `start` never falls."""
        for i, (body, needle) in enumerate(self._needles):
            if self._places[i] < start:
                place = body.find(needle, start)
                self._places[i] = place if place >= 0 else len(body) + 1
        place = min(self._places, default=start)
        return place if self._needles and place <= len(self._needles[0][0]) else None


class Found(NamedTuple):
    """A trimmed URL, by its place in the text that holds it, and the target it belongs to."""

    begin: int
    end: int
    target: Target


@lru_cache(maxsize=256)
def needles(targets: tuple[Target, ...]) -> tuple[bytes, ...]:
    """The fewest strings of which every URL of the targets holds one.

    The spellings of a target's prefix share the path that they end with, so a body is
    searched once for all of them.
    """
    return tuple(dict.fromkeys(needle for target in targets for needle in _needles(target)))


def _needles(target: Target) -> tuple[bytes, ...]:
    shortest = min(target.prefixes, key=len, default=b"")
    for end in (shortest[i:] for i in range(len(shortest) - 1)):
        if all(prefix.endswith(end) for prefix in target.prefixes):
            return (end,)
    return target.prefixes


def without_root_relative(targets: tuple[Target, ...]) -> tuple[Target, ...]:
    """The targets without the prefixes that `<base>` has led to another origin."""
    return tuple(
        target._replace(prefixes=tuple(p for p in target.prefixes if not _is_root_relative(p)))
        for target in targets
    )


def _is_root_relative(prefix: bytes) -> bool:
    return prefix.startswith(b"/") and not prefix.startswith(b"//")


def find(
    text: bytes, span: tuple[int, int], targets: tuple[Target, ...], *, utf8: bool
) -> Found | None:
    """The URL at `span` of a decoded text, trimmed, with the first target it belongs to.

    None if there is no such target, or if the bytes do not say what a browser asks for: a tab
    or newline inside, or bytes outside ASCII where the body may not be UTF-8.
    """
    raw = text[span[0] : span[1]]
    url = raw.strip(TRIMMED)
    for target in targets:
        if url.startswith(target.prefixes):
            begin = span[0] + raw.index(url)
            return Found(begin, begin + len(url), target) if _is_plain(url, utf8=utf8) else None
    return None


def _is_plain(url: bytes, *, utf8: bool) -> bool:
    if len(url) > MAX_URL_BYTES or _TAB_OR_NEWLINE.search(url):
        return False
    return utf8 or url.isascii()
