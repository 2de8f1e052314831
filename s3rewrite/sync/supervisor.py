"""Tells systemd how the loop is, where it is a unit of `Type=notify`.

https://www.freedesktop.org/software/systemd/man/latest/sd_notify.html
"""

import os
import socket
from contextlib import suppress

READY = "READY=1"
ALIVE = "WATCHDOG=1"


def tell(state: str) -> None:
    """Say it to systemd; to nobody where it did not start this process, or does not listen."""
    where = os.environ.get("NOTIFY_SOCKET", "")
    if not where.startswith(("/", "@")):
        return
    with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as out:
        out.connect("\0" + where[1:] if where.startswith("@") else where)
        out.send(state.encode())
