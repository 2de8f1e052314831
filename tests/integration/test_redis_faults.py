"""Redis fails in every way: pages keep coming, their links are true, and no byte is sent twice."""

import logging
import os
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import redis
from django.http import HttpResponse
from django.test import RequestFactory

from demo.servers import HOST, Valkey
from s3rewrite.core.mounts import Mount
from s3rewrite.middleware import S3RewriteMiddleware
from s3rewrite.registry import Registry, loop_registry, view_of
from s3rewrite.sync.passes import whole_pass
from tests.support.commands import eventually
from tests.support.factories import job, use_mount, write
from tests.support.passes import Puts
from tests.support.publishing import closed_clients

__all__ = ["closed_clients"]

LOCAL = b'<img src="/media/a.txt">'
PATIENCE = 0.25 + 0.5
"""REDIS_TIMEOUT, and what a page may take on a busy machine."""


class Replica(Valkey):
    """A Valkey that takes over what another one holds."""

    def follow(self, master: Valkey) -> None:
        with redis.Redis.from_url(self.url) as client:
            client.replicaof(HOST, str(master.port))
            while client.info("replication")["master_link_status"] != "up":
                time.sleep(0.02)

    def promote(self) -> None:
        with redis.Redis.from_url(self.url) as client:
            client.replicaof("NO", "ONE")


class Power(Valkey):
    """A Valkey with an append-only file of which nobody knows when it reaches the disk."""

    def __init__(self, directory: Path) -> None:
        super().__init__(directory)
        self.command += ["--appendonly", "yes", "--appendfsync", "no"]

    @property
    def journal(self) -> Path:
        return next((self.directory / "appendonlydir").glob("*.incr.aof"))

    def fail(self, size: int) -> None:
        """The machine stops; `size` bytes of the journal had reached the disk."""
        assert self._popen
        self._popen.kill()
        self._popen.wait()
        assert self.journal.stat().st_size > size
        os.truncate(self.journal, size)


@pytest.fixture
def own(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Valkey]:
    """A Valkey of the test's own, which it may spoil."""
    kind = getattr(request, "param", Valkey)
    with kind(tmp_path / "own") as server:
        yield server


@pytest.fixture
def redis_url(own: Valkey) -> str:
    return own.url


@pytest.fixture
def admin(own: Valkey) -> Iterator[redis.Redis]:
    with redis.Redis.from_url(own.url) as client:
        yield client


@pytest.fixture
def mount(settings: Any, mount: Mount, root: Path) -> Mount:
    """One file is published, and pages ask Redis each time."""
    options = {"POLL_SECONDS": 0.0, "MAX_STALENESS": 0.5, "CHECK_LOCAL": False}
    mount = use_mount(settings, root, **settings.S3REWRITE["media"] | options)
    write(root, "a.txt")
    whole_pass(job(mount))
    assert is_linked()
    return mount


def page() -> bytes:
    """A page with the file's link; it must not take longer than the timeout."""
    began = time.monotonic()
    middleware = S3RewriteMiddleware(lambda request: HttpResponse(LOCAL))
    response: Any = middleware(RequestFactory().get("/"))
    assert time.monotonic() - began < PATIENCE
    return bytes(response.content)


def is_linked() -> bool:
    return page() != LOCAL


def heals(mount: Mount, puts: Puts) -> None:
    """A pass makes the link again, and uploads nothing."""
    puts.keys.clear()
    report = whole_pass(job(mount))
    assert report.is_ok, report
    assert puts.keys == []
    view_of(mount)._retry_at = 0.0  # the breaker's pause is over
    assert is_linked()


