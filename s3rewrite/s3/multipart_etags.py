"""Objects that another tool sent in parts: whether they are surely a file's bytes.

The ETag of such an object is the MD5 of its parts' MD5s, and how many there are: it tells as much
as an MD5, to who knows where the parts begin.
https://docs.aws.amazon.com/AmazonS3/latest/userguide/checking-object-integrity.html
"""

import re
from collections.abc import Callable, Iterable, Iterator
from hashlib import md5
from io import BytesIO
from typing import IO

from s3rewrite.s3.bucket import CHUNK, Bucket
from s3rewrite.s3.errors import S3Error, S3Unavailable
from s3rewrite.s3.objects import Object

MIB = 1024 * 1024

COMMON = tuple(size * MIB for size in (5, 8, 10, 15, 16, 20, 25, 32, 50, 64, 100, 128, 256, 512))
"""Part sizes that tools use: 5 rclone, 8 aws, boto3 and django-storages, 15 s3cmd, 16 the console
of AWS and mc, 50 s5cmd."""

_MD5 = re.compile(r"[0-9a-f]{32}")
_ETAG = re.compile(r"[0-9a-f]{32}-([1-9][0-9]*)")


def holds_in_parts(
    bucket: Bucket,
    key: str,
    found: Object,
    content: bytes | IO[bytes],
    should_continue: Callable[[], bool] = lambda: True,
) -> bool:
    """Whether an object that was sent in parts surely has the bytes of `content`.

    Or a large file that was sent whole, whose MD5 nobody has worked out yet. A file is left at its
    start. No where the parts cannot be told, or `should_continue()` says no.
    Raises OSError, S3Unavailable.
    """
    if _MD5.fullmatch(found.etag):
        return not isinstance(content, bytes) and found.etag == _md5_of(content, should_continue)
    count = count_of(found.etag)
    if not count:
        return False
    told = _told(bucket, key)
    sizes = [told] if told else candidates(found.size, count)
    return found.etag in etags(content, sizes, should_continue)


def count_of(etag: str) -> int:
    """How many parts an ETag speaks of; 0 where it is not one of parts."""
    matched = _ETAG.fullmatch(etag)
    return int(matched[1]) if matched else 0


def candidates(size: int, count: int) -> list[int]:
    """The part sizes, in bytes, that cut `size` bytes into `count` parts, and that tools use.

    The smallest whole MiB is one of them: tools that must not have more than 10,000 parts, or
    want few, count that way.
    """
    smallest = -(-size // count)
    if count == 1:
        return [smallest]
    rounded = -(-smallest // MIB) * MIB
    return sorted(part for part in {*COMMON, rounded} if part and -(-size // part) == count)


def etags(
    content: bytes | IO[bytes],
    sizes: Iterable[int],
    should_continue: Callable[[], bool] = lambda: True,
) -> set[str]:
    """The ETags that bytes have in parts of each size, read once; none if it is not to go on."""
    digests = [_InParts(size) for size in sizes]
    file = BytesIO(content) if isinstance(content, bytes) else content
    file.seek(0)
    try:
        while digests and (chunk := file.read(CHUNK)):
            if not should_continue():
                return set()
            for digest in digests:
                digest.update(chunk)
    finally:
        file.seek(0)
    return {digest.etag() for digest in digests}


def _md5_of(file: IO[bytes], should_continue: Callable[[], bool]) -> str:
    digest = md5(usedforsecurity=False)
    file.seek(0)
    try:
        while chunk := file.read(CHUNK):
            if not should_continue():
                return ""
            digest.update(chunk)
    finally:
        file.seek(0)
    return digest.hexdigest()


class _InParts:
    """The ETag of parts of one size, as their bytes come."""

    def __init__(self, size: int) -> None:
        self._size = max(1, size)
        self._done: list[bytes] = []
        self._part = md5(usedforsecurity=False)
        self._room = self._size

    def update(self, chunk: bytes) -> None:
        for piece in self._pieces(memoryview(chunk)):
            if not self._room:
                self._next()
            self._part.update(piece)
            self._room -= len(piece)

    def etag(self) -> str:
        parts = [*self._done, self._part.digest()]
        return f"{md5(b''.join(parts), usedforsecurity=False).hexdigest()}-{len(parts)}"

    def _pieces(self, chunk: memoryview) -> Iterator[memoryview]:
        """The chunk, cut where a part ends."""
        while chunk:
            room = self._room or self._size
            yield chunk[:room]
            chunk = chunk[room:]

    def _next(self) -> None:
        self._done.append(self._part.digest())
        self._part = md5(usedforsecurity=False)
        self._room = self._size


def _told(bucket: Bucket, key: str) -> int | None:
    """The size of an object's first part, as S3 tells it; None where a service does not.

    https://docs.aws.amazon.com/AmazonS3/latest/API/API_HeadObject.html, partNumber
    """
    try:
        found = bucket.call("head_object", Key=key, PartNumber=1)
    except S3Unavailable:
        raise
    except S3Error:
        return None
    return int(found["ContentLength"]) if found.get("PartsCount", 0) > 1 else None
