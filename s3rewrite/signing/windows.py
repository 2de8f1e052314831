"""Windows: within one, a name has one URL. Pure, but for the clock."""

import time
from typing import NamedTuple


class Window(NamedTuple):
    """A stretch of time, in seconds since 1970. All processes have the same one at a time.

    A page that was made in a window may be kept until that ends; what it links works for a whole
    window more, so that nobody who still looks at the page meets a refusal.
    """

    begins: int
    seconds: int

    @property
    def ends(self) -> int:
        """When the next one begins."""
        return self.begins + self.seconds

    @property
    def expires(self) -> int:
        """When the signatures that were made in it end."""
        return self.ends + self.seconds


def now() -> float:
    """Seconds since 1970."""
    return time.time()


def current_window(seconds: int) -> Window:
    """The window of that length that it is now."""
    return window_at(now(), seconds)


def window_at(moment: float, seconds: int) -> Window:
    """The window of that length that a moment is in."""
    return Window(int(moment // seconds) * seconds, seconds)
