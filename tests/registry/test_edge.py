"""No published name has other bytes at the CDN, whatever happens in which order."""

import pytest
import redis
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from s3rewrite.core.entries import Entry, Signature
from s3rewrite.registry import Claim, Outcome, Registry
from s3rewrite.registry import edge as edges
from s3rewrite.registry.edge import EVERYTHING
from s3rewrite.registry.lease import held

NAMES, BYTES = st.sampled_from(["a", "p/b"]), st.sampled_from(["1" * 24, "2" * 24])
NOTHING = "404"
LEASE = "1 host:1 abc"


class Edge(RuleBasedStateMachine):
    """One loop, a bucket, a CDN that keeps all it was ever asked for, and who asks it."""

    client: "redis.Redis[bytes]"

    def __init__(self) -> None:
        super().__init__()
        self.client.flushall()
        self.registry = Registry("media", self.client)
        self.bucket: dict[str, str] = {}
        self.known: set[str] = set()
        self.cache: dict[str, tuple[str, int]] = {}
        self.claims: dict[str, tuple[Claim, str]] = {}
        self.clearing: tuple[dict[str, str], int] | None = None
        self.now = 0
        self.begin()

    def begin(self) -> None:
        self.registry.start_epoch()
        # As `held` would write it, which starts a thread each time.
        self.client.set(self.registry.keys.lease, LEASE, px=600_000)
        self.registry.edge.begin("a cdn", overwrites=True)

    @rule(name=NAMES, by_web=st.booleans())
    def somebody_saves(self, name: str, by_web: bool) -> None:
        self.registry.withdraw([name], is_found=not by_web)

    @rule(name=NAMES, fingerprint=BYTES)
    def upload(self, name: str, fingerprint: str) -> None:
        claim = self.registry.claim(name, LEASE, fingerprint)
        if isinstance(claim, Claim):
            self.claims[name] = claim, fingerprint
            self.bucket[name] = fingerprint
            self.known.add(name)
            self.registry.confirm_writes([claim])

    @rule(name=NAMES)
    def publish(self, name: str) -> None:
        if name in self.claims:
            claim, fingerprint = self.claims.pop(name)
            self.registry.publish(claim, LEASE, Entry(Signature(1, 1), fingerprint))

    @rule(name=NAMES, fingerprint=BYTES)
    def upload_and_publish(self, name: str, fingerprint: str) -> None:
        self.upload(name, fingerprint)
        self.publish(name)

    @rule(name=NAMES)
    def a_visitor_asks(self, name: str) -> None:
        """By an old link: of a name that was never there, nobody has one."""
        self.now += 1
        if name in self.known:
            self.cache.setdefault(name, (self.bucket.get(name, NOTHING), self.now))

    @rule()
    def begin_to_clear(self) -> None:
        self.clearing = self.registry.edge.uncleared(), self.now

    @rule()
    def end_to_clear(self) -> None:
        """What was asked for since it began may be kept."""
        if self.clearing is None:
            return
        (marks, began), self.clearing = self.clearing, None
        for name, (_, asked) in list(self.cache.items()):
            if asked <= began and (name in marks or EVERYTHING in marks):
                del self.cache[name]
        for name in self.registry.edge.clear(marks):
            if name in self.bucket:
                self.upload_and_publish(name, self.bucket[name])

    @rule(name=NAMES)
    def delete(self, name: str) -> None:
        self.registry.withdraw([name])
        self.claims.pop(name, None)
        self.registry.edge.mark([name])
        self.bucket.pop(name, None)
        self.registry.edge.mark([name])

    @rule()
    def redis_loses_everything(self) -> None:
        self.client.flushall()
        self.claims.clear()
        self.begin()

    @rule()
    def a_pass_begins(self) -> None:
        self.begin()

    @invariant()
    def no_link_leads_to_other_bytes(self) -> None:
        for name, entry in self.registry.get(["a", "p/b"]).items():
            assert self.bucket.get(name) == entry.fingerprint
            assert self.cache.get(name, (entry.fingerprint, 0))[0] == entry.fingerprint


def test_no_published_name_has_other_bytes_at_the_cdn(
    redis_client: "redis.Redis[bytes]",
) -> None:
    class Machine(Edge):
        client = redis_client

    limits = settings(max_examples=50, stateful_step_count=25, deadline=None)
    run_state_machine_as_test(Machine, settings=limits)


@pytest.fixture
def registry(redis_client: "redis.Redis[bytes]") -> Registry:
    registry = Registry("media", redis_client)
    registry.start_epoch()
    return registry


