"""Waiting until files that change stop changing. Pure."""

from itertools import takewhile

from s3rewrite.core.entries import Signature


def is_young(signature: Signature, seconds: float, now: float) -> bool:
    """Whether a file was changed within these seconds; `now` in seconds since 1970."""
    return 0 <= now - signature.mtime_ns / 1e9 < seconds


class Debouncer:
    """Holds back paths until nothing has happened to them for some seconds.

    A program that writes a large file changes it many times; a look is worth it after the last.
    """

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._due: dict[str, float] = {}

    def __len__(self) -> int:
        return len(self._due)

    def record_change(self, path: str, now: float) -> None:
        """Something happened to a path: its seconds begin again."""
        # At the end of the dict, which is so in the order of time.
        self._due.pop(path, None)
        self._due[path] = now + self._seconds

    def pop_settled(self, now: float) -> list[str]:
        """Remove and return the paths whose seconds have passed."""
        settled = list(takewhile(lambda path: self._due[path] <= now, self._due))
        for path in settled:
            del self._due[path]
        return settled

    def clear(self) -> None:
        """Forget all."""
        self._due.clear()
