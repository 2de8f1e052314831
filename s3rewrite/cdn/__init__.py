"""The CDNs that can be told to forget files. Off where a mount has no "CDN".

types: what a CDN has to do; paths: which paths it is told. cloudfront and cloudflare speak with the
services of those names.
"""

from functools import lru_cache

from django.utils.module_loading import import_string

from s3rewrite.cdn.cloudflare import Cloudflare
from s3rewrite.cdn.cloudfront import CloudFront
from s3rewrite.cdn.types import CDN, CDNError
from s3rewrite.core.mounts import Mount

__all__ = ["CDN", "CDNError", "CloudFront", "Cloudflare", "cdn_of"]


@lru_cache
def cdn_of(mount: Mount) -> CDN | None:
    """The CDN of a mount; None where it names none. Raises what its class raises."""
    if not mount.cdn:
        return None
    options = {key.lower(): value for key, value in mount.cdn.items() if key != "BACKEND"}
    cdn: CDN = import_string(mount.cdn["BACKEND"])(mount.visitor_url(mount.public_url), **options)
    return cdn
