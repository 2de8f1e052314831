"""A process that is asked to stop ends within ten seconds, whatever hangs: S3, Redis or the disk.

SIGTERM and SIGINT set a flag, at which all that is under way ends. What has not ended PATIENCE
seconds later, or at a second Ctrl-C, is abandoned. No lease of this process stands from then on,
so that it sends and publishes nothing more; then the leases are given back, and it is over, as if
it had been killed: the next one need not wait for them.

The kernel tells a thread of its own of signals, by a pipe: the main thread may hang, too.
"""

import os
import select
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress

from s3rewrite.registry.lease import DURATION, abandoned
from s3rewrite.sync.reporting.journal import heartbeat_cleanups
from s3rewrite.sync.upload.threads import under_way

PATIENCE = 5.0
"""Seconds in which what is under way may end."""

FAREWELL = 1.5
"""Seconds in which Redis is told."""

SIGNALS = (signal.SIGTERM, signal.SIGINT)
LEFT = 0
"""What the pipe says, beside the numbers of signals: the block was left."""

ABANDONED = "s3rewrite: stopped; abandoned {count} uploads under way. Another pass may begin {when}"
AT_ONCE = "at once"
LATER = f"in {DURATION:.0f} s, when the lease ends, as Redis did not answer"

_flags: list[threading.Event] = []


@contextmanager
def stoppable(code: int) -> Iterator[threading.Event]:
    """The flag that is set when this process is to stop; one for blocks within each other.

    `code` is the exit code where something had to be abandoned. In another thread than the main
    one, signals are none of ours.
    """
    if _flags or threading.current_thread() is not threading.main_thread():
        yield _flags[0] if _flags else threading.Event()
        return
    _flags.append(threading.Event())
    near, far = os.pipe()
    watcher = threading.Thread(target=_watch, args=(near, _flags[0], code), daemon=True)
    watcher.start()
    try:
        with _told_of_signals(far):
            yield _flags[0]
    finally:
        os.write(far, bytes([LEFT]))
        watcher.join()
        os.close(near)
        os.close(far)
        _flags.clear()


@contextmanager
def _told_of_signals(pipe: int) -> Iterator[None]:
    os.set_blocking(pipe, False)
    told = signal.set_wakeup_fd(pipe, warn_on_full_buffer=False)
    handlers = {number: signal.signal(number, _ignored) for number in SIGNALS}
    try:
        yield
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler or signal.SIG_DFL)
        signal.set_wakeup_fd(told)


def _ignored(*_: object) -> None:
    """Python's handler: the pipe has told the number already."""


def _watch(pipe: int, stop: threading.Event, code: int) -> None:
    """Until the block is left, or the process ends."""
    patience: float | None = None
    until = 0.0
    while True:
        told = select.select([pipe], [], [], patience)[0]
        number = os.read(pipe, 1)[0] if told else None
        if number == LEFT:
            return
        if number in SIGNALS and not stop.is_set():
            stop.set()
            until = time.monotonic() + PATIENCE
        elif number in (None, signal.SIGINT):
            _abandon(code)
        patience = max(0.0, until - time.monotonic()) if stop.is_set() else None


def _abandon(code: int) -> None:
    give_back = abandoned()
    count = sum(under_way.values())
    is_told = _are_done([*give_back, *heartbeat_cleanups()], FAREWELL)
    message = ABANDONED.format(count=count, when=AT_ONCE if is_told else LATER)
    _are_done([lambda: _say(message)], FAREWELL)
    os._exit(code)


def _are_done(actions: Sequence[Callable[[], None]], seconds: float) -> bool:
    """Do some things at once, and say whether all of them are done in time."""
    until = time.monotonic() + seconds
    done = [threading.Event() for _ in actions]
    for action, event in zip(actions, done, strict=True):
        threading.Thread(target=_do, args=(action, event), daemon=True).start()
    return all(event.wait(max(0.0, until - time.monotonic())) for event in done)


def _do(action: Callable[[], None], done: threading.Event) -> None:
    with suppress(Exception):
        action()
        done.set()


def _say(message: str) -> None:
    sys.stdout.flush()
    sys.stderr.write(f"{message}\n")
    sys.stderr.flush()
