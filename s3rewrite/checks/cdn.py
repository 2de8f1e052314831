"""The CDN of a mount, and what one keeps that is not named."""

import re

from s3rewrite.cdn import cdn_of
from s3rewrite.checks.rules import Messages, Options, error, on_mount, warning, where
from s3rewrite.core.mounts import Mount
from s3rewrite.core.patterns import all_parameters

SHORT = 300
"""Seconds for which old bytes at a visitor's are no surprise."""

_AGES = re.compile(r"(?i)\b(?:s-maxage|max-age)\s*=\s*\"?(\d{1,12})")


@on_mount
def named(mount: Mount, options: Options) -> Messages:
    """E036: a CDN that cannot be made of its options."""
    try:
        cdn_of(mount)
    except Exception as problem:  # of a class of the project's, too
        place = where(mount.alias, "CDN")
        kind = type(problem).__name__  # the message may have a token in it
        hint = '{"BACKEND": "s3rewrite.cdn.CloudFront", "DISTRIBUTION_ID": "…"}, or Cloudflare\'s.'
        yield error(36, f"{place} makes no CDN ({kind}).", f"Write it as {hint}")


@on_mount
def kept_for_long(mount: Mount, options: Options) -> Messages:
    """W018: under "mirror", what caches keep for long, and nobody clears."""
    if mount.keys != "mirror" or mount.cdn:
        return
    own = all_parameters(mount.object_parameters)
    values = " ".join(str(parameters.get("CacheControl", "")) for parameters in own)
    seconds = max(map(int, _AGES.findall(values)), default=0)
    if seconds > SHORT:
        place = where(mount.alias, "OBJECT_PARAMETERS")
        message = f"{place} lets caches keep files for {seconds:,} s, and so old bytes."
        hint = 'Name the "CDN", which is then cleared, or use "KEYS": "fingerprint".'
        yield warning(18, message, hint)
