"""Signatures of S3 itself, in a URL's query: Signature Version 4.

https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-query-string-auth.html

Own code, as botocore takes many times as long for each URL; tests compare the two.
"""

import hashlib
import hmac
import time
from functools import cached_property
from typing import Any, NamedTuple
from urllib.parse import quote, urlsplit

from s3rewrite.aws_config import region_of
from s3rewrite.core.mounts import Mount
from s3rewrite.signing.types import Signer, SigningError
from s3rewrite.signing.windows import Window

MAX_SECONDS = 7 * 86_400
"""Seconds that a signature may last."""

_ALGORITHM = "AWS4-HMAC-SHA256"
_DEFAULT_PORTS = {"http": ":80", "https": ":443"}


class _Keys(NamedTuple):
    """Credentials, and when they end in seconds since 1970; 0 for those that do not."""

    key_id: str
    key: str
    token: str = ""
    expires: int = 0

    def __repr__(self) -> str:
        return "***"


class _Prepared(NamedTuple):
    """What all signatures of one window have in common."""

    window: Window
    keys: _Keys
    query: str
    string_to_sign: str
    mac: "hmac.HMAC"

    def __repr__(self) -> str:
        return "***"


class SigV4(Signer):
    """Signs URLs for S3 with credentials of a mount."""

    def __init__(self, mount: Mount, key_id: str = "", key: str = "") -> None:
        if bool(key_id) != bool(key):
            raise SigningError("KEY_ID and KEY belong together: give both, or neither")
        client = mount.client
        self._region = region_of(client) or "us-east-1"
        self._client = client
        self._own = _Keys(
            key_id or str(client.get("aws_access_key_id") or ""),
            key or str(client.get("aws_secret_access_key") or ""),
            "" if key_id else str(client.get("aws_session_token") or ""),
        )
        self._last: _Prepared | None = None

    def query(self, url: str, window: Window) -> str:
        """See `Signer.query`."""
        keys, last = self._keys(), self._last
        if last is None or last.window != window or last.keys != keys:
            last = self._last = self._prepare(window, keys)
        scheme, host, path, _, _ = urlsplit(url)
        host = host.lower().removesuffix(_DEFAULT_PORTS.get(scheme, ""))
        request = f"GET\n{path}\n{last.query}\nhost:{host}\n\nhost\nUNSIGNED-PAYLOAD"
        mac = last.mac.copy()
        mac.update((last.string_to_sign + hashlib.sha256(request.encode()).hexdigest()).encode())
        return f"{last.query}&X-Amz-Signature={mac.hexdigest()}"

    def expires(self, window: Window) -> int:
        """See `Signer.expires`. Temporary credentials take their signatures with them."""
        ends = self._keys().expires
        return min(window.expires, ends) if ends else window.expires

    def _prepare(self, window: Window, keys: _Keys) -> _Prepared:
        date = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(window.begins))
        scope = f"{date[:8]}/{self._region}/s3/aws4_request"
        parameters = {
            "X-Amz-Algorithm": _ALGORITHM,
            "X-Amz-Credential": f"{keys.key_id}/{scope}",
            "X-Amz-Date": date,
            "X-Amz-Expires": str(window.expires - window.begins),
            **({"X-Amz-Security-Token": keys.token} if keys.token else {}),
            "X-Amz-SignedHeaders": "host",
        }
        query = "&".join(f"{name}={quote(value, safe='')}" for name, value in parameters.items())
        secret = f"AWS4{keys.key}".encode()
        for part in scope.split("/"):
            secret = hmac.digest(secret, part.encode(), "sha256")
        string_to_sign = f"{_ALGORITHM}\n{date}\n{scope}\n"
        mac = hmac.new(secret, digestmod=hashlib.sha256)
        return _Prepared(window, keys, query, string_to_sign, mac)

    def _keys(self) -> _Keys:
        if self._own.key_id and self._own.key:
            return self._own
        found: Any = self._found
        if found is None:
            raise SigningError("no credentials are found: give SIGNING a KEY_ID and a KEY")
        frozen = found.get_frozen_credentials()
        ends = getattr(found, "_expiry_time", None)  # botocore has no public name for it
        seconds = int(ends.timestamp()) if ends else 0
        return _Keys(frozen.access_key, frozen.secret_key, frozen.token or "", seconds)

    @cached_property
    def _found(self) -> Any:
        """The credentials that boto3 finds: in the environment, in files, at the machine's host."""
        from botocore.session import Session  # noqa: PLC0415 - takes long to import

        return Session(profile=self._client.get("profile_name")).get_credentials()

    @property
    def is_temporary(self) -> bool:
        """Whether the credentials end by themselves. Raises SigningError."""
        keys = self._keys()
        return bool(keys.token or keys.expires)
