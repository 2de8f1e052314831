"""Puts links into a body: the beginnings of URLs are replaced, and no other byte changes."""

from collections.abc import Sequence

from s3rewrite.rewriters.types import Candidate, Collect, Link, Resolve, Scope


def splice(body: bytes, candidates: Sequence[Candidate], links: Sequence[Link | None]) -> bytes:
    """The body with the first `link.length` bytes of each linked candidate's URL replaced.

    In: candidates in order of position, and for each a link, or None to leave it as it is.
    Out: a new body, or `body` itself where there is nothing to do.
    """
    pieces: list[bytes] = []
    end = 0
    for candidate, link in zip(candidates, links, strict=True):
        if link is not None:
            start, _, offsets, is_escaped, references = candidate
            text = link.written(references) if link.signature else link.text
            text = text.replace(b"/", rb"\/") if is_escaped else text
            pieces += (body[end:start], text)
            end = offsets[link.length] if offsets else start + link.length
    return b"".join((*pieces, body[end:])) if pieces else body


def rewrite(body: bytes, scope: Scope, collect: Collect, resolve: Resolve) -> bytes:
    """The body with its local URLs linked; everything is resolved in one batch.

    `resolve` is not called for a body without candidates.
    """
    candidates = collect(body, scope)
    if not candidates:
        return body
    return splice(body, candidates, resolve([candidate.url for candidate in candidates]))
