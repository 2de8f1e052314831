"""The bucket of a mount: the only code that speaks with S3."""

import threading
from collections.abc import Callable, Iterable, Iterator
from functools import cached_property
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from s3rewrite.batches import batches
from s3rewrite.mounts import Mount
from s3rewrite.sync.boto_lane import Boto, new_boto, translating
from s3rewrite.sync.errors import S3Error, S3Unavailable
from s3rewrite.sync.lanes import Lanes
from s3rewrite.sync.objects import FINGERPRINT, PLAIN, Object, Upload, encoding_of

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client
    from types_boto3_s3.type_defs import ObjectTypeDef

CHUNK = 1024 * 1024
"""Bytes that are read of an object at a time."""

DELETE_BATCH = 1000
"""https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteObjects.html"""


class Bucket:
    """A mount's bucket. Safe to share between threads, not across a fork.

    Every method raises S3Error for what concerns one object, S3Unavailable for the whole.
    """

    def __init__(self, mount: Mount) -> None:
        self.mount = mount
        self.name = mount.bucket
        self.may_send: Callable[[], bool] = lambda: True
        """Asked before each request, and each time it is tried again: the lease may be over."""

        # The first thread that needs a client makes it, while the others wait.
        self._making = threading.RLock()

    def put(self, upload: Upload, proceed: Callable[[], bool] = lambda: True) -> bool:
        """Write an object; a large one is abandoned where `proceed()` says no.

        Whether none of its requests can arrive any more: one that was tried again may have been
        lost on its way, or be late. An error says the same, by `is_settled`.
        """
        return self._lanes.put(upload, proceed)

    def lane_of(self, upload: Upload) -> str:
        """The name of what writes that object: boto3, or obstore."""
        return self._lanes.of(upload)

    def head(self, key: str) -> Object | None:
        """What the bucket says of one object; None where it has none, or does not tell."""
        with translating(self.name):
            try:
                found = self._client.head_object(Bucket=self.name, Key=key)
            except ClientError as error:
                if error.response["ResponseMetadata"]["HTTPStatusCode"] in (403, 404):
                    return None
                raise
        sha256s = [found["Metadata"].get(name, "") for name in (FINGERPRINT, PLAIN)]
        encoding = encoding_of(found.get("ContentEncoding", ""))
        return Object(
            found["ContentLength"], found["ETag"].strip('"'), sha256s[0], encoding, sha256s[1]
        )

    def list_folder(self, prefix: str) -> dict[str, Object]:
        """Key -> object, of those directly in a folder (`media/photos/`)."""
        return {
            found["Key"]: Object(found["Size"], found["ETag"].strip('"'))
            for found in self._contents(prefix)
        }

    def list_times(self, prefix: str) -> dict[str, float]:
        """Key -> when it was written, in seconds since 1970, of those directly in a folder."""
        return {found["Key"]: found["LastModified"].timestamp() for found in self._contents(prefix)}

    def walk(self, prefix: str) -> "Iterator[dict[str, ObjectTypeDef]]":
        """Key -> what a listing says, folder by folder, of all below a prefix."""
        prefixes = [prefix]
        while prefixes:
            found: dict[str, ObjectTypeDef] = {}
            with translating(self.name):
                for page in self._client.get_paginator("list_objects_v2").paginate(
                    Bucket=self.name, Prefix=prefixes.pop(), Delimiter="/"
                ):
                    found |= {item["Key"]: item for item in page.get("Contents", ())}
                    prefixes += [item["Prefix"] for item in page.get("CommonPrefixes", ())]
            yield found

    def get(self, key: str) -> "Iterator[bytes]":
        """The bytes of an object, in chunks."""
        with translating(self.name):
            body = self._client.get_object(Bucket=self.name, Key=key)["Body"]
            yield from body.iter_chunks(CHUNK)

    def delete(self, keys: Iterable[str]) -> dict[str, str]:
        """Delete objects. Key -> reason, of those that the bucket did not delete."""
        failed: dict[str, str] = {}
        for batch in batches(keys, DELETE_BATCH):
            with translating(self.name):
                answer = self._client.delete_objects(
                    Bucket=self.name,
                    Delete={"Objects": [{"Key": key} for key in batch], "Quiet": True},
                )
            for error in answer.get("Errors", ()):
                failed[error.get("Key", "")] = f"{error.get('Code')}: {error.get('Message')}"
        return failed

    def copy_below(self, prefix: str, keys: Iterable[str]) -> dict[str, str]:
        """Copy objects to the same keys below a prefix, with all that belongs to them.

        Key -> reason, of those that were not copied. What is not there need not be. S3 copies up
        to 5 GB at once: https://docs.aws.amazon.com/AmazonS3/latest/API/API_CopyObject.html
        """
        failed: dict[str, str] = {}
        for key in keys:
            source = {"Bucket": self.name, "Key": key}
            try:
                self.call("copy_object", Key=prefix + key, CopySource=source)
            except S3Unavailable:
                raise
            except S3Error as error:
                if error.code not in ("NoSuchKey", "404"):
                    failed[key] = str(error)
        return failed

    def call(self, operation: str, **parameters: Any) -> Any:
        """Any operation of boto3 on this bucket, by its name; returns what S3 answers."""
        with translating(self.name):
            return getattr(self._client, operation)(Bucket=self.name, **parameters)

    def _contents(self, prefix: str) -> "Iterator[ObjectTypeDef]":
        with translating(self.name):
            pages = self._client.get_paginator("list_objects_v2").paginate(
                Bucket=self.name, Prefix=prefix, Delimiter="/"
            )
            for page in pages:
                yield from page.get("Contents", ())

    @property
    def _client(self) -> "S3Client":
        return self._boto.client

    @property
    def _boto(self) -> Boto:
        with self._making:
            return self._made_boto

    @property
    def _lanes(self) -> Lanes:
        with self._making:
            return self._made_lanes

    @cached_property
    def _made_boto(self) -> Boto:
        return new_boto(self.mount, self._may_send)

    @cached_property
    def _made_lanes(self) -> Lanes:
        with translating(self.name):
            return Lanes(self.mount, self._made_boto, self._may_send)

    def _may_send(self) -> bool:
        return self.may_send()
