"""Which errors were met before: so that a page's every visit does not fill the log. Pure."""

import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from types import TracebackType

Kind = tuple[str, ...]
"""An error's type, and the places of the code where it was raised."""

CAPACITY = 100
"""Kinds that are remembered; the one that was met longest ago is forgotten first."""

DEPTH = 3
"""Frames, the innermost ones, by which two errors of a type are told apart."""


def kind_of(error: BaseException) -> Kind:
    """The kind of an error that was raised."""
    places: list[str] = []
    traceback: TracebackType | None = error.__traceback__
    while traceback is not None:
        places.append(f"{traceback.tb_frame.f_code.co_filename}:{traceback.tb_lineno}")
        traceback = traceback.tb_next
    return (f"{type(error).__module__}.{type(error).__qualname__}", *places[-DEPTH:])


@dataclass
class _Silence:
    since: float
    count: int = 0


class Repeats:
    """Counts errors of the same kind. Safe to share between threads."""

    def __init__(self, silence: float, clock: Callable[[], float] = time.monotonic) -> None:
        """`silence` is how many seconds a kind is not told again."""
        self._silence = silence
        self._clock = clock
        self._lock = threading.Lock()
        self._known: OrderedDict[Kind, _Silence] = OrderedDict()

    def count(self, kind: Kind) -> int | None:
        """How many of a kind were not told since the last that was; None if this is not told."""
        now = self._clock()
        with self._lock:
            known = self._known.get(kind)
            if known and now - known.since < self._silence:
                known.count += 1
                self._known.move_to_end(kind)
                return None
            self._known[kind] = _Silence(now)
            self._known.move_to_end(kind)
            if len(self._known) > CAPACITY:
                self._known.popitem(last=False)
            return known.count if known else 0

    def forget(self) -> None:
        """Begin anew."""
        with self._lock:
            self._known.clear()
