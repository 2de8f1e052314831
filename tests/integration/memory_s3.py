"""An S3 in memory, that boto3 speaks with as with a real one: requests in, answers out.

Knows what the package asks for: PUT, CopyObject, HEAD, GET, ListObjectsV2 of one folder,
DeleteObjects. A copy that arrives late has the bytes that its source had when it was asked for.
"""

import re
from collections.abc import Callable
from email.utils import formatdate
from hashlib import md5
from io import BytesIO
from time import gmtime, strftime, time
from typing import Any
from urllib.parse import parse_qs, quote, unquote, urlsplit
from xml.sax.saxutils import escape, unescape

from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.exceptions import ReadTimeoutError


class _Raw(BytesIO):
    def stream(self, **_: Any) -> Any:
        yield self.read()


class MemoryS3:
    """The objects of one bucket. `late` has the writes that are still on their way."""

    def __init__(self) -> None:
        self.objects: dict[str, tuple[bytes, dict[str, str], float]] = {}
        self.late: list[tuple[str, bytes, dict[str, str], str]] = []
        """Key, bytes, metadata and condition: an ETag, "*" for no object, "" for anything."""
        self.copies = 0
        self.is_lax = False
        """Whether it copies an object whatever its ETag is."""
        self.loses: str = ""
        """What befalls the next PUT: "", "answer" or "way" (it may arrive later)."""
        self.step: Callable[[], None] = lambda: None
        """Called before and after each request is carried out."""

    def serve(self, client: Any) -> None:
        """Answer what a client of boto3 sends."""
        client.meta.events.register_last("before-send.s3", self._answer)

    def body(self, key: str) -> bytes | None:
        """The bytes under a key."""
        return self.objects[key][0] if key in self.objects else None

    def store(self, key: str, body: bytes, metadata: dict[str, str], condition: str) -> bool:
        """Carry out a PUT, if its condition holds."""
        there = self.body(key)
        if condition and condition != ("*" if there is None else _etag(there)):
            return False
        self.objects[key] = (body, metadata, time())
        return True

    def _answer(self, request: AWSPreparedRequest, **_: Any) -> AWSResponse:
        self.step()
        url = urlsplit(request.url)
        key = unquote(url.path.split("/", 2)[2] if url.path.count("/") > 1 else "")
        handle = getattr(self, f"_{request.method.lower()}")
        status, headers, body = handle(key, request, parse_qs(url.query))
        self.step()
        return AWSResponse(request.url, status, headers, _Raw(body))

    def _put(self, key: str, request: Any, _: Any) -> tuple[int, dict[str, str], bytes]:
        body = request.body.read() if hasattr(request.body, "read") else bytes(request.body or b"")
        headers = {name.lower(): _text(value) for name, value in request.headers.items()}
        metadata = {name: value for name, value in headers.items() if "x-amz-meta-" in name}
        source = headers.get("x-amz-copy-source")
        if source:
            copied = self.body(unquote(source).partition("/")[2])
            if copied is None:
                return _refused(404, "NoSuchKey")
            wanted = headers["x-amz-copy-source-if-match"].strip('"')
            if _etag(copied) != wanted and not self.is_lax:
                return _refused(412, "PreconditionFailed")
            body = copied
        condition = headers.get("if-none-match", headers.get("if-match", "")).strip('"')
        lost, self.loses = self.loses, ""
        is_refused = False
        if lost == "way":
            self.late.append((key, body, metadata, condition))
        else:
            is_refused = not self.store(key, body, metadata, condition)
        if lost:
            raise ReadTimeoutError(endpoint_url="memory")
        if is_refused:
            return _refused(412, "PreconditionFailed")
        if source:
            self.copies += 1
            answer = f"<CopyObjectResult><ETag>{_etag(body)}</ETag></CopyObjectResult>"
            return 200, {"Content-Type": "application/xml"}, answer.encode()
        return 200, {"ETag": f'"{_etag(body)}"'}, b""

    def _head(self, key: str, *_: Any) -> tuple[int, dict[str, str], bytes]:
        if key not in self.objects:
            return 404, {}, b""
        body, metadata, when = self.objects[key]
        headers = {"ETag": f'"{_etag(body)}"', "Content-Length": str(len(body))}
        return 200, {**headers, "Last-Modified": formatdate(when, usegmt=True), **metadata}, b""

    def _get(self, _: str, __: Any, query: Any) -> tuple[int, dict[str, str], bytes]:
        prefix = query["prefix"][0]
        found = "".join(
            f"<Contents><Key>{escape(quote(key))}</Key><Size>{len(body)}</Size>"
            f"<ETag>&quot;{_etag(body)}&quot;</ETag><LastModified>"
            f"{strftime('%Y-%m-%dT%H:%M:%S.000Z', gmtime(when))}</LastModified></Contents>"
            for key, (body, _, when) in sorted(self.objects.items())
            if key.startswith(prefix) and "/" not in key[len(prefix) :]
        )
        told = "<EncodingType>url</EncodingType><IsTruncated>false</IsTruncated>"
        answer = f"<ListBucketResult>{told}{found}</ListBucketResult>"
        return 200, {"Content-Type": "application/xml"}, answer.encode()

    def _post(self, _: str, request: Any, __: Any) -> tuple[int, dict[str, str], bytes]:
        keys = re.findall(r"<Key>(.*?)</Key>", _text(request.body))
        for key in keys:
            self.objects.pop(unescape(key), None)
        deleted = "".join(f"<Deleted><Key>{key}</Key></Deleted>" for key in keys)
        answer = f"<DeleteResult>{deleted}</DeleteResult>"
        return 200, {"Content-Type": "application/xml"}, answer.encode()


def _text(value: bytes | str) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)


def _refused(status: int, code: str) -> tuple[int, dict[str, str], bytes]:
    error = f"<Error><Code>{code}</Code><Message>no</Message></Error>"
    return status, {"Content-Type": "application/xml"}, error.encode()


def _etag(body: bytes) -> str:
    return md5(body).hexdigest()
