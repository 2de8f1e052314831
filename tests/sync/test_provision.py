"""Buckets as moto has them: it knows the whole of S3's API for policies and rules."""

import json
from collections.abc import Iterator
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from django.core.management import CommandError, call_command
from moto import mock_aws

from s3rewrite.mounts import Mount
from s3rewrite.sync.errors import S3Error
from s3rewrite.sync.provision import iam_policy, lifecycle_rule, public_statement
from s3rewrite.sync.transfer import Bucket
from tests.factories import use_mount

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client


@pytest.fixture
def s3() -> Iterator["S3Client"]:
    with mock_aws():
        yield boto3.client("s3", region_name="eu-central-1")


@pytest.fixture
def mount(settings: Any, tmp_path: Path) -> Mount:
    return use_mount(settings, tmp_path, CORS=True, CLIENT={"region_name": "eu-central-1"})


def set_up(*args: str) -> str:
    out = StringIO()
    call_command("s3rewrite_setup", *args, stdout=out, stderr=out, no_color=True)
    return out.getvalue()


def test_everything_is_made(s3: "S3Client", mount: Mount) -> None:
    said = set_up()
    for sentence in (
        "media: create the bucket uploads: done",
        "media: let anybody read uploads/media/*: done",
        "media: let pages of any origin fetch from uploads with CORS: done",
        "media: remove uploads to uploads that were abandoned for 7 days: done",
    ):
        assert sentence in said
    assert s3.get_bucket_location(Bucket="uploads")["LocationConstraint"] == "eu-central-1"
    policy = json.loads(s3.get_bucket_policy(Bucket="uploads")["Policy"])
    assert policy["Statement"] == [public_statement(mount)]
    (rule,) = s3.get_bucket_cors(Bucket="uploads")["CORSRules"]
    assert rule["AllowedOrigins"] == ["*"]
    (found,) = s3.get_bucket_lifecycle_configuration(Bucket="uploads")["Rules"]
    assert found["AbortIncompleteMultipartUpload"] == {"DaysAfterInitiation": 7}
    assert not s3.get_public_access_block(Bucket="uploads")["PublicAccessBlockConfiguration"][
        "BlockPublicPolicy"
    ]


def test_a_second_time_there_is_nothing_to_do(s3: "S3Client", mount: Mount) -> None:
    set_up()
    assert "media: nothing to do" in set_up()


def test_a_dry_run_does_nothing(s3: "S3Client", mount: Mount) -> None:
    said = set_up("--dry-run")
    assert said.count("(a dry run: not done)") == 4
    assert s3.list_buckets()["Buckets"] == []


def test_a_private_bucket_stays_private(s3: "S3Client", mount: Mount) -> None:
    assert "let anybody read" not in set_up("--private")
    with pytest.raises(s3.exceptions.ClientError, match="NoSuchBucketPolicy"):
        s3.get_bucket_policy(Bucket="uploads")


def test_in_the_region_without_a_name(s3: "S3Client", settings: Any, tmp_path: Path) -> None:
    use_mount(settings, tmp_path, CLIENT={"region_name": "us-east-1"})
    assert "create the bucket uploads: done" in set_up()
    assert "CORS" not in set_up()


def test_rules_of_others_are_kept(s3: "S3Client", mount: Mount) -> None:
    configuration: Any = {"LocationConstraint": "eu-central-1"}
    s3.create_bucket(Bucket="uploads", CreateBucketConfiguration=configuration)
    other = {**public_statement(mount), "Sid": "Other", "Effect": "Deny"}
    stale = {**public_statement(mount), "Resource": "arn:aws:s3:::uploads/old/*"}
    policy = {"Version": "2012-10-17", "Statement": [other, stale]}
    s3.put_bucket_policy(Bucket="uploads", Policy=json.dumps(policy))
    rule: Any = {"AllowedOrigins": ["https://a.example"], "AllowedMethods": ["PUT"]}
    s3.put_bucket_cors(Bucket="uploads", CORSConfiguration={"CORSRules": [rule]})
    lifecycle: Any = {**lifecycle_rule(mount), "ID": "other"}
    s3.put_bucket_lifecycle_configuration(
        Bucket="uploads", LifecycleConfiguration={"Rules": [lifecycle]}
    )
    set_up()
    statements = json.loads(s3.get_bucket_policy(Bucket="uploads")["Policy"])["Statement"]
    assert statements == [other, public_statement(mount)]
    assert len(s3.get_bucket_cors(Bucket="uploads")["CORSRules"]) == 2
    rules = s3.get_bucket_lifecycle_configuration(Bucket="uploads")["Rules"]
    assert {found["ID"] for found in rules} == {"other", "s3rewrite media"}


def test_a_step_that_is_refused_is_said(
    s3: "S3Client", mount: Mount, monkeypatch: pytest.MonkeyPatch
) -> None:
    call = Bucket.call

    def refusing(bucket: Bucket, operation: str, **parameters: Any) -> Any:
        if operation == "put_bucket_policy":
            raise S3Error("bucket uploads: not allowed (AccessDenied, PutBucketPolicy)")
        if operation == "put_public_access_block":
            raise S3Error("bucket uploads: unknown (NotImplemented, PutPublicAccessBlock)")
        return call(bucket, operation, **parameters)

    monkeypatch.setattr(Bucket, "call", refusing)
    out = StringIO()
    with pytest.raises(CommandError, match="1 steps failed"):
        call_command("s3rewrite_setup", stdout=out, stderr=out, no_color=True)
    assert "let anybody read uploads/media/*: failed: bucket uploads: not allowed" in out.getvalue()
    assert "abandoned for 7 days: done" in out.getvalue()


@pytest.mark.parametrize("operation", ["head_bucket", "put_public_access_block"])
def test_a_service_that_refuses_all(
    s3: "S3Client", mount: Mount, operation: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    call = Bucket.call

    def refusing(bucket: Bucket, called: str, **parameters: Any) -> Any:
        if called == operation:
            raise S3Error(f"bucket uploads: Forbidden (403, {operation})")
        return call(bucket, called, **parameters)

    monkeypatch.setattr(Bucket, "call", refusing)
    with pytest.raises(CommandError, match="1 steps failed"):
        call_command("s3rewrite_setup", stdout=StringIO(), stderr=StringIO())


def test_the_rights_that_the_loop_needs(settings: Any, tmp_path: Path) -> None:
    listing, writing = iam_policy(use_mount(settings, tmp_path))["Statement"]
    assert listing["Condition"] == {"StringLike": {"s3:prefix": ["media/*"]}}
    assert writing["Resource"] == ["arn:aws:s3:::uploads/media/*"]
    _, writing = iam_policy(use_mount(settings, tmp_path, QUARANTINE="trash/"))["Statement"]
    assert writing["Resource"][1:] == ["arn:aws:s3:::uploads/trash/*"]
    listing, _ = iam_policy(use_mount(settings, tmp_path, PREFIX=""))["Statement"]
    assert "Condition" not in listing
