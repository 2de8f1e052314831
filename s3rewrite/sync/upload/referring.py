"""The order in which files that refer to each other are read. Pure."""

from collections import Counter
from collections.abc import Iterable, Mapping

from s3rewrite.sync.plan import Task
from s3rewrite.sync.upload.attempt import ObjectLookup
from s3rewrite.sync.upload.recorder import WaitingFile

ROUNDS = 1_000
"""Most rounds in one pass: as many files may wait for one another in a row."""

READS = 10
"""Most times that one file is read in a pass."""

Tasks = list[tuple[Task, ObjectLookup]]


class ReferenceQueue:
    """Files that may refer to others: first all of them, then those whose wait has ended.

    Each file waits for one other: the first that it refers to and that is not on S3 yet.
    """

    def __init__(self, tasks: Tasks) -> None:
        self._next = tasks
        self._given_up: Tasks = []
        """Files that were read READS times."""
        self._waiting: dict[str, list[WaitingFile]] = {}
        """Name -> the files that wait for it."""
        self._reads: Counter[str] = Counter()

    def take(self) -> Tasks:
        """The files to read now; none if all that remain are waiting."""
        tasks, self._next = self._next, []
        self._reads.update(task.name for task, _ in tasks)
        return tasks

    def record_round(self, tasks: Tasks, waiting: Iterable[WaitingFile]) -> None:
        """Files were read: some of them wait; the wait for each of the others is over."""
        # A dict for its order: the next round is the same each time.
        ended = {task.name: None for task, _ in tasks}
        for file in waiting:
            self._waiting.setdefault(file.waits_for, []).append(file)
            ended.pop(file.task.name, None)
        for name in ended:
            for file in self._waiting.pop(name, ()):
                may_be_read = self._reads[file.task.name] < READS
                (self._next if may_be_read else self._given_up).append((file.task, file.lookup))

    def remaining(self) -> Tasks:
        """The files that remain."""
        waiting = (file for files in self._waiting.values() for file in files)
        return [*self._next, *self._given_up, *((file.task, file.lookup) for file in waiting)]

    def waits_for(self) -> dict[str, str]:
        """The files that remain, each with the one it waits for; "" where that has ended."""
        ended = {task.name: "" for task, _ in (*self._next, *self._given_up)}
        waiting = (file for files in self._waiting.values() for file in files)
        return ended | {file.task.name: file.waits_for for file in waiting}


def find_cycles(waits_for: Mapping[str, str]) -> set[str]:
    """The names that wait for themselves in the end; each name waits for one other."""
    cycles: set[str] = set()
    seen: set[str] = set()
    for start in waits_for:
        path: dict[str, None] = {}
        name = start
        while name in waits_for and name not in seen:
            seen.add(name)
            path[name] = None
            name = waits_for[name]
        # The path ran into itself: from there on it is a cycle, before that it leads to one.
        if name in path:
            names = list(path)
            cycles.update(names[names.index(name) :])
    return cycles
