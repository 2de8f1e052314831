"""Views for the local URLs of freed and of private files, where no page links S3."""

import logging
from typing import Any
from urllib.parse import quote

from django.core.exceptions import PermissionDenied, SuspiciousFileOperation
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.views.decorators.http import require_safe

from s3rewrite import conf
from s3rewrite.core.mounts import Mount
from s3rewrite.core.paths import quote_name
from s3rewrite.disk.stubs import Stub, is_corrupt_stub
from s3rewrite.freed import FreedFileError, stub_of
from s3rewrite.linking.access import is_plain_name, may_see, opening_url
from s3rewrite.serving import content_headers, open_file, send_file, send_object

logger = logging.getLogger("s3rewrite")

RETRY_AFTER = "30"
"""Seconds: https://www.rfc-editor.org/rfc/rfc9110#field.retry-after"""

MAX_AGE = 60
"""Seconds for which a redirect may be kept: the file may come back to the disk."""


@require_safe
def freed(
    request: HttpRequest, name: str, mount: str = "media", *, stream: bool = False
) -> HttpResponseBase:
    """Where the bytes of a freed file are: a redirect to S3; 404 for any other name.

    `path("media/<path:name>", s3rewrite.views.freed)`. With `{"stream": True}` this site
    sends the bytes itself, also in ranges, for pages that cannot use another origin. 503 where S3
    does not give them, or a stub was renamed and no pass has seen that yet. Of a private mount it
    is the same as `private`.
    """
    settings = conf.mount(mount)
    if settings.is_private:
        response: HttpResponseBase = private(request, name, mount)
        return response
    stub = _stub(settings, name)
    if stub is None:
        raise Http404(name)
    if not _is_in_place(settings, name, stub):
        return _unavailable()
    if stream:
        return _streamed(request, settings, name, stub)
    headers = {"Cache-Control": f"max-age={MAX_AGE}"}
    return HttpResponseRedirect(settings.paths.url(name, stub.fingerprint), headers=headers)


@require_safe
def private(
    request: HttpRequest,
    name: str,
    mount: str = "media",
    *,
    accel: str = "",
    sendfile: bool = False,
) -> HttpResponseBase:
    """The bytes of a private file, for those to whom the rule in ALLOW shows it; 403 for others.

    `path("media/<path:name>", s3rewrite.views.private)`. The web server sends them with
    `{"accel": "/protected/"}` (nginx, an internal location) or `{"sendfile": True}` (Apache); else
    this process does, also in ranges. A freed file is a redirect with a signature.
    """
    settings = conf.mount(mount)
    # The rule is asked before anything is looked at: a refusal tells nothing of what is there.
    if not is_plain_name(name):
        raise Http404
    if not may_see(request, settings, name):
        raise PermissionDenied
    stub = _stub(settings, name)
    if stub:
        return _private_object(request, settings, name, stub)
    path: str = conf.storage_of(settings).path(name)
    response: HttpResponseBase
    try:
        if not (accel or sendfile):
            response = send_file(request, name, path)
        else:
            open_file(path).close()
            response = HttpResponse(headers=content_headers(name))
    except OSError:
        raise Http404 from None
    if accel:
        response["X-Accel-Redirect"] = accel.rstrip("/") + "/" + quote_name(name)
    elif sendfile:
        response["X-Sendfile"] = quote(path)
    response["Cache-Control"] = "private, no-cache"
    return response


def _private_object(request: HttpRequest, mount: Mount, name: str, stub: Stub) -> HttpResponseBase:
    if not _is_in_place(mount, name, stub):
        return _unavailable()
    url, seconds = opening_url(request, mount, name, stub.fingerprint)
    if not url:
        response = _streamed(request, mount, name, stub)
        response["Cache-Control"] = "private, no-cache"
        return response
    headers = {"Cache-Control": f"private, max-age={min(MAX_AGE, seconds)}"}
    return HttpResponseRedirect(url, headers=headers)


def _is_in_place(mount: Mount, name: str, stub: Stub) -> bool:
    """Whether the object of a stub is the one that the name's public URL shows."""
    return (stub.bucket, stub.key) == (mount.bucket, mount.paths.key(name, stub.fingerprint))


def _unavailable() -> HttpResponse:
    return HttpResponse(status=503, headers={"Retry-After": RETRY_AFTER})


def _stub(mount: Mount, name: str) -> Stub | None:
    """The stub of a name; None where there is none. Raises Http404 for what is no name."""
    storage: Any = conf.storage_of(mount)
    try:
        stub = stub_of(storage, name)
        is_spoiled = stub is None and is_corrupt_stub(storage.path(name))
    except (NotImplementedError, SuspiciousFileOperation, ValueError):
        raise Http404(name) from None
    if is_spoiled:
        message = "The stub of %r in mount %r says nothing that can be true: was it changed?"
        logger.warning(message, name, mount.alias, extra={"mount": mount.alias, "file": name})
    return stub


def _streamed(request: HttpRequest, mount: Mount, name: str, stub: Stub) -> HttpResponseBase:
    try:
        return send_object(request, mount, name, stub)
    except FreedFileError as error:
        logger.warning("%r of mount %r cannot be streamed: %s", name, mount.alias, error)
        return _unavailable()
