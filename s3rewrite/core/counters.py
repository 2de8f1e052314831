"""Counts what a web process does, for metrics, if they are installed. Pure.

Called once a response and mount, not once a link: a page with many links costs no more.
"""

from collections.abc import Sequence
from typing import Literal, Protocol

Reason = Literal["changed", "unpublished", "redis", "suspended", "ambiguous"]
"""Why URLs stay local: the file is gone or has changed since it was published; its name is not
published; Redis gives no answer that can be trusted; the mount is suspended; browser and S3 may
read the URL differently.
"""


class LinkCounter(Protocol):
    """Counts links. Many threads call its methods at a time."""

    def count_linked(self, mount: str, count: int) -> None:
        """So many URLs of a response are linked."""

    def count_local(self, mount: str, reason: Reason, count: int) -> None:
        """So many URLs stay local; of no mount ("") where they are ambiguous."""

    def count_poll(self, mount: str, *, missing: int, is_ok: bool) -> None:
        """A view asked Redis what changed, and for so many names that it had not cached."""


_counter: LinkCounter | None = None


def set_link_counter(link_counter: LinkCounter | None) -> None:
    """Let this counter count from now on; None: stop counting."""
    global _counter  # noqa: PLW0603 - there is one a process
    _counter = link_counter


def link_counter() -> LinkCounter | None:
    """The counter of this process, if there is one."""
    return _counter


class TrustedView(Protocol):
    """What counting needs of a `registry.View`, which this room may not import."""

    alias: str
    is_suspended: bool

    def is_trusted(self) -> bool:
        """Whether its answers can be believed."""


def count_names(
    counter: LinkCounter, view: TrustedView, entries: Sequence[object | None], linked: int
) -> None:
    """Count the names of one mount, by their entries and how many of them are linked."""
    if linked:
        counter.count_linked(view.alias, linked)
    if linked == len(entries):
        return
    absent = entries.count(None)
    if absent:
        counter.count_local(view.alias, _why_absent(view), absent)
    if changed := len(entries) - absent - linked:
        counter.count_local(view.alias, "changed", changed)


def _why_absent(view: TrustedView) -> Reason:
    if not view.is_trusted():
        return "redis"
    return "suspended" if view.is_suspended else "unpublished"
