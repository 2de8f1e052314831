"""Keys, and signatures as Amazon's own library makes them: botocore's CloudFrontSigner."""

from datetime import UTC, datetime
from functools import cache
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from botocore.signers import CloudFrontSigner
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa

from tests.support.cloudfront.credentials import HASHES, PublicKey

PrivateKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey


class Signer:
    """A key pair with its id. `kind` is "rsa" or "ecdsa"; `hash_name` "SHA1" or "SHA256"."""

    def __init__(self, key_id: str, kind: str = "rsa", hash_name: str | None = None) -> None:
        self.key_id, self.kind, self.hash_name = key_id, kind, hash_name
        self.private = new_key(kind, key_id)

    @property
    def public(self) -> PublicKey:
        return self.private.public_key()

    @property
    def pem(self) -> str:
        """The private key, as settings have it."""
        form = serialization.PrivateFormat.PKCS8
        none = serialization.NoEncryption()
        return self.private.private_bytes(serialization.Encoding.PEM, form, none).decode()

    @property
    def botocore(self) -> CloudFrontSigner:
        return CloudFrontSigner(self.key_id, self.sign)

    def sign(self, text: bytes) -> bytes:
        chosen: hashes.HashAlgorithm = HASHES[self.hash_name or "SHA1"]()
        if isinstance(self.private, rsa.RSAPrivateKey):
            return self.private.sign(text, padding.PKCS1v15(), chosen)
        return self.private.sign(text, ec.ECDSA(chosen))

    def canned_url(self, url: str, expires: float) -> str:
        """`url`, signed until a Unix time."""
        return self._named(self.botocore.generate_presigned_url(url, _date(expires)))

    def custom_url(self, url: str, policy: str) -> str:
        """`url`, signed with a policy's JSON."""
        return self._named(self.botocore.generate_presigned_url(url, policy=policy))

    def policy(self, resource: str, expires: float, **conditions: Any) -> str:
        """JSON. `conditions`: `start` as a Unix time, `addresses` in CIDR notation."""
        start = conditions.get("start")
        return self.botocore.build_policy(
            resource,
            _date(expires),
            None if start is None else _date(start),
            conditions.get("addresses"),
        )

    def canned_cookies(self, url: str, expires: float) -> dict[str, str]:
        return _as_cookies(self.canned_url(url, expires))

    def custom_cookies(self, policy: str) -> dict[str, str]:
        return _as_cookies(self.custom_url("http://any/", policy))

    def _named(self, url: str) -> str:
        return f"{url}&Hash-Algorithm={self.hash_name}" if self.hash_name else url


@cache
def new_key(kind: str, name: str) -> PrivateKey:
    """A key; one a name and process, as one of RSA takes a while."""
    if kind == "rsa":
        return rsa.generate_private_key(public_exponent=65537, key_size=2048)
    return ec.generate_private_key(ec.SECP256R1())


def _as_cookies(url: str) -> dict[str, str]:
    pairs = parse_qsl(urlsplit(url).query)
    names = ("Expires", "Policy", "Signature", "Key-Pair-Id", "Hash-Algorithm")
    return {f"CloudFront-{name}": value for name, value in pairs if name in names}


def _date(moment: float) -> datetime:
    return datetime.fromtimestamp(int(moment), UTC)
