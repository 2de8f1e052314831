"""A view for local URLs of freed files: those that no page could link to S3."""

import posixpath
import re

from django.core.exceptions import SuspiciousFileOperation
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, HttpResponseNotModified
from django.http.response import HttpResponseBase
from django.utils.cache import get_conditional_response
from django.utils.http import http_date
from django.views.decorators.http import require_safe

from s3rewrite import conf
from s3rewrite.freed import FreedFileError, stub_of
from s3rewrite.stubs import Stub
from s3rewrite.sync.content_types import content_type

# What people upload never runs as a page of the site: all else is downloaded.
_SHOWN = re.compile(r"image/(?!svg)|audio/|video/|(?:application/pdf|text/plain)$")

RETRY_AFTER = "30"
"""Seconds: https://www.rfc-editor.org/rfc/rfc9110#field.retry-after"""


@require_safe
def freed(request: HttpRequest, name: str, mount: str = "media") -> HttpResponseBase:
    """The bytes of a freed file of a mount, by way of this site; 404 for what is no such file.

    `path("media/<path:name>", s3rewrite.views.freed)`. 503 where S3 does not give them.
    """
    storage = conf.storage_of(conf.mount(mount))
    try:
        stub = stub_of(storage, name)
    except (SuspiciousFileOperation, ValueError):
        stub = None
    if stub is None:
        raise Http404(name)
    etag = f'"{stub.fingerprint}"'
    answered = get_conditional_response(request, etag=etag, last_modified=_seconds(stub))
    if isinstance(answered, HttpResponseNotModified):
        return _described(answered, stub, etag)
    if request.method == "HEAD":
        return _described(HttpResponse(), stub, etag)
    try:
        file = storage.open(name)
    except FreedFileError:
        return HttpResponse(status=503, headers={"Retry-After": RETRY_AFTER})
    kind = content_type(name)
    is_shown = _SHOWN.match(kind) is not None
    response = FileResponse(file, as_attachment=not is_shown, filename=posixpath.basename(name))
    response["Content-Type"] = kind
    return _described(response, stub, etag)


def _described(response: HttpResponse | FileResponse, stub: Stub, etag: str) -> HttpResponseBase:
    response["X-Content-Type-Options"] = "nosniff"
    response["ETag"] = etag
    response["Last-Modified"] = http_date(_seconds(stub))
    return response


def _seconds(stub: Stub) -> int:
    return stub.signature.mtime_ns // 1_000_000_000