def said(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [item.message for item in caplog.records if item.levelno >= logging.WARNING]


def test_it_is_away(
    mount: Mount, own: Valkey, puts: Puts, caplog: pytest.LogCaptureFixture
) -> None:
    own.stop()
    for _ in range(5):
        page()
    time.sleep(0.6)
    assert not is_linked()
    assert len(said(caplog)) == 1
    assert "Redis does not answer" in said(caplog)[0]
    assert "Redis" in whole_pass_stopped(mount)
    own.start()
    heals(mount, puts)


def whole_pass_stopped(mount: Mount) -> str:
    return whole_pass(job(mount)).stopped


def test_it_is_frozen(
    mount: Mount, own: Valkey, puts: Puts, caplog: pytest.LogCaptureFixture
) -> None:
    own.pause()
    began = time.monotonic()
    for _ in range(20):
        page()
    # One page waited; the breaker kept the others from it.
    assert time.monotonic() - began < PATIENCE
    time.sleep(0.6)
    assert not is_linked()
    assert len(said(caplog)) == 1
    own.resume()
    heals(mount, puts)


def test_it_is_slow(mount: Mount, admin: redis.Redis, puts: Puts) -> None:
    admin.client_pause(1500)
    for _ in range(5):
        page()
    time.sleep(1.5)
    heals(mount, puts)


@pytest.mark.parametrize("loss", ["flush", "restart"])
def test_it_is_empty(mount: Mount, own: Valkey, admin: redis.Redis, puts: Puts, loss: str) -> None:
    if loss == "flush":
        admin.flushall()
    else:
        own.stop()
        (own.directory / "dump.rdb").unlink()
        own.start()
    view_of(mount)._retry_at = 0.0
    assert not is_linked()
    heals(mount, puts)


def test_a_restart_with_what_it_held(mount: Mount, own: Valkey, puts: Puts) -> None:
    own.stop()
    own.start()
    view_of(mount)._retry_at = 0.0
    # Its dump might be an old one: nothing is believed before it is compared.
    assert not is_linked()
    heals(mount, puts)


def test_a_restart_with_an_old_dump(
    mount: Mount, root: Path, own: Valkey, admin: redis.Redis, puts: Puts, s3_client: Any
) -> None:
    admin.save()
    write(root, "a.txt", b"other", age=1)
    (whole_pass(job(mount)))
    (root / "a.txt").unlink()
    write(root, "b.txt")
    whole_pass(job(mount))
    assert not is_linked()
    admin.config_set("save", "")
    own.stop()
    own.start()
    view_of(mount)._retry_at = 0.0
    assert dict(loop_registry(mount).names()).keys() == {"a.txt"}
    assert not is_linked()
    puts.keys.clear()
    assert whole_pass(job(mount)).is_ok
    assert not is_linked()
    assert dict(loop_registry(mount).names()).keys() == {"b.txt"}
    assert puts.keys == []


@pytest.mark.parametrize("own", [Power], indirect=True)
@pytest.mark.parametrize("cut", [0, 7], ids=["between commands", "within a command"])
def test_a_restart_whose_journal_lost_the_last_second(
    mount: Mount, root: Path, own: Power, puts: Puts, cut: int
) -> None:
    write(root, "b.txt")
    whole_pass(job(mount))
    old = dict(loop_registry(mount).names())
    size = own.journal.stat().st_size
    write(root, "a.txt", b"other", age=1)
    (root / "b.txt").unlink()
    whole_pass(job(mount))
    assert is_linked()
    own.fail(size + cut)
    own.start()
    view_of(mount)._retry_at = 0.0
    assert dict(loop_registry(mount).names()) == old
    assert not is_linked()
    heals(mount, puts)
    assert set(dict(loop_registry(mount).names())) == {"a.txt"}


def test_a_failover_to_a_replica_that_lost_the_last_writes(
    settings: Any, mount: Mount, root: Path, own: Valkey, tmp_path: Path, puts: Puts
) -> None:
    with Replica(tmp_path / "replica") as replica:
        replica.follow(own)
        replica.promote()  # it hears nothing of what follows
        write(root, "a.txt", b"other", age=1)
        whole_pass(job(mount))
        (root / "a.txt").unlink()
        loop_registry(mount).withdraw(["a.txt"])
        own.stop()
        cache = {"BACKEND": "django_redis.cache.RedisCache", "LOCATION": replica.url}
        settings.CACHES = {"default": cache}
        mount = use_mount(settings, root, **settings.S3REWRITE["media"])
        write(root, "b.txt")
        assert dict(loop_registry(mount).names()).keys() == {"a.txt"}
        assert not is_linked()
        puts.keys.clear()
        assert whole_pass(job(mount)).is_ok
        assert not is_linked()
        assert puts.keys == ["media/b.txt"]
        write(root, "a.txt", b"other")
        heals(mount, puts)


def test_it_evicts(mount: Mount, admin: redis.Redis, puts: Puts) -> None:
    admin.config_set("maxmemory-policy", "allkeys-lru")
    admin.config_set("maxmemory", "1mb")
    value = os.urandom(4096)
    for number in range(1000):
        try:
            admin.set(f"other:{number}", value)
        except redis.ResponseError:
            break
    assert not list(admin.scan_iter("*:d:*"))
    assert not is_linked()
    admin.config_set("maxmemory", 0)
    heals(mount, puts)


def test_its_disk_is_full(mount: Mount, own: Valkey, admin: redis.Redis, puts: Puts) -> None:
    admin.config_set("save", "3600 1")
    (own.directory / "dump.rdb").mkdir()  # nothing can be written there
    admin.bgsave()
    eventually(lambda: admin.info("persistence")["rdb_last_bgsave_status"] == "err")
    with pytest.raises(redis.ResponseError, match="MISCONF"):
        admin.set("x", "y")
    page()  # it may still be read
    assert "MISCONF" in whole_pass_stopped(mount)
    admin.config_set("save", "")
    admin.config_set("stop-writes-on-bgsave-error", "no")
    heals(mount, puts)


def test_it_is_a_replica_that_takes_no_writes(mount: Mount, admin: redis.Redis, puts: Puts) -> None:
    admin.replicaof(HOST, "9")
    page()
    assert "read only replica" in whole_pass_stopped(mount)
    admin.replicaof("NO", "ONE")
    heals(mount, puts)


@pytest.mark.parametrize(
    "key", ["changes", "epoch", "directories", "claims", "unconfirmed_writes", "seen"]
)
def test_a_key_holds_something_else(
    mount: Mount, admin: redis.Redis, puts: Puts, caplog: pytest.LogCaptureFixture, key: str
) -> None:
    name = getattr(loop_registry(mount).keys, key)
    admin.delete(name)
    (admin.set if key not in ("epoch", "seen") else admin.lpush)(name, "nonsense")
    page()
    assert all("\n" not in line for line in said(caplog))
    admin.delete(name)
    heals(mount, puts)


def test_it_wants_a_password(
    mount: Mount, admin: redis.Redis, puts: Puts, caplog: pytest.LogCaptureFixture
) -> None:
    admin.config_set("requirepass", "secret")
    view_of(mount)._registry.client.connection_pool.disconnect()
    loop_registry(mount).client.connection_pool.disconnect()
    page()
    time.sleep(0.6)
    assert not is_linked()
    assert len(said(caplog)) == 1
    assert "AUTH" in said(caplog)[0]
    assert "AUTH" in whole_pass_stopped(mount)
    admin.config_set("requirepass", "")
    heals(mount, puts)


def test_a_server_that_tells_nothing_of_itself(
    mount: Mount, admin: redis.Redis, puts: Puts
) -> None:
    admin.acl_setuser("default", enabled=True, commands=["-info"], nopass=True)
    assert not is_linked()
    heals(mount, puts)
    assert is_linked()


def test_a_port_where_nobody_speaks(
    settings: Any, mount: Mount, root: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with socket.create_server((HOST, 0)) as silent:
        url = f"redis://{HOST}:{silent.getsockname()[1]}/0"
        settings.CACHES = {"default": {"BACKEND": "django_redis.cache.RedisCache", "LOCATION": url}}
        use_mount(settings, root, **settings.S3REWRITE["media"])
        assert not is_linked()
    assert len(said(caplog)) == 1


def test_the_registry_is_what_it_was(mount: Mount, registry: Registry) -> None:
    assert [name for name, _ in registry.names()] == ["a.txt"]
