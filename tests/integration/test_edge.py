"""Behind a CDN that keeps everything for long, a link never leads to old bytes."""

import shutil
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.files.base import ContentFile

from demo.servers import SeaweedFS
from s3rewrite import conf
from s3rewrite.core.mounts import Mount
from s3rewrite.registry import loop_registry
from s3rewrite.sync.loop import MountLoop
from s3rewrite.sync.passes import whole_pass
from s3rewrite.sync.reporting.report import Report, Result
from tests.support.commands import eventually
from tests.support.edge import Clearing, Nginx
from tests.support.factories import job, use_mount, write

pytestmark = pytest.mark.skipif(not shutil.which("nginx"), reason="needs nginx")


@pytest.fixture
def nginx(tmp_path: Path, seaweedfs: SeaweedFS) -> Iterator[Nginx]:
    with Nginx(tmp_path / "nginx", seaweedfs, negative="1h") as nginx:
        yield nginx


@pytest.fixture
def clearing(nginx: Nginx) -> Iterator[Clearing]:
    with Clearing(nginx) as clearing:
        yield clearing


@pytest.fixture(params=["cloudfront", "cloudflare"])
def cdn(request: pytest.FixtureRequest, clearing: Clearing) -> dict[str, Any]:
    found: dict[str, Any] = getattr(clearing, request.param)
    return found


def use(settings: Any, root: Path, bucket: str, nginx: Nginx, **options: Any) -> Mount:
    options = {"MAX_STALENESS": 0.2, "POLL_SECONDS": 0.05, "SETTLE": 0} | options
    settings.STORAGES = settings.STORAGES | {
        "default": {
            "BACKEND": "s3rewrite.storage.S3RewriteStorage",
            "OPTIONS": {"allow_overwrite": True},
        }
    }
    url = f"{nginx.url}/{bucket}/media/"
    return use_mount(settings, root, BUCKET=bucket, PUBLIC_URL=url, **options)


@pytest.fixture
def mount(
    settings: Any, root: Path, caches: None, bucket: str, client_options: dict[str, Any],
    nginx: Nginx, cdn: dict[str, Any],
) -> Mount:  # fmt: skip
    return use(settings, root, bucket, nginx, CLIENT=client_options, CDN=cdn)


def get(mount: Mount, name: str) -> bytes | int:
    """What a visitor gets."""
    try:
        with urllib.request.urlopen(mount.public_url + name) as answer:
            return bytes(answer.read())
    except urllib.error.HTTPError as error:
        return error.code


def is_linked(mount: Mount, name: str) -> bool:
    return name in loop_registry(mount).get([name])


def passed(mount: Mount) -> Report:
    report = whole_pass(job(mount))
    assert report.is_ok, report
    return report


def test_other_bytes_are_published_after_the_cdn_forgot_the_old_ones(
    mount: Mount, root: Path, clearing: Clearing
) -> None:
    storage = conf.storage_of(mount)
    for content in (b"1", b"2", b"3"):
        storage.save("p/a b.txt", ContentFile(content))
        passed(mount)
        assert is_linked(mount, "p/a b.txt")
        assert get(mount, "p/a%20b.txt") == content
    # All of it once, as nobody knew what it had; then the file, for each change.
    path = f"/{mount.bucket}/media/"
    assert clearing.requests == [[f"{path}*"], [f"{path}p/a%20b.txt"], [f"{path}p/a%20b.txt"]]


def test_a_new_name_and_the_same_bytes_need_no_clearing(
    mount: Mount, root: Path, clearing: Clearing
) -> None:
    write(root, "a.txt")
    passed(mount)
    write(root, "b.txt")
    passed(mount)
    write(root, "a.txt", age=5)  # touched
    passed(mount)
    loop_registry(mount).withdraw(["a.txt"])
    passed(mount)
    assert is_linked(mount, "a.txt")
    assert is_linked(mount, "b.txt")
    assert len(clearing.requests) == 1


def test_many_changes_are_one_request(mount: Mount, root: Path, clearing: Clearing) -> None:
    for version in (b"1", b"22"):
        for number in range(50):
            write(root, f"{number % 3}/{number}.txt", version)
        report = passed(mount)
        assert report.counts[Result.CLEARING] == 0
    assert len(clearing.requests) == 2
    assert len(clearing.requests[1]) == 50


