"""The report of a pass, for people and for machines. Pure."""

from collections import Counter
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from s3rewrite.registry.outcomes import Withdrawn


class Result(StrEnum):
    """What happened to a name in a pass."""

    KEPT = "kept"
    """It was published before, and is unchanged."""
    UPLOADED = "uploaded"
    ADOPTED = "adopted"
    """It was published without an upload: the bucket held the same bytes, or S3 copied them."""
    REFRESHED = "refreshed"
    """Its file was touched but not changed: it is published as before."""
    PENDING = "pending"
    """It is left for the next pass: it changed during its upload, or the pass was stopped."""
    CLEARING = "clearing"
    """It is on S3, and waits until the CDN has forgotten its other bytes."""
    WITHDRAWN = "withdrawn"
    DELETED = "deleted"
    FREED = "freed"
    """Its file is no longer on the local disk."""
    FAILED = "failed"


@dataclass
class Report:
    """One pass over one mount."""

    mount: str
    names: Collection[str] | None = None
    """The names and trees that it looked at; None for all files."""
    counts: Counter[Result] = field(default_factory=Counter)
    bytes_uploaded: int = 0
    failures: dict[str, str] = field(default_factory=dict)
    """Name -> why it could not be uploaded or deleted."""
    failure_kinds: Counter[str] = field(default_factory=Counter)
    """How many failures of each kind."""
    skipped: dict[str, str] = field(default_factory=dict)
    """Name -> why it cannot be offloaded at all."""
    leftovers: list[Withdrawn] = field(default_factory=list)
    """Objects, written where none was before, of files that were gone afterwards.

    Their names are pending unless `delete_orphans` removes them from here.
    """
    unsettled: dict[str, None] = field(default_factory=dict)
    """Names whose files were changed just now; they are pending unless a hint has named them."""
    postponed: list[str] = field(default_factory=list)
    """Names that are taken down, and are to be looked at again soon."""
    exposed: dict[str, str] = field(default_factory=dict)
    """Name -> why its object, which visitors may get, should not be public."""
    notices: list[str] = field(default_factory=list)
    next_look: float | None = None
    """Seconds after which a whole pass has to look again at what S3 holds."""
    is_scan_complete: bool = True
    stopped: str = ""
    """Why the pass was stopped; "" if it came to its end."""
    seconds: float = 0.0

    @property
    def is_whole(self) -> bool:
        """Whether the pass looked at all files."""
        return self.names is None

    @property
    def is_ok(self) -> bool:
        """Whether the pass came to its end, read everything, and nothing failed."""
        return not self.failures and self.is_scan_complete and not self.stopped

    @property
    def changes(self) -> int:
        """How many names have a result that is neither "kept" nor "failed"."""
        return self.counts.total() - self.counts[Result.KEPT] - self.counts[Result.FAILED]

    @property
    def is_eventful(self) -> bool:
        """Whether the pass is worth a line."""
        return bool(self.changes) or not self.is_ok

    def add(self, result: Result, count: int = 1) -> None:
        """Count a result."""
        self.counts[result] += count

    def fail(self, name: str, reason: str, kind: str = "other") -> None:
        """Count a failure and keep its reason. `kind`: one of a few words, or S3's error code."""
        self.failures[name] = reason
        self.failure_kinds[kind] += 1
        self.add(Result.FAILED)

    def summary(self) -> str:
        """One line: `media: 12 uploaded, 3 kept, 1 failed; 4.0 MB in 1.3 s`."""
        counts = [f"{self.counts[result]:,} {result}" for result in Result if self.counts[result]]
        results = ", ".join(counts) or ("stopped" if self.stopped else "nothing to do")
        return (
            f"{self.mount}: {results}; {readable_size(self.bytes_uploaded)} in {self.seconds:.1f} s"
        )

    def as_dict(self) -> dict[str, Any]:
        """The report as `--json` prints it."""
        return {
            "mount": self.mount,
            "ok": self.is_ok,
            **{str(result): self.counts[result] for result in Result},
            "bytes_uploaded": self.bytes_uploaded,
            "failures": self.failures,
            "skipped": self.skipped,
            "notices": self.notices,
            "stopped": self.stopped,
            "scan_complete": self.is_scan_complete,
            "seconds": round(self.seconds, 3),
        }


Observer = Callable[[Report], None]
"""Called with the report of each pass that has ended."""


def readable_size(size: float) -> str:
    """A number of bytes as people read it: `4.0 MB`."""
    for unit in ("B", "kB", "MB", "GB"):
        if size < 1000:
            return f"{size:.0f} B" if unit == "B" else f"{size:.1f} {unit}"
        size /= 1000
    return f"{size:.1f} TB"
