"""On a real Redis."""

import time

import pytest
import redis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from s3rewrite.registry import Registry
from s3rewrite.registry.search import DIRECTORIES, NAMES, latest, search
from tests.registry.conftest import entry, publish

LETTERS = "aAbé*?[]\\^- ."
part = st.text(LETTERS, min_size=1, max_size=3).filter(lambda text: text not in (".", ".."))
names = st.lists(part, min_size=1, max_size=2).map("/".join)


def put(registry: Registry, client: "redis.Redis[bytes]", *chosen: str) -> None:
    """Have names published, without a lease: faster, for many of them."""
    for name in chosen:
        directory, _, base = name.rpartition("/")
        client.sadd(registry.keys.directories, directory)
        client.hset(registry.keys.directory(directory), base, entry(1).encode())


def lower(text: str) -> str:
    return "".join(letter.lower() if letter.isascii() else letter for letter in text)


def test_a_directory_is_listed(registry: Registry, redis_client: "redis.Redis[bytes]") -> None:
    put(registry, redis_client, "a/b", "a/c", "a/d/e", "f")
    assert search(registry, "a/") == (["a/b", "a/c"], True)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.sets(names, max_size=8), names)
def test_it_finds_what_contains_the_text(
    registry: Registry, redis_client: "redis.Redis[bytes]", published: set[str], text: str
) -> None:
    redis_client.flushall()
    put(registry, redis_client, *published)
    folder, _, base = text.rpartition("/")
    expected = {
        name
        for name in published
        if lower(base) in lower(name.rpartition("/")[2])
        and (not folder or name.rpartition("/")[0] == folder)
    }
    if not folder:
        expected |= {n for n in published if text.lower() in n.rpartition("/")[0].lower()}
    assert search(registry, text) == (sorted(expected), True)


def test_what_it_costs_does_not_grow(
    registry: Registry, redis_client: "redis.Redis[bytes]", monkeypatch: pytest.MonkeyPatch
) -> None:
    """1,000 directories, one of them with 20,000 names: most are not looked at, and it says so."""
    with redis_client.pipeline() as pipeline:
        directories = [f"{number:04}" for number in range(1000)]
        pipeline.sadd(registry.keys.directories, *directories)
        for directory in directories:
            pipeline.hset(registry.keys.directory(directory), "cat.jpg", entry(1).encode())
        many = {f"{number}.jpg": entry(1).encode() for number in range(20_000)}
        pipeline.hset(registry.keys.directory("0000"), mapping=many)
        pipeline.execute()
    redis_client.config_resetstat()
    found, is_all = search(registry, "cat")
    assert not is_all
    assert DIRECTORIES - 1 <= len(found) < DIRECTORIES * 1.5
    stats = redis_client.info("commandstats")
    # Of the large one its first thousand names may not be those with the text.
    assert stats["cmdstat_hscan"]["calls"] - len(found) in (0, 1)
    assert stats["cmdstat_sscan"]["calls"] == 1
    found, is_all = search(registry, "0000/jpg")
    assert not is_all
    assert NAMES <= len(found) < NAMES * 1.5


def test_values_that_mean_nothing_are_passed_over(
    registry: Registry, redis_client: "redis.Redis[bytes]"
) -> None:
    put(registry, redis_client, "a/cat")
    redis_client.hset(registry.keys.directory("a"), b"\xffcat", "x")
    redis_client.sadd(registry.keys.directories, b"\xff", "b")
    redis_client.set(registry.keys.directory("b"), "no hash")
    assert search(registry, "cat") == (["a/cat"], True)
    redis_client.set(registry.keys.directories, "no set")
    assert search(registry, "cat") == ([], True)


@pytest.mark.parametrize("text", ["", "/", "a/", "//a", "../a", "x" * 5000, "\udcff", "\0"])
def test_any_text_can_be_looked_for(
    registry: Registry, redis_client: "redis.Redis[bytes]", text: str
) -> None:
    put(registry, redis_client, "b/cat")
    found, _ = search(registry, text)
    assert set(found) <= {"b/cat"}


def test_the_latest_come_first_and_once(registry: Registry, lease: str) -> None:
    for name in ("a", "b/c", "gone", "a"):
        publish(registry, lease, name)
    registry.withdraw(["gone"])
    found = latest(registry, 10)
    assert list(found) == ["a", "b/c"]
    assert all(abs(seconds - time.time()) < 600 for seconds in found.values())
    assert latest(registry, 1) == {}  # the last change is a withdrawal


def test_the_latest_where_redis_holds_something_else(
    registry: Registry, redis_client: "redis.Redis[bytes]"
) -> None:
    redis_client.delete(registry.keys.changes)
    redis_client.xadd(registry.keys.changes, {"n": b"\xff"})
    redis_client.xadd(registry.keys.changes, {"other": b"x"})
    assert latest(registry, 10) == {}
    redis_client.set(registry.keys.changes, "no stream")
    assert latest(registry, 10) == {}
