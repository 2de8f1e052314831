"""A body that comes in chunks, as the pieces that can be linked and sent on at once."""

from typing import NamedTuple, Protocol

from s3rewrite.rewriters.search import MAX_URLS
from s3rewrite.rewriters.types import Candidate

MAX_HELD = 256 * 1024
"""Bytes of one unfinished token that are held back."""

READ_AGAIN = 2
"""Bytes that may be read again for each byte that comes, to see if a held-back token has ended."""

FIRST_CREDIT, MAX_CREDIT = 64 * 1024, 4 * MAX_HELD
"""Bytes that may be read again at the beginning, and at most."""


class Reader(Protocol):
    """Finds the local URLs of a body that is given to it piece by piece."""

    def take(self, buffer: bytes, *, is_full: bool) -> tuple[int, list[Candidate]]:
        """Where the last whole token of a buffer ends, and the local URLs before that.

        The bytes behind that come again at the beginning of the next buffer. Where `is_full`, no
        more of them can be held back.
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

    Only the last token is held back while it is unfinished. If it grows beyond MAX_HELD, it goes
    through as it is, with all that follows; so does what follows the first MAX_URLS URLs. Reading
    a held-back token again costs credit, which each byte that comes adds to: so the time grows
    with the bytes, however small the chunks are, also where a token seems to end again and again.
    """

    def __init__(self, reader: Reader) -> None:
        self._reader: Reader | None = reader
        self._held = bytearray()
        self._may_have_ended = False
        self._credit = FIRST_CREDIT
        """Bytes that may be read again."""
        self._urls = 0

    def take(self, chunk: bytes) -> Piece:
        """What can be sent now that this chunk came; nothing, as long as its token is unfinished.

        After an error, the chunk is among the bytes that `flush` gives.
        """
        reread = len(self._held)
        is_full = reread > MAX_HELD
        self._held += chunk
        if self._reader is None:
            return Piece(self.flush(), [])
        self._credit = min(self._credit + READ_AGAIN * len(chunk), MAX_CREDIT)
        if reread and not is_full:
            # `may_end` sees every chunk: an end may begin in one and go on in the next.
            self._may_have_ended |= self._reader.may_end(chunk)
            if reread > self._credit or not self._may_have_ended:
                return Piece(b"", [])
        self._credit -= reread
        return self._read(self._reader, is_full=is_full)

    def finish(self) -> Piece:
        """What is held back when the last chunk has come."""
        candidates = self._reader.finish(bytes(self._held)) if self._reader else []
        return Piece(self.flush(), self._within_limit(candidates))

    def flush(self) -> bytes:
        """Take out the bytes that are held back."""
        buffer = bytes(self._held)
        self._held.clear()
        return buffer

    def _read(self, reader: Reader, *, is_full: bool) -> Piece:
        buffer = bytes(self._held)
        self._may_have_ended = False
        end, candidates = reader.take(buffer, is_full=is_full)
        if is_full and end == 0:
            # The token does not end: no more is read of this body.
            self._reader = None
            end = len(buffer)
        del self._held[:end]
        return Piece(buffer[:end], self._within_limit(candidates))

    def _within_limit(self, candidates: list[Candidate]) -> list[Candidate]:
        """The candidates that MAX_URLS leaves room for."""
        allowed = candidates[: MAX_URLS - self._urls]
        self._urls += len(allowed)
        return allowed
