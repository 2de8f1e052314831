"""What the private buckets of the tests promise: refused without a signature, answered with one."""

import json
from typing import Any

import pytest

from demo.servers import SeaweedFS
from tests.support.visitors import ask


def put(client: Any, bucket: str) -> None:
    client.put_object(Bucket=bucket, Key="media/a b.txt", Body=b"for members")


def presigned(client: Any, bucket: str) -> str:
    what = {"Bucket": bucket, "Key": "media/a b.txt"}
    return client.generate_presigned_url("get_object", Params=what, ExpiresIn=60)


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("path", ["media/a%20b.txt", "absent", ""])
def test_a_private_bucket_is_for_nobody(
    seaweedfs: SeaweedFS, private_bucket: str, s3_client: Any, method: str, path: str
) -> None:
    put(s3_client, private_bucket)
    assert ask(seaweedfs.public_url(private_bucket) + path, method).status == 403


def test_a_private_bucket_is_for_those_who_sign(private_bucket: str, s3_client: Any) -> None:
    put(s3_client, private_bucket)
    answer = ask(presigned(s3_client, private_bucket))
    assert (answer.status, answer.body) == (200, b"for members")
    assert s3_client.list_objects_v2(Bucket=private_bucket)["KeyCount"] == 1


def test_other_buckets_stay_public(seaweedfs: SeaweedFS, bucket: str, s3_client: Any) -> None:
    put(s3_client, bucket)
    assert ask(f"{seaweedfs.public_url(bucket)}media/a%20b.txt").status == 200


def test_a_strict_server_does_what_a_policy_says(strict_seaweedfs: SeaweedFS) -> None:
    """Nothing is public until a policy says so, and again when it is gone."""
    client = strict_seaweedfs.client()
    strict_seaweedfs.create_bucket("strict")
    put(client, "strict")
    url = f"{strict_seaweedfs.public_url('strict')}media/a%20b.txt"
    assert ask(url).status == 403
    assert ask(presigned(client, "strict")).status == 200
    statement = {
        "Effect": "Allow",
        "Principal": "*",
        "Action": "s3:GetObject",
        "Resource": "arn:aws:s3:::strict/*",
    }
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    client.put_bucket_policy(Bucket="strict", Policy=policy)
    assert ask(url).status == 200
    client.delete_bucket_policy(Bucket="strict")
    assert ask(url).status == 403
    client.close()
