"""Ends a process that is asked to stop within ten seconds, whatever hangs: S3, Redis or the disk.

SIGTERM and SIGINT set a flag, at which all work ends. Work that has not ended STOP_SECONDS later,
or at a second Ctrl-C, is abandoned: the leases of this process become invalid, so that it sends
and publishes nothing more; then Redis gets the leases back, so that the next process need not
wait for them, and the process exits at once, as if it had been killed.

The kernel reports signals through a pipe to a thread of its own, as the main thread may hang too.
"""

import os
import select
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import contextmanager

from s3rewrite.registry.lease import DURATION, abandon_all
from s3rewrite.sync.reporting.journal import heartbeat_cleanups
from s3rewrite.sync.upload.threads import under_way

STOP_SECONDS = 5.0
"""Seconds that work has to end."""

CLEANUP_SECONDS = 1.5
"""Seconds for giving back the leases, and again for the message."""

SIGNALS = (signal.SIGTERM, signal.SIGINT)
FINISHED = 0
"""The byte in the pipe, beside the numbers of signals, that says that the block has ended."""

ABANDONED = "s3rewrite: stopped; abandoned {uploads} under way. Another pass may begin {when}"
AT_ONCE = "at once"
LATER = f"in {DURATION:.0f} s, when the lease ends, as Redis did not answer"

_flags: list[threading.Event] = []


@contextmanager
def stoppable(code: int) -> Iterator[threading.Event]:
    """Yield the flag that is set when this process is to stop; nested blocks share one flag.

    `code` is the exit code if work is abandoned. Only the main thread can handle signals: in
    another thread nothing sets the flag.
    """
    if _flags or threading.current_thread() is not threading.main_thread():
        yield _flags[0] if _flags else threading.Event()
        return
    _flags.append(threading.Event())
    reader, writer = os.pipe()
    watcher = threading.Thread(target=_watch, args=(reader, _flags[0], code), daemon=True)
    watcher.start()
    try:
        with _signals_written_to(writer):
            yield _flags[0]
    finally:
        os.write(writer, bytes([FINISHED]))
        watcher.join()
        os.close(reader)
        os.close(writer)
        _flags.clear()


@contextmanager
def _signals_written_to(pipe: int) -> Iterator[None]:
    os.set_blocking(pipe, False)  # as set_wakeup_fd demands
    previous = signal.set_wakeup_fd(pipe, warn_on_full_buffer=False)
    # Python writes a signal's number to the pipe only if the signal has a handler.
    handlers = {number: signal.signal(number, _ignore) for number in SIGNALS}
    try:
        yield
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler or signal.SIG_DFL)
        signal.set_wakeup_fd(previous)


def _ignore(*_: object) -> None:
    """Handle a signal in Python: the pipe has its number already."""


def _watch(pipe: int, stop: threading.Event, code: int) -> None:
    """Wait for signals until the block ends; exit if work does not end after one."""
    timeout: float | None = None
    deadline = 0.0
    while True:
        is_readable = select.select([pipe], [], [], timeout)[0]
        number = os.read(pipe, 1)[0] if is_readable else None
        if number == FINISHED:
            return
        if number in SIGNALS and not stop.is_set():
            stop.set()
            deadline = time.monotonic() + STOP_SECONDS
        elif number in (None, signal.SIGINT):  # time is up, or a second Ctrl-C
            _abandon(code)
        timeout = max(0.0, deadline - time.monotonic()) if stop.is_set() else None


def _abandon(code: int) -> None:
    give_back = abandon_all()
    count = sum(under_way.values())
    uploads = f"{count} upload" if count == 1 else f"{count} uploads"
    is_clean = _run_all([*give_back, *heartbeat_cleanups()])
    message = ABANDONED.format(uploads=uploads, when=AT_ONCE if is_clean else LATER)
    _run_all([lambda: _print(message)])  # the terminal may hang as well
    os._exit(code)


def _run_all(actions: Sequence[Callable[[], None]]) -> bool:
    """Run actions side by side; return whether all succeeded within CLEANUP_SECONDS."""
    pool = ThreadPoolExecutor(len(actions) or 1)
    ended, hanging = wait([pool.submit(action) for action in actions], CLEANUP_SECONDS)
    return not hanging and not any(future.exception() for future in ended)


def _print(message: str) -> None:
    sys.stdout.flush()
    sys.stderr.write(f"{message}\n")
    sys.stderr.flush()
