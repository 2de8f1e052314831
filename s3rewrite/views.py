"""A view for the local URLs of freed files, which visitors follow where no page links S3."""

import asyncio
import logging
import re
from collections.abc import AsyncGenerator, Generator
from contextlib import closing
from typing import Any

from django.core.exceptions import SuspiciousFileOperation
from django.core.handlers.asgi import ASGIRequest
from django.http import (
    Http404,
    HttpRequest,
    HttpResponse,
    HttpResponseNotModified,
    HttpResponseRedirect,
    StreamingHttpResponse,
)
from django.http.response import HttpResponseBase
from django.utils.cache import get_conditional_response
from django.utils.http import http_date
from django.views.decorators.http import require_safe

from s3rewrite import conf
from s3rewrite.core.content_types import content_coding, content_type
from s3rewrite.core.mounts import Mount
from s3rewrite.disk.stubs import Stub, is_corrupt_stub
from s3rewrite.freed import FreedFileError, ObjectRange, read_range, stub_of

logger = logging.getLogger("s3rewrite")

# What people upload must not run as a page of the site: all other types are downloaded.
_SHOWN = re.compile(r"image/(?!svg)|audio/|video/|(?:application/pdf|text/plain)$")

RETRY_AFTER = "30"
"""Seconds: https://www.rfc-editor.org/rfc/rfc9110#field.retry-after"""

MAX_AGE = 60
"""Seconds for which a redirect may be kept: the file may come back to the disk."""

_RANGE = re.compile(r"bytes=(?:\d{1,15}-\d{0,15}|-\d{1,15})")


@require_safe
def freed(
    request: HttpRequest, name: str, mount: str = "media", *, stream: bool = False
) -> HttpResponseBase:
    """Where the bytes of a freed file are: a redirect to S3; 404 for any other name.

    `path("media/<path:name>", s3rewrite.views.freed)`. With `{"stream": True}` this site
    sends the bytes itself, also in ranges, for pages that cannot use another origin. 503 where S3
    does not give them, or a stub was renamed and no pass has seen that yet.
    """
    settings = conf.mount(mount)
    stub = _stub(settings, name)
    paths = settings.paths
    if (stub.bucket, stub.key) != (settings.bucket, paths.key(name, stub.fingerprint)):
        return _unavailable()
    if stream:
        return _streamed(request, settings, name, stub)
    headers = {"Cache-Control": f"max-age={MAX_AGE}"}
    return HttpResponseRedirect(paths.url(name, stub.fingerprint), headers=headers)


def _unavailable() -> HttpResponse:
    return HttpResponse(status=503, headers={"Retry-After": RETRY_AFTER})


def _stub(mount: Mount, name: str) -> Stub:
    """The stub of a name. Raises Http404."""
    storage: Any = conf.storage_of(mount)
    try:
        stub = stub_of(storage, name)
        is_spoiled = stub is None and is_corrupt_stub(storage.path(name))
    except (NotImplementedError, SuspiciousFileOperation, ValueError):
        raise Http404(name) from None
    if is_spoiled:
        message = "The stub of %r in mount %r says nothing that can be true: was it changed?"
        logger.warning(message, name, mount.alias, extra={"mount": mount.alias, "file": name})
    if stub is None:
        raise Http404(name)
    return stub


def _streamed(request: HttpRequest, mount: Mount, name: str, stub: Stub) -> HttpResponseBase:
    modified = stub.signature.mtime_ns // 1_000_000_000
    headers = {
        "ETag": f'"{stub.fingerprint}"',
        "Last-Modified": http_date(modified),
        "Content-Type": content_type(name),
        "Accept-Ranges": "bytes",
        "X-Content-Type-Options": "nosniff",
    }
    if coding := content_coding(name):
        headers["Content-Encoding"] = coding
    if not _SHOWN.match(headers["Content-Type"]):
        headers["Content-Disposition"] = "attachment"
    response = get_conditional_response(request, etag=headers["ETag"], last_modified=modified)
    if isinstance(response, HttpResponseNotModified):
        return HttpResponseNotModified(headers={"ETag": headers["ETag"]})
    if request.method == "HEAD":
        return HttpResponse(headers={**headers, "Content-Length": str(stub.signature.size)})
    try:
        part = read_range(mount, stub, _range(request, headers["ETag"]))
    except FreedFileError as error:
        logger.warning("%r of mount %r cannot be streamed: %s", name, mount.alias, error)
        return _unavailable()
    if part is None:
        return HttpResponse(status=416, headers={"Content-Range": f"bytes */{stub.signature.size}"})
    return _part_response(request, part, headers)


def _range(request: HttpRequest, etag: str) -> str:
    """The bytes that a visitor asks for, "" for all.

    If the file has changed since the visitor got a part of it, all is sent: RFC 9110 13.1.5.
    """
    value = request.headers.get("Range", "")
    is_same = request.headers.get("If-Range", etag) == etag
    return value if is_same and _RANGE.fullmatch(value) else ""


def _part_response(
    request: HttpRequest, part: ObjectRange, headers: dict[str, str]
) -> HttpResponseBase:
    """The bytes as S3 gives them, one chunk in memory at a time."""
    headers["Content-Length"] = str(part.size)
    if part.range:
        headers["Content-Range"] = part.range
    chunks = _asynchronous(part.chunks) if isinstance(request, ASGIRequest) else part.chunks
    response = StreamingHttpResponse(chunks, status=206 if part.range else 200, headers=headers)
    response.s3rewrite = False  # type: ignore[attr-defined]
    return response


async def _asynchronous(chunks: Generator[bytes]) -> AsyncGenerator[bytes]:
    """The same chunks, each fetched in a thread."""
    with closing(chunks):
        while chunk := await asyncio.to_thread(next, chunks, b""):
            yield chunk
