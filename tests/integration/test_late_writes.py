"""A write to S3 that arrives after another pass has begun never leaves old bytes under a link."""

import re
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from demo.servers import SeaweedFS
from s3rewrite.core.mounts import Mount
from s3rewrite.registry import Registry, loop_registry
from s3rewrite.sync import context
from s3rewrite.sync.passes import whole_pass
from s3rewrite.sync.reporting.report import Result
from tests.integration.faulty_s3 import Fault, FaultyS3, Late, answers, faulty
from tests.support.commands import Loop, eventually
from tests.support.factories import job, use_mount, write
from tests.support.passes import body, counts


@pytest.fixture
def proxy(seaweedfs: SeaweedFS) -> Iterator[FaultyS3]:
    with faulty(seaweedfs) as proxy:
        yield proxy


@pytest.fixture
def client_options(proxy: FaultyS3) -> dict[str, Any]:
    return proxy.client_options


@pytest.fixture
def late(mount: Mount, root: Path, proxy: FaultyS3, redis_url: str) -> Iterator[tuple[Loop, Late]]:
    """A loop whose upload of the first bytes, "one", is on its way."""
    late = Late()
    proxy.faults["PUT"] = [late, None]
    write(root, "a.txt", b"one")
    with closing_loop(Loop(root, mount, redis_url)) as loop:
        assert late.waits.wait(30)
        yield loop, late
        late.may_go.set()


@contextmanager
def closing_loop(loop: Loop) -> Iterator[Loop]:
    try:
        yield loop
    finally:
        loop.process.kill()
        loop.process.wait()


def end_lease(registry: Registry) -> None:
    """As fifteen seconds without a renewal would do."""
    registry.client.delete(registry.keys.lease)


def pass_sixteen_minutes(registry: Registry) -> None:
    for name, doubts in registry.client.hgetall(registry.keys.unconfirmed_writes).items():
        registry.client.hset(
            registry.keys.unconfirmed_writes, name, re.sub(rb"=\d+ ", b"=1 ", doubts)
        )


@pytest.fixture
def without_conditions(monkeypatch: pytest.MonkeyPatch) -> None:
    """A service that does not honour the conditions of writes."""
    monkeypatch.setattr(context, "are_honoured", lambda bucket: False)


@pytest.mark.parametrize("number", [signal.SIGSTOP, signal.SIGKILL])
def test_where_conditions_are_honoured_other_bytes_do_not_wait(
    late: tuple[Loop, Late], mount: Mount, root: Path, registry: Registry, s3_client: Any,
    number: signal.Signals,
) -> None:  # fmt: skip
    loop, upload = late
    loop.process.send_signal(number)
    end_lease(registry)
    write(root, "a.txt", b"two", age=1)
    assert counts(whole_pass(job(mount))) == {Result.UPLOADED: 1}
    upload.let_go(412)
    assert body(s3_client, mount, "a.txt") == b"two"
    assert registry.get(["a.txt"])


def test_so_it_is_after_redis_has_lost_its_data(
    late: tuple[Loop, Late], mount: Mount, root: Path, registry: Registry, s3_client: Any
) -> None:
    loop, upload = late
    loop.process.kill()
    registry.client.flushall()
    write(root, "a.txt", b"two", age=1)
    assert counts(whole_pass(job(mount))) == {Result.UPLOADED: 1}
    upload.let_go(412)
    assert body(s3_client, mount, "a.txt") == b"two"


@contextmanager
def overwriting(
    root: Path, mount: Mount, redis_url: str, proxy: FaultyS3, *faults: Fault
) -> Iterator[Late]:
    """ "one" is published, and a loop was killed while its "two" was on its way, behind faults."""
    write(root, "a.txt", b"one")
    whole_pass(job(mount))
    late = Late()
    proxy.faults["PUT"] = [*faults, late, None]
    write(root, "a.txt", b"two", age=2)
    with closing_loop(Loop(root, mount, redis_url)) as loop:
        assert late.waits.wait(30)
        loop.process.kill()
        end_lease(loop_registry(mount))
        yield late


