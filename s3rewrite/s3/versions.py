"""Every version of a name's objects, wherever earlier settings have put them."""

from collections.abc import Iterator
from typing import NamedTuple

from s3rewrite.core.paths import Paths, split_version, stem
from s3rewrite.s3.bucket import Bucket
from s3rewrite.s3.errors import S3Error


class Version(NamedTuple):
    """A version of an object, or the delete marker of one; "" where the bucket keeps none."""

    key: str
    id: str = ""


RIGHTS = (
    "its old versions cannot be listed: allow these credentials s3:ListBucketVersions and "
    "s3:DeleteObjectVersion"
)


def versions_of(bucket: Bucket, name: str) -> list[Version]:
    """The versions of all objects of a name, also of those in the QUARANTINE. Raises S3Error."""
    roots = dict.fromkeys(("", bucket.mount.quarantine))
    return [version for root in roots for version in _versions(bucket, name, root)]


def objects_of(bucket: Bucket, name: str) -> list[Version]:
    """The objects of a name that the bucket has now, without the QUARANTINE. Raises S3Error."""
    return list(_matching(bucket, "list_objects_v2", name))


def names_in(bucket: Bucket) -> set[str]:
    """The names that the objects below PREFIX stand for now. Raises S3Error."""
    keys = bucket.pages("list_objects_v2", bucket.mount.prefix)
    names = (bucket.mount.paths.name(item["Key"]) for page in keys for item in page)
    return {name for name, _ in filter(None, names)}


def _versions(bucket: Bucket, name: str, root: str) -> list[Version]:
    try:
        return list(_matching(bucket, "list_object_versions", name, root))
    except S3Error as error:
        if error.code not in ("AccessDenied", "NotImplemented", "MethodNotAllowed"):
            raise
        if _keeps_versions(bucket):
            raise S3Error(f"bucket {bucket.name}: {RIGHTS}", code=error.code) from error
    return list(_matching(bucket, "list_objects_v2", name, root))


def _matching(bucket: Bucket, listing: str, name: str, root: str = "") -> Iterator[Version]:
    """The items of a listing that stand for a name, below another root than the bucket's."""
    paths = bucket.mount.paths
    start = paths.prefix + (_start(name) if paths.fingerprinted else name)
    for page in bucket.pages(listing, root + start):
        found = [item for item in page if _means(paths, item["Key"].removeprefix(root), name)]
        yield from (Version(item["Key"], item.get("VersionId", "")) for item in found)
        # The very key comes first: all that follow only begin with it.
        if not (found or paths.fingerprinted):
            return


def _start(name: str) -> str:
    """How the keys of all versions of a name begin, the one without a version too."""
    before = stem(name)
    return name if before == name else f"{before}."


def _means(paths: Paths, key: str, name: str) -> bool:
    """Whether a key stands for a name, under "fingerprint" also as "mirror" would write it."""
    is_plain = key == paths.prefix + name and split_version(name) is None
    return is_plain or (paths.name(key) or ("", ""))[0] == name


def _keeps_versions(bucket: Bucket) -> bool:
    """Whether the bucket says that it keeps versions; where it does not say so, it has none."""
    try:
        return bool(bucket.call("get_bucket_versioning").get("Status"))
    except S3Error:
        return False
