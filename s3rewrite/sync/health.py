"""The health of a loop, for the probes of load balancers and Kubernetes. Pure.

A loop is alive if it makes progress; one that does not should be restarted. It is ready if the
last pass over each mount came to its end; if S3 refuses, a restart would not help.
"""

from collections.abc import Iterable
from dataclasses import dataclass

HUNG_AFTER = 300.0
"""Seconds without progress after which a loop counts as hung. A request to S3 is given up after
three times 65 seconds."""

MAX_TICK = 10.0
"""Seconds between two ticks of the main thread after which it counts as hung; it ticks each
second."""


@dataclass(frozen=True, slots=True)
class MountHealth:
    """The state of the loop over a mount; times are in seconds."""

    alias: str
    since_move: float
    """Since the last progress: a step, a name, a part of a file."""
    interval: float
    since_pass: float | None = None
    """Since a pass over all files came to its end; None before the first."""
    problem: str = ""
    """Why the last pass did not come to its end."""
    failed: int = 0
    """Names that the last pass over all files could not bring to S3."""


def liveness_problems(
    since_tick: float, mounts: Iterable[MountHealth], patience: float = HUNG_AFTER
) -> dict[str, str]:
    """Mount, or "loop" for the whole process -> why it counts as hung. Empty if it is alive."""
    problems = {
        mount.alias: f"nothing moved for {mount.since_move:.0f} s"
        for mount in mounts
        if mount.since_move > patience
    }
    if since_tick > MAX_TICK:
        problems["loop"] = f"its main thread did not tick for {since_tick:.0f} s"
    return problems


def readiness_problems(
    mounts: Iterable[MountHealth], patience: float = HUNG_AFTER
) -> dict[str, str]:
    """Mount -> why it has no recent successful pass. Empty if the loop is ready."""
    return {mount.alias: reason for mount in mounts if (reason := _unready(mount, patience))}


def _unready(mount: MountHealth, patience: float) -> str:
    if mount.problem:
        return mount.problem
    if mount.since_pass is None:
        return "its first pass has not ended yet"
    if mount.since_pass > mount.interval + patience:
        return f"its last pass ended {mount.since_pass:.0f} s ago"
    return ""
