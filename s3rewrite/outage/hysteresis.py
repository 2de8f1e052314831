"""When failing probes make an outage, and successful ones its end. Pure."""

from enum import Enum

FAILURES = 3
"""Failures in a row that make an outage: one in a million where 1 % of all requests fail."""

SUCCESSES = 5
"""Successes in a row that end an outage."""

MOST_SUCCESSES = 80
"""Successes in a row that end one of many outages."""

CALM = 600.0
"""Seconds without an outage after which the next one ends with SUCCESSES again."""


class Verdict(Enum):
    """What one probe proves."""

    GOOD = "visitors get the file"
    BAD = "visitors do not get the file"
    UNKNOWN = "nothing, as this host has no network, or too much to do"


class Hysteresis:
    """Counts probes.

    | the mount is | a probe is | in a row                    | then                            |
    |--------------|------------|-----------------------------|---------------------------------|
    | linked       | GOOD       | any                         | linked, counted from 0          |
    | linked       | BAD        | fewer than FAILURES         | linked                          |
    | linked       | BAD        | FAILURES or more            | suspended                       |
    | suspended    | BAD        | any                         | suspended, counted from 0       |
    | suspended    | GOOD       | fewer than are needed       | suspended                       |
    | suspended    | GOOD       | as many as are needed       | linked                          |
    | either       | UNKNOWN    | any                         | as it was, and so is the count  |

    SUCCESSES are needed, and twice as many as the last time where that outage ended less than CALM
    seconds before: what comes and goes is suspended for longer each time.
    """

    def __init__(self) -> None:
        self._is_out = False
        self._failures = self._successes = 0
        self._needed = SUCCESSES
        self._ended_at = float("-inf")

    @property
    def is_out(self) -> bool:
        """Whether there is an outage. Set it to what is marked in Redis: by an earlier loop; or no
        longer, as somebody resumed, or Redis lost it. Then the next failure makes one again."""
        return self._is_out

    @is_out.setter
    def is_out(self, marked: bool) -> None:
        if marked and not self._is_out:
            self._successes = 0  # those from before say nothing of this outage
        self._is_out = marked

    @property
    def is_failing(self) -> bool:
        """Whether the last probes failed, and more of them would make an outage."""
        return self._failures > 0 and not self.is_out

    def count(self, verdict: Verdict, now: float) -> bool:
        """Count a probe at a time in seconds; returns whether there is an outage."""
        if verdict is Verdict.BAD:
            self._failures, self._successes = self._failures + 1, 0
            if self._failures >= FAILURES and not self.is_out:
                is_calm = now - self._ended_at >= CALM
                self._needed = SUCCESSES if is_calm else min(2 * self._needed, MOST_SUCCESSES)
                self.is_out = True
        elif verdict is Verdict.GOOD:
            self._failures, self._successes = 0, self._successes + 1
            if self.is_out and self._successes >= self._needed:
                self.is_out, self._ended_at = False, now
        return self.is_out
