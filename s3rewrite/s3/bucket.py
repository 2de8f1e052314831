"""The bucket of a mount: every request to S3."""

import re
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import cached_property
from typing import TYPE_CHECKING, Any

from s3rewrite.core.batches import batches
from s3rewrite.core.mounts import Mount
from s3rewrite.s3.boto3_writer import Boto, new_boto, translating
from s3rewrite.s3.errors import NOT_S3, CredentialsRefused, NotS3Error, S3Error, S3Unavailable
from s3rewrite.s3.objects import UNKNOWN, Object, Source, Upload, etag_of, object_of
from s3rewrite.s3.retries import is_transient
from s3rewrite.s3.writer import ObjectWriter

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client
    from types_boto3_s3.type_defs import ObjectTypeDef

CHUNK = 1024 * 1024
"""Bytes of an object that are read at a time."""

DELETE_BATCH = 1000
"""https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteObjects.html"""

UNCONFIRMED = f"what answered did not say that it was deleted: {NOT_S3}"


ABSENT = frozenset({"403", "404", "AccessDenied", "NoSuchKey"})
"""Codes for an object that is not there, or that the credentials may not see."""

UNCLEAR = frozenset({"400", "401", "403"})
"""Statuses of HEAD for an object that may be about credentials: no body of its answer says it."""

_XML = re.compile("[\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]*")
"""Text that XML 1.0 can hold: https://www.w3.org/TR/xml/#charsets"""


