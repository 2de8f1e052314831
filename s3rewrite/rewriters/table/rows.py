"""What a row of the context table says: where, whether, how, and on what conditions."""

from enum import Enum, IntEnum, auto
from typing import NamedTuple

from s3rewrite.rewriters.table.conditions import Need, UrlContext, When


class Mark(Enum):
    """Whether URLs are rewritten: by default, where a mount names the row, or never."""

    YES = "✔"
    ASKED = "○"
    NEVER = "✘"


class Rule(IntEnum):
    """How the URLs of a place are written."""

    URL = auto()
    SRCSET = auto()
    CSS = auto()
    JSON = auto()
    HTML = auto()


class Row(NamedTuple):
    """One row of the table; for an ASKED one, `name` is what a mount writes in CONTEXTS.

    `family` is the name of a row for many places, which this one stands before at one of them:
    whoever asks for the family asks for this one too.
    """

    name: str
    mark: Mark
    places: str
    rule: Rule = Rule.URL
    when: tuple[When, ...] = ()
    needs: tuple[Need, ...] = ()
    family: str = ""

    def allows(self, spot: UrlContext) -> bool:
        """Whether the URL may be linked as far as this row goes."""
        if not self.is_wanted_by(spot.target.contexts):
            return False
        for need in self.needs:  # noqa: SIM110 - called for every URL; half the time of `all`
            if not need(spot):
                return False
        return True

    def is_wanted_by(self, contexts: frozenset[str]) -> bool:
        """Whether a mount with these CONTEXTS wants its URLs rewritten there."""
        if self.mark is _ASKED:
            return self.name in contexts or self.family in contexts
        return self.mark is _YES


_YES, _ASKED, _ = Mark


def all_allow(rows: tuple[Row, ...], spot: UrlContext) -> bool:
    """Whether each of the rows for a place allows its URL."""
    for row in rows:  # noqa: SIM110 - called for every URL; half the time of `all`
        if not row.allows(spot):
            return False
    return True
