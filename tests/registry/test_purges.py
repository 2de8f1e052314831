import pytest
import redis

from s3rewrite.registry import Claim, Outcome, Registry
from s3rewrite.registry.lease import held
from s3rewrite.registry.purges import DONE, HELD

ONE = "1" * 24


@pytest.fixture
def registry(redis_client: "redis.Redis[bytes]") -> Registry:
    registry = Registry("media", redis_client)
    registry.start_epoch()
    return registry


def end(registry: Registry, name: str, left: str = "") -> Outcome:
    with held(registry) as lease:
        return registry.purges.end(name, registry.purges.read()[name], lease, left)


def test_nothing_is_uploaded_under_a_name_that_is_taken_down(registry: Registry) -> None:
    registry.purges.add(["a"])
    with held(registry) as lease:
        assert registry.claim("a", lease, ONE) is Outcome.PURGED
        assert isinstance(registry.claim("b", lease, ONE), Claim)
    assert end(registry, "a") is Outcome.PURGED
    assert registry.purges.read() == {}
    with held(registry) as lease:
        assert isinstance(registry.claim("a", lease, ONE), Claim)


def test_the_row_of_a_purge(registry: Registry) -> None:
    registry.purges.add(["a", "ü/b"], HELD)
    registry.purges.add([])
    purges = registry.purges.read()
    assert purges.keys() == {"a", "ü/b"}
    assert purges["a"].flags == HELD
    assert 0 <= purges["a"].age < 60
    assert end(registry, "a", f"{purges['a'].value}{DONE}") is Outcome.PURGED
    assert registry.purges.read()["a"].flags == HELD + DONE


def test_it_does_not_end_while_an_upload_may_still_arrive(registry: Registry) -> None:
    with held(registry) as lease:
        claim = registry.claim("a", lease, ONE)
    assert isinstance(claim, Claim)
    registry.purges.add(["a"])
    assert end(registry, "a") is Outcome.DOUBTFUL
    with held(registry) as lease:  # its own deletion is no upload
        registry.begin_delete("a", lease, "")
    registry.confirm_writes([claim])
    assert end(registry, "a") is Outcome.PURGED


def test_another_wish_goes_on(registry: Registry) -> None:
    registry.purges.add(["a"])
    purge = registry.purges.read()["a"]
    registry.purges.add(["a"], HELD)
    with held(registry) as lease:
        assert registry.purges.end("a", purge, lease, "") is Outcome.SUPERSEDED
        assert registry.purges.end("a", purge, "7 other token", "") is Outcome.FENCED
    assert registry.purges.read()["a"].flags == HELD


def test_it_survives_a_rebuild(registry: Registry) -> None:
    registry.purges.add(["a"])
    registry.clear()
    assert "a" in registry.purges.read()


@pytest.mark.parametrize(("name", "value"), [(b"\xff", b"1.000000 "), (b"a", b"x"), (b"..", b"")])
def test_what_nobody_has_written_here_is_dropped(
    registry: Registry, name: bytes, value: bytes
) -> None:
    registry.client.hset(registry.keys.purges, name, value)
    assert registry.purges.read() == {}
    assert not registry.client.exists(registry.keys.purges)


def test_what_is_exposed(registry: Registry) -> None:
    registry.purges.expose(["b", "a"], "rules")
    registry.purges.expose([])
    registry.purges.expose(["c"])
    assert registry.purges.exposed() == (["a", "b", "c"], "rules")
    registry.purges.forget_exposed(["b"])
    registry.purges.add(["a"])
    end(registry, "a")
    assert registry.purges.exposed() == (["c"], "rules")
