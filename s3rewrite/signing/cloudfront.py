"""Signatures for CloudFront, with a key of one of its key groups: in URLs, or in cookies.

https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/PrivateContent.html
"""

import os
from base64 import b64encode
from functools import lru_cache
from pathlib import Path
from typing import Self
from urllib.parse import urlsplit

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.hashes import SHA1, SHA256, HashAlgorithm
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from s3rewrite.signing.types import Cookie, Signer, SigningError
from s3rewrite.signing.windows import Window

HASHES: dict[str, HashAlgorithm] = {"SHA1": SHA1(), "SHA256": SHA256()}  # noqa: S303 - CloudFront's
"""The hashes that CloudFront knows. SHA1 is its default, and needs no parameter."""

_POLICY = '{"Statement":[{"Resource":"%s","Condition":{"DateLessThan":{"AWS:EpochTime":%d}}}]}'
_INERT = str.maketrans("+=/", "-_~")


class KeyPair:
    """A private key, and the id that CloudFront knows its public key by."""

    def __init__(self, key_id: str, pem: bytes, hash_name: str) -> None:
        self.id = key_id
        self.hash_name = hash_name
        if hash_name not in HASHES:
            raise SigningError(f"HASH is {hash_name!r}: CloudFront knows {', '.join(HASHES)}")
        try:
            key = load_pem_private_key(pem, password=None)
        except (TypeError, ValueError, UnsupportedAlgorithm):
            raise SigningError("the key is no private key in the form PEM") from None
        if isinstance(key, ec.EllipticCurvePrivateKey) and not isinstance(key.curve, ec.SECP256R1):
            raise SigningError("the key is on another curve than P-256, which CloudFront wants")
        if not isinstance(key, (rsa.RSAPrivateKey, ec.EllipticCurvePrivateKey)):
            raise SigningError("the key is neither RSA nor ECDSA")
        self._key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey = key

    @classmethod
    def load(
        cls, key_id: str, hash_name: str, key: str = "", key_file: str = "", key_variable: str = ""
    ) -> Self:
        """The key itself, that in a file, or that in a variable. Raises SigningError."""
        try:
            text = (
                key or os.environ.get(key_variable, "") or Path(key_file or os.devnull).read_text()
            )
        except (OSError, UnicodeError) as error:
            raise SigningError(f"KEY_FILE cannot be read ({type(error).__name__})") from None
        if not text.strip():
            raise SigningError("there is no key: give KEY, KEY_FILE or KEY_VARIABLE")
        # In a variable line ends are often written as two characters.
        return cls(key_id, text.replace("\\n", "\n").encode(), hash_name)

    def sign(self, message: str) -> str:
        """The signature, in the characters that CloudFront puts in place of base64's.

        Always the same for the same message, with ECDSA too: RFC 6979.
        """
        algorithm = HASHES[self.hash_name]
        if isinstance(self._key, rsa.RSAPrivateKey):
            signature = self._key.sign(message.encode(), padding.PKCS1v15(), algorithm)
        else:
            ecdsa = ec.ECDSA(algorithm, deterministic_signing=True)
            signature = self._key.sign(message.encode(), ecdsa)
        return _encoded(signature)


def _encoded(value: bytes) -> str:
    return b64encode(value).decode().translate(_INERT)


class UrlSigner(Signer):
    """Signs each URL with a canned policy, so that it opens nothing else.

    `{"BACKEND": "s3rewrite.signing.urls", "KEY_ID": "K…", "KEY_FILE": "…"}`; the key may also be
    in a KEY_VARIABLE of the environment, or be KEY itself.
    """

    def __init__(self, key: KeyPair) -> None:
        self._key = key
        hashed = "" if key.hash_name == "SHA1" else f"&Hash-Algorithm={key.hash_name}"
        self._end = f"&Key-Pair-Id={key.id}{hashed}"

    def query(self, url: str, window: Window) -> str:
        """See `Signer.query`."""
        signature = self._key.sign(_POLICY % (url, window.expires))
        return f"Expires={window.expires}&Signature={signature}{self._end}"


class CookieSigner(Signer):
    """Signs a cookie that opens all objects of the mount, and those alone.

    `{"BACKEND": "s3rewrite.signing.cookies", "KEY_ID": "K…", "KEY_FILE": "…",
    "DOMAIN": "example.com"}`: the domain that the site's host and the CDN's have in common.
    """

    uses_cookies = True

    def __init__(self, key: KeyPair, public_url: str, domain: str, same_site: str) -> None:
        parts = urlsplit(public_url)
        domain = domain.lstrip(".").lower()
        if not f".{parts.hostname}".endswith(f".{domain}") or "." not in domain:
            raise SigningError(
                f"DOMAIN is {domain!r}, which is no parent domain of {parts.hostname}: browsers "
                "would not send the cookie there"
            )
        is_secure = parts.scheme == "https"
        if same_site.lower() not in ("lax", "strict", "none")[: 2 + is_secure]:
            raise SigningError(
                f'SAME_SITE is {same_site!r}: browsers know "Lax", "Strict" and, over HTTPS, "None"'
            )
        self._key = key
        self._resource = f"{public_url}*"
        self._place = (domain, parts.path, same_site, is_secure)
        self._cookies = lru_cache(maxsize=4)(self._sign)

    def cookies(self, window: Window) -> tuple[Cookie, ...]:
        """See `Signer.cookies`."""
        return self._cookies(window)

    def _sign(self, window: Window) -> tuple[Cookie, ...]:
        policy = _POLICY % (self._resource, window.expires)
        values = {
            "CloudFront-Policy": _encoded(policy.encode()),
            "CloudFront-Signature": self._key.sign(policy),
            "CloudFront-Key-Pair-Id": self._key.id,
        }
        if self._key.hash_name != "SHA1":
            values["CloudFront-Hash-Algorithm"] = self._key.hash_name
        return tuple(Cookie(name, value, *self._place) for name, value in values.items())
