"""The types that rewriters and resolvers share: what to search for, what was found, the links."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple


class Target(NamedTuple):
    """What a rewriter must know of one mount.

    `prefixes` are the spellings with which a local URL of the mount begins in this response:
    root-relative (`/media/`), absolute (`https://example.com/media/`) and without a scheme
    (`//example.com/media/`). `contexts` names the optional rows of the context table that the
    mount asks for. `cors` says that the bucket answers with CORS headers, `corp` that its public
    URL answers with `Cross-Origin-Resource-Policy: cross-origin`, `same_origin` that links stay at
    the page's own origin, where nobody asks for such headers.
    """

    prefixes: tuple[bytes, ...]
    contexts: frozenset[str] = frozenset()
    cors: bool = False
    corp: bool = False
    same_origin: bool = False


@dataclass(frozen=True, slots=True)
class Scope:
    """What one body is searched for.

    `origins` are the site's own (`https://example.com`), for `<base>`. With `utf8` the body is
    known to be UTF-8; otherwise a URL with a byte outside ASCII is left alone, as a browser
    would request another one than the bytes say. Where it `requires_corp`, the page may embed
    files of another origin only with CORS or CORP. `hashed` names the rows whose texts its
    policy allows by their hashes: these stay as they are.
    """

    targets: tuple[Target, ...]
    origins: tuple[bytes, ...] = ()
    utf8: bool = True
    requires_corp: bool = False
    hashed: frozenset[str] = frozenset()


class Candidate(NamedTuple):
    """A place in a body where a mount's local URL stands.

    `url` is what a browser would read there: trimmed, with the escapes of the context undone.
    `start` is the offset in the body of its first byte; `offsets[i]` that of `url[i]` (with one
    more for the end), or None where the body holds the URL as it is. Where it `is_escaped`, the
    body writes its slashes as `\\/`, as JSON may. `references` counts how often character
    references (`&amp;`) are undone on the way from the body to the URL: once in HTML's attributes.
    """

    start: int
    url: bytes
    offsets: tuple[int, ...] | None = None
    is_escaped: bool = False
    references: int = 0


class Link(NamedTuple):
    """What replaces the first `length` bytes of a candidate's URL.

    `text` holds only `[A-Za-z0-9._~:/%-]`, so it is inert in every context. `signature` is the
    query that opens a private object, b"" for none: of the same characters, and `=`, and `&`
    between parameters, which is written as the context wants it.
    """

    length: int
    text: bytes
    signature: bytes = b""

    def written(self, references: int = 0) -> bytes:
        """The new URL's beginning, where character references are undone so many times."""
        if not self.signature:
            return self.text
        ampersand = b"&" + b"amp;" * references
        return self.text + b"?" + self.signature.replace(b"&", ampersand)


Collect = Callable[[bytes, Scope], list[Candidate]]
"""Body, scope -> candidates in order, never overlapping: `html.collect` and its like."""

Resolve = Callable[[Sequence[bytes]], Sequence[Link | None]]
"""URLs -> one link, or None for "leave it local", for each; called once a body."""
