"""What the loop says to who runs it."""

from collections.abc import Callable
from dataclasses import dataclass

Say = Callable[[str], None]


@dataclass
class Notices:
    """Says what is wrong once, not at every try, and once that it is over."""

    say: Say
    current: str = ""

    def trouble(self, kind: str, message: str) -> None:
        """Say the message, unless trouble of this kind was said and goes on."""
        if kind != self.current:
            self.say(message)
        self.current = kind

    def recovered(self, message: str) -> None:
        """Say that the trouble is over, if there was some."""
        if self.current:
            self.say(message)
        self.current = ""
