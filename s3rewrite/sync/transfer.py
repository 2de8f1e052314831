"""The bucket of a mount: the only code that speaks with S3."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import cached_property
from io import BytesIO
from typing import IO, TYPE_CHECKING, Any, NamedTuple, cast

import boto3
from boto3.exceptions import S3UploadFailedError
from boto3.s3.transfer import TransferConfig
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from s3rewrite.mounts import Mount
from s3rewrite.sync.errors import S3Error, S3Unavailable, translated

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client
    from types_boto3_s3.type_defs import ObjectTypeDef

SMALL = 8 * 1024 * 1024
"""Bytes up to which a file is sent as one request from memory; larger ones go in parts."""

CHUNK = 1024 * 1024
"""Bytes that are read of an object at a time."""

DELETE_BATCH = 1000
"""https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteObjects.html"""

FINGERPRINT = "s3rewrite-sha256"
"""The name of the object's metadata that holds the SHA-256 of its bytes."""


class Digests(NamedTuple):
    """SHA-256 and MD5 of a file's bytes, in hexadecimal."""

    sha256: str
    md5: str


class Object(NamedTuple):
    """What the bucket says of an object. The SHA-256 is known to HEAD only, if we wrote it."""

    size: int
    etag: str
    sha256: str = ""

    def holds(self, size: int, digests: Digests) -> bool:
        """Whether these are surely the bytes with that size and those digests.

        The ETag is the MD5 of the bytes for objects sent in one request, without KMS.
        https://docs.aws.amazon.com/AmazonS3/latest/API/API_Object.html
        """
        return self.size == size and (self.etag == digests.md5 or self.sha256 == digests.sha256)


class Upload(NamedTuple):
    """One object to write. Small contents are bytes; large ones a file, read from its start."""

    key: str
    content: bytes | IO[bytes]
    digests: Digests
    parameters: Mapping[str, Any]


