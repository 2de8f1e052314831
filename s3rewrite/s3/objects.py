"""An object to write, and what a bucket says of an object. Pure."""

import hashlib
import re
from collections.abc import Mapping
from typing import IO, Any, NamedTuple

from s3rewrite.core.entries import FINGERPRINT_LENGTH

SMALL = 8 * 1024 * 1024
"""Bytes up to which a file is sent in one request, from memory; larger ones go in parts."""

UNKNOWN = -1
"""The size of an object where an answer does not say it."""

FINGERPRINT = "s3rewrite-sha256"
"""The name of the object's metadata that holds the SHA-256 of its bytes."""

PLAIN = "s3rewrite-plain-sha256"
"""The name of the metadata that holds the SHA-256 of a file's bytes where the object has them
compressed; other objects do not have it."""

NO_OBJECT = "*"
"""The condition that no object is under the key."""

_MD5 = re.compile(r"[0-9a-f]{32}")
_HEXADECIMAL = re.compile(r"[0-9a-fA-F]{32}(-[0-9]+)?")
_CONDITION = re.compile(r"[0-9A-Za-z-]{1,80}")


class Digests(NamedTuple):
    """SHA-256 and MD5 of a file's bytes, in hexadecimal.

    The MD5 of a large file is "": its object is sent in parts, and has none to compare it with.
    """

    sha256: str
    md5: str


class Object(NamedTuple):
    """What the bucket says of an object.

    The SHA-256s and the Content-Encoding come from HEAD, not from a listing; the SHA-256s only
    where this package wrote the object.
    """

    size: int
    etag: str
    sha256: str = ""
    encoding: str | None = None
    plain_sha256: str = ""

    @property
    def fingerprint(self) -> str:
        """That of the file whose object this package wrote; "" for any other object."""
        coding = self.encoding if self.plain_sha256 else ""
        return fingerprint_of(self.sha256, coding or "", self.plain_sha256)

    def holds(self, size: int, digests: Digests) -> bool:
        """Whether the object surely has the bytes of this size and these digests.

        The ETag is the MD5 of the bytes if the object was sent in one request, without KMS.
        https://docs.aws.amazon.com/AmazonS3/latest/API/API_Object.html
        """
        has_md5 = self.etag == digests.md5 != ""
        return self.size == size and (has_md5 or self.sha256 == digests.sha256)


def fingerprint_of(sha256: str, coding: str = "", plain_sha256: str = "") -> str:
    """Identifies the bytes of an object and what they mean: the same bytes may mean something else.

    For compressed bytes it is made of the coding and the plain bytes: another release of the
    coding's library may compress the same file to other bytes.
    """
    if coding:
        sha256 = hashlib.sha256(f"{coding} {plain_sha256}".encode()).hexdigest()
    return sha256[:FINGERPRINT_LENGTH]


def no_object(_: str) -> Object | None:
    """The answer for each key where the bucket need not be asked."""
    return None


class Source(NamedTuple):
    """An object of which S3 is to make a copy."""

    bucket: str
    key: str
    etag: str
    size: int
    """Bytes."""
    has_tags: bool = False
    """Whether it may have tags, which are not copied; some services refuse to hear of tags."""

    @property
    def directives(self) -> dict[str, str]:
        """The arguments of boto3's `copy_object` that say to copy the bytes alone."""
        names = ("MetadataDirective", "TaggingDirective")[: 1 + self.has_tags]
        return dict.fromkeys(names, "REPLACE")

    @property
    def arguments(self) -> dict[str, Any]:
        """The arguments of boto3's `copy_object` and `upload_part_copy` that name it.

        https://docs.aws.amazon.com/AmazonS3/latest/API/API_CopyObject.html
        """
        place = {"Bucket": self.bucket, "Key": self.key}
        return {"CopySource": place, "CopySourceIfMatch": f'"{self.etag}"'}


class Upload(NamedTuple):
    """One object to write. A small content is bytes; a large one is a file, at its start."""

    key: str
    content: bytes | IO[bytes]
    digests: Digests
    parameters: Mapping[str, Any]
    """Arguments of boto3's `put_object`, without the package's own metadata."""
    plain_sha256: str = ""
    """The SHA-256 of the file where `content` is compressed; otherwise ""."""
    condition: str = ""
    """What must be under the key: the object with this ETag, or NO_OBJECT; "" for anything."""

    @property
    def conditions(self) -> dict[str, str]:
        """The condition, as arguments of boto3's `put_object`.

        https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html
        """
        if self.condition in ("", NO_OBJECT):
            return {"IfNoneMatch": NO_OBJECT} if self.condition else {}
        return {"IfMatch": f'"{self.condition}"'}

    @property
    def metadata(self) -> dict[str, str]:
        """The object's metadata, with the SHA-256s."""
        plain = {PLAIN: self.plain_sha256} if self.plain_sha256 else {}
        return {**self.parameters.get("Metadata", {}), FINGERPRINT: self.digests.sha256, **plain}

    @property
    def arguments(self) -> dict[str, Any]:
        """All arguments of boto3's `put_object` but bucket, key and body."""
        return {**self.parameters, "Metadata": self.metadata}

    def contradicts(self, etag: str) -> bool:
        """Whether an object with this ETag has other bytes, if it is stored without KMS.

        An ETag that is no MD5 says nothing.
        """
        return bool(_MD5.fullmatch(etag)) and self.digests.md5 not in ("", etag)

    def is_confirmed_by(self, stored: Object, size: int) -> bool:
        """Whether an answer to HEAD proves that this was stored, in `size` bytes."""
        expected = (size, self.digests.sha256, self.plain_sha256)
        return (stored.size, stored.sha256, stored.plain_sha256) == expected


def condition_on(existing: Object | None) -> str:
    """The condition that a key is as it was seen; "" where that cannot be said."""
    if existing is None:
        return NO_OBJECT
    return existing.etag if _CONDITION.fullmatch(existing.etag) else ""


def object_of(answer: Mapping[str, Any]) -> Object:
    """The object that an answer to HEAD describes. What the answer leaves out proves nothing.

    The case of metadata's names does not count: they are HTTP fields (RFC 9110 5.1).
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
    """The ETag of an answer, or of an item of a listing; "" for none. An MD5 is in lower case.

    Services and proxies put quotes around it, and `W/` before it where they compressed what they
    passed on (RFC 9110 8.8.3).
    """
    etag = str(answer.get("ETag") or "").strip().removeprefix("W/").strip('"')
    return etag.lower() if _HEXADECIMAL.fullmatch(etag) else etag


def has_md5(answer: Mapping[str, Any]) -> bool:
    """Whether the ETag of an object that was sent in one request is its MD5.

    It is not under KMS or a key of the customer's.

    https://docs.aws.amazon.com/AmazonS3/latest/API/API_Object.html
    """
    is_plain = answer.get("ServerSideEncryption", "AES256") == "AES256"
    return is_plain and "SSECustomerAlgorithm" not in answer


def encoding_of(header: str) -> str:
    """A Content-Encoding without `aws-chunked`, which some services leave in it after an upload.

    https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming.html (aws-chunked)
    """
    codings = (coding.strip().lower() for coding in header.split(","))
    return ", ".join(coding for coding in codings if coding not in ("", "aws-chunked"))
