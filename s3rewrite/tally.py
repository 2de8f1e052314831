"""What a web process does, told to whoever counts it; nobody does where nobody asked. Pure.

Told once a response and mount, not once a link: a page with many links costs no more.
"""

from typing import NamedTuple, Protocol


class Resolved(NamedTuple):
    """What became of the names of one mount in one response: how many of each."""

    linked: int
    changed: int
    """The file is another one than was published, or none."""
    unpublished: int
    redis: int
    """What Redis said is too old to be believed, or there was nothing yet."""


class Tally(Protocol):
    """Counts. Methods are called by many threads at a time."""

    def resolved(self, mount: str, found: Resolved) -> None:
        """The names of a mount in a response were linked, or left local."""

    def ambiguous(self, count: int) -> None:
        """So many URLs of a response were left local, as they may be read differently."""

    def polled(self, mount: str, *, missing: int, is_ok: bool) -> None:
        """Redis was asked what changed, and for so many names that were not known."""


_tally: Tally | None = None


def count_with(tally: Tally | None) -> None:
    """Tell this one from now on; None: nobody."""
    global _tally  # noqa: PLW0603 - there is one a process
    _tally = tally


def tally() -> Tally | None:
    """Who counts in this process, if anybody does."""
    return _tally
