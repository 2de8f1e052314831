import signal
import subprocess
import sys
import time

import pytest
import redis

from s3rewrite.registry import Registry
from s3rewrite.registry import lease as lease_module
from s3rewrite.registry.lease import LeaseTaken, held, load_lease, refresh_expiry


def holder(registry: Registry) -> str:
    """The lease that is held now; "" where none is."""
    return (registry.client.get(registry.keys.lease) or b"").decode()


def test_one_holds_it_at_a_time(registry: Registry) -> None:
    with held(registry) as lease:
        assert holder(registry) == lease
        with pytest.raises(LeaseTaken) as taken, held(registry):
            pass
        assert ":" in taken.value.holder
    assert holder(registry) != lease


def test_each_has_a_higher_fencing_number(registry: Registry) -> None:
    numbers = []
    for _ in range(3):
        with held(registry) as lease:
            numbers.append(int(lease.split(" ")[0]))
    assert numbers == [1, 2, 3]


def test_it_is_renewed_while_it_is_held(registry: Registry) -> None:
    with held(registry, duration=0.3) as lease:
        time.sleep(0.7)
        assert holder(registry) == lease


def test_who_lost_it_takes_nothing_from_the_next(registry: Registry) -> None:
    with held(registry) as first:
        registry.client.delete(registry.keys.lease)
        with held(registry) as second:
            assert holder(registry) != first
            assert holder(registry) == second


def test_who_lost_it_does_not_end_the_next_ones(registry: Registry) -> None:
    with held(registry):
        registry.client.set(registry.keys.lease, "another")
    assert holder(registry) == "another"


def test_a_redis_that_goes_away_does_not_break_the_end(
    registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    def failing(*args: object, **options: object) -> None:
        raise redis.ConnectionError("away")

    with held(registry, duration=0.1):
        monkeypatch.setattr(registry.client, "evalsha", failing)
        time.sleep(0.1)


# Under the lease of another process


def test_a_lease_that_was_looked_at_stands_no_longer_than_it_does(registry: Registry) -> None:
    with held(registry, duration=3) as lease:
        seen = load_lease(registry, str(lease))
        assert seen == lease
        assert seen.is_valid()
        assert seen.valid_until <= lease.valid_until + 0.01
        registry.client.pexpire(registry.keys.lease, 200)
        refresh_expiry(registry, seen)
        assert seen.is_valid()
        time.sleep(0.25)
        assert not seen.is_valid()


@pytest.mark.parametrize("other", [None, "2 another"])
def test_one_that_is_over_stands_for_nobody(registry: Registry, other: str | None) -> None:
    with held(registry) as lease:
        seen = load_lease(registry, str(lease))
    if other:
        registry.client.set(registry.keys.lease, other, px=10_000)
    assert not load_lease(registry, str(lease)).is_valid()
    assert seen.is_valid()
    refresh_expiry(registry, seen)
    assert not seen.is_valid()


def test_who_cannot_look_believes_what_was_seen_and_no_longer(
    registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    def failing(*args: object, **options: object) -> None:
        raise redis.ConnectionError("away")

    with held(registry) as lease:
        seen = load_lease(registry, str(lease))
        until = seen.valid_until
        with monkeypatch.context() as patch:
            patch.setattr(registry.client, "evalsha", failing)
            with pytest.raises(redis.ConnectionError):
                refresh_expiry(registry, seen)
        assert seen.valid_until == until


def test_claims_of_earlier_leases_have_a_bound(
    registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lease_module, "MAX_CLAIMS", 3)
    for number in range(5):
        with held(registry) as lease:
            registry.claim(f"{number}.jpg", lease, "a" * 24)
    assert 0 < registry.client.hlen(registry.keys.claims) <= 4


TAKES = """
import os, sys
from s3rewrite.registry import Registry, lease
import redis
registry = Registry("media", redis.Redis.from_url(sys.argv[1]))
held = lease.held(registry, is_shared=sys.argv[2] == "shared")
print(held.__enter__(), flush=True)
os.kill(os.getpid(), int(sys.argv[3]))
"""


def taken_by_another(redis_url: str, kind: str, number: int) -> subprocess.Popen[str]:
    """A process that has taken the lease, and then gets that signal."""
    process = subprocess.Popen(
        [sys.executable, "-c", TAKES, redis_url, kind, str(number)],
        stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stdout
    assert process.stdout.readline()
    return process


def test_that_of_a_killed_process_is_taken_over(registry: Registry, redis_url: str) -> None:
    taken_by_another(redis_url, "own", signal.SIGKILL).communicate()
    with held(registry) as lease:
        assert holder(registry) == lease


def test_where_others_may_send_under_it_nobody_takes_it(registry: Registry, redis_url: str) -> None:
    taken_by_another(redis_url, "shared", signal.SIGKILL).communicate()
    with pytest.raises(LeaseTaken), held(registry):
        pass


def test_that_of_a_frozen_process_is_not(registry: Registry, redis_url: str) -> None:
    process = taken_by_another(redis_url, "own", signal.SIGSTOP)
    try:
        with pytest.raises(LeaseTaken), held(registry):
            pass
    finally:
        process.kill()
        process.communicate()
