import pytest
import redis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from s3rewrite.registry import Claim, Outcome, Registry, Withdrawn, Write
from s3rewrite.registry.lease import held
from tests.registry.conftest import entry, publish, publish_entry

NAME = "photos/2026/a.jpg"


def names(registry: Registry) -> set[str]:
    return {name for name, _ in registry.names()}


def test_a_published_name_has_its_entry(registry: Registry, lease: str) -> None:
    publish(registry, lease, NAME, 7)
    assert registry.get([NAME, "other"]) == {NAME: entry(7)}
    assert registry.entries(["photos/2026", "photos"]) == [{"a.jpg": entry(7)}, {}]
    assert list(registry.directories()) == ["photos/2026"]
    assert names(registry) == {NAME}


def test_a_person_can_read_an_entry(registry: Registry, lease: str) -> None:
    publish(registry, lease, NAME, 7)
    value = registry.client.hget("{s3rewrite:media}:d:photos/2026", "a.jpg")
    assert value == b"7,7000000000,000000000000000000000007"


def test_withdrawing_takes_entry_and_claim(registry: Registry, lease: str) -> None:
    publish(registry, lease, NAME, 1)
    claim = registry.claim(NAME, lease, "2")
    assert isinstance(claim, Claim)
    registry.withdraw([NAME])
    assert registry.publish(claim, lease, entry(2)) is Outcome.SUPERSEDED
    assert registry.get([NAME]) == {}


def test_withdrawing_the_last_name_of_a_directory_forgets_it(
    registry: Registry, lease: str
) -> None:
    publish(registry, lease, NAME)
    publish(registry, lease, "root.txt")
    registry.withdraw([NAME])
    assert list(registry.directories()) == [""]
    registry.withdraw(["root.txt"])
    assert registry.is_empty()


def test_withdrawing_what_is_not_there_changes_nothing(registry: Registry) -> None:
    registry.withdraw([NAME])
    assert registry.client.xlen(registry.keys.changes) == 1  # the epoch's
    assert registry.withdrawn(0) == []


def test_a_claim_withdraws(registry: Registry, lease: str) -> None:
    publish(registry, lease, NAME)
    assert isinstance(registry.claim(NAME, lease, "2"), Claim)
    assert registry.get([NAME]) == {}
    assert registry.is_empty()


def test_what_is_claimed(registry: Registry, lease: str) -> None:
    claim = registry.claim(NAME, lease, "2")
    assert isinstance(registry.claim("b.jpg", lease, "2"), Claim)
    many = [f"{number}.jpg" for number in range(300)]
    assert registry.claimed([NAME, *many, "b.jpg"]) == {NAME, "b.jpg"}
    assert isinstance(claim, Claim)
    registry.publish(claim, lease, entry(2))
    assert registry.claimed([NAME]) == set()
    assert registry.claimed([]) == set()


def test_only_the_last_claim_publishes(registry: Registry, lease: str) -> None:
    registry = Registry("media", registry.client, overwrites=False)
    first = registry.claim(NAME, lease, "1")
    second = registry.claim(NAME, lease, "2")
    assert isinstance(first, Claim)
    assert isinstance(second, Claim)
    assert registry.publish(first, lease, entry(1)) is Outcome.SUPERSEDED
    assert registry.publish(second, lease, entry(2)) is Outcome.PUBLISHED
    assert registry.get([NAME]) == {NAME: entry(2)}


def test_a_claim_publishes_once(registry: Registry, lease: str) -> None:
    claim = registry.claim(NAME, lease, "1")
    assert isinstance(claim, Claim)
    assert registry.publish(claim, lease, entry(1)) is Outcome.PUBLISHED
    assert registry.publish(claim, lease, entry(1)) is Outcome.SUPERSEDED


def test_without_the_lease_nothing_is_claimed_or_published(registry: Registry, lease: str) -> None:
    publish(registry, lease, NAME)
    assert registry.claim(NAME, "another", "1") is Outcome.FENCED
    assert registry.publish(Claim(NAME, "token"), "another", entry(2)) is Outcome.FENCED
    assert registry.refresh(NAME, "another", entry(1), entry(2)) is Outcome.FENCED
    assert registry.get([NAME]) == {NAME: entry(1)}


def test_a_refresh_gives_a_new_signature_to_the_same_entry_only(
    registry: Registry, lease: str
) -> None:
    publish(registry, lease, NAME, 1)
    assert registry.refresh(NAME, lease, entry(1), entry(2)) is Outcome.PUBLISHED
    assert registry.refresh(NAME, lease, entry(1), entry(3)) is Outcome.SUPERSEDED
    assert registry.get([NAME]) == {NAME: entry(2)}
    registry.withdraw([NAME])
    assert registry.refresh(NAME, lease, entry(2), entry(3)) is Outcome.SUPERSEDED
    assert registry.get([NAME]) == {}


