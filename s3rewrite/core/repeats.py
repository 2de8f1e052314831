"""What was reported before, so that the same thing does not fill the log. Pure."""

import math
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Collection, Hashable
from dataclasses import dataclass
from types import TracebackType

ErrorKind = tuple[str, ...]
"""An error's type, and the places in the code where it was raised."""

CAPACITY = 100
"""Subjects that are remembered; the one that was met longest ago is forgotten first."""

DEPTH = 3
"""Innermost frames that tell apart two errors of one type."""


def kind_of(error: BaseException) -> ErrorKind:
    """The kind of an error that was raised."""
    places: list[str] = []
    traceback: TracebackType | None = error.__traceback__
    while traceback is not None:
        places.append(f"{traceback.tb_frame.f_code.co_filename}:{traceback.tb_lineno}")
        traceback = traceback.tb_next
    return (f"{type(error).__module__}.{type(error).__qualname__}", *places[-DEPTH:])


@dataclass
class _Reported:
    state: object
    since: float
    repeats: int = 0


class Repeats:
    """Tells news from repeats: of each subject the state that was reported last is remembered.

    Safe to share between threads.
    """

    def __init__(
        self,
        silence: float = math.inf,
        clock: Callable[[], float] = time.monotonic,
        capacity: float = CAPACITY,
    ) -> None:
        """The same state of a subject counts as a repeat for `silence` seconds."""
        self._silence = silence
        self._clock = clock
        self._capacity = capacity
        self._lock = threading.Lock()
        self._reported: OrderedDict[Hashable, _Reported] = OrderedDict()

    def count(self, subject: Hashable, state: object = None) -> int | None:
        """How many repeats there were since this state was reported; None if this is a repeat."""
        now = self._clock()
        with self._lock:
            last = self._reported.get(subject)
            is_same = last is not None and last.state == state
            if last and is_same and now - last.since < self._silence:
                last.repeats += 1
                self._reported.move_to_end(subject)
                return None
            self._reported[subject] = _Reported(state, now)
            self._reported.move_to_end(subject)
            if len(self._reported) > self._capacity:
                self._reported.popitem(last=False)
            return last.repeats if last and is_same else 0

    def is_new(self, subject: Hashable, state: object = None) -> bool:
        """Whether this is no repeat."""
        return self.count(subject, state) is not None

    def resolve(self, subject: Hashable) -> bool:
        """Forget a subject, as it is over; returns whether it was reported."""
        with self._lock:
            return self._reported.pop(subject, None) is not None

    def retain(self, subjects: Collection[Hashable]) -> None:
        """Forget all subjects but these."""
        with self._lock:
            for subject in self._reported.keys() - subjects:
                del self._reported[subject]

    def forget(self) -> None:
        """Forget all subjects."""
        self.retain(())
