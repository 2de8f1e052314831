"""A file's bytes as a response: whole or in ranges, from the disk or from S3."""

import asyncio
import os
import re
import stat
from collections.abc import AsyncGenerator, Callable, Generator
from contextlib import closing
from typing import IO, NamedTuple

from django.core.handlers.asgi import ASGIRequest
from django.http import HttpRequest, HttpResponse, HttpResponseNotModified, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.utils.cache import get_conditional_response
from django.utils.http import http_date

from s3rewrite.core.content_types import content_coding, content_type
from s3rewrite.core.mounts import Mount
from s3rewrite.disk.stubs import Stub
from s3rewrite.freed import CHUNK, ObjectRange, read_range

# What people upload must not run as a page of the site: all other types are downloaded.
_SHOWN = re.compile(r"image/(?!svg)|audio/|video/|(?:application/pdf|text/plain)$")

_RANGE = re.compile(r"bytes=(?:(\d{1,15})-(\d{0,15})|-(\d{1,15}))")


class Content(NamedTuple):
    """What is sent: a name, its size in bytes, when it changed (a Unix time), and its ETag."""

    name: str
    size: int
    modified: int
    etag: str


def content_headers(name: str) -> dict[str, str]:
    """What a file of that name is, and what a browser may do with it."""
    headers = {"Content-Type": content_type(name), "X-Content-Type-Options": "nosniff"}
    if coding := content_coding(name):
        headers["Content-Encoding"] = coding
    if not _SHOWN.match(headers["Content-Type"]):
        headers["Content-Disposition"] = "attachment"
    return headers


def send_object(request: HttpRequest, mount: Mount, name: str, stub: Stub) -> HttpResponseBase:
    """The bytes of a freed file, as S3 gives them. Raises FreedFileError."""
    modified = stub.signature.mtime_ns // 1_000_000_000
    content = Content(name, stub.signature.size, modified, f'"{stub.fingerprint}"')
    return _send(request, content, lambda asked: read_range(mount, stub, asked))


def open_file(path: str) -> IO[bytes]:
    """A local file to read from. Raises OSError, also where it is no regular file."""
    # A FIFO in its place would wait for a writer.
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    state = os.fstat(descriptor)
    if not stat.S_ISREG(state.st_mode):
        os.close(descriptor)
        raise FileNotFoundError(path)
    return os.fdopen(descriptor, "rb")


def send_file(request: HttpRequest, name: str, path: str) -> HttpResponseBase:
    """The bytes of a local file. Raises OSError, also where it is no regular file."""
    file = open_file(path)
    state = os.fstat(file.fileno())
    etag = f'"{state.st_mtime_ns:x}-{state.st_size:x}"'
    content = Content(name, state.st_size, int(state.st_mtime), etag)
    response = _send(request, content, lambda asked: _file_range(file, content.size, asked))
    if response.streaming:
        response._resource_closers.append(file.close)  # type: ignore[attr-defined]
    else:
        file.close()
    return response


def _send(
    request: HttpRequest, content: Content, read: Callable[[str], ObjectRange | None]
) -> HttpResponseBase:
    """The response to a request for a file. `read` takes a Range header, or "" for all bytes."""
    headers = {
        "ETag": content.etag,
        "Last-Modified": http_date(content.modified),
        "Accept-Ranges": "bytes",
        **content_headers(content.name),
    }
    early = get_conditional_response(request, etag=content.etag, last_modified=content.modified)
    if isinstance(early, HttpResponseNotModified):
        return HttpResponseNotModified(headers={"ETag": content.etag})
    if request.method == "HEAD":
        return HttpResponse(headers={**headers, "Content-Length": str(content.size)})
    part = read(_asked_range(request, content.etag))
    if part is None:
        return HttpResponse(status=416, headers={"Content-Range": f"bytes */{content.size}"})
    return _part_response(request, part, headers)


def _asked_range(request: HttpRequest, etag: str) -> str:
    """The bytes that a visitor asks for, "" for all.

    If the file has changed since the visitor got a part of it, all is sent: RFC 9110 13.1.5.
    """
    value = request.headers.get("Range", "")
    is_same = request.headers.get("If-Range", etag) == etag
    return value if is_same and _RANGE.fullmatch(value) else ""


def _file_range(file: IO[bytes], size: int, asked: str) -> ObjectRange | None:
    """The bytes of a file by a Range header; None where there are none. RFC 9110 14.1.2"""
    match = _RANGE.fullmatch(asked)
    if match is None:
        return ObjectRange(size, "", _chunks(file, 0, size))
    first, last, suffix = match.groups()
    start = size - min(int(suffix), size) if suffix else int(first)
    end = min(int(last) + 1 if last else size, size)
    if start >= end:
        return None
    return ObjectRange(
        end - start, f"bytes {start}-{end - 1}/{size}", _chunks(file, start, end - start)
    )


def _chunks(file: IO[bytes], start: int, size: int) -> Generator[bytes]:
    """So many bytes from an offset on. The length is promised: later changes do not show."""
    with closing(file):
        file.seek(start)
        while size > 0 and (chunk := file.read(min(CHUNK, size))):
            size -= len(chunk)
            yield chunk


def _part_response(
    request: HttpRequest, part: ObjectRange, headers: dict[str, str]
) -> HttpResponseBase:
    """Bytes with one chunk in memory at a time."""
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
