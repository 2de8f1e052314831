"""Writes whose end nobody has seen: what may be claimed while they may still arrive at S3."""

import re

import pytest

from s3rewrite.registry import Claim, Outcome, Registry, Write
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


ETAG, OTHER, PARTS = "1" * 32, "2" * 32, f"{'3' * 32}-2"


@pytest.mark.parametrize(
    ("condition", "etag", "may_hold"),
    [
        pytest.param("", ETAG, True, id="none"),
        pytest.param("*", ETAG, False, id="no object, and one is there"),
        pytest.param("*", "?", False, id="no object, and some object is there"),
        pytest.param(ETAG, ETAG, True, id="these bytes, and they come back"),
        pytest.param(ETAG, OTHER, False, id="those bytes, and others are there"),
        pytest.param(ETAG, "?", True, id="those bytes, and nobody knows what is there"),
        pytest.param(ETAG, "-", False, id="one request, and parts are there"),
        pytest.param(PARTS, "-", True, id="parts, and parts are there"),
        pytest.param(PARTS, ETAG, False, id="parts, and one request is there"),
    ],
)
def test_a_write_on_condition(
    registry: Registry, condition: str, etag: str, may_hold: bool
) -> None:
    with held(registry) as lease:
        registry.claim_all([Write(NAME, ONE, condition, OTHER)], lease)
    with held(registry) as lease:
        write = Write(NAME, TWO, OTHER, etag)
        (outcome,) = registry.claim_all([write], lease)
        assert outcome is (Outcome.DOUBTFUL if may_hold else Outcome.UNPROVEN)
        (outcome,) = registry.claim_all([write], lease, are_honoured=True)
        assert outcome is Outcome.DOUBTFUL if may_hold else isinstance(outcome, Claim)


def test_of_several_writes_each_has_to_be_harmless(registry: Registry) -> None:
    for fingerprint, condition in ((ONE, "*"), (TWO, ETAG)):
        with held(registry) as lease:
            registry.claim_all([Write(NAME, fingerprint, condition)], lease, are_honoured=True)
    with held(registry) as lease:
        write = Write(NAME, entry(3).fingerprint, "", ETAG)
        assert registry.claim_all([write], lease, are_honoured=True) == [Outcome.DOUBTFUL]
        assert isinstance(
            registry.claim_all([write._replace(etag=OTHER)], lease, are_honoured=True)[0], Claim
        )


def test_the_end_of_a_write_on_condition(registry: Registry, lease: str) -> None:
    (claim,) = registry.claim_all([Write(NAME, ONE, ETAG, OTHER)], lease)
    assert isinstance(claim, Claim)
    assert registry.publish(claim, lease, entry(1)) is Outcome.PUBLISHED
    assert not registry.client.exists(registry.keys.unconfirmed_writes)


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
