"""Drills: something is lost while pages are shown, and a command brings it back.

What each command does in detail is tested in `test_recovery`; here it is the whole way, as
`docs/deploy.md` tells it: what pages link before, meanwhile and after, and what S3 was sent.
"""

import re
import shutil
import time
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from django.core.management import CommandError, call_command

from s3rewrite.core.mounts import Mount
from s3rewrite.linking.resolver import get_resolver
from s3rewrite.registry import Registry, loop_registry
from tests.integration.test_migrations import listing
from tests.support.commands import Loop, eventually
from tests.support.factories import use_mount, write

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

FILES = {
    "a.txt": b"one",
    "photos/b é+&.jpg": b"two" * 1000,
    "photos/2024/c": b"",
    "large.bin": b"0123456789abcdef" * 600_000,
}
DOCS = Path(__file__).resolve().parents[2] / "docs" / "deploy.md"


def told(drill: str) -> list[list[str]]:
    """The commands that the documentation gives for a drill, each as its words."""
    section = DOCS.read_text().split(f"**{drill}.**", 1)[1].split("\n\n", 1)[0]
    return [found.split() for found in re.findall(r"`manage\.py (s3rewrite_[^`]+)`", section)]


def run(command: list[str]) -> str:
    out = StringIO()
    try:
        call_command(*command, stdout=out, stderr=out, no_color=True)
    except CommandError as error:
        out.write(str(error))
    return out.getvalue()


def linked() -> set[str]:
    """The names that a page links to S3 now."""
    found = get_resolver()
    return {name for name in FILES if found.url(_local(name)) != _local(name)}


def _local(name: str) -> str:
    return "/media/" + name.replace(" ", "%20").replace("é", "%C3%A9")


def contents(root: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(root)): path.read_bytes() for path in root.rglob("*") if path.is_file()
    }


@pytest.fixture(params=["mirror", "fingerprint"])
def site(request: pytest.FixtureRequest, settings: Any, mount: Mount, root: Path) -> Mount:
    """A mount that deletes what is gone, at once; all its files are on S3."""
    options = {"KEYS": request.param, "POLL_SECONDS": 0, "DELETE_MISSING": True, "DELETE_GRACE": 0}
    found = use_mount(settings, root, **settings.S3REWRITE["media"] | options)
    for name, content in FILES.items():
        write(root, name, content)
    assert f"{len(FILES)} uploaded" in run(["s3rewrite_sync"])
    assert linked() == set(FILES)
    return found


@pytest.fixture
def before(site: Mount, s3_client: "S3Client") -> dict[str, Any]:
    """The objects; written again, they have another time."""
    found = listing(s3_client, site.bucket)
    time.sleep(1.1)
    return found


def test_redis_is_lost(site: Mount, before: dict[str, Any], s3_client: "S3Client") -> None:
    loop_registry(site).client.flushall()
    assert linked() == set()
    for command in told("Redis is lost"):
        run(command)
    assert linked() == set(FILES)
    assert listing(s3_client, site.bucket) == before


def test_the_disk_is_lost(
    site: Mount, before: dict[str, Any], root: Path, s3_client: "S3Client"
) -> None:
    shutil.rmtree(root)
    assert linked() == set()
    assert "is its disk mounted" in run(["s3rewrite_sync"])
    root.mkdir()
    assert "is empty" in run(["s3rewrite_sync"])
    for command in told("The disk is lost"):
        run(command)
    assert contents(root) == FILES
    assert linked() == set(FILES)
    assert listing(s3_client, site.bucket) == before


def test_the_bucket_is_lost(site: Mount, before: dict[str, Any], s3_client: "S3Client") -> None:
    for key in before:
        s3_client.delete_object(Bucket=site.bucket, Key=key)
    verify, bring = told("The bucket is lost")
    run(verify)
    assert linked() == set()
    assert f"{len(FILES)} uploaded" in run(bring)
    assert linked() == set(FILES)
    assert listing(s3_client, site.bucket).keys() == before.keys()


def test_the_bucket_is_lost_while_a_loop_runs(
    loop: Loop, mount: Mount, root: Path, registry: Registry, s3_client: "S3Client"
) -> None:
    for name, content in FILES.items():
        write(root, name, content)
    eventually(lambda: len(registry.get(list(FILES))) == len(FILES))
    for key in listing(s3_client, mount.bucket):
        s3_client.delete_object(Bucket=mount.bucket, Key=key)
    run(told("The bucket is lost")[0])
    eventually(lambda: len(registry.get(list(FILES))) == len(FILES))
    assert set(listing(s3_client, mount.bucket)) == {f"media/{name}" for name in FILES}


def test_a_deploy_empties_the_folder(
    site: Mount, before: dict[str, Any], root: Path, s3_client: "S3Client"
) -> None:
    aside = root.with_name("aside")
    root.rename(aside)
    root.mkdir()
    (root / "empty").mkdir()
    for _ in range(2):
        assert "nothing was withdrawn or deleted" in run(["s3rewrite_sync"])
    assert linked() == set()
    assert listing(s3_client, site.bucket) == before
    for command in told("A deploy emptied `MEDIA_ROOT`"):
        run(command)
    assert contents(root) == FILES
    assert linked() == set(FILES)
    assert listing(s3_client, site.bucket) == before


def test_a_deploy_leaves_a_part_of_the_folder(
    settings: Any, site: Mount, before: dict[str, Any], root: Path, s3_client: "S3Client"
) -> None:
    use_mount(settings, root, **settings.S3REWRITE["media"] | {"MAX_DELETE": "10%"})
    shutil.rmtree(root / "photos")
    assert "none was deleted" in run(["s3rewrite_sync"])
    assert linked() == {"a.txt", "large.bin"}
    assert listing(s3_client, site.bucket) == before
    for command in told("A deploy emptied `MEDIA_ROOT`"):
        run(command)
    assert contents(root) == FILES
    assert linked() == set(FILES)
    assert listing(s3_client, site.bucket) == before
