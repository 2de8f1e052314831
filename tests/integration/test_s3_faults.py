"""S3 refuses, fails, lies or is away: one clear line each, and never a link that is not true."""

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.config import Config

from demo.servers import SeaweedFS
from s3rewrite.core.mounts import Mount
from s3rewrite.registry import Registry
from s3rewrite.sync.loop import MountLoop
from s3rewrite.sync.passes import whole_pass
from s3rewrite.sync.reporting.report import Result
from tests.integration.faulty_s3 import (
    Exchange,
    Fault,
    FaultyS3,
    answers,
    faulty,
    loses_answer,
    resets,
    stores_other_bytes,
)
from tests.support.factories import job, use_mount, write
from tests.support.passes import body, counts


@pytest.fixture
def proxy(seaweedfs: SeaweedFS) -> Iterator[FaultyS3]:
    with faulty(seaweedfs) as proxy:
        yield proxy


@pytest.fixture
def timeout() -> float:
    """Seconds that an answer of S3 is waited for: more than it ever takes."""
    return 30


@pytest.fixture
def client_options(proxy: FaultyS3, timeout: float) -> dict[str, Any]:
    return {**proxy.client_options, "config": Config(read_timeout=timeout)}


def doubts(registry: Registry) -> list[bytes]:
    return registry.client.hkeys(registry.keys.unconfirmed_writes)


# Where the bucket seems to be somewhere else, boto3 is asked after obstore.
REFUSALS = [
    (403, "AccessDenied", "allow it in the bucket's or user's policy", 1),
    (400, "ExpiredToken", "the credentials have expired: renew them", 1),
    (403, "InvalidAccessKeyId", "the access key is not known there", 1),
    (403, "SignatureDoesNotMatch", "the secret key is wrong", 1),
    (400, "AuthorizationHeaderMalformed", "the region is wrong: fix CLIENT's region_name", 2),
    (301, "PermanentRedirect", "the bucket is in another region", 2),
    (404, "NoSuchBucket", "the bucket does not exist: create it, or fix BUCKET", 1),
    (403, "RequestTimeTooSkewed", "this machine's clock is wrong: set it", 1),
    (500, "InternalError", "InternalError", 3),
    (503, "SlowDown", "the service asks for fewer requests", 3),
]


@pytest.mark.parametrize(("status", "code", "words", "tries"), REFUSALS)
def test_each_answer_becomes_one_sentence_and_nothing_is_linked(
    mount: Mount, root: Path, registry: Registry, proxy: FaultyS3,
    status: int, code: str, words: str, tries: int,
) -> None:  # fmt: skip
    write(root, "a.txt")
    proxy.faults["PUT"] = [answers(status, code)]
    report = whole_pass(job(mount))
    reasons = [*report.failures.values(), *filter(None, [report.stopped])]
    assert len(reasons) == 1
    assert words in reasons[0]
    assert "\n" not in reasons[0]
    assert proxy.requests.count("PUT") == tries
    assert registry.is_empty()
    assert doubts(registry) == ([b"a.txt"] if status == 500 else [])
    proxy.faults.clear()
    assert counts(whole_pass(job(mount))) == {Result.UPLOADED: 1}


@pytest.mark.parametrize("fault", [answers(500, "InternalError"), answers(503, "SlowDown"), resets])
def test_what_is_over_after_two_tries_is_not_seen_at_all(
    mount: Mount, root: Path, s3_client: Any, proxy: FaultyS3, fault: Any
) -> None:
    write(root, "a.txt", b"one")
    proxy.faults["PUT"] = [fault, fault, None]
    assert counts(whole_pass(job(mount))) == {Result.UPLOADED: 1}
    assert proxy.requests.count("PUT") == 3
    assert body(s3_client, mount, "a.txt") == b"one"


def hangs(exchange: Exchange) -> None:
    """The server does as it is asked, and its answer comes too late."""
    exchange.forward()
    threading.Event().wait(2)
    exchange.hang_up()


