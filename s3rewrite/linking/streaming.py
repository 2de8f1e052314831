"""A streaming response: its body is linked as it flows."""

from collections.abc import AsyncGenerator, Generator, Iterable
from contextlib import aclosing
from typing import cast

from django.http import HttpRequest, StreamingHttpResponse

from s3rewrite.linking.body_headers import forget_body
from s3rewrite.linking.errors import guarded
from s3rewrite.linking.resolver import Resolver
from s3rewrite.linking.response import body_kind, body_scope
from s3rewrite.rewriters.pieces import Piece, Pieces, Reader
from s3rewrite.rewriters.splice import splice


def link_stream(request: HttpRequest, response: StreamingHttpResponse, resolver: Resolver) -> None:
    """Link the files in a body as it flows.

    Each chunk is asked for when it is wanted, and goes on at once, but for a token at its end
    that is not whole yet. What another kind of body holds is left alone.
    """
    kind = body_kind(response, resolver)
    if kind is None or kind.reader is None:
        return
    flow = GuardedPieces(request, kind.reader(body_scope(response, resolver, kind)))
    if response.is_async:
        chunks = cast("AsyncGenerator[bytes]", response.streaming_content)
        response.streaming_content = alink_chunks(chunks, flow, resolver)
    else:
        response.streaming_content = link_chunks(
            cast("Iterable[bytes]", response.streaming_content), flow, resolver
        )
    forget_body(response)


class GuardedPieces:
    """The pieces of a body; as they are, once an error was met."""

    def __init__(self, request: HttpRequest | None, reader: Reader) -> None:
        self.request = request
        self._pieces: Pieces | None = Pieces(reader)

    def take(self, chunk: bytes) -> Piece:
        """What can go once this chunk came."""
        if self._pieces is None:
            return Piece(chunk, [])
        with guarded(self.request):
            return self._pieces.take(chunk)
        return Piece(self.flush(), [])

    def finish(self) -> Piece:
        """What is left once the last chunk came."""
        with guarded(self.request):
            return self._pieces.finish() if self._pieces else Piece(b"", [])
        return Piece(self.flush(), [])

    def flush(self) -> bytes:
        """What is held back; from here on all goes through as it comes."""
        left = self._pieces.flush() if self._pieces else b""
        self._pieces = None
        return left


def link_chunks(
    chunks: Iterable[bytes], flow: GuardedPieces, resolver: Resolver
) -> Generator[bytes]:
    """The chunks with their files linked.

    An error of the view ends them as it would have, behind all that it gave.
    """
    try:
        for chunk in chunks:
            if body := _linked(flow.take(chunk), flow, resolver):
                yield body
    except Exception:
        yield flow.flush()
        raise
    if body := _linked(flow.finish(), flow, resolver):
        yield body


async def alink_chunks(
    chunks: AsyncGenerator[bytes], flow: GuardedPieces, resolver: Resolver
) -> AsyncGenerator[bytes]:
    """As `linked`; the event loop does not wait for Redis. A visitor who leaves ends the view's."""
    async with aclosing(chunks):
        try:
            async for chunk in chunks:
                if body := await _alinked(flow.take(chunk), flow, resolver):
                    yield body
        except Exception:
            yield flow.flush()
            raise
        if body := await _alinked(flow.finish(), flow, resolver):
            yield body


def _linked(piece: Piece, flow: GuardedPieces, resolver: Resolver) -> bytes:
    if not piece.candidates:
        return piece.body
    with guarded(flow.request):
        links = resolver.resolve([candidate.url for candidate in piece.candidates])
        return splice(piece.body, piece.candidates, links)
    return piece.body


async def _alinked(piece: Piece, flow: GuardedPieces, resolver: Resolver) -> bytes:
    if not piece.candidates:
        return piece.body
    with guarded(flow.request):
        links = await resolver.aresolve([candidate.url for candidate in piece.candidates])
        return splice(piece.body, piece.candidates, links)
    return piece.body
