"""Uploaded files that refer to very many others, or to each other in long rows."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import redis

from s3rewrite.core.mounts import Mount
from s3rewrite.sync.passes import whole_pass
from s3rewrite.sync.reporting.report import Report
from s3rewrite.sync.upload.references import MAX_REFERENCES
from tests.support.factories import job, use_mount, write
from tests.support.publishing import closed_clients, published

__all__ = ["closed_clients"]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "media"


@pytest.fixture
def mount(
    settings: Any, caches: None, root: Path, bucket: str, client_options: Any
) -> Iterator[Mount]:
    return use_mount(settings, root, BUCKET=bucket, CLIENT=client_options)


def style(count: int) -> bytes:
    return b"".join(b"a{b:url(%06d.png)}\n" % number for number in range(count))


def passed(mount: Mount, client: redis.Redis) -> tuple[Report, int]:
    """A pass, and how often Redis was asked."""
    before = client.info("stats")["total_reads_processed"]
    report = whole_pass(job(mount))
    assert report.stopped == ""
    return report, client.info("stats")["total_reads_processed"] - before


def test_a_hundred_thousand_references(mount: Mount, root: Path, redis_client: redis.Redis) -> None:
    write(root, "a.css", style(100_000))
    write(root, "b.svg", b"<svg>%s</svg>" % b"".join(
        b"<image href='%06d.png'/>" % number for number in range(100_000)
    ))  # fmt: skip
    write(root, "c.png")
    began = time.process_time()
    report, asked = passed(mount, redis_client)
    assert time.process_time() - began < 40  # not the minutes of one question for each
    assert asked < 50
    assert set(published(mount)) == {"c.png"}
    reason = (
        "refers to more than 5,000 files of the site, which are not looked for: divide it into "
        "several files"
    )
    assert report.skipped == {"a.css": reason, "b.svg": reason}


def test_as_many_as_may_be_cost_a_round_trip_a_batch(
    mount: Mount, root: Path, redis_client: redis.Redis
) -> None:
    write(root, "000007.png")
    write(root, "a.css", style(MAX_REFERENCES) + b"b{c:url(https://x.example/y)}" * 20_000)
    report, asked = passed(mount, redis_client)
    assert set(published(mount)) == {"000007.png", "a.css"}
    assert asked < 2 * MAX_REFERENCES // 200 + 50
    assert report.skipped == {}


def test_the_same_reference_is_looked_up_once(
    mount: Mount, root: Path, redis_client: redis.Redis
) -> None:
    write(root, "x.png")
    write(root, "a.css", b"a{b:url(x.png)}" * 50_000)
    _, asked = passed(mount, redis_client)
    assert set(published(mount)) == {"x.png", "a.css"}
    assert asked < 50


@pytest.mark.parametrize("name", ["x" * 300, "x/" * 5000 + "y", "%2e%2e" * 400, "é" * 400])
def test_names_that_no_file_has(mount: Mount, root: Path, redis_client: Any, name: str) -> None:
    write(root, "a.css", f"a{{b:url({name})}}".encode())
    write(root, "b.css", b"a{}")
    report, _ = passed(mount, redis_client)
    assert report.failures == {}
    assert "b.css" in published(mount)


def image(name: str) -> bytes:
    return f"<svg><image href='{name}'/></svg>".encode()


def test_a_chain(mount: Mount, root: Path, redis_client: redis.Redis) -> None:
    length = 150
    for number in range(length):
        write(root, f"{number:03}.svg", image(f"{number + 1:03}.svg"))
    write(root, f"{length:03}.svg", b"<svg/>")
    report, asked = passed(mount, redis_client)
    assert +report.counts == {"uploaded": length + 1}
    assert report.skipped == {}
    assert asked < 20 * length


def test_a_star(mount: Mount, root: Path, redis_client: redis.Redis) -> None:
    for number in range(400):
        write(root, f"{number:03}.svg", image("hub.svg"))
    write(root, "hub.svg", b"<svg/>")
    report, asked = passed(mount, redis_client)
    assert +report.counts == {"uploaded": 401}
    assert asked < 10 * 400
