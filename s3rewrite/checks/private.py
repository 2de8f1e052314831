"""Private mounts: what signs, who decides, and what would make their files or links public."""

from collections.abc import Iterator
from itertools import permutations
from pathlib import Path
from urllib.parse import urlsplit

from django.core.files.storage import FileSystemStorage

from s3rewrite import conf
from s3rewrite.checks.project import UPDATE_CACHE
from s3rewrite.checks.rules import (
    Messages,
    Options,
    error,
    meant,
    on_all,
    on_mount,
    parse_all,
    warning,
    where,
)
from s3rewrite.checks.urls import is_absolute
from s3rewrite.core.mounts import Mount
from s3rewrite.core.patterns import all_parameters, is_excluded
from s3rewrite.signing import SigningError, needs_cookies, signer_of
from s3rewrite.signing.sigv4 import MAX_SECONDS

ACCESS = ("public", "private")

SHORTEST = 60
"""Seconds of a window: clocks differ, and browsers keep nothing for less."""


@on_mount
def access(mount: Mount, options: Options) -> Messages:
    """E037: an unknown ACCESS, or options that only a private mount has."""
    place = where(mount.alias, "ACCESS")
    if mount.access not in ACCESS:
        yield error(37, f"{place} is {mount.access!r}.", meant(mount.access, ACCESS))
    elif not mount.is_private and mount.signing:
        message = f'{where(mount.alias, "SIGNING")} is set, and {place} is "public".'
        yield error(37, message, 'Set "ACCESS": "private", or leave SIGNING out.')


@on_mount
def signing(mount: Mount, options: Options) -> Messages:
    """E038: a SIGNING that signs nothing, or a PUBLIC_URL that cannot be signed."""
    if not mount.is_private:
        return
    if not is_absolute(mount.public_url):
        message = f"{where(mount.alias, 'PUBLIC_URL')} is {mount.public_url!r}, not to be signed."
        yield error(38, message, "Give it a scheme and a host: https://cdn.example.com/media/.")
        return
    try:
        signer_of(mount)
    except SigningError as why:
        hint = '{"BACKEND": "s3rewrite.signing.urls", "KEY_ID": "…", "KEY_FILE": "…"}'
        message = f"{where(mount.alias, 'SIGNING')} signs nothing: {why}."
        yield error(38, message, f"Leave it out for S3's own signatures, or write it as {hint}.")


@on_mount
def window(mount: Mount, options: Options) -> Messages:
    """E039: a WINDOW that is too short, or longer than S3's own signatures may last."""
    if not mount.is_private:
        return
    backend = mount.signing.get("BACKEND")
    most = MAX_SECONDS // 2 if backend in (None, "s3rewrite.signing.sigv4") else None
    if mount.window < SHORTEST or (most is not None and mount.window > most):
        limits = f"from {SHORTEST} to {most:,}" if most else f"{SHORTEST} at least"
        message = f"{where(mount.alias, 'WINDOW')} is {mount.window!r} seconds."
        yield error(39, message, f"Give it {limits}: signatures last for up to two windows.")


@on_mount
def rule(mount: Mount, options: Options) -> Messages:
    """E040: an ALLOW that names a function that is not there."""
    try:
        found = conf.access_rule(mount) if mount.is_private else None
    except Exception as problem:  # of any module of the project's
        found, why = None, f"cannot be imported ({problem!r})"
    else:
        why = "is no function"
    if mount.is_private and mount.access_rule and not callable(found):
        message = f"{where(mount.alias, 'ALLOW')} has {mount.access_rule!r}, which {why}."
        yield error(40, message, "Name a function that takes a request and a list of names.")


@on_mount
def public_objects(mount: Mount, options: Options) -> Messages:
    """E041: an ACL by which anybody may read what is private."""
    own = all_parameters(mount.object_parameters)
    acls = {str(parameters.get("ACL", "")) for parameters in own}
    if mount.is_private and (public := [acl for acl in acls if acl.startswith("public-")]):
        message = f"{where(mount.alias, 'OBJECT_PARAMETERS')} has the ACL {public[0]!r}."
        yield error(41, message, 'Anybody could read the files: give it the ACL "private".')


@on_all
def private_files_elsewhere(mounts: dict[str, Options]) -> Messages:
    """E042: private files that another mount has, too, and shows as its own settings say."""
    for mount, other in _pairs(mounts):
        if mount.is_private and _has_files_of(other, mount):
            message = f'Files of mount "{mount.alias}" are private, and mount "{other.alias}" has '
            message += "them in its storage, too: it would show them by its own ACCESS and ALLOW."
            hint = f'Give them a folder outside, or name theirs in EXCLUDE of "{other.alias}".'
            yield error(42, message, hint)


@on_all
def wide_cookies(mounts: dict[str, Options]) -> Messages:
    """E043: a cookie that opens another private mount, too."""
    for mount, other in _pairs(mounts):
        is_inside = other.is_private and other.public_url.startswith(mount.public_url)
        if is_inside and needs_cookies(mount):
            message = f'The cookie of mount "{mount.alias}" opens mount "{other.alias}", too: '
            message += f"{other.public_url} begins with {mount.public_url}."
            yield error(43, message, "Give them a PUBLIC_URL each, of which none begins the other.")


def _pairs(mounts: dict[str, Options]) -> Iterator[tuple[Mount, Mount]]:
    return permutations(parse_all(mounts), 2)


def _has_files_of(other: Mount, mount: Mount) -> bool:
    """Whether one mount would upload the files of another one, too."""
    if other.storage == mount.storage:
        return True
    outer, inner = conf.find_storage(other), conf.find_storage(mount)
    if not (isinstance(outer, FileSystemStorage) and isinstance(inner, FileSystemStorage)):
        return False
    if not (outer.location and inner.location):
        return False
    root, folder = Path(outer.location).resolve(), Path(inner.location).resolve()
    if root == folder or not folder.is_relative_to(root):
        return root == folder
    names = [(folder.relative_to(root) / rest).as_posix() for rest in ("x", "x/x")]
    return not all(is_excluded(name, other.exclude, other.include) for name in names)


@on_all
def stored_pages(mounts: dict[str, Options]) -> Messages:
    """W019: Django's cache for whole pages, beside a private mount."""
    private = [alias for alias, options in mounts.items() if options.get("ACCESS") == "private"]
    if private and UPDATE_CACHE in conf.middleware():
        message = (
            f'UpdateCacheMiddleware stores pages, and files of mount "{private[0]}" are private.'
        )
        hint = (
            "A page with signed links is not stored. One that a view marks by "
            "response.s3rewrite_private alone is, and stays local when it comes from the cache: "
            "use the decorator s3rewrite_private."
        )
        yield warning(19, message, hint)


@on_mount
def shared_host(mount: Mount, options: Options) -> Messages:
    """W020: private links in plain HTTP, which others on the way read and use."""
    if not (mount.is_private and is_absolute(mount.public_url)):
        return
    parts = urlsplit(mount.public_url)
    is_local = parts.hostname in ("localhost", "127.0.0.1", "::1")
    if parts.scheme == "http" and not (is_local or conf.is_debug()):
        message = f"{where(mount.alias, 'PUBLIC_URL')} is plain HTTP: others can read and use links"
        yield warning(20, message, 'Give it (or "endpoint_url") the scheme https.')
