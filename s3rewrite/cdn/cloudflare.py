"""Cloudflare: its API forgets at once. The token needs the right "Cache Purge" of the zone.

https://developers.cloudflare.com/cache/how-to/purge-cache/
"""

import json
import urllib.error
import urllib.request
from collections.abc import Sequence
from urllib.parse import urlsplit

from s3rewrite.cdn.types import CDNError
from s3rewrite.core.batches import batches

AT_A_TIME = 100
"""URLs, or prefixes, of one request."""

TIMEOUT = 20.0
"""Seconds for an answer."""


class Cloudflare:
    """`{"BACKEND": "s3rewrite.cdn.Cloudflare", "ZONE": "…", "TOKEN": "…"}`."""

    def __init__(
        self,
        public_url: str,
        zone: str,
        token: str,
        url: str = "https://api.cloudflare.com/client/v4",
    ) -> None:
        parts = urlsplit(public_url)
        self._origin, self._host = f"{parts.scheme}://{parts.netloc}", parts.netloc
        self._url, self._zone, self._token = f"{url}/zones/{zone}/purge_cache", zone, token

    def clear(self, paths: Sequence[str]) -> str:
        """Forget these paths; it is done when this returns."""
        prefixes = [self._host + path[:-1] for path in paths if path.endswith("*")]
        files = [self._origin + path for path in paths if not path.endswith("*")]
        for kind, items in (("prefixes", prefixes), ("files", files)):
            for batch in batches(items, AT_A_TIME):
                self._send({kind: batch})
        return "cleared"

    def is_clear(self, clearing: str) -> bool:
        """Always: see `clear`."""
        return True

    def _send(self, body: dict[str, list[str]]) -> None:
        headers = {"Authorization": f"Bearer {self._token}", "Content-Type": "application/json"}
        request = urllib.request.Request(  # noqa: S310
            self._url, json.dumps(body).encode(), headers, method="POST"
        )
        try:
            with urllib.request.urlopen(request, timeout=TIMEOUT) as answer:  # noqa: S310
                reply = json.load(answer)
        except urllib.error.HTTPError as error:
            with error:  # it is the answer
                reason = f"status {error.code}: {error.read(500)!r}"
            raise CDNError(f"Cloudflare zone {self._zone}: {reason}") from None
        except (OSError, ValueError) as error:
            raise CDNError(f"Cloudflare zone {self._zone}: {error}") from None
        if not (isinstance(reply, dict) and reply.get("success") is True):
            raise CDNError(f"Cloudflare zone {self._zone}: what answered is not its API")
