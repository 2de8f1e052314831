"""Which process holds a lease, and whether it still runs. Linux tells; elsewhere nobody knows."""

import os
from contextlib import suppress
from functools import cache
from hashlib import sha256
from pathlib import Path

ENDED = "ZX"
"""States of a process that has ended: https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html"""


def identity() -> str:
    """16 hexadecimal digits: where this process runs, and when it began; "" if unknown."""
    state = _state(os.getpid())
    return _place() + _digest(state[1]) if state else ""


def has_ended(pid: int, identity: str) -> bool:
    """Whether the process surely runs no more.

    | it ran on this kernel, among these pids | a process has its pid now     | ended   |
    |-----------------------------------------|-------------------------------|---------|
    | no, or unknown                          | any                           | unknown |
    | yes                                     | no, or a zombie               | yes     |
    | yes                                     | one that began otherwise      | yes     |
    | yes                                     | one that began as it did      | no      |
    | yes                                     | one that /proc does not show  | unknown |
    """
    place = _place()
    if not place or len(identity) != 16 or not identity.startswith(place):
        return False
    state = _state(pid)
    if state is None:
        return not _is_there(pid)
    return state[0] in ENDED or identity != place + _digest(state[1])


@cache
def _place() -> str:
    """Another container has pids of its own, and another machine another kernel."""
    with suppress(OSError):
        kernel = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
        return _digest(f"{kernel} {Path('/proc/self/ns/pid').readlink()}")
    return ""


def _state(pid: int) -> tuple[str, str] | None:
    """A process's state, and when it began in ticks of the kernel; None if that is not shown."""
    with suppress(OSError):
        # The name, in brackets, may have spaces and brackets.
        fields = Path(f"/proc/{pid}/stat").read_text(errors="replace").rpartition(")")[2].split()
        return fields[0], fields[19]
    return None


def _is_there(pid: int) -> bool:
    """Whether there is such a process, which /proc may hide from other users (hidepid)."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True


def _digest(text: str) -> str:
    return sha256(text.encode()).hexdigest()[:8]
