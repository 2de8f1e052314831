"""A store of obstore set up like a client of boto3: the same URL, the same credentials."""

import os
import re
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urlsplit

from botocore.credentials import Credentials
from botocore.exceptions import BotoCoreError
from botocore.utils import get_environ_proxies
from obstore.store import S3Store

from s3rewrite.core.mounts import Mount
from s3rewrite.s3.boto3_writer import Boto
from s3rewrite.s3.obstore.support import supports_client

if TYPE_CHECKING:
    from botocore.awsrequest import AWSPreparedRequest
    from obstore.store import S3Config, S3Credential

CREDENTIALS_AGE = timedelta(minutes=1)
"""After which obstore is told that credentials end. It asks again for those that end in less than
five minutes, at most each 0.1 s: boto3, which asks at each request, decides when to renew them."""

PROBE = "probe"
IDLE_CONNECTIONS = "64"

_SIGNED_FOR = re.compile(r"Credential=[^/]+/\d{8}/([a-z0-9-]+)/s3/aws4_request")


class Endpoint(NamedTuple):
    """Where boto3 sends a bucket's requests, and the region that it signs them for."""

    url: str
    region: str


class _Captured(Exception):
    """Raised instead of sending a request, with the request as its argument."""


def new_store(mount: Mount, boto: Boto) -> S3Store | None:
    """A store for a mount; None where it would not do all that the client does."""
    endpoint = find_endpoint(mount, boto) if supports_client(mount.client) else None
    if endpoint is None or _has_proxy(endpoint) or _has_certificates(endpoint, boto):
        return None
    config: S3Config = {
        "aws_endpoint_url_s3": endpoint.url,
        # The URL names the bucket already, in its host or in its path, as boto3 decided.
        "virtual_hosted_style_request": True,
        "region": endpoint.region,
        "skip_signature": False,
        "unsigned_payload": False,
    }
    if mount.checksums:
        config["checksum_algorithm"] = "SHA256"
    client_config: Any = boto.client.meta.config
    return S3Store(
        mount.bucket,
        config=config,
        client_options={
            "allow_http": True,
            "connect_timeout": timedelta(seconds=client_config.connect_timeout),
            "timeout": timedelta(seconds=client_config.read_timeout),
            "pool_max_idle_per_host": IDLE_CONNECTIONS,
        },
        # ObstoreWriter makes each attempt itself, to know how each one ended.
        retry_config={"max_retries": 0, "retry_timeout": timedelta(0)},
        credential_provider=credential_provider(mount, boto),
    )


def find_endpoint(mount: Mount, boto: Boto) -> Endpoint | None:
    """Ask boto3 for the endpoint of a mount's bucket; None where it does not sign requests.

    Only botocore's own code decides it, so this prepares a request and captures it unsent.
    """
    this_thread = threading.get_ident()

    def capture(request: "AWSPreparedRequest", **_: object) -> None:
        # Other threads may send requests with the same client meanwhile.
        if threading.get_ident() == this_thread:
            raise _Captured(request)

    events = boto.client.meta.events
    events.register_first("before-send.s3.HeadObject", capture)
    try:
        boto.client.head_object(Bucket=mount.bucket, Key=PROBE)
    except BotoCoreError:
        pass
    except _Captured as captured:
        return _endpoint_of(captured.args[0])
    finally:
        events.unregister("before-send.s3.HeadObject", capture)
    return None


def credential_provider(mount: Mount, boto: Boto) -> "Callable[[], S3Credential]":
    """A function by which obstore gets the credentials of boto3, which boto3 renews."""
    names = ("aws_access_key_id", "aws_secret_access_key", "aws_session_token")
    given: list[Any] = [mount.client.get(name) for name in names]
    # Never None: `find_endpoint` saw a request that was signed with them.
    credentials: Any = Credentials(*given) if given[0] else boto.session.get_credentials()

    def provide() -> "S3Credential":
        frozen = credentials.get_frozen_credentials()
        return {
            "access_key_id": frozen.access_key,
            "secret_access_key": frozen.secret_key,
            "token": frozen.token,
            "expires_at": datetime.now(UTC) + CREDENTIALS_AGE,
        }

    return provide


def _endpoint_of(request: "AWSPreparedRequest") -> Endpoint | None:
    signature = request.headers.get("Authorization", b"")
    match = _SIGNED_FOR.search(signature.decode() if isinstance(signature, bytes) else signature)
    return Endpoint(str(request.url).removesuffix(f"/{PROBE}"), match[1]) if match else None


def _has_proxy(endpoint: Endpoint) -> bool:
    return urlsplit(endpoint.url).scheme in get_environ_proxies(endpoint.url)


def _has_certificates(endpoint: Endpoint, boto: Boto) -> bool:
    """Whether the environment names certificates to trust, which obstore does not read."""
    is_named = boto.session.get_config_variable("ca_bundle") or "REQUESTS_CA_BUNDLE" in os.environ
    return endpoint.url.startswith("https:") and bool(is_named)