class TestWithdrawn:
    def test_a_withdrawn_object_is_remembered_until_forgotten(
        self, registry: Registry, lease: str
    ) -> None:
        publish(registry, lease, NAME, 1)
        registry.withdraw([NAME])
        found = [Withdrawn(NAME)]
        assert registry.withdrawn(0) == found
        assert registry.withdrawn(100) == []
        registry.forget_withdrawn(found)
        assert registry.withdrawn(0) == []

    def test_so_are_an_upload_that_was_not_published_and_the_version_before(
        self, redis_client: redis.Redis
    ) -> None:
        registry = Registry("versions", redis_client, overwrites=False)
        registry.start_epoch()
        with held(registry) as lease:
            self.check_versions(registry, lease)

    def check_versions(self, registry: Registry, lease: str) -> None:
        publish(registry, lease, NAME, 1)
        registry.claim(NAME, lease, entry(2).fingerprint)
        found = {item.fingerprint for item in registry.withdrawn(0)}
        assert found == {entry(1).fingerprint, entry(2).fingerprint}

    def test_a_thousand_versions_under_one_key_are_one_object(
        self, registry: Registry, lease: str
    ) -> None:
        for number in range(1, 50):
            publish(registry, lease, NAME, number)
            registry.withdraw([NAME])
        assert registry.withdrawn(0) == [Withdrawn(NAME)]
        publish(registry, lease, NAME, 50)
        assert registry.withdrawn(0) == []

    @pytest.mark.parametrize(
        ("is_freed", "is_found", "was_freed"),
        [(True, True, True), (True, False, False), (False, True, False), (False, False, False)],
    )
    @pytest.mark.parametrize("overwrites", [True, False])
    def test_the_only_copy_of_a_file_that_nobody_deleted_is_told_apart(
        self, redis_client: redis.Redis, is_freed: bool, is_found: bool, was_freed: bool,
        overwrites: bool,
    ) -> None:  # fmt: skip
        registry = Registry("freed", redis_client, overwrites=overwrites)
        registry.start_epoch()
        found = entry(1)._replace(freed=is_freed)
        with held(registry) as lease:
            publish_entry(registry, lease, NAME, found)
            registry.withdraw([NAME], is_found=is_found)
            fingerprint = "" if overwrites else found.fingerprint
            assert registry.withdrawn(0) == [Withdrawn(NAME, fingerprint, was_freed)]
            publish_entry(registry, lease, NAME, found)
        assert registry.withdrawn(0) == []

    def test_a_published_object_is_not(self, registry: Registry, lease: str) -> None:
        publish(registry, lease, NAME, 1)
        assert registry.withdrawn(0) == []

    def test_forgetting_nothing_asks_nothing(self, registry: Registry) -> None:
        registry.forget_withdrawn([])


class TestEpoch:
    def test_it_begins_once(self, registry: Registry) -> None:
        assert registry.start_epoch().state == "current"

    @pytest.mark.parametrize("lost", ["epoch", "changes"])
    def test_it_begins_anew_where_something_was_lost(self, registry: Registry, lost: str) -> None:
        before = registry.client.get(registry.keys.epoch)
        registry.client.delete(getattr(registry.keys, lost))
        assert registry.start_epoch().state == "begun"
        assert registry.client.get(registry.keys.epoch) != before
        assert registry.client.xlen(registry.keys.changes)


class TestHints:
    def test_they_come_in_order_and_once(self, registry: Registry) -> None:
        cursor = registry.hints.last_id()
        registry.withdraw(["a", "b", "a"], hint=True)
        cursor, found = registry.hints.read(cursor, 0)
        assert found == ["a", "b"]
        assert registry.hints.read(cursor, 0) == (cursor, [])

    def test_those_before_the_end_are_passed_over(self, registry: Registry) -> None:
        registry.withdraw(["a"], hint=True)
        cursor = registry.hints.last_id()
        registry.withdraw(["b"], hint=True)
        assert registry.hints.read(cursor, 0)[1] == ["b"]

    @pytest.mark.parametrize("protocol", [2, 3])
    def test_both_protocols_are_read(self, redis_url: str, protocol: int) -> None:
        with redis.Redis.from_url(redis_url, protocol=protocol) as client:
            registry = Registry("media", client)
            registry.withdraw(["a", "b"], hint=True)
            assert registry.hints.read("0-0", 0)[1] == ["a", "b"]


def test_a_value_that_is_not_ours_is_no_entry(registry: Registry) -> None:
    registry.client.hset(registry.keys.directory(""), "a", "nonsense")
    registry.client.hset(registry.keys.directory(""), "b", "1,x,y")
    assert registry.get(["a", "b"]) == {}
    assert registry.entries([""]) == [{}]


def test_more_names_than_a_round_trip_carries(registry: Registry, lease: str) -> None:
    many = [f"{number % 300}/{number}" for number in range(450)]
    for name in many:
        publish(registry, lease, name)
    assert names(registry) == set(many)
    assert set(registry.get(many)) == set(many)
    registry.withdraw(many[:-1])
    assert names(registry) == {many[-1]}


