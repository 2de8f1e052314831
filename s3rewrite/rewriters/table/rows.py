"""What a row of the context table says: where, whether, how, and on what conditions."""

from enum import Enum, IntEnum, auto
from typing import NamedTuple

from s3rewrite.rewriters.page import Page
from s3rewrite.rewriters.syntax.attributes import Tag
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

    `places` are written as `contexts` says. `when` tells which tags the row is for, `needs` what
    must hold of a URL. `families` name the rows for many places of which this row, that a mount
    adds, is about one: a mount that asks for a family asks for this row too.
    """

    name: str
    mark: Mark
    places: str
    rule: Rule = Rule.URL
    when: tuple[When, ...] = ()
    needs: tuple[Need, ...] = ()
    families: frozenset[str] = frozenset()

    @property
    def is_own(self) -> bool:
        """Whether it is of a place that a mount adds."""
        return "[" in self.name

    @property
    def json_kind(self) -> bytes:
        """The "element" of the members of a JSON text under this row."""
        return b"json-string" if self.is_own else self.name.encode()

    def allows(self, context: UrlContext) -> bool:
        """Whether this row allows the URL to be linked."""
        if not self.is_asked_by(context.target.contexts):
            return False
        for need in self.needs:  # noqa: SIM110 - called for every URL; half the time of `all`
            if not need(context):
                return False
        return True

    def is_asked_by(self, contexts: frozenset[str]) -> bool:
        """Whether a mount with these CONTEXTS has its URLs rewritten there."""
        if self.mark is _ASKED:
            return self.name in contexts or not contexts.isdisjoint(self.families)
        return self.mark is _YES


# Asked for every URL: a global is found sooner than a member.
_YES, _ASKED, _ = Mark


def allowed_url(page: Page, tag: Tag, raw: bytes, rows: tuple[Row, ...]) -> bytes | None:
    """The URL that decoded bytes are, if it is a target's and each row for its place allows it."""
    match = page.find(raw)
    if match is None:
        return None
    context = UrlContext(page, tag, *match)
    for row in rows:
        if not row.allows(context):
            return None
    return context.url