@pytest.mark.parametrize(("fault", "timeout"), [(loses_answer, 30), (hangs, 1)])
def test_an_answer_that_is_lost_is_no_publication_and_costs_no_second_upload(
    mount: Mount, root: Path, registry: Registry, s3_client: Any, proxy: FaultyS3, fault: Any
) -> None:
    write(root, "a.txt", b"one")
    proxy.faults["PUT"] = [fault]
    report = whole_pass(job(mount))
    assert list(report.failures) == ["a.txt"]
    assert registry.is_empty()
    assert body(s3_client, mount, "a.txt") == b"one"
    proxy.faults.clear()
    proxy.requests.clear()
    assert counts(whole_pass(job(mount))) == {Result.ADOPTED: 1}
    assert "PUT" not in proxy.requests
    # One of those that were tried in vain might still come, and change newer bytes.
    assert doubts(registry) == [b"a.txt"]


def test_a_reset_connection_is_one_failure(
    mount: Mount, root: Path, registry: Registry, proxy: FaultyS3
) -> None:
    write(root, "a.txt")
    proxy.faults["PUT"] = [resets]
    report = whole_pass(job(mount))
    assert list(report.failures) == ["a.txt"]
    assert proxy.requests.count("PUT") == 3
    assert registry.is_empty()


def test_a_server_that_stored_other_bytes(
    mount: Mount, root: Path, registry: Registry, s3_client: Any, proxy: FaultyS3
) -> None:
    write(root, "a.txt", b"one")
    proxy.faults["PUT"] = [stores_other_bytes, stores_other_bytes, None]
    report = whole_pass(job(mount))
    assert "stored other bytes than it was sent" in report.failures["a.txt"]
    assert registry.is_empty()
    assert body(s3_client, mount, "a.txt") == b"one!"
    assert counts(whole_pass(job(mount))) == {Result.UPLOADED: 1}
    assert body(s3_client, mount, "a.txt") == b"one"


@pytest.mark.parametrize("fault", [answers(503, "SlowDown"), answers(403, "ExpiredToken"), resets])
def test_a_changed_file_is_linked_no_longer_whatever_s3_says(
    mount: Mount, root: Path, registry: Registry, proxy: FaultyS3, fault: Fault
) -> None:
    """Also by web processes that do not look at the files themselves."""
    for number in range(3):
        write(root, f"{number}.txt", b"one")
    whole_pass(job(mount))
    for number in range(3):
        write(root, f"{number}.txt", b"two", age=1)
    proxy.faults = {method: [fault] for method in ("GET", "HEAD", "PUT")}
    whole_pass(job(mount))
    assert registry.is_empty()


def test_a_refused_connection_is_said_once_and_leaves_no_doubt(
    mount: Mount, root: Path, registry: Registry, seaweedfs: SeaweedFS, settings: Any
) -> None:
    for number in range(5):
        write(root, f"{number}.txt")
    away = {**mount.client, "endpoint_url": "http://127.0.0.1:9"}
    options = settings.S3REWRITE["media"]
    mount = use_mount(settings, root, **options | {"CLIENT": away})
    said: list[str] = []
    loop = MountLoop(mount, 60.0, threading.Event(), said.append, clock=lambda: 0.0)
    pauses = []
    for _ in range(3):
        loop._next_pass = 0.0
        pauses.append(loop.step())
    assert len(said) == 1
    assert "S3 cannot be reached" in said[0]
    assert pauses == sorted(set(pauses))
    assert registry.is_empty()
    assert doubts(registry) == []


def test_pages_do_not_notice_and_the_rest_is_published_when_s3_is_back(
    mount: Mount, root: Path, registry: Registry, proxy: FaultyS3
) -> None:
    for number in range(16):
        write(root, f"{number}.txt")
    proxy.faults["PUT"] = [*[None] * 6, answers(503, "SlowDown")]
    whole_pass(job(mount))
    published = {name for name, _ in registry.names()}
    assert 0 < len(published) < 16
    proxy.faults.clear()
    proxy.requests.clear()
    found = counts(whole_pass(job(mount)))
    assert found[Result.KEPT] == len(published)
    assert found[Result.UPLOADED] == 16 - len(published)
    assert proxy.requests.count("PUT") == found[Result.UPLOADED]
    assert len(list(registry.names())) == 16
