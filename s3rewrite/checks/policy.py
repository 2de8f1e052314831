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

# What a mount links where it asks for these contexts; () for what it links in any case.
# https://www.w3.org/TR/CSP3/#directives-fetch
DIRECTIVES: dict[str, tuple[str, ...]] = {
    "img-src": (),
    "media-src": (),
    "style-src": ("stylesheet", "import"),
    "script-src": ("script", "modulepreload"),
    "font-src": ("font-face", "font-preload"),
    "connect-src": ("fetch-preload", "playlist"),
    "object-src": ("embed",),
    "manifest-src": ("manifest",),
}
_ELEMENTS = ("script-src", "style-src")
"""Directives of which one with `-elem` may say another thing for elements."""

_SOURCE = re.compile(r"(?:(https?)://)?([^/:']+)(?::(\*|\d+))?(/.*)?")
_PORTS = {"http": "80", "https": "443"}
# In a policy, and as Django 6 and django-csp 4 stand for it: the latter's is no string.
_NONCE = re.compile(r"'nonce-.*'|<csp_nonce_sentinel>|csp\.constants\.nonce")


@on_mount
def content_security_policy(mount: Mount, options: Options) -> Messages:
    """W006: a policy that blocks linked files."""
    if not is_absolute(mount.public_url):
        return
    policy = conf.content_security_policy()
    blocked = [
        name
        for name, contexts in DIRECTIVES.items()
        if not contexts or not set(contexts).isdisjoint(mount.contexts)
        if not _allows(_sources(policy, name), name, mount)
    ]
    if blocked:
        message = f'The Content Security Policy blocks what mount "{mount.alias}" links: {blocked}.'
        origin = "{0.scheme}://{0.netloc}".format(urlsplit(mount.public_url))
        yield warning(6, message, f'Add "{origin}" to {", ".join(blocked)}.')


def _sources(policy: dict[str, Any], directive: str) -> list[str]:
    """The sources of a directive, in lower case; ["*"] where the policy does not restrict it."""
    names = [f"{directive}-elem"] if directive in _ELEMENTS else []
    values = [policy.get(name) for name in (*names, directive, "default-src")]
    # None and False leave a directive out, True gives one without sources.
    sources = next((value for value in values if value not in (None, False)), "*")
    words = sources if isinstance(sources, (list, tuple, set, frozenset)) else [sources]
    return [] if sources is True else " ".join(map(str, words)).lower().split()


def _allows(sources: list[str], directive: str, mount: Mount) -> bool:
    """Whether what a mount links is loaded, as far as it was before it was linked.

    | the sources                          | style sheets and scripts  | all else |
    |--------------------------------------|---------------------------|----------|
    | name the public URL                  | are loaded                | is       |
    | have 'strict-dynamic' (for scripts)  | by their nonces, as ever  |          |
    | have nonces, and name no origin      | by their nonces, as ever  | is not   |
    | have nonces, and name the site       | those without are not     | is not   |
    | are others                           | are not                   | is not   |
    """
    if "'strict-dynamic'" in sources and directive == "script-src":
        return True
    if any(_matches(source, mount) for source in sources):
        return True
    has_nonce = directive in _ELEMENTS and any(map(_NONCE.fullmatch, sources))
    return has_nonce and "'self'" not in sources


def _matches(source: str, mount: Mount) -> bool:
    """Whether a source expression, in lower case, lets pages load all that a mount shows."""
    parts = urlsplit(mount.public_url.lower())
    if source in ("*", "http:", f"{parts.scheme}:"):
        return True
    if source == "'self'":
        hosts = (*mount.hosts, *conf.allowed_hosts(), urlsplit(mount.site_url).netloc)
        return parts.netloc in (host.lower().removeprefix(".") for host in hosts)
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
