"""How a loop is, for the probes of load balancers and Kubernetes. Pure.

Alive is a loop that moves: one that is not should be started anew. Ready is one whose last pass
over each mount came to its end: another start would not help where S3 refuses.
"""

from collections.abc import Iterable
from dataclasses import dataclass

PATIENCE = 300.0
"""Seconds without a move after which a loop counts as hung. A request to S3 is given up after
three times 65 seconds."""

TICK_PATIENCE = 10.0
"""Seconds without a tick of the main thread, which ticks each second."""


@dataclass(frozen=True, slots=True)
class Pulse:
    """How the loop over a mount is; times in seconds ago."""

    mount: str
    moved: float
    """Since something happened: a step, a name, a part of a file."""
    interval: float
    passed: float | None = None
    """Since a pass over all files came to its end; None: none did yet."""
    trouble: str = ""
    """Why the last pass did not."""
    failed: int = 0
    """Names that the last pass over all files could not bring to S3."""


def hung(ticked: float, pulses: Iterable[Pulse], patience: float = PATIENCE) -> dict[str, str]:
    """Mount, or "loop" for the whole, -> why it counts as hung. Empty: it is alive."""
    found = {
        pulse.mount: f"nothing moved for {pulse.moved:.0f} s"
        for pulse in pulses
        if pulse.moved > patience
    }
    if ticked > TICK_PATIENCE:
        found["loop"] = f"its main thread did not tick for {ticked:.0f} s"
    return found


def unready(pulses: Iterable[Pulse], patience: float = PATIENCE) -> dict[str, str]:
    """Mount -> why its last pass is not one that succeeded lately. Empty: it is ready."""
    return {pulse.mount: reason for pulse in pulses if (reason := _unready(pulse, patience))}


def _unready(pulse: Pulse, patience: float) -> str:
    if pulse.trouble:
        return pulse.trouble
    if pulse.passed is None:
        return "its first pass has not ended yet"
    if pulse.passed > pulse.interval + patience:
        return f"its last pass ended {pulse.passed:.0f} s ago"
    return ""
