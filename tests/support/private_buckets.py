"""Buckets that nobody may read without a signature, on a server where anybody may read."""

import json
from typing import Any

from demo.servers import SeaweedFS

SID = "TestsOwnerOnly"


def make_private(server: SeaweedFS, bucket: str) -> None:
    """Let nobody but the server's user do anything in a bucket; it holds at once."""
    statement: dict[str, Any] = {
        "Sid": SID,
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:*",
        "Resource": [f"arn:aws:s3:::{bucket}", f"arn:aws:s3:::{bucket}/*"],
        # SeaweedFS takes no NotPrincipal.
        "Condition": {"StringNotEquals": {"aws:username": server.OWNER}},
    }
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    server.client().put_bucket_policy(Bucket=bucket, Policy=policy)
