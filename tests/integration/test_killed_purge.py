"""Killed at any moment, a purge is done by the next pass: nothing of it is lost."""

import shutil
import time
from pathlib import Path
from typing import Any

import pytest

from s3rewrite import conf
from s3rewrite.core.mounts import Mount
from s3rewrite.disk.takedown import take_down
from s3rewrite.registry import loop_registry
from tests.integration.test_edge import clearing, get, nginx, passed, use
from tests.integration.test_killed import Mortal, explained, pick
from tests.integration.test_purge import status
from tests.support.edge import Clearing, Nginx
from tests.support.factories import write

__all__ = ["clearing", "nginx"]
pytestmark = pytest.mark.skipif(not shutil.which("nginx"), reason="needs nginx")

STEPS = ["delete objects of", "clear the CDN", "ask as a visitor", "end_purge"]


@pytest.fixture
def mount(
    settings: Any, root: Path, caches: None, bucket: str, client_options: dict[str, Any],
    nginx: Nginx, clearing: Clearing, s3_client: Any,
) -> Mount:  # fmt: skip
    s3_client.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    options = {"CLIENT": client_options, "CDN": clearing.cloudflare, "THREADS": 1}
    return use(settings, root, bucket, nginx, **options)


def published_and_asked_for(mount: Mount, root: Path) -> None:
    """A file that the CDN has, and whose end somebody wants."""
    for content in (b"1", b"22"):
        write(root, "a.txt", content)
        passed(mount)
    assert get(mount, "a.txt") == b"22"
    take_down(mount, ["a.txt"], local=True)
    time.sleep(mount.max_staleness + 0.1)


def test_killed_at_any_moment_the_next_pass_takes_it_down(
    settings: Any, mount: Mount, root: Path, s3_client: Any, tmp_path: Path, redis_url: str
) -> None:
    write(root, "kept.txt")
    registry = loop_registry(mount)
    with Mortal(settings, tmp_path, redis_url, "--boto3") as mortal:
        for _ in range(2):  # after the first one the server knows each script
            published_and_asked_for(mount, root)
            moments = mortal.lives()
            assert registry.purges.read() == {}
        for moment in pick([moment for moment in moments if moment.startswith("after")]):
            published_and_asked_for(mount, root)
            mortal.dies(moment)
            # As fifteen seconds, and sixteen minutes, would do: its deletion may still arrive.
            registry.client.delete(registry.keys.lease, registry.keys.unconfirmed_writes)
            with explained(moment):
                passed(mount)
                assert registry.purges.read() == {}
                assert get(mount, "a.txt") == 404
                assert status(conf.object_url(mount, "media/a.txt")) == 404
                found = s3_client.list_object_versions(Bucket=mount.bucket, Prefix="media/a.txt")
                assert not found.get("Versions")
                assert not found.get("DeleteMarkers")
                assert get(mount, "kept.txt") == b"bytes"
    for step in STEPS:
        assert any(step in moment for moment in moments), step
