"""In which order files that refer to each other are read. Pure."""

from collections import Counter
from collections.abc import Iterable, Mapping

from s3rewrite.sync.attempt import Known
from s3rewrite.sync.books import Waiting
from s3rewrite.sync.plan import Task

ROUNDS = 1_000
"""Files that may wait for one another in a row in one pass; the rest is left for the next."""

READS = 10
"""Times that one of them is read in a pass."""

Wanted = list[tuple[Task, Known]]


class Queue:
    """Files that may refer to others: first all of them, then those whose wait has ended.

    Each file waits for one other, the first that it refers to and that is not on S3 yet.
    """

    def __init__(self, tasks: Wanted) -> None:
        self._next = tasks
        self._left: Wanted = []
        """Read often enough."""
        self._waiting: dict[str, list[Waiting]] = {}
        """What is waited for -> what waits for it."""
        self._reads: Counter[str] = Counter()

    def take(self) -> Wanted:
        """The files to be read now; none where all that are left wait."""
        tasks, self._next = self._next, []
        self._reads.update(task.name for task, _ in tasks)
        return tasks

    def ended(self, tasks: Wanted, waiting: Iterable[Waiting]) -> None:
        """Files were read: some of them wait, with the others it has come to an end."""
        ended = {task.name: None for task, _ in tasks}
        for one in waiting:
            self._waiting.setdefault(one.waits_for, []).append(one)
            ended.pop(one.task.name, None)
        for name in ended:
            for one in self._waiting.pop(name, ()):
                may_be_read = self._reads[one.task.name] < READS
                (self._next if may_be_read else self._left).append((one.task, one.known))

    def left(self) -> Wanted:
        """The files that are left."""
        waiting = (one for ones in self._waiting.values() for one in ones)
        return [*self._next, *self._left, *((one.task, one.known) for one in waiting)]

    def waits_for(self) -> dict[str, str]:
        """The files that are left, each with what it waits for; "" where that has ended."""
        ended = {task.name: "" for task, _ in (*self._next, *self._left)}
        waiting = (one for ones in self._waiting.values() for one in ones)
        return ended | {one.task.name: one.waits_for for one in waiting}


def in_circles(waits_for: Mapping[str, str]) -> set[str]:
    """Of names that each wait for another one those that so wait for themselves in the end."""
    circles: set[str] = set()
    seen: set[str] = set()
    for start in waits_for:
        path: dict[str, None] = {}
        at = start
        while at in waits_for and at not in seen:
            seen.add(at)
            path[at] = None
            at = waits_for[at]
        if at in path:
            way = list(path)
            circles.update(way[way.index(at) :])
    return circles