def test_bytes_that_come_back_wait(
    mount: Mount, root: Path, proxy: FaultyS3, redis_url: str, s3_client: Any
) -> None:
    """The late write is on condition that exactly these are there."""
    with overwriting(root, mount, redis_url, proxy) as late:
        write(root, "a.txt", b"one", age=1)
        assert counts(whole_pass(job(mount))) == {Result.PENDING: 1}
        write(root, "a.txt", b"three")
        assert counts(whole_pass(job(mount))) == {Result.UPLOADED: 1}
        late.let_go(412)
    assert body(s3_client, mount, "a.txt") == b"three"


def test_a_condition_that_was_refused_is_not_believed_of_the_write_after_it(
    mount: Mount, root: Path, registry: Registry, proxy: FaultyS3, redis_url: str
) -> None:
    refusal = answers(400, "InvalidRequest")
    with overwriting(root, mount, redis_url, proxy, refusal) as late:
        write(root, "a.txt", b"three", age=1)
        assert counts(whole_pass(job(mount))) == {Result.PENDING: 1}
        late.let_go()
    assert registry.is_empty()


@pytest.mark.usefixtures("without_conditions")
@pytest.mark.parametrize("number", [signal.SIGSTOP, signal.SIGKILL])
def test_other_bytes_wait_until_it_cannot_arrive_any_more(
    late: tuple[Loop, Late], mount: Mount, root: Path, registry: Registry, s3_client: Any,
    number: signal.Signals,
) -> None:  # fmt: skip
    loop, upload = late
    loop.process.send_signal(number)
    end_lease(registry)
    write(root, "a.txt", b"two", age=1)
    report = whole_pass(job(mount))
    assert counts(report) == {Result.PENDING: 1}
    assert "might still arrive" in report.notices[0]
    upload.let_go()
    assert body(s3_client, mount, "a.txt") == b"one"
    assert registry.get(["a.txt"]) == {}
    pass_sixteen_minutes(registry)
    assert counts(whole_pass(job(mount))) == {Result.UPLOADED: 1}
    assert body(s3_client, mount, "a.txt") == b"two"
    assert registry.get(["a.txt"])


def test_a_frozen_loop_that_goes_on_publishes_and_sends_nothing(
    late: tuple[Loop, Late], mount: Mount, root: Path, registry: Registry, proxy: FaultyS3
) -> None:
    loop, upload = late
    loop.process.send_signal(signal.SIGSTOP)
    registry.client.set(registry.keys.lease, "999 another:1 token")
    write(root, "b.txt")
    before = len(proxy.requests)
    upload.let_go()
    loop.process.send_signal(signal.SIGCONT)
    eventually(lambda: "lease was lost" in loop.text())
    assert proxy.requests[before:] == []
    assert registry.is_empty()


def test_after_a_crash_the_same_bytes_are_linked_at_once(
    late: tuple[Loop, Late], mount: Mount, root: Path, registry: Registry, s3_client: Any
) -> None:
    loop, upload = late
    loop.process.kill()
    end_lease(registry)
    assert counts(whole_pass(job(mount))) == {Result.UPLOADED: 1}
    upload.let_go(412)
    assert registry.get(["a.txt"])
    assert body(s3_client, mount, "a.txt") == b"one"


def test_a_name_that_was_not_on_its_way_does_not_wait(
    late: tuple[Loop, Late], mount: Mount, root: Path, registry: Registry
) -> None:
    loop, _ = late
    loop.process.kill()
    end_lease(registry)
    write(root, "b.txt", b"first")
    assert counts(whole_pass(job(mount))) == {Result.UPLOADED: 2}
    write(root, "b.txt", b"second", age=1)
    assert counts(whole_pass(job(mount))) == {Result.UPLOADED: 1, Result.KEPT: 1}


def test_under_fingerprints_nothing_waits(
    late: tuple[Loop, Late], settings: Any, mount: Mount, root: Path
) -> None:
    loop, _ = late
    loop.process.kill()
    mount = use_mount(settings, root, **settings.S3REWRITE["media"], KEYS="fingerprint")
    write(root, "a.txt", b"two", age=1)
    assert counts(whole_pass(job(mount))) == {Result.UPLOADED: 1}
