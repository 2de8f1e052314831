"""COMPRESS, and what conflicts with it."""

import re

from s3rewrite.checks.rules import Messages, Options, error, meant, on_mount, warning, where
from s3rewrite.core.mounts import Mount

_PLAIN_HTTP = re.compile(r"(?i)http://(?!localhost[:/]|127\.)")


@on_mount
def compress(mount: Mount, options: Options) -> Messages:
    """E028: an unknown coding, or one whose library is not installed."""
    # Not at the top: a site starts without the modules of sync.
    from s3rewrite.sync.upload.compression import CODINGS, is_installed  # noqa: PLC0415

    coding, place = mount.compress, where(mount.alias, "COMPRESS")
    if coding and coding not in CODINGS:
        yield error(28, f"{place} is {coding!r}.", meant(coding, CODINGS))
    elif coding and not is_installed(coding):
        message = f"{place} is {coding!r}, and no library for that is installed."
        yield error(28, message, f"pip install 's3rewrite[{CODINGS[coding].extra}]'")


@on_mount
def compressed_over_http(mount: Mount, options: Options) -> Messages:
    """W007: a coding that browsers accept over HTTPS only, at a plain HTTP URL."""
    if mount.compress in ("br", "zstd") and _PLAIN_HTTP.match(mount.public_url):
        place = where(mount.alias, "COMPRESS")
        message = f'{place} is "{mount.compress}", which browsers accept over HTTPS only.'
        hint = 'Give "PUBLIC_URL" (or "endpoint_url") the scheme https, or choose "gzip".'
        yield warning(7, message, hint)


@on_mount
def compressed_already(mount: Mount, options: Options) -> Messages:
    """W008: a Content-Encoding in OBJECT_PARAMETERS, with which nothing is compressed."""
    if mount.compress and "ContentEncoding" in mount.object_parameters:
        message = f"{where(mount.alias, 'COMPRESS')} does nothing beside a ContentEncoding."
        hint = 'Leave out one of the two: "ContentEncoding" in "OBJECT_PARAMETERS", or "COMPRESS".'
        yield warning(8, message, hint)
