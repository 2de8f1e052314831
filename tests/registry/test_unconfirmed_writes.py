"""Writes whose end nobody has seen: what may be claimed while they may still arrive at S3."""

import re

import pytest

from s3rewrite.registry import Claim, Outcome, Registry
from s3rewrite.registry.lease import LATE_WRITE_SECONDS, Lease, held
from tests.registry.conftest import entry

NAME = "photos/a.jpg"
ONE, TWO = entry(1).fingerprint, entry(2).fingerprint


def claimed(registry: Registry, lease: str, fingerprint: str) -> Claim:
    claim = registry.claim(NAME, lease, fingerprint)
    assert isinstance(claim, Claim)
    return claim


def crashed(registry: Registry, fingerprint: str) -> Claim:
    """A pass that claimed the name, and ended without another word."""
    with held(registry) as lease:
        return claimed(registry, lease, fingerprint)


def doubts(registry: Registry) -> str:
    return (registry.client.hget(registry.keys.unconfirmed_writes, NAME) or b"").decode()


def pass_away(registry: Registry) -> None:
    """The time passes in which a late write may still arrive."""
    old = re.sub(r"=\d+ ", "=1 ", doubts(registry))
    registry.client.hset(registry.keys.unconfirmed_writes, NAME, old)


def test_a_write_under_way_lets_no_other_bytes_be_written(registry: Registry, lease: str) -> None:
    claim = claimed(registry, lease, ONE)
    assert registry.claim(NAME, lease, TWO) is Outcome.DOUBTFUL
    registry.confirm_writes([claim])
    claimed(registry, lease, TWO)


def test_a_refused_claim_still_withdraws(registry: Registry, lease: str) -> None:
    claim = claimed(registry, lease, ONE)
    registry.publish(claim, lease, entry(1), is_settled=False)
    assert registry.claim(NAME, lease, TWO) is Outcome.DOUBTFUL
    assert registry.get([NAME]) == {}
    assert registry.publish(claim, lease, entry(1)) is Outcome.SUPERSEDED


def test_after_a_crash_the_same_bytes_go_on_at_once(registry: Registry) -> None:
    crashed(registry, ONE)
    with held(registry) as lease:
        claim = claimed(registry, lease, ONE)
        assert registry.publish(claim, lease, entry(1)) is Outcome.PUBLISHED


def test_after_a_crash_other_bytes_wait(registry: Registry) -> None:
    crashed(registry, ONE)
    with held(registry) as lease:
        assert registry.claim(NAME, lease, TWO) is Outcome.DOUBTFUL
        (till,) = re.findall(r"=(\d+)", doubts(registry))
        now = registry.client.time()[0]
        assert 0 <= now + LATE_WRITE_SECONDS - int(till) < 5
        pass_away(registry)
        claimed(registry, lease, TWO)


def test_an_upload_of_the_same_bytes_does_not_end_the_doubt(registry: Registry) -> None:
    crashed(registry, ONE)
    with held(registry) as lease:
        claim = claimed(registry, lease, ONE)
        registry.publish(claim, lease, entry(1))
        assert registry.claim(NAME, lease, TWO) is Outcome.DOUBTFUL


def test_what_cannot_arrive_any_more_is_forgotten_by_the_next_pass(registry: Registry) -> None:
    crashed(registry, ONE)
    with held(registry):
        pass_away(registry)
    with held(registry):
        assert not registry.client.exists(registry.keys.unconfirmed_writes)


def test_a_settled_write_leaves_no_trace(registry: Registry, lease: str) -> None:
    registry.publish(claimed(registry, lease, ONE), lease, entry(1))
    assert not registry.client.exists(registry.keys.unconfirmed_writes)
    claim = claimed(registry, lease, TWO)
    registry.confirm_writes([claim])
    assert not registry.client.exists(registry.keys.unconfirmed_writes)


def test_only_its_own_write_is_settled(registry: Registry) -> None:
    crashed(registry, ONE)
    with held(registry) as lease:
        registry.confirm_writes([claimed(registry, lease, ONE)])
        assert registry.claim(NAME, lease, TWO) is Outcome.DOUBTFUL


def test_where_each_version_has_its_object_nothing_waits(registry: Registry) -> None:
    registry = Registry("media", registry.client, overwrites=False)
    crashed(registry, ONE)
    with held(registry) as lease:
        claimed(registry, lease, TWO)


@pytest.mark.parametrize("overwrites", [True, False])
def test_a_deletion_that_may_still_arrive(registry: Registry, overwrites: bool) -> None:
    registry = Registry("media", registry.client, overwrites=overwrites)
    with held(registry) as lease:
        claim = registry.begin_delete(NAME, lease, ONE)
        assert claim
    with held(registry) as lease:
        assert registry.claim(NAME, lease, ONE) is Outcome.DOUBTFUL
        registry.confirm_writes([claim])
        claimed(registry, lease, ONE)


def test_without_the_lease_nothing_is_deleted(registry: Registry) -> None:
    assert registry.begin_delete(NAME, "another", ONE) is None


def test_a_lease_knows_when_it_may_be_over() -> None:
    lease = Lease("1 here:1 token")
    lease.valid_until = 0.0
    assert not lease.is_valid()
    lease.valid_until = float("inf")
    assert lease.is_valid()
