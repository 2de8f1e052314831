"""Files that S3 is said to hold: written and published as the loop does, without an S3."""

from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
import redis

from s3rewrite.core.entries import FINGERPRINT_LENGTH, Entry
from s3rewrite.core.mounts import Mount
from s3rewrite.disk.signatures import signature
from s3rewrite.registry import Claim, Registry, View, loop_registry
from s3rewrite.registry.lease import held
from tests.support.factories import write


@pytest.fixture(autouse=True)
def closed_clients(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Clients that a test made are closed behind it, not whenever garbage is collected.

    For modules that import it.
    """
    made: list[redis.Redis] = []
    init = redis.Redis.__init__

    def noted(client: redis.Redis, *args: Any, **options: Any) -> None:
        init(client, *args, **options)
        made.append(client)

    monkeypatch.setattr(redis.Redis, "__init__", noted)
    yield
    for client in made:
        client.connection_pool.disconnect()


def publish(mount: Mount, root: Path, name: str, content: bytes = b"bytes") -> Entry:
    """Write a file of a mount whose files are in `root`, and publish it."""
    path = write(root, name, content)
    fingerprint = sha256(content).hexdigest()[:FINGERPRINT_LENGTH]
    entry = Entry(signature(path.stat()), fingerprint)
    publish_entry(mount, name, entry)
    return entry


def publish_entry(mount: Mount, name: str, entry: Entry) -> None:
    """Publish a name, whatever its file is."""
    registry = loop_registry(mount)
    registry.start_epoch()
    with held(registry) as lease:
        claim = registry.claim(name, lease, entry.fingerprint)
        assert isinstance(claim, Claim)
        assert registry.publish(claim, lease, entry) == "published"


@contextmanager
def counted_reads(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[list[str]]]:
    """The names that each `View.get_many` of the block is asked for."""
    asked: list[list[str]] = []
    get_many = View.get_many

    def counted(view: View, names: Any) -> Any:
        asked.append(list(names))
        return get_many(view, names)

    with monkeypatch.context() as patch:
        patch.setattr(View, "get_many", counted)
        yield asked


def published(mount: Mount) -> dict[str, Entry]:
    """What is published of a mount."""
    registry: Registry = loop_registry(mount)
    return dict(registry.names())
