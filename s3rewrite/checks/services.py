"""What S3 and boto3 accept."""

import re
from functools import cache
from inspect import signature

from s3rewrite import conf
from s3rewrite.checks.rules import Messages, Options, error, meant, on_mount, warning, where
from s3rewrite.core.mounts import Mount
from s3rewrite.core.patterns import is_pattern, patterns


@on_mount
def object_parameters(mount: Mount, options: Options) -> Messages:
    """E017: a parameter that boto3 does not accept for an upload."""
    place = where(mount.alias, "OBJECT_PARAMETERS")
    values = mount.object_parameters
    named = [(place, name) for name, value in values.items() if not is_pattern(name, value)]
    named += [(f"{place}[{key!r}]", name) for key, inner in patterns(values) for name in inner]
    for dict_place, name in named:
        if name not in _upload_parameters():
            message = f"{dict_place} has {name!r}, which S3 uploads do not take."
            yield error(17, message, meant(name, _upload_parameters()))


@on_mount
def client(mount: Mount, options: Options) -> Messages:
    """E024: an argument that boto3 does not accept for a client."""
    place = where(mount.alias, "CLIENT")
    for name in mount.client:
        if name not in _client_parameters():
            message = f"{place} has {name!r}, which boto3.client does not take."
            yield error(24, message, meant(name, _client_parameters()))
    endpoint = mount.client.get("endpoint_url")
    if endpoint and not re.match(r"(?i)https?://[^/:]", str(endpoint)):
        message = f"{place} has the endpoint_url {endpoint!r}, which is not an http(s) URL."
        yield error(24, message, 'Write it as "https://s3.example.com".')


@on_mount
def bucket_in_endpoint(mount: Mount, options: Options) -> Messages:
    """W015: an endpoint that names the bucket, as some services show it."""
    endpoint, bucket = str(mount.client.get("endpoint_url") or "").rstrip("/"), mount.bucket
    scheme, _, rest = endpoint.partition("://")
    if not rest.startswith(f"{bucket}.") and not rest.endswith(f"/{bucket}"):
        return
    good = f"{scheme}://{rest.removeprefix(f'{bucket}.').removesuffix(f'/{bucket}')}"
    message = f"{where(mount.alias, 'CLIENT')} has the bucket in its endpoint_url: {endpoint}"
    yield warning(15, message, f'Write "{good}" if that is the service: the bucket is "BUCKET".')


@on_mount
def region(mount: Mount, options: Options) -> Messages:
    """W002: a bucket on AWS whose own URL is unknown."""
    if "PUBLIC_URL" not in options and not conf.is_location_known(mount):
        url = mount.public_url
        message = f'Mount "{mount.alias}" links to {url}, which only us-east-1 answers.'
        yield warning(2, message, 'Set "PUBLIC_URL", or "region_name" in "CLIENT".')


# boto3 is slow to import, and most settings need no question to it.


@cache
def _upload_parameters() -> frozenset[str]:
    from boto3.s3.transfer import S3Transfer  # noqa: PLC0415

    return frozenset(S3Transfer.ALLOWED_UPLOAD_ARGS)


@cache
def _client_parameters() -> frozenset[str]:
    from boto3 import Session  # noqa: PLC0415

    return frozenset(signature(Session.client).parameters) - {"self", "service_name"}