def publish(registry: Registry, name: str, fingerprint: str) -> Outcome:
    with held(registry) as lease:
        claim = registry.claim(name, lease, fingerprint)
        assert isinstance(claim, Claim)
        return registry.publish(claim, lease, Entry(Signature(1, 1), fingerprint))


def cleared(registry: Registry) -> list[str]:
    return registry.edge.clear(registry.edge.uncleared())


def test_all_is_cleared_before_the_first_name(registry: Registry) -> None:
    registry.edge.begin("a cdn", overwrites=True)
    assert publish(registry, "a", "1" * 24) is Outcome.UNCLEARED
    assert registry.edge.uncleared().keys() == {EVERYTHING, "a"}
    assert cleared(registry) == ["a"]
    assert publish(registry, "a", "1" * 24) is Outcome.PUBLISHED
    assert publish(registry, "b", "1" * 24) is Outcome.PUBLISHED
    assert publish(registry, "a", "1" * 24) is Outcome.PUBLISHED
    assert publish(registry, "a", "2" * 24) is Outcome.UNCLEARED
    registry.edge.begin("a cdn", overwrites=True)  # the next pass
    assert registry.edge.uncleared().keys() == {"a"}


@pytest.mark.parametrize(
    ("cdn", "overwrites", "is_known"),
    [("", True, False), ("a cdn", False, False), ("a cdn", True, True)],
)
def test_without_a_cdn_nothing_is_kept(
    registry: Registry, cdn: str, overwrites: bool, is_known: bool
) -> None:
    registry.edge.begin(cdn, overwrites=overwrites)
    cleared(registry)
    for fingerprint in ("1" * 24, "2" * 24):
        registry.withdraw(["a"])
        expected = Outcome.UNCLEARED if is_known and fingerprint[0] == "2" else Outcome.PUBLISHED
        assert publish(registry, "a", fingerprint) is expected
    assert bool(registry.client.exists(registry.keys.edge)) is is_known


def test_a_cdn_that_is_named_no_more_holds_nothing_back(registry: Registry) -> None:
    registry.edge.begin("a cdn", overwrites=True)
    assert publish(registry, "a", "1" * 24) is Outcome.UNCLEARED
    registry.edge.begin("", overwrites=True)
    assert publish(registry, "a", "1" * 24) is Outcome.PUBLISHED


def test_what_changed_meanwhile_is_cleared_again(registry: Registry) -> None:
    registry.edge.begin("a cdn", overwrites=True)
    cleared(registry)
    publish(registry, "a", "1" * 24)
    publish(registry, "a", "2" * 24)
    began = registry.edge.uncleared()
    publish(registry, "a", "3" * 24)
    assert registry.edge.clear(began) == []
    assert publish(registry, "a", "3" * 24) is Outcome.UNCLEARED
    assert cleared(registry) == ["a"]


def test_while_all_is_cleared_the_cdn_may_fetch_what_was_there_before(registry: Registry) -> None:
    """Redis lost that the bucket has other bytes under the key."""
    registry.edge.begin("a cdn", overwrites=True)
    began = registry.edge.uncleared()  # and a visitor has the CDN fetch the old bytes again
    with held(registry) as lease:
        claim = registry.claim("a", lease, "2" * 24)
        assert isinstance(claim, Claim)
        registry.edge.clear(began)
        entry = Entry(Signature(1, 1), "2" * 24)
        assert registry.publish(claim, lease, entry) is Outcome.UNCLEARED
    assert cleared(registry) == ["a"]


def test_a_pass_that_tries_again_does_not_begin_anew(registry: Registry) -> None:
    """CloudFront may take longer than the time between two passes."""
    registry.edge.begin("a cdn", overwrites=True)
    cleared(registry)
    publish(registry, "a", "1" * 24)
    publish(registry, "a", "2" * 24)
    began = registry.edge.uncleared()
    assert publish(registry, "a", "2" * 24) is Outcome.UNCLEARED
    assert registry.edge.clear(began) == ["a"]
    assert publish(registry, "a", "2" * 24) is Outcome.PUBLISHED


def test_names_that_are_remembered_are_bounded(
    registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(edges, "MAX_NAMES", 5)
    registry.edge.begin("a cdn", overwrites=True)
    cleared(registry)
    registry.edge.mark(map(str, range(10)))
    registry.edge.begin("a cdn", overwrites=True)
    assert registry.edge.uncleared().keys() == {EVERYTHING}
    assert registry.client.hlen(registry.keys.edge) == 1
