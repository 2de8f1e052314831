"""What a CDN has to do: two methods."""

from collections.abc import Sequence
from typing import Protocol


class CDNError(Exception):
    """The CDN did not do, or refused, what it was asked. The message says what to do."""


class CDN(Protocol):
    """Made with PUBLIC_URL and the other keys of the mount's "CDN", as arguments in lower case.

    One thread at a time uses it.
    """

    def clear(self, paths: Sequence[str]) -> str:
        """Begin to forget what is kept of these paths, also that there was nothing.

        A path is the path of a URL, with escapes; with `*` at its end it means all that begin so.
        There are up to 1,000. Returns an id for `is_clear`. Raises CDNError.
        """

    def is_clear(self, clearing: str) -> bool:
        """Whether no visitor gets anything any more that was kept before. Raises CDNError."""
