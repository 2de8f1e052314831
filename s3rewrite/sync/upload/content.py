"""What is sent for a file: which bytes, and with which parameters."""

from collections.abc import Callable
from hashlib import sha256
from typing import IO, NamedTuple

from django.contrib.staticfiles.storage import HashedFilesMixin

from s3rewrite import conf
from s3rewrite.core.content_types import content_coding, content_type
from s3rewrite.core.mounts import Mount
from s3rewrite.core.paths import split_version
from s3rewrite.core.patterns import parameters_of
from s3rewrite.core.redaction import RedactedDict
from s3rewrite.disk.open_file import OpenFile, digests_of
from s3rewrite.s3.bucket import Bucket
from s3rewrite.s3.multipart_etags import holds_in_parts
from s3rewrite.s3.objects import Digests, Object, Upload, fingerprint_of
from s3rewrite.sync.upload.compression import compressed, may_be_compressed
from s3rewrite.sync.upload.references import rewrite_references


class Payload(NamedTuple):
    """The bytes that are sent for a file."""

    digests: Digests
    content: bytes | IO[bytes]
    size: int
    """Bytes."""
    coding: str = ""
    """The coding in which the bytes are compressed, "" for none."""
    plain_sha256: str = ""
    """The SHA-256 before compression, if they are compressed."""

    @property
    def fingerprint(self) -> str:
        """See `fingerprint_of`."""
        return fingerprint_of(self.digests.sha256, self.coding, self.plain_sha256)


def payload_of(mount: Mount, name: str, file: OpenFile) -> Payload:
    """The bytes of a file; its references work from S3, and it is compressed where that pays.

    Raises KeptLocal, OSError.
    """
    digests, content = file.read()
    # References first: they cannot be found in compressed bytes.
    rewritten = rewrite_references(mount, name, content, file.signature.size)
    if rewritten is not None:
        digests, content = digests_of(rewritten), rewritten
    if (small := compressed(mount, name, content)) is not None:
        return Payload(digests_of(small), small, len(small), mount.compress, digests.sha256)
    size = len(content) if isinstance(content, bytes) else file.signature.size
    return Payload(digests, content, size)


def upload_of(mount: Mount, name: str, payload: Payload) -> Upload:
    """The object to write."""
    parameters = RedactedDict(ContentType=content_type(name))
    if coding := content_coding(name):
        parameters["ContentEncoding"] = coding
    parameters |= parameters_of(mount.object_parameters, name)
    # A setting of the project wins.
    parameters.setdefault("CacheControl", _cache_control(mount, name))
    if payload.coding:
        parameters["ContentEncoding"] = payload.coding
    key = mount.paths.key(name, payload.fingerprint)
    return Upload(key, payload.content, payload.digests, parameters, payload.plain_sha256)


def _cache_control(mount: Mount, name: str) -> str:
    """How long others may keep an object; "public": RFC 9111 5.2.

    | the key never gets other bytes    | CDN   | browsers    | the CDN               |
    |-----------------------------------|-------|-------------|-----------------------|
    | yes: KEYS, or a hash in its name  | any   | a year      | a year                |
    | no                                | named | a minute    | a year: it is cleared |
    | no                                | none  | a minute    | a minute              |

    Of a private mount nothing is kept for longer than a window, nor in a cache of anybody but the
    visitor and, with cookies or URLs of its own, the CDN.
    """
    is_manifest = isinstance(conf.storage_of(mount), HashedFilesMixin)
    if mount.is_private:
        seconds = mount.window if mount.paths.fingerprinted else min(60, mount.window)
        return "private, " * (not mount.signing.get("BACKEND")) + f"max-age={seconds}"
    if mount.paths.fingerprinted or (is_manifest and split_version(name)):
        return "public, max-age=31536000, immutable"
    return "public, max-age=60" + (", s-maxage=31536000" if mount.cdn else "")


def bucket_holds(
    bucket: Bucket,
    name: str,
    payload: Payload,
    existing: Object,
    should_continue: Callable[[], bool] = lambda: True,
) -> bool:
    """Whether the object under a file's key surely has these bytes, with the same meaning.

    `existing` is what a listing or HEAD says of the object. Raises OSError, S3Error.
    """
    key = bucket.mount.paths.key(name, payload.fingerprint)
    own_coding = content_coding(name)
    if own_coding or may_be_compressed(bucket.mount, name):
        # A listing shows no Content-Encoding, without which the bytes mean something else.
        seen = existing if existing.encoding is not None else bucket.head(key)
        if seen is None or seen.encoding != (payload.coding or own_coding):
            return False
        # Another version of the library may have compressed the same file to other bytes.
        if payload.coding and seen.plain_sha256 == payload.plain_sha256:
            return True
        existing = seen
    return has_bytes(bucket, key, payload, existing, should_continue)


def has_bytes(
    bucket: Bucket,
    key: str,
    payload: Payload,
    existing: Object,
    should_continue: Callable[[], bool] = lambda: True,
) -> bool:
    """Whether the object under a key surely has these bytes, whatever they mean.

    Raises OSError, S3Unavailable.
    """
    return existing.holds(payload.size, payload.digests) or (
        existing.size == payload.size
        and holds_in_parts(bucket, key, existing, payload.content, should_continue)
    )


def object_has_sha256(bucket: Bucket, key: str, expected: str) -> bool:
    """Whether the bytes of an object have that SHA-256, read from its start to its end.

    For objects whose ETag proves nothing. Raises S3Error.
    """
    digest = sha256()
    for chunk in bucket.get(key):
        digest.update(chunk)
    return digest.hexdigest() == expected
