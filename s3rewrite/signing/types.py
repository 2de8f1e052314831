"""What a signer does: it signs URLs, or cookies."""

from typing import NamedTuple

from s3rewrite.signing.windows import Window


class SigningError(Exception):
    """Nothing can be signed. The message says what is missing, and shows no key."""


class Cookie(NamedTuple):
    """A cookie that opens a mount's objects."""

    name: str
    value: str
    domain: str
    path: str
    same_site: str
    is_secure: bool


class Signer:
    """Signs nothing: what signs URLs has a `query`, what signs cookies has `cookies`.

    Made with a Mount, and the other keys of its "SIGNING" as arguments in lower case. Many threads
    use it at a time. The same arguments give the same result, in each process.
    """

    uses_cookies = False
    """Whether links stay without a signature, as cookies open what they lead to."""

    @property
    def is_temporary(self) -> bool:
        """Whether what it signs with ends by itself. Raises SigningError."""
        return False

    def query(self, url: str, window: Window) -> str:
        """The query that opens an absolute URL: `A=1&B=2`, of characters `[A-Za-z0-9._~%-]`.

        Raises SigningError.
        """
        return ""

    def cookies(self, window: Window) -> tuple[Cookie, ...]:
        """The cookies that open all objects of the mount. Raises SigningError."""
        return ()

    def expires(self, window: Window) -> int:
        """When signatures of a window end, in seconds since 1970: `window.expires` or earlier.

        Raises SigningError.
        """
        return window.expires
