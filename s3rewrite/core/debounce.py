"""Paths to which something has happened, until nothing happens to them any more. Pure."""

from s3rewrite.core.entries import Signature


def is_young(signature: Signature, seconds: float, now: float) -> bool:
    """Whether a file was changed within these seconds; `now` in seconds since 1970."""
    return 0 <= now - signature.mtime_ns / 1e9 < seconds


class Debouncer:
    """Who writes a large file changes it many times: it is time to look when that is over."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._due: dict[str, float] = {}

    def __len__(self) -> int:
        return len(self._due)

    def record_change(self, path: str, now: float) -> None:
        """Something happened to a path: its time begins anew."""
        # At the end of the dict, which so lies in the order of time.
        self._due.pop(path, None)
        self._due[path] = now + self._seconds

    def pop_settled(self, now: float) -> list[str]:
        """The paths whose time has passed; they are forgotten."""
        found = []
        for path, due in self._due.items():
            if due > now:
                break
            found.append(path)
        for path in found:
            del self._due[path]
        return found

    def clear(self) -> None:
        """Forget all."""
        self._due.clear()
