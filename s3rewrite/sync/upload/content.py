"""What is sent for a file: which bytes, and as what."""

from collections.abc import Callable
from hashlib import sha256
from typing import IO, NamedTuple

from s3rewrite.core.content_types import content_type
from s3rewrite.core.entries import FINGERPRINT_LENGTH
from s3rewrite.core.mounts import Mount
from s3rewrite.core.patterns import parameters_of
from s3rewrite.core.shown import Veiled
from s3rewrite.disk.open_file import OpenFile, digests_of
from s3rewrite.s3.bucket import Bucket
from s3rewrite.s3.multipart_etags import holds_in_parts
from s3rewrite.s3.objects import Digests, Object, Upload
from s3rewrite.sync.upload.compression import compressed, may_be_compressed
from s3rewrite.sync.upload.references import relinked


class Payload(NamedTuple):
    """The bytes that are sent for a file."""

    digests: Digests
    content: bytes | IO[bytes]
    size: int
    coding: str = ""
    """What they were compressed in on the way, "" for nothing."""
    plain_sha256: str = ""
    """Of the bytes before that."""

    @property
    def fingerprint(self) -> str:
        """What tells them from all others that are sent: the same bytes may mean something else.

        It is that of the bytes before they were compressed, with the coding: another release of
        its library may make other bytes that mean the same.
        """
        if not self.coding:
            return self.digests.sha256[:FINGERPRINT_LENGTH]
        return sha256(f"{self.coding} {self.plain_sha256}".encode()).hexdigest()[
            :FINGERPRINT_LENGTH
        ]


def payload_of(mount: Mount, name: str, file: OpenFile) -> Payload:
    """The bytes of a file, with its references made to work from S3, compressed if worth that.

    Raises KeptLocal, OSError.
    """
    digests, content = file.read()
    changed = relinked(mount, name, content, file.signature.size)
    if changed is not None:
        digests, content = digests_of(changed), changed
    if (smaller := compressed(mount, name, content)) is not None:
        size = len(smaller)
        return Payload(digests_of(smaller), smaller, size, mount.compress, digests.sha256)
    size = len(content) if isinstance(content, bytes) else file.signature.size
    return Payload(digests, content, size)


def upload_of(mount: Mount, name: str, sending: Payload) -> Upload:
    """The object to write."""
    given = Veiled(ContentType=content_type(name))
    given |= parameters_of(mount.object_parameters, name)
    if mount.keys == "fingerprint":
        given.setdefault("CacheControl", "public, max-age=31536000, immutable")
    if sending.coding:
        given["ContentEncoding"] = sending.coding
    key = mount.paths.key(name, sending.fingerprint)
    return Upload(key, sending.content, sending.digests, given, sending.plain_sha256)


def bucket_holds(
    bucket: Bucket,
    name: str,
    sending: Payload,
    found: Object,
    should_continue: Callable[[], bool] = lambda: True,
) -> bool:
    """Whether the bucket surely holds these bytes already, to be read as they are meant.

    Raises OSError, S3Error.
    """
    key = bucket.mount.paths.key(name, sending.fingerprint)
    if may_be_compressed(bucket.mount, name):
        looked_at = found if found.encoding is not None else bucket.head(key)
        if looked_at is None or looked_at.encoding != sending.coding:
            return False
        if sending.coding and looked_at.plain_sha256 == sending.plain_sha256:
            return True
        found = looked_at
    return found.holds(sending.size, sending.digests) or (
        found.size == sending.size
        and holds_in_parts(bucket, key, found, sending.content, should_continue)
    )