NAMES = st.text(
    st.characters(exclude_categories=("Cs",), exclude_characters="/\x00"), min_size=1
).filter(lambda text: text.strip("."))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=50)
@given(directory=NAMES, basename=NAMES)
def test_any_name_comes_back_as_it_was(
    registry: Registry, lease: str, directory: str, basename: str
) -> None:
    name = f"{directory}/{basename}"
    publish(registry, lease, name, 3)
    assert registry.get([name]) == {name: entry(3)}
    assert (name, entry(3)) in set(registry.names())
    registry.withdraw([name], hint=True)
    assert Withdrawn(name) in registry.withdrawn(0)
    assert registry.get([name]) == {}


def test_names_are_claimed_and_published_together(registry: Registry, lease: str) -> None:
    wanted = [Write(f"d{number}/a", entry(number).fingerprint) for number in range(3)]
    claims = registry.claim_all(wanted, lease)
    assert [claim.name for claim in claims if isinstance(claim, Claim)] == ["d0/a", "d1/a", "d2/a"]
    registry.withdraw(["d1/a"])
    given = [(claim, entry(number), True) for number, claim in enumerate(claims)]
    outcomes = registry.publish_all(given, lease)
    assert outcomes == [Outcome.PUBLISHED, Outcome.SUPERSEDED, Outcome.PUBLISHED]
    assert names(registry) == {"d0/a", "d2/a"}
    assert registry.publish_all(given, "another") == [Outcome.FENCED] * 3
    assert registry.claim_all([], lease) == []


def test_a_server_that_forgot_the_scripts_learns_them_again(registry: Registry, lease: str) -> None:
    for name in ("a", "b"):
        registry.client.script_flush()
        publish(registry, lease, name)
    assert names(registry) == {"a", "b"}


def test_an_error_of_a_server_is_raised(registry: Registry, lease: str) -> None:
    registry.client.set(registry.keys.claims, "no hash")
    with pytest.raises(redis.ResponseError):
        registry.claim_all([Write("a", "1"), Write("b", "2")], lease)


class TestGone:
    """Who had which bytes: what is claimed for the same ones may be copied from there."""

    def test_a_claim_says_who_had_its_bytes(self, registry: Registry, lease: str) -> None:
        publish(registry, lease, "old.jpg", 1)
        registry.withdraw(["old.jpg"])
        claim = registry.claim("new.jpg", lease, entry(1).fingerprint)
        assert isinstance(claim, Claim)
        assert claim.source == "old.jpg"
        # What was published since is where the bytes are for longer.
        registry.publish(claim, lease, entry(1))
        claim = registry.claim("newer.jpg", lease, entry(1).fingerprint)
        assert isinstance(claim, Claim)
        assert claim.source == "new.jpg"

    def test_so_for_bytes_that_are_being_replaced(self, registry: Registry, lease: str) -> None:
        publish(registry, lease, "old.jpg", 1)
        registry.claim("old.jpg", lease, entry(2).fingerprint)
        claim = registry.claim("new.jpg", lease, entry(1).fingerprint)
        assert isinstance(claim, Claim)
        assert claim.source == "old.jpg"

    def test_not_the_name_itself_nor_other_bytes(self, registry: Registry, lease: str) -> None:
        publish(registry, lease, "old.jpg", 1)
        registry.withdraw(["old.jpg"])
        for name, number in (("old.jpg", 1), ("new.jpg", 2)):
            claim = registry.claim(name, lease, entry(number).fingerprint)
            assert isinstance(claim, Claim)
            assert claim.source == ""

    def test_a_copy_counts_as_a_write_without_a_condition(
        self, registry: Registry, lease: str
    ) -> None:
        publish(registry, lease, "old.jpg", 1)
        registry.withdraw(["old.jpg"])
        registry.claim_all([Write("new.jpg", entry(1).fingerprint, "*", "etag")], lease)
        other = Write("new.jpg", entry(2).fingerprint, "*", "other")
        assert registry.claim_all([other], lease, are_honoured=True) == [Outcome.DOUBTFUL]

    def test_what_is_no_name_is_dropped(self, registry: Registry, lease: str) -> None:
        registry.client.hset(registry.keys.gone, entry(1).fingerprint, "../etc/passwd")
        claim = registry.claim("new.jpg", lease, entry(1).fingerprint)
        assert isinstance(claim, Claim)
        assert claim.source == ""

    @pytest.mark.parametrize("by", ["withdraw", "claim"])
    def test_has_a_bound(self, registry: Registry, lease: str, by: str) -> None:
        publish(registry, lease, "old.jpg", 1)
        full = {f"{number:024x}": "name" for number in range(100_000)}
        registry.client.hset(registry.keys.gone, mapping=full)
        if by == "withdraw":
            registry.withdraw(["old.jpg"])
        else:
            registry.claim("old.jpg", lease, entry(2).fingerprint)
        assert registry.client.hgetall(registry.keys.gone) == {
            entry(1).fingerprint.encode(): b"old.jpg"
        }