class Bucket:
    """A mount's bucket. Safe to share between threads, not across a fork.

    Every method raises S3Error for what concerns one object, S3Unavailable for the whole.
    """

    def __init__(self, mount: Mount) -> None:
        self.mount = mount
        self.name = mount.bucket

    def put(self, upload: Upload, proceed: Callable[[], bool] = lambda: True) -> None:
        """Write an object; a large one is abandoned where `proceed()` says no."""
        parameters = dict(upload.parameters)
        metadata = {**parameters.pop("Metadata", {}), FINGERPRINT: upload.digests.sha256}
        with self._translating():
            if isinstance(upload.content, bytes):
                self._put_small(upload, {**parameters, "Metadata": metadata})
            else:
                self._put_large(upload, {**parameters, "Metadata": metadata}, proceed)

    def head(self, key: str) -> Object | None:
        """What the bucket says of one object; None where it has none, or does not tell."""
        with self._translating():
            try:
                found = self._client.head_object(Bucket=self.name, Key=key)
            except ClientError as error:
                if error.response["ResponseMetadata"]["HTTPStatusCode"] in (403, 404):
                    return None
                raise
        sha256 = found["Metadata"].get(FINGERPRINT, "")
        return Object(found["ContentLength"], found["ETag"].strip('"'), sha256)

    def list_folder(self, prefix: str) -> dict[str, Object]:
        """Key -> object, of those directly in a folder (`media/photos/`)."""
        with self._translating():
            pages = self._client.get_paginator("list_objects_v2").paginate(
                Bucket=self.name, Prefix=prefix, Delimiter="/"
            )
            return {
                found["Key"]: Object(found["Size"], found["ETag"].strip('"'))
                for page in pages
                for found in page.get("Contents", ())
            }

    def walk(self, prefix: str) -> "Iterator[dict[str, ObjectTypeDef]]":
        """Key -> what a listing says, folder by folder, of all below a prefix."""
        prefixes = [prefix]
        while prefixes:
            found: dict[str, ObjectTypeDef] = {}
            with self._translating():
                for page in self._client.get_paginator("list_objects_v2").paginate(
                    Bucket=self.name, Prefix=prefixes.pop(), Delimiter="/"
                ):
                    found |= {item["Key"]: item for item in page.get("Contents", ())}
                    prefixes += [item["Prefix"] for item in page.get("CommonPrefixes", ())]
            yield found

    def get(self, key: str) -> "Iterator[bytes]":
        """The bytes of an object, in chunks."""
        with self._translating():
            body = self._client.get_object(Bucket=self.name, Key=key)["Body"]
            yield from body.iter_chunks(CHUNK)

    def delete(self, keys: Iterable[str]) -> dict[str, str]:
        """Delete objects. Key -> reason, of those that the bucket did not delete."""
        failed: dict[str, str] = {}
        for batch in _batches(keys):
            with self._translating():
                answer = self._client.delete_objects(
                    Bucket=self.name,
                    Delete={"Objects": [{"Key": key} for key in batch], "Quiet": True},
                )
            for error in answer.get("Errors", ()):
                failed[error.get("Key", "")] = f"{error.get('Code')}: {error.get('Message')}"
        return failed

    def call(self, operation: str, **parameters: Any) -> Any:
        """Any operation of boto3 on this bucket, by its name; returns what S3 answers."""
        with self._translating():
            return getattr(self._client, operation)(Bucket=self.name, **parameters)

    def _put_small(self, upload: Upload, parameters: dict[str, Any]) -> None:
        answer = self._client.put_object(
            Bucket=self.name, Key=upload.key, Body=upload.content, **parameters
        )
        etag = answer.get("ETag", "").strip('"')
        is_md5 = len(etag) == 32 and answer.get("ServerSideEncryption", "AES256") == "AES256"
        if is_md5 and "SSECustomerAlgorithm" not in parameters and etag != upload.digests.md5:
            raise S3Error(
                f"bucket {self.name}: it stored other bytes than it was sent (ETag {etag})"
            )

    def _put_large(
        self, upload: Upload, parameters: dict[str, Any], proceed: Callable[[], bool]
    ) -> None:
        def progressed(_: int) -> None:
            if not proceed():
                raise S3Unavailable("the upload was stopped")

        assert not isinstance(upload.content, bytes)  # noqa: S101
        self._client.upload_fileobj(
            cast("IO[bytes]", _Unclosed(upload.content)),
            self.name,
            upload.key,
            ExtraArgs=parameters,
            Callback=progressed,
            Config=TransferConfig(multipart_threshold=SMALL, multipart_chunksize=SMALL),
        )

    @cached_property
    def _client(self) -> "S3Client":
        given = dict(self.mount.client)
        wanted = "when_supported" if self.mount.checksums else "when_required"
        config = Config(
            retries={"mode": "standard", "max_attempts": 3},
            connect_timeout=5,
            read_timeout=60,
            max_pool_connections=self.mount.threads + 10,
            request_checksum_calculation=wanted,  # type: ignore[arg-type]
            response_checksum_validation=wanted,  # type: ignore[arg-type]
        )
        given["config"] = config.merge(given["config"]) if "config" in given else config
        # The default session is shared with the rest of the process, and not thread-safe.
        client: S3Client = boto3.session.Session().client("s3", **given)
        # After botocore's own handler of that event, which adds what is taken out here.
        client.meta.events.register_last("before-call.s3", _expect_nothing)
        return client

    @contextmanager
    def _translating(self) -> Iterator[None]:
        try:
            yield
        except (BotoCoreError, ClientError) as error:
            raise translated(error, self.name) from error
        except S3UploadFailedError as error:
            cause = error.__context__
            if isinstance(cause, (BotoCoreError, ClientError)):
                raise translated(cause, self.name) from error
            raise S3Error(f"bucket {self.name}: {error}") from error


def _expect_nothing(params: dict[str, Any], **_: object) -> None:
    """Send a small body at once: asking first ("100-continue") costs a round trip a file.

    RFC 9110 10.1.1. A part of a large file, which is not in memory, is worth asking for.
    """
    if isinstance(params.get("body"), BytesIO):
        params["headers"].pop("Expect", None)


class _Unclosed:
    """A file that boto3 reads and leaves open, as it is to be looked at again afterwards."""

    def __init__(self, file: IO[bytes]) -> None:
        self.read, self.seek, self.tell = file.read, file.seek, file.tell

    def seekable(self) -> bool:
        return True


def _batches(keys: Iterable[str]) -> Iterator[list[str]]:
    found = list(keys)
    for start in range(0, len(found), DELETE_BATCH):
        yield found[start : start + DELETE_BATCH]
