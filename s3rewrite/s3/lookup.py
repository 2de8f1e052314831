"""Asking what the bucket holds already, with as few requests as possible."""

import threading
from collections.abc import Callable

from s3rewrite.core.entries import split
from s3rewrite.s3.bucket import Bucket
from s3rewrite.s3.objects import Object

PAGE = 1000
"""Objects in the answer to one listing request.
https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectsV2.html"""


def is_listing_cheaper(unknown: int, known: int) -> bool:
    """Whether listing a folder takes fewer requests than a HEAD for each unknown object.

    `unknown` names are looked for; `known` other names of the folder are published already.
    """
    return unknown > 1 + (unknown + known) // PAGE


class FolderListing:
    """The objects of one folder of the bucket, which the first thread lists, once."""

    def __init__(self, bucket: Bucket, prefix: str) -> None:
        self._bucket = bucket
        self._prefix = prefix
        self._lock = threading.Lock()
        self._objects: dict[str, Object] | None = None

    def get(self, key: str) -> Object | None:
        """What the bucket holds under a key of this folder. Raises S3Error."""
        with self._lock:
            if self._objects is None:
                self._objects = self._bucket.list_folder(self._prefix)
        item = self._objects.get(key)
        # The ETag of parts proves little, and a listing does not show the SHA-256: HEAD does.
        return self._bucket.head(key) if item and "-" in item.etag else item


def known_objects(
    bucket: Bucket, directory: str, unknown: int, known: int
) -> Callable[[str], Object | None]:
    """The function that looks up the objects of the files in one directory, by their keys."""
    if not is_listing_cheaper(unknown, known):
        return bucket.head
    return FolderListing(bucket, folder_of(bucket, directory)).get


def folder_of(bucket: Bucket, directory: str) -> str:
    """The folder of the bucket, with a slash at its end, that has a directory's objects."""
    prefix = bucket.mount.prefix
    folder, _ = split(f"{prefix}{directory}/x" if directory else f"{prefix}x")
    return f"{folder}/" if folder else ""
