"""MB/s of the processor's time for bodies made to be slow: 1 and 10 MB, whole and in chunks.

python -m benchmarks.hostile [--chunk BYTES]
"""

import argparse
import time
from collections.abc import Callable, Iterator
from typing import NamedTuple

from benchmarks.html import PREFIX, SCOPE
from s3rewrite.rewriters.bodies import KINDS, BodyKind
from s3rewrite.rewriters.pieces import Pieces
from s3rewrite.rewriters.table.lookup import OPTIONAL_CONTEXTS
from s3rewrite.rewriters.types import Scope

SIZES = (1_000_000, 10_000_000)  # bytes
HTML, CSS, JSON, FEED_OF_JSON, FEED, LIST = (
    KINDS[name]
    for name in (
        *("text/html", "text/css", "application/json", "application/feed+json"),
        *("text/xml", "audio/mpegurl"),
    )
)
ALL = Scope(tuple(t._replace(contexts=OPTIONAL_CONTEXTS, cors=True) for t in SCOPE.targets))
LONG = b"k" * 50_000
URL = PREFIX.encode() + b"a.jpg"


class Case(NamedTuple):
    """Before a piece that comes again and again, the piece, and what follows."""

    kind: BodyKind
    before: bytes
    piece: bytes
    after: bytes = b'<img src="/media/a.jpg">'


CASES = {
    "<": Case(HTML, b"", b"<"),
    "<!--": Case(HTML, b"", b"<!--"),
    "<!-- URL": Case(HTML, b"", b"<!-- " + URL),
    "<script><!--<script>": Case(HTML, b"", b"<script><!--<script>"),
    "attributes": Case(HTML, b"<p ", b"a=b "),
    "attributes with URLs": Case(HTML, b"<p ", b"src=/media/a "),
    "attributes without an end": Case(HTML, b"<p ", b"a='/media/a' ", b""),
    "tags without an end": Case(HTML, b"", b"<img src='/media/a' "),
    "quotes": Case(HTML, b"", b"<a b='\""),
    "deep nesting": Case(HTML, b"", b"<div>"),
    "foreign nesting": Case(HTML, b"", b"<svg><title>"),
    "editable": Case(HTML, b"", b"<p contenteditable>" + URL),
    "the prefix": Case(HTML, b"", PREFIX.encode()),
    "pictures": Case(HTML, b"", b"<picture>"),
    "images": Case(HTML, b"", b"<img src=/media/a>"),
    "images, the last with CORS": Case(
        HTML, b"", b"<source srcset=/media/a><img>", b"<img crossorigin>"
    ),
    "script states": Case(HTML, b"<script>", b"<!-->", b"</script><img src=/media/a>"),
    "references": Case(HTML, b"<img src='", b"&amp;"),
    "srcset": Case(HTML, b"<img srcset='", b"/media/a 1x,"),
    "statements": Case(CSS, b"", b"a{b:url(/media/a)}"),
    "url(": Case(CSS, b"", b"url(/media/"),
    "a style attribute": Case(HTML, b'<p style="', b"url(/media/", b'">'),
    "a property of 50 KB": Case(CSS, b"a{" + LONG + b":", b"url(/media/a),", b"x}"),
    "parentheses": Case(CSS, b"a{b:", b"("),
    "CSS comments": Case(CSS, b"", b"/* /media/ "),
    "CSS backslashes": Case(CSS, b"a{b:'", rb"\'/media/"),
    "a key of 50 KB": Case(FEED_OF_JSON, b'{"' + LONG + b'":[', b'"/media/a",'),
    "arrays": Case(JSON, b"", b"[", b'"/media/a"'),
    "objects": Case(JSON, b"", b'{"k":', b'"/media/a"'),
    "a string without an end": Case(JSON, b'["', PREFIX.encode()),
    "escapes": Case(JSON, b'["/media/', rb"\"", b'"]'),
    "JSON quotes": Case(JSON, b"", b'"', b"/media/a"),
    "feed comments": Case(FEED, b"<rss>", b"<!-- /media/ "),
    "CDATA": Case(FEED, b"<rss>", b"<![CDATA[ /media/ "),
    "feed elements": Case(FEED, b"<rss>", b"<url>/media/a</url>"),
    "playlist": Case(LIST, b"#EXT-X-MAP:", b'URI="/media/a",'),
}


def body(case: Case, size: int) -> bytes:
    return case.before + case.piece * (size // len(case.piece)) + case.after


def whole(kind: BodyKind, text: bytes) -> None:
    kind.collect(text, ALL)


def in_chunks(size: int) -> Callable[[BodyKind, bytes], None]:
    def run(kind: BodyKind, text: bytes) -> None:
        assert kind.reader
        pieces = Pieces(kind.reader(ALL))
        for at in range(0, len(text), size):
            pieces.take(text[at : at + size])
        pieces.finish()

    return run


def speeds(case: Case, read: Callable[[BodyKind, bytes], None]) -> Iterator[float]:
    """MB/s at each size."""
    for size in SIZES:
        text = body(case, size)
        start = time.process_time()
        read(case.kind, text)
        yield len(text) / 1e6 / (time.process_time() - start)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--chunk", type=int, default=4096)
    chunks = in_chunks(parser.parse_args().chunk)
    print(f"{'MB/s':28}{'1 MB':>9}{'10 MB':>9}{'chunks, 1':>11}{'chunks, 10':>11}")
    for name, case in CASES.items():
        found = [*speeds(case, whole), *(speeds(case, chunks) if case.kind.reader else ())]
        print(f"{name:28}" + "".join(f"{speed:9.0f}  " for speed in found))


if __name__ == "__main__":
    main()
