"""What `<base>` does to root-relative URLs. WHATWG HTML, 4.2.3 and 2.4.3."""

import re
from collections.abc import Sequence

from s3rewrite.rewriters.attributes import Tag
from s3rewrite.rewriters.prefixes import TRIMMED
from s3rewrite.rewriters.tokens import SPACES, any_case, compiled
from s3rewrite.rewriters.walker import Kind, Walker

_BASE = compiled(rf"<{any_case('base')}(?=[{SPACES}/>])")

# A scheme, two slashes of either kind, or what a browser would take out of the URL first.
_MAY_LEAVE_ORIGIN = re.compile(rb"[a-zA-Z][a-zA-Z0-9+.-]*+:|[/\\]{2}|[^\t\n\r]*+[\t\n\r]")


def has_foreign_base(walker: Walker, origins: Sequence[bytes]) -> bool:
    """Whether any `<base href>` of a body leads to an origin that is not one of `origins`.

    Only the first one counts in a browser; here every one does, as does one that stands where
    the tokens are in doubt.
    """
    body = walker.body
    at = 0
    while found := _BASE.search(body, at):
        piece = walker.seek(found.start())
        if piece is None:
            return True
        at = piece.end
        if piece.kind is Kind.TAG and piece.start == found.start():
            tag = Tag(body, piece.name, piece.inner, piece.end)
            if not _is_local(tag.text(b"href").data.strip(TRIMMED), origins):
                return True
    return False


def _is_local(href: bytes, origins: Sequence[bytes]) -> bool:
    if not _MAY_LEAVE_ORIGIN.match(href):
        return True
    return any(
        href == origin or href.startswith(tuple(origin + end for end in (b"/", b"?", b"#")))
        for origin in origins
    )
