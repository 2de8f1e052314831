"""What a bucket needs: that it is there, what may be read, from where, and what is tidied up.

Existing rules of others are kept. The JSON grammar of policies:
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html
"""

import json
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from s3rewrite.mounts import Mount
from s3rewrite.sync.errors import S3Error
from s3rewrite.sync.transfer import Bucket

ABANDONED_DAYS = 7
"""Days after which parts of an upload that was never completed are removed."""


class Step(NamedTuple):
    """What is to be done to a bucket: a sentence, and how."""

    sentence: str
    run: Callable[[], object]


def steps(mount: Mount, bucket: Bucket, *, public: bool) -> Iterator[Step]:
    """What a mount's bucket lacks; each step is to be run before the next is asked for.

    With `public` anybody may read the objects below the mount's prefix, as where no CDN with
    rights of its own stands before the bucket. Raises S3Error.
    """
    if not _exists(bucket):
        yield Step(f"create the bucket {mount.bucket}", lambda: _create(mount, bucket))
    yield from _policy_step(mount, bucket) if public else ()
    yield from _cors_step(mount, bucket) if mount.cors else ()
    yield from _lifecycle_step(mount, bucket)


def iam_policy(mount: Mount) -> dict[str, Any]:
    """The rights that the loop's user needs, and no more."""
    bucket = f"arn:aws:s3:::{mount.bucket}"
    objects = ("PutObject", "GetObject", "DeleteObject", "AbortMultipartUpload")
    listing: dict[str, Any] = {
        "Sid": "S3RewriteList",
        "Effect": "Allow",
        "Action": ["s3:ListBucket"],
        "Resource": [bucket],
    }
    if mount.prefix:
        listing["Condition"] = {"StringLike": {"s3:prefix": [f"{mount.prefix}*"]}}
    writing: dict[str, Any] = {
        "Sid": "S3RewriteObjects",
        "Effect": "Allow",
        "Action": [f"s3:{action}" for action in objects],
        "Resource": [f"{bucket}/{mount.prefix}*"],
    }
    if mount.quarantine:
        writing["Resource"].append(f"{bucket}/{mount.quarantine}*")
    return {"Version": "2012-10-17", "Statement": [listing, writing]}


def public_statement(mount: Mount) -> dict[str, Any]:
    """Anybody may read what is below the mount's prefix; nobody may list it."""
    return {
        "Sid": f"S3RewriteRead{''.join(c for c in mount.alias if c.isalnum())}",
        "Effect": "Allow",
        "Principal": "*",
        "Action": "s3:GetObject",
        "Resource": f"arn:aws:s3:::{mount.bucket}/{mount.prefix}*",
    }


def cors_rule() -> dict[str, Any]:
    """Any page may read the files with CORS: whoever has the URL can read them anyway."""
    return {"AllowedOrigins": ["*"], "AllowedMethods": ["GET", "HEAD"], "MaxAgeSeconds": 86_400}


def lifecycle_rule(mount: Mount) -> dict[str, Any]:
    """Parts that were abandoned cost money and are seen by nobody."""
    return {
        "ID": f"s3rewrite {mount.alias}",
        "Status": "Enabled",
        "Filter": {"Prefix": mount.prefix},
        "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": ABANDONED_DAYS},
    }


def _exists(bucket: Bucket) -> bool:
    try:
        bucket.call("head_bucket")
    except S3Error as error:
        if "(404" in str(error) or "(NoSuchBucket" in str(error):
            return False
        raise
    return True


def _create(mount: Mount, bucket: Bucket) -> None:
    region = str(mount.client.get("region_name", ""))
    # us-east-1 is the only one that must not be named.
    # https://docs.aws.amazon.com/AmazonS3/latest/API/API_CreateBucket.html
    place = {"LocationConstraint": region} if region not in ("", "us-east-1") else None
    bucket.call("create_bucket", **({"CreateBucketConfiguration": place} if place else {}))


def _policy_step(mount: Mount, bucket: Bucket) -> Iterator[Step]:
    answer = _asked(bucket, "get_bucket_policy", "NoSuchBucketPolicy")
    policy: dict[str, Any] = {"Version": "2012-10-17", "Statement": []}
    if answer:
        policy = json.loads(answer["Policy"])
    wanted = public_statement(mount)
    if wanted in policy["Statement"]:
        return
    others = [found for found in policy["Statement"] if found.get("Sid") != wanted["Sid"]]
    policy["Statement"] = [*others, wanted]
    text = json.dumps(policy)

    def allow() -> None:
        _unblock(bucket)
        bucket.call("put_bucket_policy", Policy=text)

    yield Step(f"let anybody read {mount.bucket}/{mount.prefix}*", allow)


def _unblock(bucket: Bucket) -> None:
    """Let a policy make objects public; ACLs still cannot. Other services have no such switch."""
    blocked = {
        "BlockPublicAcls": True,
        "IgnorePublicAcls": True,
        "BlockPublicPolicy": False,
        "RestrictPublicBuckets": False,
    }
    try:
        bucket.call("put_public_access_block", PublicAccessBlockConfiguration=blocked)
    except S3Error as error:
        if not _is_unknown(error):
            raise


def _cors_step(mount: Mount, bucket: Bucket) -> Iterator[Step]:
    answer = _asked(bucket, "get_bucket_cors", "NoSuchCORSConfiguration")
    rules = answer["CORSRules"] if answer else []
    if any(_lets_all_read(rule) for rule in rules):
        return
    given = {"CORSRules": [*rules, cors_rule()]}
    yield Step(
        f"let pages of any origin fetch from {mount.bucket} with CORS",
        lambda: bucket.call("put_bucket_cors", CORSConfiguration=given),
    )


def _lets_all_read(rule: dict[str, Any]) -> bool:
    return "*" in rule.get("AllowedOrigins", ()) and "GET" in rule.get("AllowedMethods", ())


def _lifecycle_step(mount: Mount, bucket: Bucket) -> Iterator[Step]:
    operation, absent = "get_bucket_lifecycle_configuration", "NoSuchLifecycleConfiguration"
    answer = _asked(bucket, operation, absent)
    rules = answer["Rules"] if answer else []
    wanted = lifecycle_rule(mount)
    if any(rule.get("ID") == wanted["ID"] for rule in rules):
        return
    given = {"Rules": [*rules, wanted]}
    yield Step(
        f"remove uploads to {mount.bucket} that were abandoned for {ABANDONED_DAYS} days",
        lambda: bucket.call("put_bucket_lifecycle_configuration", LifecycleConfiguration=given),
    )


def _asked(bucket: Bucket, operation: str, absent: str) -> Any:
    """What a bucket answers; None where it has nothing of the kind, or is not there yet."""
    try:
        return bucket.call(operation)
    except S3Error as error:
        if absent in str(error) or "(NoSuchBucket," in str(error):
            return None
        raise


def _is_unknown(error: S3Error) -> bool:
    return any(f"({code}" in str(error) for code in ("NotImplemented", "MethodNotAllowed", "501"))
