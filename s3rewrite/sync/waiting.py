"""Waiting for another pass over the same mount to end."""

import threading
import time
from collections.abc import Callable
from typing import TypeVar

from s3rewrite.registry.lease import LeaseTaken

T = TypeVar("T")

PERIOD = 0.1
"""Seconds between two tries."""


def patiently(action: Callable[[], T], seconds: float, stop: threading.Event) -> T:
    """What `action` returns, tried again while it raises LeaseTaken. Raises the last one.

    Not any more once the stop flag is set.
    """
    until = time.monotonic() + seconds
    while True:
        try:
            return action()
        except LeaseTaken:
            if time.monotonic() >= until or stop.wait(PERIOD):
                raise
