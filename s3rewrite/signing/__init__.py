"""Signatures by which visitors get the objects of private mounts. Off where ACCESS is "public".

types: what a signer does; windows: how long a signature is the same. sigv4 signs for S3 itself,
cloudfront for CloudFront: URLs, or cookies. A mount's "SIGNING" names one of the functions here.
"""

import os
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, NamedTuple

from django.utils.module_loading import import_string

from s3rewrite.core.mounts import Mount
from s3rewrite.signing.sigv4 import SigV4
from s3rewrite.signing.types import Cookie, Signer, SigningError
from s3rewrite.signing.windows import Window, current_window

__all__ = [
    "Cookie",
    "Signer",
    "SigningError",
    "Window",
    "cookies",
    "current_window",
    "needs_cookies",
    "signer_of",
    "sigv4",
    "urls",
    "visitor_request",
]

DEFAULT = "s3rewrite.signing.sigv4"


def sigv4(mount: Mount, *, key_id: str = "", key: str = "") -> Signer:
    """Sign each URL for S3 itself, with the credentials of CLIENT, or with others.

    A user who may only read is the better one: `{"KEY_ID": "…", "KEY": "…"}`.
    """
    return SigV4(mount, key_id, key)


def urls(mount: Mount, *, key_id: str, hash: str = "SHA1", **key: str) -> Signer:  # noqa: A002
    """Sign each URL for CloudFront: see `cloudfront.UrlSigner`. Raises SigningError."""
    from s3rewrite.signing.cloudfront import KeyPair, UrlSigner  # noqa: PLC0415 - cryptography

    return UrlSigner(KeyPair.load(key_id, hash, **key))


def cookies(mount: Mount, *, key_id: str, domain: str, **options: str) -> Signer:
    """Sign a cookie for CloudFront: see `cloudfront.CookieSigner`. Raises SigningError."""
    from s3rewrite.signing.cloudfront import CookieSigner, KeyPair  # noqa: PLC0415

    same_site = options.pop("same_site", "Lax")
    key = KeyPair.load(key_id, options.pop("hash", "SHA1"), **options)
    return CookieSigner(key, mount.public_url, domain, same_site)


def signer_of(mount: Mount) -> Signer:
    """The signer of a private mount, of this process. Raises SigningError."""
    try:
        return _signer_of(mount, os.getpid())  # credentials that are renewed hold a lock
    except Exception as error:  # of a class of the project's, too
        # Of other errors the message may have a key in it.
        why = str(error) if isinstance(error, SigningError) else type(error).__name__
    # Without the frames of the error: a debug page would show keys.
    raise SigningError(why)


def needs_cookies(mount: Mount) -> bool:
    """Whether a cookie opens a mount's objects; False where nothing signs, too."""
    try:
        return mount.is_private and signer_of(mount).uses_cookies
    except SigningError:
        return False


class VisitorRequest(NamedTuple):
    """How a visitor who may see an object asks for it."""

    url: str
    headers: dict[str, str]


def visitor_request(mount: Mount, url: str) -> VisitorRequest:
    """The request for an absolute URL of a mount, with what opens it. Raises SigningError."""
    if not mount.is_private:
        return VisitorRequest(url, {})
    signer, window = signer_of(mount), current_window(mount.window)
    if not signer.uses_cookies:
        return VisitorRequest(f"{url}?{signer.query(url, window)}", {})
    pairs = (f"{cookie.name}={cookie.value}" for cookie in signer.cookies(window))
    return VisitorRequest(url, {"Cookie": "; ".join(pairs)})


@lru_cache(maxsize=64)
def _signer_of(mount: Mount, pid: int) -> Signer:
    options: Mapping[str, Any] = mount.signing
    left_out = ("BACKEND", "DISTRIBUTION")  # for s3rewrite_setup
    arguments = {name.lower(): value for name, value in options.items() if name not in left_out}
    signer: Signer = import_string(options.get("BACKEND", DEFAULT))(mount, **arguments)
    return signer
