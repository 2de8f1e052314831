"""The values that the commands on a registry take and return."""

from enum import StrEnum
from typing import NamedTuple


class Outcome(StrEnum):
    """The result of a compare-and-set."""

    CLAIMED = "claimed"
    PUBLISHED = "published"
    SUPERSEDED = "superseded"
    """The file has changed since the claim: another upload will publish it."""
    FENCED = "fenced"
    """Another pass has the lease, or none: this one may publish nothing."""
    DOUBTFUL = "doubtful"
    """An earlier write of other bytes to the same object may still arrive at S3."""
    UNPROVEN = "unproven"
    """So it may, but under a condition that will not hold, if the service honours conditions."""
    PURGED = "purged"
    """The name is taken down: nothing may be uploaded under it."""
    UNCLEARED = "uncleared"
    """A CDN may hold other bytes of the name."""


class Claim(NamedTuple):
    """The right to publish a name once, until another claim replaces the token."""

    name: str
    token: str
    source: str = ""
    """The name of another file that had the same bytes, whose object may be there still."""


class Write(NamedTuple):
    """A write to S3 that an upload is about to make, or the object that it found there."""

    name: str
    fingerprint: str
    condition: str = ""
    """What must be under the key: an ETag, or "*" for no object; "" for anything."""
    etag: str = "?"
    """The object's ETag after it; "-" for the ETag of parts, "?" where it is not known."""


class Withdrawn(NamedTuple):
    """An object that may be in the bucket and has no entry."""

    name: str
    fingerprint: str = ""
    """"" where all bytes of a name have one key."""
    was_freed: bool = False
    """It may be the only copy of a file that vanished, though nobody has deleted it."""

    def member(self) -> str:
        """The member of the set `withdrawn`, as `withdraw.lua` writes it."""
        mark = "freed:" if self.was_freed else ""
        return f"{mark}{self.fingerprint or '-'} {self.name}"


class Epoch(NamedTuple):
    """Whether the registry can be believed, on the server process that was asked."""

    state: str
    """"current", "begun" where there was none, or "doubted": its entries are to be compared."""
    run_id: str
    """Of the server process."""
    safe_until: float
    """Seconds since 1970 up to which the server has lost no write."""
