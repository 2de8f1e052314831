"""What is written to a bucket, and what a bucket says of an object. Pure."""

import re
from collections.abc import Mapping
from typing import IO, Any, NamedTuple

SMALL = 8 * 1024 * 1024
"""Bytes up to which a file is sent as one request from memory; larger ones go in parts."""

UNKNOWN = -1
"""The size of an object of which nobody says it."""

FINGERPRINT = "s3rewrite-sha256"
"""The name of the object's metadata that holds the SHA-256 of its bytes."""

PLAIN = "s3rewrite-plain-sha256"
"""The name of the metadata that holds the SHA-256 of the bytes as they were before they were
compressed on the way; only what was so has it."""

_HEXADECIMAL = re.compile(r"[0-9a-fA-F]{32}(-[0-9]+)?")


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
        return len(etag) == 32 and self.digests.md5 not in ("", etag)

    def is_proved_by(self, found: Object, size: int) -> bool:
        """Whether what HEAD says shows that this was stored, in `size` bytes."""
        is_ours = found.size == size and found.sha256 == self.digests.sha256
        return is_ours and found.plain_sha256 == self.plain_sha256


def object_of(answer: Mapping[str, Any]) -> Object:
    """What an answer to HEAD says of an object. What it leaves out proves nothing.

    The names of HTTP's fields are the same in any case (RFC 9110 5.1).
    """
    metadata = {name.lower(): value for name, value in answer.get("Metadata", {}).items()}
    return Object(
        answer.get("ContentLength", UNKNOWN),
        etag_of(answer),
        metadata.get(FINGERPRINT, ""),
        encoding_of(answer.get("ContentEncoding", "")),
        metadata.get(PLAIN, ""),
    )


def etag_of(answer: Mapping[str, Any]) -> str:
    """The ETag that an answer tells, or an item of a listing; "" for none.

    Without what services and proxies put around it: quotes, or `W/` where they packed what they
    passed on (RFC 9110 8.8.3). An MD5 is lower case.
    """
    etag = str(answer.get("ETag") or "").strip().removeprefix("W/").strip('"')
    return etag.lower() if _HEXADECIMAL.fullmatch(etag) else etag


def has_md5(answer: Mapping[str, Any]) -> bool:
    """Whether the ETag of an object that was sent in one request is its MD5: not under other keys.

    https://docs.aws.amazon.com/AmazonS3/latest/API/API_Object.html
    """
    is_plain = answer.get("ServerSideEncryption", "AES256") == "AES256"
    return is_plain and "SSECustomerAlgorithm" not in answer


def encoding_of(header: str) -> str:
    """A Content-Encoding without what some services leave in it of how an upload was sent.

    https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming.html (aws-chunked)
    """
    codings = (coding.strip().lower() for coding in header.split(","))
    return ", ".join(coding for coding in codings if coding not in ("", "aws-chunked"))
