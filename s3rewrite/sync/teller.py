"""Tells the pass that handed out a batch what becomes of it, and that its worker lives."""

import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress

import redis

from s3rewrite.registry.desk import Desk, Message
from s3rewrite.registry.lease import DURATION
from s3rewrite.sync.attempt import End
from s3rewrite.sync.books import HOPELESS
from s3rewrite.sync.handouts import told
from s3rewrite.sync.upload import Wanted

SIGN = DURATION / 3
"""Seconds between two signs of life."""


class Teller:
    """Listens to the pool of a worker. Every method but `stop` may raise redis.RedisError."""

    def __init__(self, desk: Desk, batch: str, names: Iterable[str], stop: threading.Event) -> None:
        self._desk = desk
        self._batch = batch
        self._untold = set(names)
        self._stop = stop

    @property
    def is_over(self) -> bool:
        """Whether no more uploads are to begin."""
        return self._stop.is_set()

    def ended(self, ends: Sequence[tuple[Wanted, End]]) -> None:
        """Some files, and what became of each. Stops at what every other file would meet too."""
        if any(isinstance(end, HOPELESS) for _, end in ends):
            self._stop.set()
        self._tell({"ends": [[wanted.task.name, told(end)] for wanted, end in ends]})
        self._untold.difference_update([wanted.task.name for wanted, _ in ends])

    def stop(self, reason: str) -> None:
        """Something happened that nobody expects: the pass is to stop, if it can be told."""
        self._stop.set()
        with suppress(redis.RedisError):  # then this worker is lost, which is as good
            self._tell({"stop": reason})

    def sign(self) -> None:
        """The worker lives."""
        self._tell({})

    def closed(self) -> None:
        """No more ends will come, though some are missing."""
        if self._untold:
            self._tell({"closed": True})

    def _tell(self, message: Message) -> None:
        self._desk.tell([{"batch": self._batch, **message}])


@contextmanager
def alive(teller: Teller, look: Callable[[], bool], stop: threading.Event) -> Iterator[None]:
    """Give signs of life until the end of the block, each followed by a `look` at the lease.

    No sign, no look: a worker that the pass hears no more sends nothing any more. The stop flag
    is set where the look finds that the lease is lost.
    """
    teller.sign()
    done = threading.Event()

    def keep() -> None:
        while not done.wait(SIGN):
            with suppress(redis.RedisError):
                teller.sign()
                if not look():
                    stop.set()

    thread = threading.Thread(target=keep, name="s3rewrite-signs", daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()
