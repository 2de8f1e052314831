"""Whether browsers would show uploads with the site's cookies."""

from collections.abc import Iterable
from urllib.parse import urlsplit

from s3rewrite import conf
from s3rewrite.checks.rules import Messages, Options, on_mount, warning
from s3rewrite.checks.urls import is_usable, other_place
from s3rewrite.core.mounts import Mount

STATIC = "staticfiles"
"""The storage of the project's own files, which nobody uploads."""

OWN_HOST = "is this site's own host and gets its cookies"


@on_mount
def shared_cookies(mount: Mount, options: Options) -> Messages:
    """W011: uploads at a host that gets the site's cookies."""
    # Where the public URL is the local one, E025 says so.
    if mount.storage == STATIC or not is_usable(mount) or any(other_place(mount, options)):
        return
    host = urlsplit(mount.public_url).hostname or ""
    reason = _why_shared(host, (*mount.hosts, *conf.allowed_hosts()), conf.cookie_domains())
    if mount.paths.is_root_relative:
        host, reason = mount.public_url, OWN_HOST
    if reason:
        message = f'Mount "{mount.alias}" links to {host}, which {reason}: an uploaded page could '
        hint = (
            "Show uploads at a host of their own that gets no cookies, by PUBLIC_URL; or, if only "
            "you upload, silence this warning (SILENCED_SYSTEM_CHECKS)."
        )
        yield warning(11, f"{message}use them.", hint)


def _why_shared(host: str, site: Iterable[str], domains: Iterable[str]) -> str:
    """Why a host gets the cookies of the site; "" if it does not. Cookies ignore ports.

    https://www.rfc-editor.org/rfc/rfc6265#section-5.1.3

    | the host                                | gets the cookies |
    |-----------------------------------------|------------------|
    | is one of the site                      | yes              |
    | is the cookies' domain, or lies below   | yes              |
    | lies beside the site, or below its host | no               |
    """
    names = {_hostname(name) for name in site}
    if host in names:
        return OWN_HOST
    for domain in (domain.lower().lstrip(".") for domain in domains):
        if f".{host}".endswith(f".{domain}"):
            return f"gets the cookies of {domain}"
    return ""


def _hostname(name: str) -> str:
    """The host in an item of ALLOWED_HOSTS or HOSTS, without its port; "" for a wildcard."""
    return (urlsplit(f"//{name.lstrip('.')}").hostname or "") if "*" not in name else ""
