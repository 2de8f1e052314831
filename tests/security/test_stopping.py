"""Stopped in any state of S3 and Redis, a process is over within ten seconds, and nobody waits."""

import signal
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from demo.servers import SeaweedFS, Valkey
from s3rewrite.core.mounts import Mount
from s3rewrite.registry import Registry
from s3rewrite.registry.lease import DURATION
from tests.integration.faulty_s3 import FaultyS3, Late, faulty
from tests.support.commands import Loop, eventually
from tests.support.factories import write

LARGE = 9 * 1024 * 1024
ABANDONED = "s3rewrite: stopped; abandoned 1 upload under way. Another pass may begin"


class Sync(Loop):
    command = ("s3rewrite_sync",)


class Rebuild(Loop):
    command = ("s3rewrite_rebuild",)


@pytest.fixture
def proxy(seaweedfs: SeaweedFS) -> Iterator[FaultyS3]:
    with faulty(seaweedfs) as proxy:
        yield proxy


@pytest.fixture
def client_options(proxy: FaultyS3) -> dict[str, Any]:
    return proxy.client_options


@pytest.fixture
def late(proxy: FaultyS3) -> Iterator[Late]:
    """The first write does not come to an end before the test does."""
    late = Late()
    proxy.faults["PUT"] = [late, None]
    yield late
    late.may_go.set()


def seconds_to_end(process: Loop, *numbers: int) -> float:
    """After these signals, one a second."""
    began = time.monotonic()
    for number in numbers:
        time.sleep(0.5)
        process.process.send_signal(number)
    process.process.wait(60)
    return time.monotonic() - began


def assert_next_is_not_kept(mount: Mount, root: Path, redis_url: str, registry: Registry) -> None:
    """A loop that is started now publishes another file, and the same one, without a wait."""
    write(root, "other.txt")
    began = time.monotonic()
    loop = Loop(root, mount, redis_url)
    eventually(lambda: registry.get(["other.txt"]))
    assert time.monotonic() - began < DURATION  # mostly the start of Django
    eventually(lambda: registry.get(["a.txt"]))  # the same bytes are no doubt
    assert loop.stop() == 0
    assert "waiting" not in loop.text()


@pytest.mark.parametrize("size", [5, LARGE])
def test_a_loop_whose_write_hangs(
    mount: Mount, root: Path, redis_url: str, registry: Registry, late: Late, size: int
) -> None:
    write(root, "a.txt", bytes(size))
    loop = Loop(root, mount, redis_url)
    assert late.waits.wait(30)
    assert registry.client.exists(registry.keys.loop)
    assert seconds_to_end(loop, signal.SIGTERM) < 10
    assert loop.process.returncode == 0
    assert f"{ABANDONED} at once\n" in loop.text()
    assert not registry.client.exists(registry.keys.lease, registry.keys.loop)
    assert registry.is_empty()
    assert_next_is_not_kept(mount, root, redis_url, registry)


@pytest.mark.parametrize("size", [500, 5000, LARGE])
def test_a_loop_on_a_line_of_a_kilobyte_a_second(
    mount: Mount, root: Path, redis_url: str, registry: Registry, proxy: FaultyS3, size: int
) -> None:
    for number in range(40):
        write(root, f"{number}.txt", bytes(size))
    loop = Loop(root, replace(mount, bandwidth=1000), redis_url)
    eventually(lambda: registry.claimed([f"{number}.txt" for number in range(40)]))
    assert seconds_to_end(loop, signal.SIGTERM) < 10
    assert loop.process.returncode == 0
    assert "abandoned" not in loop.text()
    assert "Traceback" not in loop.text()
    assert not registry.client.exists(registry.keys.lease)


@pytest.mark.parametrize("command", [Sync, Rebuild])
def test_a_command_whose_write_hangs(
    command: type[Loop], mount: Mount, root: Path, redis_url: str, registry: Registry, late: Late
) -> None:
    write(root, "a.txt")
    process = command(root, mount, redis_url)
    assert late.waits.wait(30)
    numbers = [signal.SIGINT] * 2 if command is Sync else [signal.SIGTERM] * 2
    assert seconds_to_end(process, *numbers) < (4 if command is Sync else 10)
    assert process.process.returncode == 1
    assert f"{ABANDONED} at once\n" in process.text()
    assert not registry.client.exists(registry.keys.lease)


def test_a_loop_whose_redis_is_frozen(
    mount: Mount, root: Path, redis_url: str, registry: Registry, valkey: Valkey, late: Late
) -> None:
    write(root, "a.txt")
    loop = Loop(root, mount, redis_url)
    assert late.waits.wait(30)
    valkey.pause()
    assert seconds_to_end(loop, signal.SIGTERM) < 10
    assert loop.process.returncode == 0
    assert f"{ABANDONED} in 15 s, when the lease ends, as Redis did not answer\n" in loop.text()
    late.let_go()
    valkey.resume()
    assert registry.is_empty()
    assert "Traceback" not in loop.text()


def test_a_sync_that_can_end_says_what_it_left(
    mount: Mount, root: Path, redis_url: str, registry: Registry, proxy: FaultyS3
) -> None:
    proxy.faults["PUT"] = [lambda exchange: (time.sleep(0.2), exchange.reply(*exchange.forward()))]  # type: ignore[list-item, func-returns-value]
    for number in range(400):
        write(root, f"{number}.txt", b"%d" % number)
    sync = Sync(root, mount, redis_url)
    eventually(lambda: not registry.is_empty())
    assert seconds_to_end(sync, signal.SIGTERM) < 8
    assert sync.process.returncode == 1
    assert "CommandError: Stopped before the end; the next pass does what is left." in sync.text()
    assert "abandoned" not in sync.text()
    assert not registry.client.exists(registry.keys.lease)
