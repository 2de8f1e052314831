"""What the commands on a registry take and answer."""

from enum import StrEnum
from typing import NamedTuple


class Outcome(StrEnum):
    """What a compare-and-set came to."""

    CLAIMED = "claimed"
    PUBLISHED = "published"
    SUPERSEDED = "superseded"
    """The file was changed since: another upload will publish it."""
    FENCED = "fenced"
    """The lease is no longer ours: nothing may be published."""
    DOUBTFUL = "doubtful"
    """An earlier write of other bytes to the same object may still arrive at S3."""


class Claim(NamedTuple):
    """The right to publish a name once, while the token stands."""

    name: str
    token: str


class Withdrawn(NamedTuple):
    """An object that the bucket may hold and no entry speaks of."""

    name: str
    fingerprint: str = ""
    """"" where all bytes of a name have one key."""
    was_freed: bool = False
    """It may be the only copy of a file that vanished, and that nobody has deleted."""

    def member(self) -> str:
        """As the registry notes it: `withdraw.lua`."""
        mark = "freed:" if self.was_freed else ""
        return f"{mark}{self.fingerprint or '-'} {self.name}"


class Epoch(NamedTuple):
    """Whether the registry can be believed, on the server process that was asked."""

    state: str
    """"stands", "begun" where there was none, or "doubted": its entries are to be compared."""
    run_id: str
    """Of the server process."""
    safe_until: float
    """Seconds since 1970 up to which the server has lost no write."""
