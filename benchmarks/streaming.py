"""How long it takes to link the files in a body that comes in chunks, beside the whole one.

python -m benchmarks.streaming [--rounds N]
"""

import argparse
from collections.abc import Sequence

from benchmarks.bodies import API, CSS
from benchmarks.html import PREFIX, PUBLIC, SCOPE, SyncContext, page, print_table
from s3rewrite.rewriters import rewrite
from s3rewrite.rewriters.bodies import KINDS, BodyKind
from s3rewrite.rewriters.pieces import Piece, Pieces
from s3rewrite.rewriters.splice import splice
from s3rewrite.rewriters.types import Link, Scope

LINK = Link(len(PREFIX), PUBLIC.encode())
ALL = Scope(
    tuple(t._replace(contexts=frozenset({"css", "json"})) for t in SCOPE.targets), SCOPE.origins
)


def resolve(urls: Sequence[bytes]) -> Sequence[Link | None]:
    return [LINK] * len(urls)


def whole(kind: BodyKind, body: bytes) -> SyncContext:
    return lambda: rewrite(body, ALL, kind.collect, resolve)


def in_chunks(kind: BodyKind, body: bytes, size: int) -> SyncContext:
    chunks = [body[at : at + size] for at in range(0, len(body), size)]
    assert kind.reader
    reader = kind.reader

    def linked(piece: Piece) -> bytes:
        return splice(piece.body, piece.candidates, resolve([c.url for c in piece.candidates]))

    def run() -> bytes:
        pieces = Pieces(reader(ALL))
        return b"".join(
            [*(linked(pieces.take(chunk)) for chunk in chunks), linked(pieces.finish())]
        )

    assert run() == whole(kind, body)()
    return run


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=15)
    rounds = parser.parse_args().rounds
    dense = page(480, 100).text
    for name, text, media_type in (
        ("HTML", dense, "text/html"), ("CSS", CSS, "text/css"), ("JSON", API, "application/json"),
    ):  # fmt: skip
        kind, body = KINDS[media_type], text.encode()
        jobs = {"s3rewrite": whole(kind, body)}
        jobs |= {f"chunks of {size} KB": in_chunks(kind, body, size * 1024) for size in (64, 4)}
        print_table(f"{name}, {len(body) / 1000:,.0f} KB, {text.count(PREFIX)} hits", jobs, rounds)


if __name__ == "__main__":
    main()
