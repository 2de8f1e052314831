"""How fast uploads may go: how many at a time, and how many a second. Pure; seconds come in."""

from dataclasses import dataclass

AGAIN = 1.0
"""Seconds in which answers that ask for fewer requests count as one: all those that were under
way get one."""

RECOVERY = 5.0
"""Seconds after which one more upload at a time is tried."""


@dataclass(slots=True)
class Width:
    """How many uploads there may be at a time: halved where S3 asks for fewer, then slowly more.

    | what happened | since the last change | uploads at a time      |
    |---------------|-----------------------|------------------------|
    | slowed        | less than AGAIN       | as many                |
    | slowed        | AGAIN or more         | half as many, 1 or more |
    | went well     | less than RECOVERY    | as many                |
    | went well     | RECOVERY or more      | one more, up to `most` |
    """

    most: int
    now: int = 0
    changed: float = float("-inf")

    def __post_init__(self) -> None:
        self.now = self.now or self.most

    def slowed(self, at: float) -> None:
        """S3 asked for fewer requests."""
        if at - self.changed >= AGAIN:
            self._become(max(1, self.now // 2), at)

    def went_well(self, at: float) -> None:
        """An upload ended."""
        if self.now < self.most and at - self.changed >= RECOVERY:
            self._become(self.now + 1, at)

    def _become(self, width: int, at: float) -> None:
        self.now, self.changed = width, at


@dataclass(slots=True)
class Rate:
    """How many uploads may begin a second; 0 for as many as can."""

    most: float
    next: float = float("-inf")

    def wait(self, at: float) -> float:
        """Seconds until the next upload may begin; 0 or less where it may."""
        return self.next - at

    def begun(self, at: float) -> None:
        """An upload begins."""
        if self.most:
            self.next = at + 1 / self.most
