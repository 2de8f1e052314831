"""A body, and what is known of it as a whole: each fact is worked out at most once."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from s3rewrite.rewriters.media import MediaElement, MediaElements
from s3rewrite.rewriters.policies import hashed_rows
from s3rewrite.rewriters.search import (
    TRIMMED,
    Matches,
    find,
    needles,
    spellings,
    without_root_relative,
)
from s3rewrite.rewriters.syntax.attributes import Tag
from s3rewrite.rewriters.syntax.tokens import SPACES, TAG, any_case, compiled
from s3rewrite.rewriters.syntax.walker import Element, TokenKind, Walker
from s3rewrite.rewriters.types import Scope, Target

_BASE = compiled(rf"<{any_case('base')}(?=[{SPACES}/>])")

# A scheme, two slashes of either kind, or what a browser would take out of the URL first.
_MAY_LEAVE_ORIGIN = re.compile(rb"[a-zA-Z][a-zA-Z0-9+.-]*+:|[/\\]{2}|[^\t\n\r]*+[\t\n\r]")


def has_foreign_base(walker: Walker, origins: Sequence[bytes]) -> bool:
    """Whether any `<base href>` of a body leads to an origin that is not one of `origins`.

    Only the first one counts in a browser; here every one does, as does one that stands where
    the tokens are in doubt.
    """
    return any(
        tag is None or not _is_local(tag.text(b"href").data.strip(TRIMMED), origins)
        for tag in _tags(walker, _BASE)
    )


def _tags(walker: Walker, opening: re.Pattern[bytes]) -> Iterator[Tag | None]:
    """The tags that begin so; None, and nothing after it, where the tokens are in doubt."""
    end = 0
    while match := opening.search(walker.body, end):
        token = walker.seek(match.start())
        if token is None:
            yield None
            return
        end = token.end
        if token.kind is TokenKind.TAG and token.start == match.start():
            yield Tag(walker.body, token.name, token.inner, token.end)


def _is_local(href: bytes, origins: Sequence[bytes]) -> bool:
    if not _MAY_LEAVE_ORIGIN.match(href):
        return True
    ends = (b"", b"/", b"?", b"#")
    return any(href.startswith(o) and href[len(o) : len(o) + 1] in ends for o in origins)


_META = compiled(rf"<{any_case('meta')}(?=[{SPACES}/>])")


def _hashed_by(meta: Tag) -> frozenset[str]:
    return hashed_rows(meta.text(b"content").data.decode("latin-1"))


EDITABLE = b"contenteditable"
"""The attribute of an element that users edit in place. WHATWG HTML, 6.8.1"""


@dataclass
class StreamState:
    """What the earlier pieces of a body say of the later ones."""

    opened: dict[bytes, int] = field(default_factory=dict)
    """How many UNSURE elements of each name are open."""
    editable: Element | None = None
    """The element that users edit, where one is open."""
    has_foreign_base: bool = False
    hashed: frozenset[str] = frozenset()
    media: list[MediaElement] = field(default_factory=list)
    """The elements that are open and may have a `<source>`."""


class Page:
    """A body of HTML, or a piece of one, and what it is searched for."""

    def __init__(self, body: bytes, scope: Scope, state: StreamState | None = None) -> None:
        self.body = body
        self.scope = scope
        self.state = state or StreamState()
        self.needles = needles(scope.targets)

    @cached_property
    def spellings(self) -> tuple[bytes, ...]:
        """The needles, and how they may be written in the JSON of a script or an attribute."""
        return spellings(self.body, self.needles)

    @cached_property
    def lower(self) -> bytes:
        """The body in lower case, for what is written in any case."""
        return self.body.lower()

    def matches(self) -> Matches:
        """The places to look at: the targets' paths, and `contenteditable` where it occurs."""
        searches = [(self.body, spelling) for spelling in self.spellings]
        return Matches([*searches, (self.lower, EDITABLE)] if self.is_editable else searches)

    @cached_property
    def targets(self) -> tuple[Target, ...]:
        """The targets, with those prefixes that mean this site whatever `<base>` says."""
        if self.has_foreign_base:
            return without_root_relative(self.scope.targets)
        return self.scope.targets

    @cached_property
    def has_foreign_base(self) -> bool:
        """Whether `<base>` leads root-relative URLs elsewhere."""
        if self.state.has_foreign_base or b"<base" not in self.lower:
            return self.state.has_foreign_base
        return has_foreign_base(Walker(self.body, self.state.opened), self.scope.origins)

    @cached_property
    def is_editable(self) -> bool:
        """Whether a part of the page may be one that users edit in place."""
        return EDITABLE in self.lower

    @cached_property
    def asks_cors(self) -> bool:
        """Whether an element with `<source>` in it may be fetched with CORS."""
        return bool(self.state.media) or b"crossorigin" in self.lower

    @cached_property
    def media(self) -> MediaElements:
        """The elements that may have a `<source>`."""
        return MediaElements(Walker(self.body, self.state.opened), self.state.media)

    @cached_property
    def hashed(self) -> frozenset[str]:
        """The rows whose texts a policy, of the response or in `<meta>`, allows by their hashes.

        What looks like a tag counts, in comments too: in doubt these texts stay as they are.
        """
        hashed = self.scope.hashed | self.state.hashed
        if b"content-security-policy" in self.lower:
            for real in filter(None, _tags(Walker(self.body, self.state.opened), _META)):
                hashed |= _hashed_by(real)
            end = 0
            while (meta := _META.search(self.body, end)) and (
                tag := TAG.match(self.body, meta.start())
            ):
                end = tag.end()
                if b"content-security-policy" in tag[0].lower():
                    hashed |= _hashed_by(Tag(self.body, b"meta", meta.end(), end))
        return hashed

    def find(self, raw: bytes) -> tuple[bytes, Target] | None:
        """The URL that decoded bytes are, trimmed, and its target, if it has one."""
        return find(raw, self.targets, utf8=self.scope.utf8)
