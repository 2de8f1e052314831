"""A body that comes in chunks, as the pieces that can be linked and sent on at once."""

from typing import NamedTuple, Protocol

from s3rewrite.rewriters.search import MAX_URLS
from s3rewrite.rewriters.types import Candidate

MAX_HELD = 256 * 1024
"""Bytes of one unfinished token that are held back."""

READ_AGAIN = 2
"""Times that what is held back is read again, for each byte that comes, to see if it has ended."""


FIRST_CREDIT, MAX_CREDIT = 64 * 1024, 4 * MAX_HELD
"""Bytes that may be read again before any came, and however many came."""


class Reader(Protocol):
    """Finds the local URLs of a body that is given to it piece by piece."""

    def take(self, buffer: bytes, *, is_full: bool) -> tuple[int, list[Candidate]]:
        """Where the last whole token of a buffer ends, and the local URLs before that.

        What lies behind that comes again at the beginning of the next buffer; where `is_full`,
        no more of it can be held back.
        """

    def finish(self, buffer: bytes) -> list[Candidate]:
        """The local URLs of the last piece, which may end within a token."""

    def may_end(self, chunk: bytes) -> bool:
        """Whether a chunk may hold the end of the token that is held back."""


class Piece(NamedTuple):
    """Whole tokens of a body, and the local URLs in them."""

    body: bytes
    candidates: list[Candidate]

    @property
    def urls(self) -> list[bytes]:
        """The URLs of the candidates."""
        return [candidate.url for candidate in self.candidates]


class Pieces:
    """Cuts a body between its tokens.

    Of what came, only the last token is held back while it is unfinished. One that grows
    beyond MAX_HELD goes through as it is, with all that follows; so does what follows MAX_URLS.
    A token that seemed to end, and did not, again and again is looked at again once half as much
    has come as there is of it, so that time grows with the bytes, however small the chunks are.
    """

    def __init__(self, reader: Reader) -> None:
        self._reader: Reader | None = reader
        self._held = bytearray()
        self._may_have_ended = False
        self._credit = FIRST_CREDIT
        """Bytes that may be read again."""
        self._urls = 0

    def take(self, chunk: bytes) -> Piece:
        """What can go now, once this chunk came."""
        again = len(self._held)
        is_full = again > MAX_HELD
        self._held += chunk
        if self._reader is None:
            return Piece(self.flush(), [])
        self._credit = min(self._credit + READ_AGAIN * len(chunk), MAX_CREDIT)
        if again and not is_full:
            self._may_have_ended |= self._reader.may_end(chunk)
            if again > self._credit or not self._may_have_ended:
                return Piece(b"", [])
        self._credit -= again
        return self._read(self._reader, is_full=is_full)

    def finish(self) -> Piece:
        """What is left, once the last chunk came."""
        candidates = self._reader.finish(bytes(self._held)) if self._reader else []
        return Piece(self.flush(), self._counted(candidates))

    def flush(self) -> bytes:
        """The bytes that are held back; they are so no more."""
        buffer = bytes(self._held)
        self._held.clear()
        return buffer

    def _read(self, reader: Reader, *, is_full: bool) -> Piece:
        buffer = bytes(self._held)
        self._may_have_ended = False
        end, candidates = reader.take(buffer, is_full=is_full)
        if is_full and end == 0:
            self._reader = None
            end = len(buffer)
        del self._held[:end]
        return Piece(buffer[:end], self._counted(candidates))

    def _counted(self, candidates: list[Candidate]) -> list[Candidate]:
        """Those that MAX_URLS allows."""
        counted = candidates[: MAX_URLS - self._urls]
        self._urls += len(counted)
        return counted
