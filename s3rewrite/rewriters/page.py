"""What is asked of a body as a whole, at most once."""

from dataclasses import dataclass, field
from functools import cached_property

from s3rewrite.rewriters.base import has_foreign_base
from s3rewrite.rewriters.prefixes import find, needles, without_root_relative
from s3rewrite.rewriters.scope import Scope, Target
from s3rewrite.rewriters.tokens import SPACES, TAG, any_case, compiled
from s3rewrite.rewriters.walker import Element, Walker

_MEDIA_TAG = compiled(
    rf"<(?: {any_case('img')} | {any_case('video')} | {any_case('audio')} )(?=[{SPACES}/>])"
)

EDITABLE = b"contenteditable"
"""The attribute of an element that users edit in place. WHATWG HTML, 6.8.1"""


@dataclass
class Past:
    """What the pieces of a body that have gone say of those that come."""

    opened: dict[bytes, int] = field(default_factory=dict)
    """UNSURE elements that are open."""
    editable: Element | None = None
    """The element that users edit, where one is open."""
    has_foreign_base: bool = False
    has_cors_media: bool = False


class Page:
    """A body of HTML, or a piece of one, and what it is searched for."""

    def __init__(self, body: bytes, scope: Scope, past: Past | None = None) -> None:
        self.body = body
        self.scope = scope
        self.past = past or Past()
        self.needles = needles(scope.targets)

    @cached_property
    def lower(self) -> bytes:
        """The body in lower case, for what is written in any case."""
        return self.body.lower()

    @cached_property
    def targets(self) -> tuple[Target, ...]:
        """The targets, with those prefixes that mean this site whatever `<base>` says."""
        if self.has_foreign_base:
            return without_root_relative(self.scope.targets)
        return self.scope.targets

    @cached_property
    def has_foreign_base(self) -> bool:
        """Whether `<base>` leads root-relative URLs elsewhere."""
        if self.past.has_foreign_base or b"<base" not in self.lower:
            return self.past.has_foreign_base
        return has_foreign_base(Walker(self.body, self.past.opened), self.scope.origins)

    @cached_property
    def is_editable(self) -> bool:
        """Whether a part of the page may be one that users edit in place."""
        return EDITABLE in self.lower

    @cached_property
    def has_cors_media(self) -> bool:
        """Whether an image, video or audio of the page may be fetched with CORS.

        Its `<source>` elements are then fetched so too, and do not say it themselves. Tags
        are taken where they seem to be, in comments too: in doubt the answer is yes.
        """
        if self.past.has_cors_media:
            return True
        if b"crossorigin" not in self.lower:
            return False
        at = 0
        while found := _MEDIA_TAG.search(self.body, at):
            tag = TAG.match(self.body, found.start())
            if tag is None or b"crossorigin" in tag[0].lower():
                return True
            at = tag.end()
        return False

    def find(self, raw: bytes) -> tuple[bytes, Target] | None:
        """The URL that decoded bytes are, trimmed, and its target, if it has one."""
        return find(raw, self.targets, utf8=self.scope.utf8)
