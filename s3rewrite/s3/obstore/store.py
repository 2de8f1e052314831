"""A store of obstore that acts as a client of boto3: at the same URL, as the same identity."""

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
    from obstore.store import ClientConfig, S3Config, S3Credential

CREDENTIALS_AGE = timedelta(minutes=10)
"""How long credentials are used: boto3 renews those that would end before."""

PROBE = "probe"
IDLE_CONNECTIONS = "64"

_SIGNED_FOR = re.compile(r"Credential=[^/]+/\d{8}/([a-z0-9-]+)/s3/aws4_request")


class Place(NamedTuple):
    """Where boto3 sends a bucket's requests, and the region that they are signed for."""

    url: str
    region: str


class _Caught(Exception):
    """A request, instead of being sent."""

    def __init__(self, request: "AWSPreparedRequest") -> None:
        super().__init__()
        self.request = request


def store_of(mount: Mount, boto: Boto) -> S3Store | None:
    """The store; None where it would not do all that the client does."""
    place = place_of(mount, boto) if supports_client(mount.client) else None
    if place is None or _has_proxy(place) or _has_certificates(place, boto):
        return None
    config: S3Config = {
        "aws_endpoint_url_s3": place.url,
        # The bucket is a part of the URL already, wherever boto3 has put it.
        "virtual_hosted_style_request": True,
        "region": place.region,
        "skip_signature": False,
        "unsigned_payload": False,
    }
    if mount.checksums:
        config["checksum_algorithm"] = "SHA256"
    return S3Store(
        mount.bucket,
        config=config,
        client_options=_client_options(boto.client.meta.config),
        # Each attempt is ours, so that what became of it is known.
        retry_config={"max_retries": 0, "retry_timeout": timedelta(0)},
        credential_provider=credentials_of(mount, boto),
    )


def _client_options(config: Any) -> "ClientConfig":
    return {
        "allow_http": True,
        "connect_timeout": timedelta(seconds=config.connect_timeout),
        "timeout": timedelta(seconds=config.read_timeout),
        "pool_max_idle_per_host": IDLE_CONNECTIONS,
    }


def place_of(mount: Mount, boto: Boto) -> Place | None:
    """What boto3 makes of endpoint, region and kind of address; None where nothing is signed.

    Asked by a request that is caught before it is sent.
    """
    own = threading.get_ident()

    def catch(request: "AWSPreparedRequest", **_: object) -> None:
        # Other threads use the same client meanwhile.
        if threading.get_ident() == own:
            raise _Caught(request)

    events = boto.client.meta.events
    events.register_first("before-send.s3.HeadObject", catch)
    try:
        boto.client.head_object(Bucket=mount.bucket, Key=PROBE)
    except BotoCoreError:
        return None
    except _Caught as caught:
        return _place(caught.request)
    finally:
        events.unregister("before-send.s3.HeadObject", catch)
    return None


def credentials_of(mount: Mount, boto: Boto) -> "Callable[[], S3Credential]":
    """How obstore gets the credentials that boto3 uses, renewed by boto3."""
    names = ("aws_access_key_id", "aws_secret_access_key", "aws_session_token")
    given: list[Any] = [mount.client.get(name) for name in names]
    # A request was signed with them before: there are some.
    credentials: Any = Credentials(*given) if given[0] else boto.session.get_credentials()

    def provide() -> "S3Credential":
        found = credentials.get_frozen_credentials()
        return {
            "access_key_id": found.access_key,
            "secret_access_key": found.secret_key,
            "token": found.token,
            "expires_at": datetime.now(UTC) + CREDENTIALS_AGE,
        }

    return provide


def _place(request: "AWSPreparedRequest") -> Place | None:
    signature = request.headers.get("Authorization", b"")
    found = _SIGNED_FOR.search(signature.decode() if isinstance(signature, bytes) else signature)
    return Place(str(request.url).removesuffix(f"/{PROBE}"), found[1]) if found else None


def _has_proxy(place: Place) -> bool:
    return urlsplit(place.url).scheme in get_environ_proxies(place.url)


def _has_certificates(place: Place, boto: Boto) -> bool:
    """Whether the environment names certificates to trust."""
    named = boto.session.get_config_variable("ca_bundle") or "REQUESTS_CA_BUNDLE" in os.environ
    return place.url.startswith("https:") and bool(named)
