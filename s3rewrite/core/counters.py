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

    def count_linked(self, mount: str, count: int) -> None:
        """So many URLs of a response were linked."""

    def count_local(self, mount: str, reason: Reason, count: int) -> None:
        """So many were left local; of no mount ("") where they are ambiguous."""

    def count_poll(self, mount: str, *, missing: int, is_ok: bool) -> None:
        """Redis was asked what changed, and for so many names that were not known."""


_tally: LinkCounter | None = None


def set_link_counter(link_counter: LinkCounter | None) -> None:
    """Tell this one from now on; None: nobody."""
    global _tally  # noqa: PLW0603 - there is one a process
    _tally = link_counter


def link_counter() -> LinkCounter | None:
    """Who counts in this process, if anybody does."""
    return _tally


class TrustedView(Protocol):
    """A view, as far as it matters here."""

    alias: str

    def is_trusted(self) -> bool:
        """Whether what it says is believed."""


def count_names(
    counts: LinkCounter, view: TrustedView, entries: Sequence[object | None], linked: int
) -> None:
    """What became of the names of one mount: their entries, and how many were linked."""
    if linked:
        counts.count_linked(view.alias, linked)
    if linked == len(entries):
        return
    absent = entries.count(None)
    if absent:
        counts.count_local(view.alias, "unpublished" if view.is_trusted() else "redis", absent)
    if changed := len(entries) - absent - linked:
        counts.count_local(view.alias, "changed", changed)
