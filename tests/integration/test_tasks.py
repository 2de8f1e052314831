"""Uploads that are handed out as tasks: what comes of them, and of those that go wrong."""

from pathlib import Path
from typing import Any

import pytest

from s3rewrite.mounts import Mount
from s3rewrite.registry import Registry
from s3rewrite.sync.passes import whole_pass
from s3rewrite.sync.report import Result
from tests.factories import job, use_mount, write


@pytest.fixture
def mount(
    settings: Any, root: Path, caches: None, bucket: str, client_options: dict[str, Any]
) -> Mount:
    settings.TASKS = {"default": {"BACKEND": "django_tasks.backends.immediate.ImmediateBackend"}}
    return use_mount(settings, root, BUCKET=bucket, CLIENT=client_options, UPLOADS="tasks")


def test_files_reach_the_bucket_and_are_published(
    mount: Mount, root: Path, registry: Registry, s3_client: Any
) -> None:
    for number in range(250):
        write(root, f"{number % 3}/{number}.txt", b"%d" % number)
    report = whole_pass(job(mount))
    assert report.stopped == ""
    assert report.counts == {Result.UPLOADED: 250, Result.KEPT: 0}
    assert len(list(registry.names())) == 250
