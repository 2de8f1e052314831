"""What the bucket holds already, asked for with as few requests as can be."""

import threading
from collections.abc import Callable

from s3rewrite.core.entries import split
from s3rewrite.s3.bucket import Bucket
from s3rewrite.s3.objects import Object

PAGE = 1000
"""Objects that one listing request shows.
https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectsV2.html"""


def is_listing_cheaper(unknown: int, known: int) -> bool:
    """Whether listing a folder takes fewer requests than asking for each unknown object.

    `unknown` names are to be looked for, `known` others are published from the same folder.
    """
    return unknown > 1 + (unknown + known) // PAGE


class Folder:
    """The objects of one folder of the bucket, listed once, by whichever thread comes first."""

    def __init__(self, bucket: Bucket, prefix: str) -> None:
        self._bucket = bucket
        self._prefix = prefix
        self._lock = threading.Lock()
        self._objects: dict[str, Object] | None = None

    def known(self, key: str) -> Object | None:
        """What the bucket holds under a key of this folder. Raises S3Error."""
        with self._lock:
            if self._objects is None:
                self._objects = self._bucket.list_folder(self._prefix)
        found = self._objects.get(key)
        # A listing does not show the SHA-256, and the ETag of parts says nothing to us.
        return self._bucket.head(key) if found and "-" in found.etag else found


def known_objects(
    bucket: Bucket, directory: str, unknown: int, known: int
) -> Callable[[str], Object | None]:
    """How to find out about the objects of the files in one directory."""
    if not is_listing_cheaper(unknown, known):
        return bucket.head
    return Folder(bucket, folder_of(bucket, directory)).known


def folder_of(bucket: Bucket, directory: str) -> str:
    """The folder of the bucket, with a slash at its end, that has a directory's objects."""
    prefix = bucket.mount.prefix
    folder, _ = split(f"{prefix}{directory}/x" if directory else f"{prefix}x")
    return f"{folder}/" if folder else ""
