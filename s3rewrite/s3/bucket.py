"""The bucket of a mount: every request to S3."""

import threading
from collections.abc import Callable, Iterable, Iterator
from functools import cached_property
from typing import TYPE_CHECKING, Any

from s3rewrite.core.batches import batches
from s3rewrite.core.mounts import Mount
from s3rewrite.s3.boto3_writer import Boto, new_boto, translating
from s3rewrite.s3.errors import NOT_S3, NotS3Error, S3Error, S3Unavailable
from s3rewrite.s3.objects import UNKNOWN, Object, Upload, etag_of, object_of
from s3rewrite.s3.writer import ObjectWriter

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client
    from types_boto3_s3.type_defs import ObjectTypeDef

CHUNK = 1024 * 1024
"""Bytes of an object that are read at a time."""

DELETE_BATCH = 1000
"""https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteObjects.html"""

UNCONFIRMED = f"what answered did not say that it was deleted: {NOT_S3}"


class Bucket:
    """A mount's bucket. Safe to share between threads, not across a fork.

    Each method raises S3Error where one object fails, S3Unavailable where all would.
    """

    def __init__(self, mount: Mount) -> None:
        self.mount = mount
        self.name = mount.bucket
        self.may_send: Callable[[], bool] = lambda: True
        """Called before each attempt of each request: False once the lease may be over."""

        # The first thread that needs a client makes it, while the others wait.
        self._making = threading.RLock()

    def put(self, upload: Upload, proceed: Callable[[], bool] = lambda: True) -> bool:
        """Write an object; abandon a large one when `proceed()` returns False.

        Returns whether none of its requests can arrive any more: one that was tried again may
        have been lost on its way, or be late. An error says the same by its `is_settled`.
        """
        return self._writer.put(upload, proceed)

    def writer_name(self, upload: Upload) -> str:
        """The name of the library that would write this object: boto3, or obstore."""
        return self._writer.choose(upload)

    def head_bucket(self) -> Any:
        """The answer about the bucket itself. An error has S3's reason, which HEAD cannot give."""
        try:
            return self.call("head_bucket")
        except S3Error as error:
            if error.code.isdigit() or not error.code:
                self.call("list_objects_v2", MaxKeys=1, Prefix=self.mount.prefix)
            raise

    def head(self, key: str) -> Object | None:
        """What the bucket says of one object; None where it has none, or does not say."""
        try:
            return object_of(self.call("head_object", Key=key))
        except S3Error as error:
            # The answer to HEAD has no body: the code is the status.
            if error.code in ("403", "404"):
                return None
            raise

    def list_folder(self, prefix: str) -> dict[str, Object]:
        """Key -> object, of the objects directly in a folder (`media/photos/`)."""
        objects, _ = self._list(prefix)
        return {k: Object(item.get("Size", UNKNOWN), etag_of(item)) for k, item in objects.items()}

    def list_times(self, prefix: str) -> dict[str, float]:
        """Key -> seconds since 1970 when it was written, of the objects directly in a folder."""
        objects, _ = self._list(prefix)
        times = {key: item.get("LastModified") for key, item in objects.items()}
        return {key: time.timestamp() for key, time in times.items() if time}

    def walk(self, prefix: str) -> "Iterator[dict[str, ObjectTypeDef]]":
        """All objects below a prefix, a dict (key -> item of the listing) a folder.

        A folder comes after the folders in it. So where a key is also the name of a folder, which
        a disk cannot have, the folder's objects come first.
        """
        stack: list[str | dict[str, ObjectTypeDef]] = [prefix]
        while stack:
            folder = stack.pop()
            if isinstance(folder, dict):
                yield folder
                continue
            objects, folders = self._list(folder)
            stack += [objects, *folders]

    def get(self, key: str) -> Iterator[bytes]:
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
        """Copy objects, with all that belongs to them, to their keys with a prefix before.

        Key -> reason, of the objects whose copy HEAD does not show. An object that is not there
        is no failure. S3 copies up to 5 GB in one request:
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

    def _copy(self, key: str, target: str) -> None:
        answer = self.call("copy_object", Key=target, CopySource={"Bucket": self.name, "Key": key})
        etag, copy = etag_of(answer["CopyObjectResult"]), self.head(target)
        if copy is None or not etag or copy.etag != etag:
            raise NotS3Error(f"bucket {self.name}: no copy of {key} is at {target}: {NOT_S3}")

    def call(self, operation: str, **parameters: Any) -> Any:
        """Call an operation of boto3's client, by its name, on this bucket. Returns its answer."""
        with translating(self.name):
            return getattr(self._client, operation)(Bucket=self.name, **parameters)

    def _list(self, prefix: str) -> "tuple[dict[str, ObjectTypeDef], list[str]]":
        """The objects directly in a folder, by their keys, and the prefixes of its folders."""
        objects: dict[str, ObjectTypeDef] = {}
        folders: list[str] = []
        with translating(self.name):
            for page in self._client.get_paginator("list_objects_v2").paginate(
                Bucket=self.name, Prefix=prefix, Delimiter="/"
            ):
                objects |= {item["Key"]: item for item in page.get("Contents", ())}
                folders += [item["Prefix"] for item in page.get("CommonPrefixes", ())]
        # A folder that is not below this one would be listed without end.
        return objects, [folder for folder in folders if len(folder) > len(prefix)]

    @property
    def _client(self) -> "S3Client":
        with self._making:
            return self._boto.client

    @property
    def _writer(self) -> ObjectWriter:
        with self._making:
            return self._object_writer

    @cached_property
    def _boto(self) -> Boto:
        return new_boto(self.mount, self._may_send)

    @cached_property
    def _object_writer(self) -> ObjectWriter:
        with translating(self.name):
            return ObjectWriter(self.mount, self._boto, self._may_send)

    def _may_send(self) -> bool:
        return self.may_send()  # a lease replaces it after the client was made
