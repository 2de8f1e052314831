"""A body that comes in chunks, as the pieces that can be linked and sent on at once."""

from typing import NamedTuple, Protocol

from s3rewrite.rewriters.scope import Candidate

MAX_HELD = 256 * 1024
"""Bytes of one unfinished token that are held back."""


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


class Pieces:
    """Cuts a body between its tokens.

    Of what came, only the last token is held back while it is unfinished. One that grows
    beyond MAX_HELD goes through as it is, with all that follows.
    """

    def __init__(self, reader: Reader) -> None:
        self._reader: Reader | None = reader
        self._held: list[bytes] = []
        self._size = 0

    def take(self, chunk: bytes) -> Piece:
        """What can go now, once this chunk came."""
        is_full = self._size > MAX_HELD
        is_waiting = self._size > 0 and not is_full
        self._held.append(chunk)
        self._size += len(chunk)
        if self._reader is None:
            return Piece(self.left(), [])
        if is_waiting and not self._reader.may_end(chunk):
            return Piece(b"", [])
        buffer = b"".join(self._held)
        end, candidates = self._reader.take(buffer, is_full=is_full)
        if is_full and end == 0:
            self._reader = None
            end = len(buffer)
        self._hold(buffer[end:])
        return Piece(buffer[:end], candidates)

    def finish(self) -> Piece:
        """What is left, once the last chunk came."""
        buffer = b"".join(self._held)
        candidates = self._reader.finish(buffer) if self._reader else []
        return Piece(self.left(), candidates)

    def left(self) -> bytes:
        """The bytes that are held back; they are so no more."""
        buffer = b"".join(self._held)
        self._held, self._size = [], 0
        return buffer

    def _hold(self, rest: bytes) -> None:
        self._held = [rest] if rest else []
        self._size = len(rest)