def test_a_cdn_that_is_away_keeps_links_local(
    mount: Mount, root: Path, clearing: Clearing, caplog: pytest.LogCaptureFixture
) -> None:
    write(root, "a.txt", b"1")
    passed(mount)
    assert get(mount, "a.txt") == b"1"
    clearing.refuses = 503
    write(root, "a.txt", b"2")
    context = job(mount)
    context.edge_wait = 0.0
    report = whole_pass(context)
    assert report.counts[Result.CLEARING] == 1
    assert "the CDN was not cleared" in report.failures[mount.public_url]
    assert not is_linked(mount, "a.txt")
    clearing.refuses = 0
    passed(mount)
    assert get(mount, "a.txt") == b"2"
    assert is_linked(mount, "a.txt")


def test_deleting_clears_and_a_name_comes_again(
    settings: Any, mount: Mount, root: Path, clearing: Clearing
) -> None:
    options = settings.S3REWRITE["media"] | {"DELETE_MISSING": True, "DELETE_GRACE": 0.4}
    mount = use_mount(settings, root, **options)
    path = write(root, "a.txt", b"1")
    write(root, "b.txt", b"1")
    passed(mount)
    assert get(mount, "a.txt") == b"1"
    path.unlink()
    passed(mount)
    eventually(lambda: passed(mount).counts[Result.DELETED] or get(mount, "a.txt") == 404)
    passed(mount)
    assert get(mount, "a.txt") == 404  # which the CDN keeps, too
    write(root, "a.txt", b"2")
    passed(mount)
    assert is_linked(mount, "a.txt")
    assert get(mount, "a.txt") == b"2"


def test_a_purge_reaches_the_edge(mount: Mount, root: Path, clearing: Clearing) -> None:
    from tests.integration.test_purge import purge

    write(root, "a.txt", b"1")
    passed(mount)
    assert get(mount, "a.txt") == b"1"
    assert purge("a.txt", local=True) == "media: a.txt: gone\n"
    assert get(mount, "a.txt") == 404
    write(root, "a.txt", b"1")
    passed(mount)
    assert is_linked(mount, "a.txt")
    assert get(mount, "a.txt") == b"1"


def test_redis_that_lost_everything(mount: Mount, root: Path, clearing: Clearing) -> None:
    """Nobody knows what was public then: it sees all of it cleared first."""
    write(root, "a.txt", b"1")
    passed(mount)
    assert get(mount, "a.txt") == b"1"
    clearing.refuses = 503
    write(root, "a.txt", b"2")
    context = job(mount)
    context.edge_wait = 0.0
    whole_pass(context)
    loop_registry(mount).client.flushall()
    whole_pass(context)
    assert not is_linked(mount, "a.txt")
    clearing.refuses = 0
    passed(mount)
    assert is_linked(mount, "a.txt")
    assert get(mount, "a.txt") == b"2"


def test_the_loop_publishes_when_the_cdn_is_done(
    mount: Mount, root: Path, clearing: Clearing
) -> None:
    storage = conf.storage_of(mount)
    stop = threading.Event()
    loop = MountLoop(mount, 600, stop, say=lambda _: None)
    for content in (b"1", b"2"):
        storage.save("a.txt", ContentFile(content))
        eventually(lambda: loop.step() or is_linked(mount, "a.txt"))
        assert get(mount, "a.txt") == content


def test_without_the_setting_the_edge_is_stale(
    settings: Any, root: Path, mount: Mount, clearing: Clearing
) -> None:
    """So that the tests above can fail."""
    mount = use_mount(settings, root, **(settings.S3REWRITE["media"] | {"CDN": {}}))
    for content in (b"1", b"2"):
        write(root, "a.txt", content)
        passed(mount)
        assert get(mount, "a.txt") == b"1"
    assert clearing.requests == []


def test_a_cdn_that_is_named_later_is_cleared_first(
    settings: Any, root: Path, mount: Mount, clearing: Clearing
) -> None:
    named = dict(settings.S3REWRITE["media"])
    mount = use_mount(settings, root, **(named | {"CDN": {}}))
    write(root, "a.txt", b"1")
    passed(mount)
    assert get(mount, "a.txt") == b"1"
    mount = use_mount(settings, root, **named)
    write(root, "a.txt", b"2")
    passed(mount)
    assert get(mount, "a.txt") == b"2"
