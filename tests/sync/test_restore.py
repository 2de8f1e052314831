"""What a bucket may hold besides our files; the rest is tested with a real one."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto import mock_aws

from s3rewrite.mounts import Mount
from s3rewrite.sync.restore import Restored, restore
from tests.factories import job, use_mount


@pytest.fixture
def mount(settings: Any, caches: None, tmp_path: Path) -> Iterator[Mount]:
    with mock_aws():
        boto3.client("s3").create_bucket(Bucket="uploads")
        yield use_mount(settings, tmp_path / "media")


def test_a_key_that_is_no_name(mount: Mount, tmp_path: Path) -> None:
    for key in ("media/../secret.txt", "media/folder/", "media/a.txt"):
        boto3.client("s3").put_object(Bucket="uploads", Key=key, Body=b"x")
    assert sorted(restore(job(mount))) == [
        Restored("../secret.txt", 1, "its key is no name of a file in this storage"),
        Restored("a.txt", 1),
    ]
    assert [path.name for path in tmp_path.rglob("*") if path.is_file()] == ["a.txt"]
