"""What is written to a bucket, and what a bucket says of an object. Pure."""

from collections.abc import Mapping
from typing import IO, Any, NamedTuple

SMALL = 8 * 1024 * 1024
"""Bytes up to which a file is sent as one request from memory; larger ones go in parts."""

FINGERPRINT = "s3rewrite-sha256"
"""The name of the object's metadata that holds the SHA-256 of its bytes."""


PLAIN = "s3rewrite-plain-sha256"
"""The name of the metadata that holds the SHA-256 of the bytes as they were before they were
compressed on the way; only what was so has it."""


class Digests(NamedTuple):
    """SHA-256 and MD5 of a file's bytes, in hexadecimal.

    The MD5 of a large file is "", as its object, sent in parts, has none to compare it with.
    """

    sha256: str
    md5: str


class Object(NamedTuple):
    """What the bucket says of an object.

    The SHA-256s are known to HEAD only, if we wrote it; its Content-Encoding to HEAD only.
    """

    size: int
    etag: str
    sha256: str = ""
    encoding: str | None = None
    plain_sha256: str = ""

    def holds(self, size: int, digests: Digests) -> bool:
        """Whether these are surely the bytes with that size and those digests.

        The ETag is the MD5 of the bytes for objects sent in one request, without KMS.
        https://docs.aws.amazon.com/AmazonS3/latest/API/API_Object.html
        """
        is_known = digests.md5 != "" and self.etag == digests.md5
        return self.size == size and (is_known or self.sha256 == digests.sha256)


def nothing(_: str) -> Object | None:
    """What is known of the keys of a bucket that is known not to have them."""
    return None


class Upload(NamedTuple):
    """One object to write. Small contents are bytes; large ones a file, read from its start."""

    key: str
    content: bytes | IO[bytes]
    digests: Digests
    parameters: Mapping[str, Any]
    """Arguments of boto3's `put_object`."""
    plain_sha256: str = ""
    """Of the bytes before they were compressed on the way, where they were."""

    @property
    def metadata(self) -> dict[str, str]:
        """The metadata of the object, with the SHA-256."""
        plain = {PLAIN: self.plain_sha256} if self.plain_sha256 else {}
        return {**self.parameters.get("Metadata", {}), FINGERPRINT: self.digests.sha256, **plain}

    def is_other_than(self, etag: str) -> bool:
        """Whether an object with that ETag, if it was stored without KMS, has other bytes.

        What is no MD5 says nothing.
        """
        return len(etag) == 32 and etag != self.digests.md5


def encoding_of(header: str) -> str:
    """A Content-Encoding without what some services leave in it of how an upload was sent.

    https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming.html (aws-chunked)
    """
    codings = (coding.strip().lower() for coding in header.split(","))
    return ", ".join(coding for coding in codings if coding not in ("", "aws-chunked"))
