"""After Redis has lost its data: what arrives late, by a write that it forgot, is found."""

import threading
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from s3rewrite.core.mounts import Mount
from s3rewrite.registry import Registry, loop_registry
from s3rewrite.registry.lease import LATE_WRITE_SECONDS
from s3rewrite.sync import context as context_module
from s3rewrite.sync.context import MountMemory, SyncContext
from s3rewrite.sync.loop import MountLoop
from s3rewrite.sync.passes import whole_pass
from s3rewrite.sync.reporting.report import Report
from s3rewrite.sync.second_look import PERIOD
from tests.support.factories import job, use_mount, write
from tests.support.passes import body

NAMES = {"a.txt", "d/b.txt", "d/c.txt"}


@pytest.fixture
def without_conditions(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(context_module, "are_honoured", lambda bucket: False)


@pytest.fixture
def memory(mount: Mount, root: Path) -> MountMemory:
    """What a loop remembers that has published everything."""
    for name in NAMES:
        write(root, name, name.encode())
    first = job(mount)
    assert whole_pass(first).next_look == PERIOD
    return first.memory


def pass_again(mount: Mount, memory: MountMemory) -> Report:
    context: SyncContext = job(mount)
    context.memory = memory
    return whole_pass(context)


def let_pass(registry: Registry, seconds: float) -> None:
    """So many seconds pass."""
    until = int(registry.client.time()[0] + LATE_WRITE_SECONDS - seconds)
    registry.client.set(registry.keys.late, until)


def arrive(s3_client: Any, mount: Mount, name: str, content: bytes, **parameters: Any) -> None:
    """A write that nobody remembers arrives, as this package sends them."""
    s3_client.put_object(
        Bucket=mount.bucket, Key=f"{mount.prefix}{name}", Body=content, **parameters
    )


OTHER = {"Metadata": {"s3rewrite-sha256": "f" * 64}}


def published(registry: Registry) -> set[str]:
    return {name for name, _ in registry.names()}


@pytest.mark.usefixtures("without_conditions")
@pytest.mark.parametrize("is_same_process", [True, False])
def test_what_arrived_late_is_uploaded_again(
    mount: Mount, registry: Registry, s3_client: Any, memory: MountMemory, is_same_process: bool
) -> None:
    arrive(s3_client, mount, "d/b.txt", b"late", **OTHER)
    let_pass(registry, PERIOD)
    memory = memory if is_same_process else MountMemory()
    end = registry.hints.last_id()
    report = pass_again(mount, memory)
    assert report.next_look == PERIOD
    assert published(registry) == NAMES - {"d/b.txt"}
    assert registry.hints.read(end, 0)[1] == ["d/b.txt"]
    pass_again(mount, memory)
    assert published(registry) == NAMES
    assert body(s3_client, mount, "d/b.txt") == b"d/b.txt"


@pytest.mark.usefixtures("without_conditions")
def test_the_last_look_is_after_the_last_write(
    mount: Mount, registry: Registry, s3_client: Any, memory: MountMemory
) -> None:
    arrive(s3_client, mount, "a.txt", b"late", **OTHER)
    let_pass(registry, LATE_WRITE_SECONDS)
    assert pass_again(mount, memory).next_look is None
    assert published(registry) == NAMES - {"a.txt"}
    assert not registry.client.exists(registry.keys.late)
    arrive(s3_client, mount, "d/b.txt", b"somebody's")
    pass_again(mount, memory)
    assert published(registry) == NAMES


def test_where_conditions_are_honoured_one_look_at_the_end_is_enough(
    mount: Mount, registry: Registry, s3_client: Any, memory: MountMemory
) -> None:
    """Large files are written without, and bytes may come back."""
    arrive(s3_client, mount, "a.txt", b"late", **OTHER)
    let_pass(registry, PERIOD)
    next_look = pass_again(mount, memory).next_look
    assert next_look
    assert LATE_WRITE_SECONDS - PERIOD - 10 < next_look < LATE_WRITE_SECONDS
    assert published(registry) == NAMES
    let_pass(registry, LATE_WRITE_SECONDS)
    assert pass_again(mount, memory).next_look is None
    assert published(registry) == NAMES - {"a.txt"}


@pytest.mark.usefixtures("without_conditions")
def test_what_another_process_published_is_not_what_this_one_remembers(
    mount: Mount, registry: Registry, s3_client: Any, memory: MountMemory, root: Path
) -> None:
    write(root, "a.txt", b"two")
    whole_pass(job(mount))
    earlier = b"a.txt"
    metadata = {"s3rewrite-sha256": sha256(earlier).hexdigest()}
    arrive(s3_client, mount, "a.txt", earlier, Metadata=metadata)
    let_pass(registry, PERIOD)
    pass_again(mount, memory)
    assert published(registry) == NAMES - {"a.txt"}


def test_after_a_failover_too(mount: Mount, registry: Registry, memory: MountMemory) -> None:
    registry.client.delete(registry.keys.late)
    registry.client.set(registry.keys.epoch, b"x@" + b"0" * 40)  # of another server process
    assert pass_again(mount, memory).next_look == PERIOD


@pytest.mark.usefixtures("without_conditions")
def test_objects_of_which_nothing_is_known_stay(
    mount: Mount, registry: Registry, s3_client: Any, root: Path
) -> None:
    write(root, "a.txt", b"one")
    arrive(s3_client, mount, "a.txt", b"one")  # by another program
    whole_pass(job(mount))
    let_pass(registry, PERIOD)
    whole_pass(job(mount))
    assert published(registry) == {"a.txt"}


@pytest.mark.usefixtures("without_conditions")
def test_an_object_that_vanished_is_no_longer_linked(
    mount: Mount, registry: Registry, s3_client: Any, memory: MountMemory
) -> None:
    s3_client.delete_object(Bucket=mount.bucket, Key=f"{mount.prefix}a.txt")
    let_pass(registry, PERIOD)
    pass_again(mount, memory)
    assert published(registry) == NAMES - {"a.txt"}


@pytest.mark.usefixtures("without_conditions")
def test_keys_with_a_fingerprint_need_no_look(mount: Mount, root: Path, settings: Any) -> None:
    mount = use_mount(settings, root, **settings.S3REWRITE["media"], KEYS="fingerprint")
    write(root, "a.txt")
    whole_pass(job(mount))
    let_pass(loop_registry(mount), PERIOD)
    assert whole_pass(job(mount)).next_look is None


def test_a_loop_looks_again_soon(mount: Mount, memory: MountMemory) -> None:
    loop = MountLoop(mount, 3600.0, threading.Event(), lambda text: None, clock=lambda: 0.0)
    loop.step()
    assert loop._next_pass == PERIOD


def test_a_registry_that_is_emptied_on_purpose_has_forgotten_nothing(
    mount: Mount, registry: Registry, memory: MountMemory
) -> None:
    registry.client.delete(registry.keys.late)
    registry.clear()
    assert pass_again(mount, memory).next_look is None
    registry.client.flushall()
    assert pass_again(mount, memory).next_look == PERIOD
