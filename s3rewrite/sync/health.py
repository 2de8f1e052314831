"""How a loop is, for the probes of load balancers and Kubernetes. Pure.

Alive is a loop that moves: one that is not should be started anew. Ready is one whose last pass
over each mount came to its end: another start would not help where S3 refuses.
"""

from collections.abc import Iterable
from dataclasses import dataclass

HUNG_AFTER = 300.0
"""Seconds without a move after which a loop counts as hung. A request to S3 is given up after
three times 65 seconds."""

TICK_PATIENCE = 10.0
"""Seconds without a tick of the main thread, which ticks each second."""


@dataclass(frozen=True, slots=True)
class MountHealth:
    """How the loop over a mount is; times in seconds ago."""

    alias: str
    since_move: float
    """Since something happened: a step, a name, a part of a file."""
    interval: float
    since_pass: float | None = None
    """Since a pass over all files came to its end; None: none did yet."""
    problem: str = ""
    """Why the last pass did not."""
    failed: int = 0
    """Names that the last pass over all files could not bring to S3."""


def liveness_problems(
    ticked: float, mounts: Iterable[MountHealth], patience: float = HUNG_AFTER
) -> dict[str, str]:
    """Mount, or "loop" for the whole, -> why it counts as hung. Empty: it is alive."""
    found = {
        mount.alias: f"nothing moved for {mount.since_move:.0f} s"
        for mount in mounts
        if mount.since_move > patience
    }
    if ticked > TICK_PATIENCE:
        found["loop"] = f"its main thread did not tick for {ticked:.0f} s"
    return found


def readiness_problems(
    mounts: Iterable[MountHealth], patience: float = HUNG_AFTER
) -> dict[str, str]:
    """Mount -> why its last pass is not one that succeeded lately. Empty: it is ready."""
    return {mount.alias: reason for mount in mounts if (reason := _unready(mount, patience))}


def _unready(mount: MountHealth, patience: float) -> str:
    if mount.problem:
        return mount.problem
    if mount.since_pass is None:
        return "its first pass has not ended yet"
    if mount.since_pass > mount.interval + patience:
        return f"its last pass ended {mount.since_pass:.0f} s ago"
    return ""