class Bucket:
    """A mount's bucket. Safe to share between threads, not across a fork.

    Each method raises S3Error where one object fails, S3Unavailable where all would.
    """

    def __init__(self, mount: Mount) -> None:
        self.mount = mount
        self.name = mount.bucket
        self.may_send: Callable[[], bool] = lambda: True
        """Called before each attempt of each request: False once the lease may be over."""

        self.honours_conditions: bool | None = None
        """Whether it refuses a write whose condition does not hold; None until it was tried."""

        # The first thread that needs a client makes it, while the others wait.
        self._making = threading.RLock()

    def put(self, upload: Upload, proceed: Callable[[], bool] = lambda: True) -> bool:
        """Write an object; abandon a large one when `proceed()` returns False.

        Returns whether none of its requests can arrive any more: one that was tried again may
        have been lost on its way, or be late. An error says the same by its `is_settled`.
        """
        with self._renewing():
            return self._writer.put(upload, proceed)

    def copy(
        self, upload: Upload, source: Source, proceed: Callable[[], bool] = lambda: True
    ) -> tuple[str, bool]:
        """Write an object by a copy of another one, on condition that this has its ETag still.

        Returns the ETag of the copy, and what `put` returns. Raises S3Error, also where the
        service makes no copies: nothing is known of the copy then, and a `put` is to follow.
        """
        with self._renewing():
            return self._writer.copy(upload, source, proceed)

    @property
    def makes_copies(self) -> bool:
        """Whether the service has made all copies so far that it could."""
        return self._writer.makes_copies

    def make_no_copies(self) -> None:
        """Send what could be copied, as copies do not work here."""
        self._writer.makes_copies = False

    def writer_name(self, upload: Upload) -> str:
        """The name of the library that would write this object: boto3, or obstore."""
        return self._writer.choose(upload)

    @property
    def sends_conditions(self) -> bool:
        """Whether the service has taken the conditions of all writes so far."""
        return self._writer.sends_conditions

    def send_no_conditions(self) -> None:
        """Write whatever is under a key, as conditions do not work here."""
        self._writer.sends_conditions = False

    def head(self, key: str) -> Object | None:
        """What the bucket says of one object; None where it has none, or does not say."""
        try:
            return object_of(self.call("head_object", Key=key))
        except S3Error as error:
            if error.code in ABSENT:
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
        with self._renewing(), translating(self.name):
            body = self._client.get_object(Bucket=self.name, Key=key)["Body"]
            yield from body.iter_chunks(CHUNK)

    def pages(self, operation: str, prefix: str) -> Iterator[list[Any]]:
        """The items of each page of a listing: of objects, or of versions and delete markers."""
        with self._renewing(), translating(self.name):
            paginator: Any = self._client.get_paginator(operation)  # type: ignore[call-overload]
            for page in paginator.paginate(Bucket=self.name, Prefix=prefix):
                kinds = ("Contents", "Versions", "DeleteMarkers")
                yield [item for kind in kinds for item in page.get(kind, ()) if item.get("Key")]

    def delete(self, keys: Iterable[str | tuple[str, str]]) -> dict[str, str]:
        """Delete objects, or versions: (key, id).

        Key -> reason, of those that the bucket does not say it has deleted.
        """
        failed: dict[str, str] = {}
        objects = ((key, "") if isinstance(key, str) else key for key in keys)
        for batch in batches(objects, DELETE_BATCH):
            outcomes = self._delete_together([item for item in batch if _XML.fullmatch(item[0])])
            # One by one: what XML cannot hold, and what the answer does not name.
            outcomes |= {item: self._delete_alone(*item) for item in batch if item not in outcomes}
            failed |= {item[0]: outcomes[item] for item in batch if outcomes[item]}
        return failed

    def _delete_together(self, objects: list[tuple[str, str]]) -> dict[tuple[str, str], str]:
        """(key, version) -> reason, "" for a deleted one.

        A service may lack such a request, or name fewer in its answer.
        """
        named = [{"Key": k, "VersionId": v} if v else {"Key": k} for k, v in objects]
        try:
            answer = self.call("delete_objects", Delete={"Objects": named}) if named else {}
        except S3Error as error:
            status = int(error.code) if error.code.isdecimal() else 400
            is_for_each = error.code in {"", *ABSENT} or is_transient(status, error.code)
            if is_for_each or isinstance(error, S3Unavailable | NotS3Error):
                raise
            return {}
        versions = dict(objects)
        outcomes = {
            (key, version): ""
            for item in answer.get("Deleted", ())
            for key in (item.get("Key", ""),)
            # A key without a version is answered with that of its new delete marker, and some
            # services name no version at all.
            for version in (item.get("VersionId", versions.get(key, "")), "")
        }
        for item in answer.get("Errors", ()):
            reason = f"{item.get('Code')}: {item.get('Message')}"
            is_gone = item.get("Code") in ("NoSuchKey", "NoSuchVersion")
            outcomes[item.get("Key", ""), item.get("VersionId", "")] = "" if is_gone else reason
        return outcomes

    def _delete_alone(self, key: str, version: str) -> str:
        """Delete an object or a version. Why it may still be there; "" if it is not."""
        options = {"VersionId": version} if version else {}
        try:
            answer = self.call("delete_object", Key=key, **options)
            # What is not S3 may say 200 to anything.
            is_sure = answer["ResponseMetadata"]["HTTPStatusCode"] == 204
            return "" if is_sure or not (version or self.head(key)) else UNCONFIRMED
        except S3Unavailable:
            raise
        except S3Error as error:
            return "" if error.code in ("404", "NoSuchKey", "NoSuchVersion") else str(error)

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
        etag, copy = etag_of(answer.get("CopyObjectResult", {})), self.head(target)
        # An ETag that the answer lacks, or has in another form, says nothing: the metadata may.
        if not copy or not (copy.etag == etag != "" or self._is_same(copy, key)):
            raise NotS3Error(f"bucket {self.name}: no copy of {key} is at {target}: {NOT_S3}")

    def _is_same(self, copy: Object, key: str) -> bool:
        original = self.head(key)
        if original is None or not copy.sha256:
            return False
        return (copy.size, copy.sha256) == (original.size, original.sha256)

    def call(self, operation: str, **parameters: Any) -> Any:
        """Call an operation of boto3's client, by its name, on this bucket. Returns its answer.

        An error of HEAD has S3's reason where another request gives one.
        """
        try:
            with self._renewing(), translating(self.name):
                return getattr(self._client, operation)(Bucket=self.name, **parameters)
        except S3Error as error:
            is_bucket = operation == "head_bucket" and error.code.isdigit()
            if is_bucket or (error.code in UNCLEAR and operation.startswith("head")):
                self._ask_for_reason(parameters)
            raise

    def _ask_for_reason(self, parameters: dict[str, Any]) -> None:
        """Ask what HEAD was asked with a request whose answer has a code. Raises S3Error."""
        if "Key" not in parameters:
            self.call("list_objects_v2", Prefix=self.mount.prefix, MaxKeys=1)
            return
        same = {name: value for name, value in parameters.items() if name != "PartNumber"}
        self.call("get_object", **same, Range="bytes=0-0")["Body"].close()

    def _list(self, prefix: str) -> "tuple[dict[str, ObjectTypeDef], list[str]]":
        """The objects directly in a folder, by their keys, and the prefixes of its folders."""
        objects: dict[str, ObjectTypeDef] = {}
        folders: list[str] = []
        with self._renewing(), translating(self.name):
            for page in self._client.get_paginator("list_objects_v2").paginate(
                Bucket=self.name, Prefix=prefix, Delimiter="/"
            ):
                objects |= {item.get("Key", ""): item for item in page.get("Contents", ())}
                folders += [item.get("Prefix", "") for item in page.get("CommonPrefixes", ())]
        objects.pop("", None)
        # A folder that is not below this one would be listed without end.
        return objects, [folder for folder in folders if len(folder) > len(prefix)]

    @contextmanager
    def _renewing(self) -> Iterator[None]:
        """After credentials were refused, forget the client: the next one reads them anew."""
        used = self.__dict__.get("_boto")
        try:
            yield
        except CredentialsRefused:
            with self._making:
                # Another thread may have made a new one meanwhile.
                if used in (None, self.__dict__.get("_boto")):
                    self.__dict__.pop("_boto", None)
                    self.__dict__.pop("_object_writer", None)
            raise

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
