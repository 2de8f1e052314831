"""The bucket of a mount: the only code that speaks with S3."""

import threading
from collections.abc import Callable, Iterable, Iterator
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

from botocore.exceptions import ClientError

from s3rewrite.core.batches import batches
from s3rewrite.core.mounts import Mount
from s3rewrite.s3.boto3_writer import Boto, new_boto, translating
from s3rewrite.s3.errors import NO_S3, NotS3Error, S3Error, S3Unavailable
from s3rewrite.s3.objects import UNKNOWN, Object, Upload, etag_of, object_of
from s3rewrite.s3.writer import ObjectWriter

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client
    from types_boto3_s3.type_defs import ObjectTypeDef

CHUNK = 1024 * 1024
"""Bytes that are read of an object at a time."""

DELETE_BATCH = 1000
"""https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteObjects.html"""


UNCONFIRMED = f"what answered did not say that it was deleted: {NO_S3}"


class _Page(NamedTuple):
    """A page of a listing: the objects by their keys, and the folders."""

    objects: "dict[str, ObjectTypeDef]"
    folders: list[str]


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
        return self._writer.put(upload, proceed)

    def writer_of(self, upload: Upload) -> str:
        """The name of what writes that object: boto3, or obstore."""
        return self._writer.of(upload)

    def head(self, key: str) -> Object | None:
        """What the bucket says of one object; None where it has none, or does not tell."""
        with translating(self.name):
            try:
                found = self._client.head_object(Bucket=self.name, Key=key)
            except ClientError as error:
                if error.response["ResponseMetadata"]["HTTPStatusCode"] in (403, 404):
                    return None
                raise
        return object_of(found)

    def list_folder(self, prefix: str) -> dict[str, Object]:
        """Key -> object, of those directly in a folder (`media/photos/`)."""
        return {
            key: Object(item.get("Size", UNKNOWN), etag_of(item))
            for page in self._pages(prefix)
            for key, item in page.objects.items()
        }

    def list_times(self, prefix: str) -> dict[str, float]:
        """Key -> when it was written, in seconds since 1970, of those directly in a folder."""
        return {
            key: item["LastModified"].timestamp()
            for page in self._pages(prefix)
            for key, item in page.objects.items()
            if "LastModified" in item
        }

    def walk(self, prefix: str) -> "Iterator[dict[str, ObjectTypeDef]]":
        """Key -> what a listing says, folder by folder, of all below a prefix.

        A folder comes after those in it: where a disk cannot have both, a key of no more than a
        folder's name is the one to leave out.
        """
        left: list[str | dict[str, ObjectTypeDef]] = [prefix]
        while left:
            folder = left.pop()
            if isinstance(folder, dict):
                yield folder
                continue
            pages = list(self._pages(folder))
            left.append({key: item for page in pages for key, item in page.objects.items()})
            left += [below for page in pages for below in page.folders]

    def get(self, key: str) -> "Iterator[bytes]":
        """The bytes of an object, in chunks."""
        with translating(self.name):
            body = self._client.get_object(Bucket=self.name, Key=key)["Body"]
            yield from body.iter_chunks(CHUNK)

    def delete(self, keys: Iterable[str]) -> dict[str, str]:
        """Delete objects. Key -> reason, of those that the bucket does not say it has deleted."""
        failed: dict[str, str] = {}
        for batch in batches(keys, DELETE_BATCH):
            answer = self.call("delete_objects", Delete={"Objects": [{"Key": k} for k in batch]})
            for error in answer.get("Errors", ()):
                failed[error.get("Key", "")] = f"{error.get('Code')}: {error.get('Message')}"
            deleted = {item.get("Key") for item in answer.get("Deleted", ())}
            if len(deleted) + len(answer.get("Errors", ())) < len(batch):
                failed |= {k: UNCONFIRMED for k in batch if k not in deleted and k not in failed}
        return failed

    def copy_below(self, prefix: str, keys: Iterable[str]) -> dict[str, str]:
        """Copy objects to the same keys below a prefix, with all that belongs to them.

        Key -> reason, of those of which HEAD does not show the copy. What is not there need not
        be. S3 copies up to 5 GB at once:
        https://docs.aws.amazon.com/AmazonS3/latest/API/API_CopyObject.html
        """
        failed: dict[str, str] = {}
        for key in keys:
            try:
                self._copy(key, prefix + key)
            except S3Unavailable:
                raise
            except S3Error as error:
                if error.code != "NoSuchKey":
                    failed[key] = str(error)
        return failed

    def _copy(self, key: str, to: str) -> None:
        answer = self.call("copy_object", Key=to, CopySource={"Bucket": self.name, "Key": key})
        etag, copied = etag_of(answer["CopyObjectResult"]), self.head(to)
        if copied is None or not etag or copied.etag != etag:
            raise NotS3Error(f"bucket {self.name}: no copy of {key} is at {to}: {NO_S3}")

    def call(self, operation: str, **parameters: Any) -> Any:
        """Any operation of boto3 on this bucket, by its name; returns what S3 answers."""
        with translating(self.name):
            return getattr(self._client, operation)(Bucket=self.name, **parameters)

    def _pages(self, prefix: str) -> "Iterator[_Page]":
        """What is directly in a folder."""
        with translating(self.name):
            for page in self._client.get_paginator("list_objects_v2").paginate(
                Bucket=self.name, Prefix=prefix, Delimiter="/"
            ):
                objects = {item["Key"]: item for item in page.get("Contents", ())}
                below = [item["Prefix"] for item in page.get("CommonPrefixes", ())]
                yield _Page(objects, [name for name in below if len(name) > len(prefix)])

    @property
    def _client(self) -> "S3Client":
        return self._boto.client

    @property
    def _boto(self) -> Boto:
        with self._making:
            return self._made_boto

    @property
    def _writer(self) -> ObjectWriter:
        with self._making:
            return self._made_writer

    @cached_property
    def _made_boto(self) -> Boto:
        return new_boto(self.mount, self._may_send)

    @cached_property
    def _made_writer(self) -> ObjectWriter:
        with translating(self.name):
            return ObjectWriter(self.mount, self._made_boto, self._may_send)

    def _may_send(self) -> bool:
        return self.may_send()
