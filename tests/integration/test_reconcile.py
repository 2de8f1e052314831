"""Entries of another server are compared with files and bucket before they are believed."""

from pathlib import Path
from typing import Any

import pytest

from s3rewrite.core.mounts import Mount
from s3rewrite.registry import Registry
from s3rewrite.registry.lease import held
from s3rewrite.sync import reconcile as module
from s3rewrite.sync.context import LeaseLost
from s3rewrite.sync.passes import whole_pass
from s3rewrite.sync.reconcile import reconcile
from tests.support.factories import job, write


@pytest.fixture(autouse=True)
def published(mount: Mount, root: Path) -> None:
    """Three files, of a server that is another one now; its last word was after they were."""
    for name in ("a.txt", "b.txt", "d/c.txt"):
        write(root, name)
    whole_pass(job(mount))


def fail_over(registry: Registry, seen_after: float) -> None:
    """To a server that has what was written until so many seconds from now."""
    registry.client.set(registry.keys.epoch, "x@" + "0" * 40)
    registry.client.set(registry.keys.seen, registry.client.time()[0] + int(seen_after))


def reconciled(mount: Mount, registry: Registry) -> int:
    with held(registry) as lease:
        return reconcile(job(mount).with_lease(lease))


def names(registry: Registry) -> set[str]:
    return {name for name, _ in registry.names()}


def test_what_the_bucket_had_long_before_is_believed(mount: Mount, registry: Registry) -> None:
    fail_over(registry, module.SLACK + 100)
    assert reconciled(mount, registry) == 0
    assert len(names(registry)) == 3
    assert registry.start_epoch().state == "current"


def test_what_may_have_been_written_since_is_not(mount: Mount, registry: Registry) -> None:
    fail_over(registry, 0)
    assert reconciled(mount, registry) == 3
    assert registry.is_empty()


@pytest.mark.parametrize("change", ["file", "gone", "object"])
def test_what_is_not_as_its_entry_says_is_withdrawn(
    mount: Mount, root: Path, registry: Registry, s3_client: Any, change: str
) -> None:
    fail_over(registry, module.SLACK + 100)
    if change == "file":
        write(root, "d/c.txt", b"other", age=1)
    elif change == "gone":
        (root / "d/c.txt").unlink()
    else:
        s3_client.delete_object(Bucket=mount.bucket, Key="media/d/c.txt")
    assert reconciled(mount, registry) == 1
    assert names(registry) == {"a.txt", "b.txt"}


def test_it_is_done_once(mount: Mount, registry: Registry, monkeypatch: pytest.MonkeyPatch) -> None:
    fail_over(registry, module.SLACK + 100)
    reconciled(mount, registry)
    monkeypatch.setattr(module, "_doubted", None)
    assert reconciled(mount, registry) == 0


def test_who_lost_the_lease_trusts_nothing(mount: Mount, registry: Registry) -> None:
    fail_over(registry, 0)
    with held(registry) as lease:
        leased = job(mount).with_lease(lease)
        registry.client.set(registry.keys.lease, "another")
        with pytest.raises(LeaseLost):
            reconcile(leased)
    assert registry.start_epoch().state in ("doubted", "begun")


def test_a_failover_meanwhile_is_no_trust(mount: Mount, registry: Registry) -> None:
    with held(registry) as lease:
        assert registry.trust(lease, "f" * 40) == "fenced"
