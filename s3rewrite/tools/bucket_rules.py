"""The policies and rules that a mount needs. Pure.

The grammar of policies:
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html
"""

from typing import Any

from s3rewrite.core.mounts import Mount

ABANDONED_DAYS = 7
"""Days after which S3 removes the parts of an upload that was never completed."""


def iam_policy(mount: Mount) -> dict[str, Any]:
    """The rights that the loop's user needs, and no others."""
    bucket = f"arn:aws:s3:::{mount.bucket}"
    listing = _allow("S3RewriteList", ["ListBucket"], [bucket])
    if mount.prefix:
        listing["Condition"] = {"StringLike": {"s3:prefix": [f"{mount.prefix}*"]}}
    actions = ["PutObject", "GetObject", "DeleteObject", "AbortMultipartUpload"]
    folders = [mount.prefix, mount.quarantine] if mount.quarantine else [mount.prefix]
    writing = _allow("S3RewriteObjects", actions, [f"{bucket}/{folder}*" for folder in folders])
    return {"Version": "2012-10-17", "Statement": [listing, writing]}


def _allow(name: str, actions: list[str], resources: list[str]) -> dict[str, Any]:
    actions = [f"s3:{action}" for action in actions]
    return {"Sid": name, "Effect": "Allow", "Action": actions, "Resource": resources}


def public_statement(mount: Mount) -> dict[str, Any]:
    """Lets anybody read the objects below the mount's prefix, and not list them."""
    return {
        "Sid": _sid("S3RewriteRead", mount),
        "Effect": "Allow",
        "Principal": "*",
        "Action": "s3:GetObject",
        "Resource": f"arn:aws:s3:::{mount.bucket}/{mount.prefix}*",
    }


def distribution_statement(mount: Mount) -> dict[str, Any] | None:
    """Lets a distribution of CloudFront read them, where SIGNING has its ARN: as "DISTRIBUTION".

    https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/private-content-restricting-access-to-s3.html
    """
    arn = str(mount.signing.get("DISTRIBUTION") or "")
    if not arn:
        return None
    return {
        **public_statement(mount),
        "Sid": _sid("S3RewriteCloudFront", mount),
        "Principal": {"Service": "cloudfront.amazonaws.com"},
        "Condition": {"StringEquals": {"AWS:SourceArn": arn}},
    }


def _sid(name: str, mount: Mount) -> str:
    """A statement's name, which may have letters and digits alone."""
    return name + "".join(c for c in mount.alias if c.isalnum())


def cors_rule() -> dict[str, Any]:
    """Lets any page read the objects with CORS: anybody with a URL can read them anyway."""
    return {"AllowedOrigins": ["*"], "AllowedMethods": ["GET", "HEAD"], "MaxAgeSeconds": 86_400}


def lifecycle_rule(mount: Mount, *, is_old: bool = False) -> dict[str, Any]:
    """Removes abandoned parts, which cost money and do not show in listings.

    `is_old` says that other rules have their Prefix outside of a Filter, in the old form: S3
    refuses both forms together. https://docs.aws.amazon.com/AmazonS3/latest/API/API_LifecycleRule.html
    """
    return {
        "ID": f"s3rewrite {mount.alias}",
        "Status": "Enabled",
        **({"Prefix": mount.prefix} if is_old else {"Filter": {"Prefix": mount.prefix}}),
        "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": ABANDONED_DAYS},
    }
