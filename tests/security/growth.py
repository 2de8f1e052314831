"""Families of hostile input, each a piece that comes again and again, and how long they take."""

import gc
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import NamedTuple

from s3rewrite.explain.bodies import explain, explain_header
from s3rewrite.linking import charsets
from s3rewrite.rewriters import headers, outgoing
from s3rewrite.rewriters.bodies import KINDS
from s3rewrite.rewriters.pieces import Pieces
from s3rewrite.rewriters.table.lookup import OPTIONAL_CONTEXTS
from s3rewrite.rewriters.types import Scope, Target

PREFIXES = (b"/media/", b"https://example.com/media/", b"//example.com/media/")
ALL = Scope((Target(PREFIXES, OPTIONAL_CONTEXTS, cors=True),), (b"https://example.com",))
# Where fetches with CORS matter, more is asked of a page.
PLAIN = Scope((Target(PREFIXES, frozenset({"css", "json", "playlist"})),), ALL.origins)

Read = Callable[[bytes], object]

TYPES = {
    "html": "text/html",
    "css": "text/css",
    "json": "application/json",
    "json feed": "application/feed+json",
    "feed": "text/xml",
    "playlist": "audio/mpegurl",
}


class Family(NamedTuple):
    """Who reads it, what it begins with, the piece, and its end."""

    kind: str
    piece: bytes
    before: bytes = b""
    after: bytes = b""

    def body(self, size: int) -> bytes:
        even = size // len(self.piece) // 2 * 2  # whether quotes are open at the end depends on it
        return self.before + self.piece * even + self.after


def _in_file(read: Callable[[bytes], object]) -> Read:
    def run(body: bytes) -> None:
        with suppress(outgoing.Unreadable, ValueError):
            read(body)

    return run


READS: dict[str, Read] = {
    "link": lambda body: headers.collect("Link", body, ALL),
    "css file": _in_file(outgoing.in_css),
    "svg file": _in_file(outgoing.in_svg),
    "playlist file": _in_file(outgoing.in_playlist),
    "content type": lambda body: charsets.charset_of(body.decode("latin-1")),
}


def whole(kind: str, scope: Scope = ALL) -> Read:
    if kind in READS:
        return READS[kind]
    collect = KINDS[TYPES[kind]].collect
    return lambda body: collect(body, scope)


def explained(kind: str) -> Read:
    if kind == "link":
        return lambda body: explain_header("Link", body, ALL)
    collect = KINDS[TYPES[kind]].collect
    return lambda body: explain(body, ALL, collect)


def in_chunks(kind: str, size: int) -> Read:
    reader = KINDS[TYPES[kind]].reader
    assert reader

    def run(body: bytes) -> None:
        pieces = Pieces(reader(PLAIN))
        for at in range(0, len(body), size):
            pieces.take(body[at : at + size])
        pieces.finish()

    return run


@contextmanager
def _without_garbage() -> Iterator[None]:
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def seconds(read: Read, body: bytes) -> float:
    """Of the processor."""
    with _without_garbage():
        began = time.process_time()
        read(body)
        return time.process_time() - began


ENOUGH = 0.02  # seconds, so that noise is small beside it
ROUNDS = 16
PAUSE = 0.05  # seconds, and more each round: what else the machine does may end meanwhile


def growth(read: Read, family: Family, size: int, most: int = 2_000_000) -> float:
    """How many times longer twice as much, at most `most`, takes, once that is enough to tell.

    Both are measured in turn, and of a few rounds the best counts: what else a machine does makes
    them slower, not faster, and for longer than a round.
    """
    while (once := seconds(read, family.body(size))) < ENOUGH and 4 * size <= most:
        size *= 2
    best = float("inf")
    for number in range(ROUNDS):
        time.sleep(PAUSE * number)
        twice = seconds(read, family.body(2 * size))
        after = seconds(read, family.body(size))
        best = min(best, twice / min(once, after))
        if best <= 2.5 or twice < ENOUGH:
            return min(2.5, best)
        once = after
    return best
