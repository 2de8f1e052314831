"""A registry on a real Redis, without a mount."""

from collections.abc import Iterator

import pytest
import redis

from s3rewrite.core.entries import Entry, Signature
from s3rewrite.registry import Claim, Registry
from s3rewrite.registry.lease import held


@pytest.fixture
def registry(redis_client: redis.Redis) -> Registry:
    found = Registry("media", redis_client)
    found.start_epoch()
    return found


@pytest.fixture
def lease(registry: Registry) -> Iterator[str]:
    with held(registry) as lease:
        yield lease


def entry(number: int) -> Entry:
    """The entry of some bytes: another number, other bytes."""
    return Entry(Signature(number, number * 10**9), f"{number:024x}")


def publish(registry: Registry, lease: str, name: str, number: int = 1) -> None:
    """Publish a name, as an upload does."""
    publish_entry(registry, lease, name, entry(number))


def publish_entry(registry: Registry, lease: str, name: str, entry: Entry) -> None:
    """Publish a name with an entry."""
    claim = registry.claim(name, lease, entry.fingerprint)
    assert isinstance(claim, Claim)
    assert registry.publish(claim, lease, entry) == "published"
