"""Asking what the bucket holds already, with as few requests as possible."""

import threading
from collections.abc import Callable
from functools import cache

from s3rewrite.core.entries import split
from s3rewrite.s3.bucket import Bucket
from s3rewrite.s3.errors import S3Error, S3Unavailable
from s3rewrite.s3.objects import Object

PAGE = 1000
"""Objects in the answer to one listing request.
https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectsV2.html"""


def is_listing_cheaper(unknown: int, known: int) -> bool:
    """Whether listing a folder takes fewer requests than a HEAD for each unknown object.

    `unknown` names are looked for; `known` other names of the folder are published already.
    """
    return unknown > 1 + (unknown + known) // PAGE


def known_objects(
    bucket: Bucket, directory: str, unknown: int, known: int
) -> Callable[[str], Object | None]:
    """The function that looks up the objects of the files in one directory, by their keys.

    It raises S3Error, and is safe to share between threads.
    """
    if not is_listing_cheaper(unknown, known):
        return bucket.head
    lock = threading.Lock()

    @cache
    def objects() -> dict[str, Object] | None:
        try:
            return bucket.list_folder(folder_of(bucket, directory))
        except S3Unavailable:
            raise
        except S3Error:
            return None  # a service may lack listings, or have a strange name in this one

    def look_up(key: str) -> Object | None:
        with lock:  # the first thread lists the folder while the others wait
            listed = objects()
        if listed is None:
            return bucket.head(key)
        item = listed.get(key)
        # The ETag of parts proves little, and a listing does not show the SHA-256: HEAD does.
        return bucket.head(key) if item and "-" in item.etag else item

    return look_up


def folder_of(bucket: Bucket, directory: str) -> str:
    """The folder of the bucket, with a slash at its end, that has a directory's objects."""
    prefix = bucket.mount.prefix
    folder, _ = split(f"{prefix}{directory}/x" if directory else f"{prefix}x")
    return f"{folder}/" if folder else ""
