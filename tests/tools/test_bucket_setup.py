"""Buckets as moto has them: it knows the whole of S3's API for policies and rules."""

import json
from collections.abc import Iterator
from io import StringIO
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.exceptions import ClientError
from django.core.management import call_command
from moto import mock_aws

from s3rewrite.core.mounts import Mount
from s3rewrite.tools.bucket_rules import iam_policy, lifecycle_rule, public_statement
from tests.support.factories import use_mount

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
        "media: let a public policy work in uploads (Public Access Block: BlockPublicPolicy, "
        "RestrictPublicBuckets off): done",
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
    with pytest.raises(s3.exceptions.ClientError, match="NoSuchPublicAccessBlockConfiguration"):
        s3.get_public_access_block(Bucket="uploads")


def test_a_second_time_there_is_nothing_to_do(s3: "S3Client", mount: Mount) -> None:
    set_up()
    assert "media: nothing to do" in set_up()


def test_a_dry_run_does_nothing(s3: "S3Client", mount: Mount) -> None:
    said = set_up("--dry-run")
    assert said.count("(a dry run: not done)") == 5
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


def make_bucket(s3: "S3Client") -> None:
    configuration: Any = {"LocationConstraint": "eu-central-1"}
    s3.create_bucket(Bucket="uploads", CreateBucketConfiguration=configuration)


SWITCHES = ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets")


@pytest.mark.parametrize("blocked", list(product([True, False], repeat=4)))
def test_only_what_keeps_the_policy_from_working_is_turned_off(
    s3: "S3Client", mount: Mount, blocked: tuple[bool, ...]
) -> None:
    make_bucket(s3)
    given: Any = dict(zip(SWITCHES, blocked, strict=True))
    s3.put_public_access_block(Bucket="uploads", PublicAccessBlockConfiguration=given)
    dry, said = set_up("--dry-run"), set_up()
    assert ("let a public policy work in uploads" in said) is any(blocked[2:])
    assert ("let a public policy work in uploads" in dry) is any(blocked[2:])
    found = s3.get_public_access_block(Bucket="uploads")["PublicAccessBlockConfiguration"]
    assert found == {**given, "BlockPublicPolicy": False, "RestrictPublicBuckets": False}


def test_a_private_bucket_keeps_its_block(s3: "S3Client", mount: Mount) -> None:
    make_bucket(s3)
    given: Any = dict.fromkeys(SWITCHES, True)
    s3.put_public_access_block(Bucket="uploads", PublicAccessBlockConfiguration=given)
    set_up("--private")
    found = s3.get_public_access_block(Bucket="uploads")["PublicAccessBlockConfiguration"]
    assert found == given


def test_a_policy_of_another_form_is_kept(s3: "S3Client", mount: Mount) -> None:
    make_bucket(s3)
    other = {**public_statement(mount), "Effect": "Deny"}
    del other["Sid"]
    policy = {"Version": "2008-10-17", "Id": "theirs", "Statement": other}
    s3.put_bucket_policy(Bucket="uploads", Policy=json.dumps(policy))
    set_up()
    found = json.loads(s3.get_bucket_policy(Bucket="uploads")["Policy"])
    assert found == {**policy, "Statement": [other, public_statement(mount)]}
    assert "nothing to do" in set_up()


def test_a_statement_that_a_service_wrote_anew_is_known(s3: "S3Client", mount: Mount) -> None:
    make_bucket(s3)
    ours = public_statement(mount)
    again = {
        "Effect": "Allow",
        "Principal": {"AWS": ["*"]},
        "Action": [ours["Action"]],
        "Resource": [ours["Resource"]],
    }
    s3.put_bucket_policy(Bucket="uploads", Policy=json.dumps({"Statement": [again]}))
    assert "let anybody read" not in set_up()


def test_old_rules_of_a_lifecycle_are_kept_as_they_are(s3: "S3Client", mount: Mount) -> None:
    make_bucket(s3)
    old: Any = {"ID": "old", "Status": "Enabled", "Prefix": "logs/", "Expiration": {"Days": 3}}
    s3.put_bucket_lifecycle_configuration(Bucket="uploads", LifecycleConfiguration={"Rules": [old]})
    set_up()
    kept, ours = s3.get_bucket_lifecycle_configuration(Bucket="uploads")["Rules"]
    assert kept == old
    assert ours["Prefix"] == "media/"
    assert "Filter" not in ours


def test_the_rights_that_the_loop_needs(settings: Any, tmp_path: Path) -> None:
    listing, writing = iam_policy(use_mount(settings, tmp_path))["Statement"]
    assert listing["Condition"] == {"StringLike": {"s3:prefix": ["media/*"]}}
    assert writing["Resource"] == ["arn:aws:s3:::uploads/media/*"]
    _, writing = iam_policy(use_mount(settings, tmp_path, QUARANTINE="trash/"))["Statement"]
    assert writing["Resource"][1:] == ["arn:aws:s3:::uploads/trash/*"]
    listing, _ = iam_policy(use_mount(settings, tmp_path, PREFIX=""))["Statement"]
    assert "Condition" not in listing


# Private mounts

DISTRIBUTION = "arn:aws:cloudfront::111122223333:distribution/E1"


def make_private(settings: Any, **options: Any) -> None:
    mount = settings.S3REWRITE["media"]
    settings.S3REWRITE = {"media": {**mount, "ACCESS": "private", **options}}


def policy(s3: "S3Client", bucket: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(s3.get_bucket_policy(Bucket=bucket)["Policy"])[
        "Statement"
    ]
    return found


def test_what_was_public_is_closed(s3: "S3Client", mount: Mount, settings: Any) -> None:
    set_up()
    assert policy(s3, mount.bucket)
    make_private(settings)
    assert "without a signature (bucket policy): done" in set_up()
    with pytest.raises(ClientError, match="NoSuchBucketPolicy"):
        s3.get_bucket_policy(Bucket=mount.bucket)
    block = s3.get_public_access_block(Bucket=mount.bucket)["PublicAccessBlockConfiguration"]
    assert set(block.values()) == {True}
    assert "nothing to do" in set_up()


def test_a_distribution_may_read_and_the_rules_of_others_stay(
    s3: "S3Client", mount: Mount, settings: Any
) -> None:
    set_up()
    (public,) = policy(s3, mount.bucket)
    other = {**public, "Sid": "Other", "Principal": {"AWS": "arn:aws:iam::111122223333:root"}}
    document = {"Version": "2012-10-17", "Statement": [public, other]}
    s3.put_bucket_policy(Bucket=mount.bucket, Policy=json.dumps(document))
    make_private(settings, SIGNING={"DISTRIBUTION": DISTRIBUTION})
    set_up()
    kept, new = policy(s3, mount.bucket)
    assert kept == other
    assert new["Principal"] == {"Service": "cloudfront.amazonaws.com"}
    assert new["Condition"] == {"StringEquals": {"AWS:SourceArn": DISTRIBUTION}}
    assert new["Resource"] == public["Resource"]
    assert "nothing to do" in set_up()


def test_beside_a_public_mount_the_bucket_is_not_blocked(
    s3: "S3Client", mount: Mount, settings: Any
) -> None:
    make_private(settings)
    papers = {**settings.S3REWRITE["media"], "ACCESS": "public", "PREFIX": "open/"}
    settings.S3REWRITE = {**settings.S3REWRITE, "open": papers}
    set_up()
    assert [statement["Resource"] for statement in policy(s3, mount.bucket)] == [
        f"arn:aws:s3:::{mount.bucket}/open/*"
    ]
    assert "nothing to do" in set_up()
