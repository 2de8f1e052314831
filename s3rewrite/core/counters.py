"""What a web process does, told to whoever counts it; nobody does where nobody asked. Pure.

Told once a response and mount, not once a link: a page with many links costs no more.
"""

from collections.abc import Sequence
from typing import Literal, Protocol

Reason = Literal["changed", "unpublished", "redis", "ambiguous"]
"""Why URLs are left local: the file is another one than was published, or none; its name is not
published; Redis says nothing that could be believed; browser and S3 may read the URL differently.
"""


class LinkCounter(Protocol):
    """Counts. Methods are called by many threads at a time."""

    def linked(self, mount: str, count: int) -> None:
        """So many URLs of a response were linked."""

    def left(self, mount: str, reason: Reason, count: int) -> None:
        """So many were left local; of no mount ("") where they are ambiguous."""

    def polled(self, mount: str, *, missing: int, is_ok: bool) -> None:
        """Redis was asked what changed, and for so many names that were not known."""


_tally: LinkCounter | None = None


def count_with(tally: LinkCounter | None) -> None:
    """Tell this one from now on; None: nobody."""
    global _tally  # noqa: PLW0603 - there is one a process
    _tally = tally


def tally() -> LinkCounter | None:
    """Who counts in this process, if anybody does."""
    return _tally


class Believed(Protocol):
    """A view, as far as it matters here."""

    alias: str

    def is_trusted(self) -> bool:
        """Whether what it says is believed."""


def tell_names(
    counts: LinkCounter, view: Believed, entries: Sequence[object | None], linked: int
) -> None:
    """What became of the names of one mount: their entries, and how many were linked."""
    if linked:
        counts.linked(view.alias, linked)
    if linked == len(entries):
        return
    absent = entries.count(None)
    if absent:
        counts.left(view.alias, "unpublished" if view.is_trusted() else "redis", absent)
    if changed := len(entries) - absent - linked:
        counts.left(view.alias, "changed", changed)
