"""What a request brings to be let in, and whether a trusted key has signed it."""

import base64
import binascii
from collections import Counter
from collections.abc import Mapping
from typing import NamedTuple

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa

from tests.support.cloudfront.policies import (
    PolicyError,
    Target,
    allows,
    canned_policy,
    parse_policy,
)

PublicKey = rsa.RSAPublicKey | ec.EllipticCurvePublicKey

SIGNING = frozenset({"Expires", "Policy", "Signature", "Key-Pair-Id"})
"""A URL with any of these is looked at as signed, and cookies are not looked at (choosing)."""

PARAMETERS = SIGNING | {"Hash-Algorithm"}
"""They may stand in any order, and are no part of what is signed (canned-url, custom-url)."""

PREFIX = "CloudFront-"
"""Of the cookies, whose names are in upper and lower case (custom-cookie)."""

HASHES = {"SHA1": hashes.SHA1, "SHA256": hashes.SHA256}
"""What Hash-Algorithm may be; without it SHA1, for both kinds of keys (custom-url)."""


class Refusal(NamedTuple):
    """Why a request is refused: the code and message of CloudFront's XML.

    Only the messages of the first two are published
    (https://repost.aws/knowledge-center/cloudfront-troubleshoot-signed-url-cookies); the codes,
    and the others, are what CloudFront has been seen to answer.
    """

    code: str
    message: str


MISSING_KEY = Refusal("MissingKey", "Missing Key-Pair-Id query parameter or cookie value")
UNKNOWN_KEY = Refusal("InvalidKey", "Unknown Key")
BAD_SIGNATURE = Refusal("MalformedSignature", "Could not unencode Signature")
BAD_POLICY = Refusal("MalformedPolicy", "Malformed Policy")
DENIED = Refusal("AccessDenied", "Access denied")


class Request(NamedTuple):
    """A request: its target with all parameters, the text of its cookies, its client's address."""

    target: Target
    cookies: str
    address: str


def refusal(request: Request, keys: Mapping[str, PublicKey], now: float) -> Refusal | None:
    """Why a request is refused at its beginning, which is when times count (signed-urls); or None.

    | the request | |
    |---|---|
    | has no Key-Pair-Id, or an empty one | MissingKey |
    | names a key that is not in the key group | InvalidKey |
    | has a parameter or a cookie twice, with two values (not published) | AccessDenied |
    | has both a policy and Expires (not published) | MalformedPolicy |
    | has a signature or a policy that is not base64 in CloudFront's alphabet | Malformed… |
    | has a policy that is none, or neither policy nor Expires | MalformedPolicy |
    | has a signature of another key, another text, or another hash | AccessDenied |
    | asks for another URL, too early, too late, or from elsewhere | AccessDenied |
    | otherwise | None |
    """
    in_cookie = not any(name in SIGNING for name, _ in _pairs(request.target.query))
    pairs = _cookies(request.cookies) if in_cookie else _pairs(request.target.query)
    found = {name: value for name, value in pairs if name in PARAMETERS}
    if not found.get("Key-Pair-Id"):
        return MISSING_KEY
    if Counter(name for name, _ in set(pairs) if name in PARAMETERS).most_common(1)[0][1] > 1:
        return DENIED
    key = keys.get(found["Key-Pair-Id"])
    if key is None:
        return UNKNOWN_KEY
    return _refusal(found, key, request, now, in_cookie=in_cookie)


def _refusal(
    found: dict[str, str], key: PublicKey, request: Request, now: float, *, in_cookie: bool
) -> Refusal | None:
    target = unsigned(request.target)
    try:
        signature = decode(found.get("Signature", ""))
    except ValueError:
        return BAD_SIGNATURE
    try:
        text = _policy_text(found, target)
        policy = parse_policy(text)
    except ValueError:
        return BAD_POLICY
    if not is_signed(text, signature, key, found.get("Hash-Algorithm", "SHA1")):
        return DENIED
    resource = policy.resource
    if resource is not None and not allows(resource, target, in_cookie=in_cookie):
        return DENIED
    return None if policy.is_open(now, request.address) else DENIED


def unsigned(target: Target) -> Target:
    """A target without the parameters of a signature; the others keep their order."""
    pieces = (target.query or "").split("&")
    kept = [piece for piece in pieces if piece.partition("=")[0] not in PARAMETERS]
    return target._replace(query="&".join(kept) or None)


def decode(value: str) -> bytes:
    """Bytes by base64 in which `-_~` stand for `+=/` (custom-url). Raises ValueError.

    Escapes of a URL are not resolved: not published.
    """
    if not value or set(value) & set("+=/"):
        raise ValueError("not in CloudFront's alphabet")
    try:
        return base64.b64decode(value.translate(str.maketrans("-_~", "+=/")), validate=True)
    except binascii.Error as error:
        raise ValueError(str(error)) from error


def is_signed(text: bytes, signature: bytes, key: PublicKey, algorithm: str) -> bool:
    """Whether a key has signed a text: RSA by PKCS #1 v1.5, ECDSA as an ASN.1 sequence (DER).

    The form of an ECDSA signature is not published; it is what OpenSSL, and so each example of
    the guide and Amazon's own SDKs, make of such a key.
    """
    if algorithm not in HASHES:
        return False
    chosen = HASHES[algorithm]()
    try:
        if isinstance(key, rsa.RSAPublicKey):
            key.verify(signature, text, padding.PKCS1v15(), chosen)
        else:
            key.verify(signature, text, ec.ECDSA(chosen))
    except InvalidSignature:
        return False
    return True


def check_key(key: PublicKey) -> None:
    """Raise ValueError for a key that CloudFront does not take (signers)."""
    is_rsa = isinstance(key, rsa.RSAPublicKey) and key.key_size == 2048
    is_ec = isinstance(key, ec.EllipticCurvePublicKey) and isinstance(key.curve, ec.SECP256R1)
    if not (is_rsa or is_ec):
        raise ValueError("CloudFront takes keys of RSA 2048 and ECDSA P-256")


def _policy_text(found: dict[str, str], target: Target) -> bytes:
    if "Policy" in found and "Expires" in found:
        raise PolicyError("a policy and a time")
    if "Policy" in found:
        return decode(found["Policy"])
    return canned_policy(target, found.get("Expires", ""))


def _pairs(query: str | None) -> list[tuple[str, str]]:
    pieces = (piece.partition("=") for piece in (query or "").split("&"))
    return [(name, value) for name, _, value in pieces]


def _cookies(header: str) -> list[tuple[str, str]]:
    pieces = (piece.strip().partition("=") for piece in header.split(";"))
    return [
        (name.removeprefix(PREFIX), value) for name, _, value in pieces if name.startswith(PREFIX)
    ]
