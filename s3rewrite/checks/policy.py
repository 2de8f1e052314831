"""Whether the site's Content Security Policy lets pages load from the bucket.

https://www.w3.org/TR/CSP3/#match-url-to-source-list
"""

import re
from fnmatch import fnmatchcase
from typing import Any
from urllib.parse import urlsplit

from s3rewrite import conf
from s3rewrite.checks.rules import Messages, Options, on_mount, warning
from s3rewrite.checks.urls import is_absolute
from s3rewrite.core.mounts import Mount

DIRECTIVES = ("img-src", "media-src")
FONTS = "font-face"

_SOURCE = re.compile(r"(?:(https?)://)?([^/:']+)(?::(\*|\d+))?(/.*)?")
_PORTS = {"http": "80", "https": "443"}


@on_mount
def content_security_policy(mount: Mount, options: Options) -> Messages:
    """W006: a policy that blocks linked files."""
    if not is_absolute(mount.public_url):
        return
    policy = conf.content_security_policy()
    directives = (*DIRECTIVES, "font-src") if FONTS in mount.contexts else DIRECTIVES
    blocked = [name for name in directives if not _allows(policy, name, mount.public_url)]
    if blocked:
        message = f'The Content Security Policy blocks what mount "{mount.alias}" links: {blocked}.'
        origin = "{0.scheme}://{0.netloc}".format(urlsplit(mount.public_url))
        yield warning(6, message, f'Add "{origin}" to {", ".join(blocked)}.')


def _allows(policy: dict[str, Any], directive: str, url: str) -> bool:
    # None and False leave a directive out, True gives one without sources.
    values = [policy.get(name) for name in (directive, "default-src")]
    sources = next((value for value in values if value not in (None, False)), "*")
    if isinstance(sources, str):
        sources = sources.split()
    return sources is not True and any(_matches(str(word).lower(), url) for word in sources)


def _matches(source: str, url: str) -> bool:
    """Whether a source expression, in lower case, lets pages load all that is below a URL."""
    parts = urlsplit(url.lower())
    if source in ("*", "http:", f"{parts.scheme}:"):
        return True
    match = _SOURCE.fullmatch(source)
    if match is None:
        return False
    scheme, host, port, path = match.groups()
    name, _, own_port = parts.netloc.partition(":")
    default = _PORTS[parts.scheme]
    # "http:" allows HTTPS, too; a path allows all that is below it only if it ends with a slash.
    return (
        scheme in (None, "http", parts.scheme)
        and fnmatchcase(name, host)
        and (port == "*" or (port or default) == (own_port or default))
        and (path is None or (path.endswith("/") and parts.path.startswith(path)))
    )
