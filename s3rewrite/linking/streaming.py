"""A streaming response: its body is linked as it flows."""

from collections.abc import AsyncGenerator, Generator, Iterable
from contextlib import aclosing
from typing import Any

from django.http import HttpRequest, StreamingHttpResponse

from s3rewrite.linking.access import Access
from s3rewrite.linking.body_headers import forget_body
from s3rewrite.linking.errors import contain_errors
from s3rewrite.linking.resolver import Resolver
from s3rewrite.linking.response import Inspection
from s3rewrite.rewriters.pieces import Piece, Pieces
from s3rewrite.rewriters.splice import splice


def link_stream(
    request: HttpRequest,
    response: StreamingHttpResponse,
    inspection: Inspection,
    access: Access | None = None,
) -> None:
    """Have the files in a body linked as it flows; those of private mounts as `access` says.

    Each chunk is read from the view when the server asks for more, and goes on at once, but for
    a token at its end that is not whole yet. A body of a kind without a reader is left alone.
    """
    kind = inspection.searched_kind
    if kind is None or kind.reader is None:
        return
    if access:
        access.announce()
    pieces = Pieces(kind.reader(inspection.body_scope))
    linker = StreamLinker(request, inspection.resolver, pieces, access)
    chunks: Any = response.streaming_content
    link = alink_chunks if response.is_async else link_chunks
    response.streaming_content = link(chunks, linker)
    forget_body(response)


class StreamLinker:
    """Cuts a body into pieces and links them. After an error, bytes go through as they come."""

    def __init__(
        self,
        request: HttpRequest,
        resolver: Resolver,
        pieces: Pieces,
        access: Access | None = None,
    ) -> None:
        self._request = request
        self._resolver = resolver
        self._access = access
        self._pieces: Pieces | None = pieces

    def take(self, chunk: bytes) -> Piece:
        """What can be sent once this chunk came."""
        if self._pieces is None:
            return Piece(chunk, [])
        with contain_errors(self._request):
            return self._pieces.take(chunk)
        # The chunk is among the bytes that were held back: `Pieces.take` keeps it first.
        return Piece(self.flush(), [])

    def finish(self) -> Piece:
        """What is held back when the view has given its last chunk."""
        with contain_errors(self._request):
            return self._pieces.finish() if self._pieces else Piece(b"", [])
        return Piece(self.flush(), [])

    def flush(self) -> bytes:
        """The bytes that are held back; from here on chunks go through as they come."""
        held = self._pieces.flush() if self._pieces else b""
        self._pieces = None
        return held

    def link(self, piece: Piece) -> bytes:
        """The bytes of a piece with its files linked."""
        if piece.candidates:
            with contain_errors(self._request):
                return splice(*piece, self._resolver.resolve(piece.urls, self._access))
        return piece.body

    async def alink(self, piece: Piece) -> bytes:
        """As `link`; the event loop does not wait for Redis."""
        if piece.candidates:
            with contain_errors(self._request):
                return splice(*piece, await self._resolver.aresolve(piece.urls, self._access))
        return piece.body


def link_chunks(chunks: Iterable[bytes], linker: StreamLinker) -> Generator[bytes]:
    """The chunks of a view with their files linked.

    An error of the view ends them as it would have without us, behind all that the view gave.
    """
    try:
        for chunk in chunks:
            if body := linker.link(linker.take(chunk)):
                yield body
    except Exception:
        yield linker.flush()
        raise
    if body := linker.link(linker.finish()):
        yield body


async def alink_chunks(
    chunks: AsyncGenerator[bytes], linker: StreamLinker
) -> AsyncGenerator[bytes]:
    """As `link_chunks`; the event loop does not wait for Redis."""
    # A visitor who leaves closes this generator, and so the view's.
    async with aclosing(chunks):
        try:
            async for chunk in chunks:
                if body := await linker.alink(linker.take(chunk)):
                    yield body
        except Exception:
            yield linker.flush()
            raise
        if body := await linker.alink(linker.finish()):
            yield body
