"""Objects that another tool sent in parts: whether they surely have a file's bytes.

The ETag of such an object is the MD5 of its parts' MD5s, and the number of parts. It proves as
much as an MD5, once it is known where the parts begin.
https://docs.aws.amazon.com/AmazonS3/latest/userguide/checking-object-integrity.html
"""

import re
from collections.abc import Callable, Iterable, Sequence
from hashlib import md5
from io import BytesIO
from typing import IO, Protocol

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
    stored: Object,
    content: bytes | IO[bytes],
    should_continue: Callable[[], bool] = lambda: True,
) -> bool:
    """Whether an object surely has the bytes of `content`, by its ETag.

    The object was sent in parts; or `content` is a large file, which was sent in one request and
    whose MD5 is not known yet. False where the parts' size is not known, or `should_continue()`
    returns False. Leaves a file at its start. Raises OSError, S3Unavailable.
    """
    if _MD5.fullmatch(stored.etag):
        return not isinstance(content, bytes) and stored.etag == _md5_of(content, should_continue)
    count = count_of(stored.etag)
    if not count:
        return False
    size = _part_size(bucket, key)
    sizes = [size] if size else candidates(stored.size, count)
    return stored.etag in etags(content, sizes, should_continue)


def count_of(etag: str) -> int:
    """The number of parts in an ETag; 0 if it is not one of parts."""
    match = _ETAG.fullmatch(etag)
    return int(match[1]) if match else 0


def candidates(size: int, count: int) -> list[int]:
    """The part sizes, in bytes, that cut `size` bytes into `count` parts, and that tools use.

    The smallest whole MiB is one of them: some tools choose it to have no more than S3's 10,000
    parts, or to have few.
    """
    smallest = -(-size // count)  # rounded up
    if count == 1:
        return [smallest]
    whole_mib = -(-smallest // MIB) * MIB
    return sorted(part for part in {*COMMON, whole_mib} if part and -(-size // part) == count)


def etags(
    content: bytes | IO[bytes],
    sizes: Iterable[int],
    should_continue: Callable[[], bool] = lambda: True,
) -> set[str]:
    """The ETags of the content in parts of each size, which is read once; none if interrupted."""
    digests = [_PartsDigest(size) for size in sizes]
    file = BytesIO(content) if isinstance(content, bytes) else content
    is_read = _read_into(digests, file, should_continue)
    return {digest.etag() for digest in digests} if is_read else set()


def _md5_of(file: IO[bytes], should_continue: Callable[[], bool]) -> str:
    digest = md5(usedforsecurity=False)
    return digest.hexdigest() if _read_into([digest], file, should_continue) else ""


class _Digest(Protocol):
    def update(self, chunk: bytes, /) -> None: ...


def _read_into(
    digests: Sequence[_Digest], file: IO[bytes], should_continue: Callable[[], bool]
) -> bool:
    """Read a file from its start to its end, and put it back. False if interrupted."""
    file.seek(0)
    try:
        while digests and (chunk := file.read(CHUNK)):
            if not should_continue():
                return False
            for digest in digests:
                digest.update(chunk)
    finally:
        file.seek(0)
    return True


class _PartsDigest:
    """The ETag of parts of one size, from their bytes in chunks of any size."""

    def __init__(self, size: int) -> None:
        self._size = max(1, size)
        self._finished: list[bytes] = []
        self._part = md5(usedforsecurity=False)
        self._room = self._size

    def update(self, chunk: bytes) -> None:
        rest = memoryview(chunk)
        while rest:
            if not self._room:  # only now: the last part is full, but another one follows
                self._finished.append(self._part.digest())
                self._part, self._room = md5(usedforsecurity=False), self._size
            piece, rest = rest[: self._room], rest[self._room :]
            self._part.update(piece)
            self._room -= len(piece)

    def etag(self) -> str:
        parts = [*self._finished, self._part.digest()]
        return f"{md5(b''.join(parts), usedforsecurity=False).hexdigest()}-{len(parts)}"


def _part_size(bucket: Bucket, key: str) -> int | None:
    """The size of an object's first part; None where the service does not say it.

    https://docs.aws.amazon.com/AmazonS3/latest/API/API_HeadObject.html, partNumber
    """
    try:
        answer = bucket.call("head_object", Key=key, PartNumber=1)
    except S3Unavailable:
        raise
    except S3Error:
        return None
    return answer.get("ContentLength") if answer.get("PartsCount", 0) > 1 else None
