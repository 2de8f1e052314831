"""Redis users without rights, and clients of other kinds: the doctor tries what we really do."""

import threading
from collections.abc import Iterator
from contextlib import suppress
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
import redis
from django.core.exceptions import ImproperlyConfigured
from django.core.management import CommandError, call_command
from redis import ConnectionPool

from demo.servers import Valkey
from s3rewrite.core.mounts import Mount
from s3rewrite.linking.resolver import get_resolver
from s3rewrite.outage.prober import Prober
from s3rewrite.registry import loop_registry
from s3rewrite.registry.connection import get_client
from s3rewrite.sync.passes import whole_pass
from s3rewrite.sync.reporting.journal import heartbeat
from s3rewrite.sync.reporting.report import Result
from s3rewrite.tools.doctor import Grade, diagnose
from s3rewrite.tools.redis_probe import find_redis_problem
from tests.support.factories import job, use_mount, write
from tests.support.passes import counts
from tests.support.publishing import closed_clients

__all__ = ["closed_clients"]

BACKEND = "django_redis.cache.RedisCache"
ENOUGH = "+@read +@write +@scripting +@transaction +@connection +time +info ~{s3rewrite:*"


class Decoding(ConnectionPool):
    """A pool of another kind."""


@pytest.fixture
def mount(
    settings: Any, root: Path, caches: None, bucket: str, client_options: dict[str, Any]
) -> Mount:
    return use_mount(settings, root, BUCKET=bucket, CLIENT=client_options, POLL_SECONDS=0)


@pytest.fixture
def user(valkey: Valkey, redis_client: redis.Redis, settings: Any, mount: Mount) -> Iterator[Any]:
    """Gives the site's user of Redis these rights."""

    def allow(rights: str) -> None:
        redis_client.execute_command(
            "ACL", "SETUSER", "site", "reset", "on", ">pw", *rights.split()
        )
        location = valkey.url.replace("//", "//site:pw@")
        settings.CACHES = {"default": {"BACKEND": BACKEND, "LOCATION": location}}

    yield allow
    redis_client.execute_command("ACL", "DELUSER", "site")


def wrong(mount: Mount) -> list[str]:
    return [f.sentence for f in diagnose(mount) if f.subject == "redis" and f.grade is Grade.WRONG]


def test_the_rights_that_the_doctor_names_are_enough(
    user: Any, mount: Mount, root: Path, redis_client: redis.Redis
) -> None:
    user(ENOUGH)
    assert wrong(mount) == []
    assert list(redis_client.scan_iter("*")) == []
    write(root, "a.png")
    assert counts(whole_pass(job(mount))) == {Result.UPLOADED: 1}
    assert get_resolver().url("/media/a.png").startswith("http")


def test_without_info_it_works_too(user: Any, mount: Mount, root: Path) -> None:
    user(f"{ENOUGH} -info")
    assert wrong(mount) == []


@pytest.mark.parametrize(
    "rights",
    [
        ENOUGH.replace("+@scripting ", ""),
        f"{ENOUGH} -@stream",
        f"{ENOUGH} -@hash",
        f"{ENOUGH} -@set",
        f"{ENOUGH} -@sortedset",
        f"{ENOUGH} -@string",
        f"{ENOUGH} -xread",
        f"{ENOUGH} -time",
        ENOUGH.replace("~{s3rewrite:*", "~others:*"),
        ENOUGH.replace("~{s3rewrite:*", "%R~{s3rewrite:*"),
        ENOUGH.replace("+@write ", ""),
    ],
)
def test_without_a_right_the_doctor_says_which_one_and_the_loop_does_too(
    user: Any, mount: Mount, root: Path, rights: str
) -> None:
    user(rights)
    (sentence,) = wrong(mount)
    assert "what loops and pages do is refused" in sentence
    assert "give the user of CACHES['default'] the rights +@read" in sentence
    write(root, "a.png")
    if "xread" not in rights:  # which the loop alone needs
        assert "no permissions" in whole_pass(job(mount)).stopped.lower()


@pytest.mark.parametrize(
    "options",
    [
        {"CLIENT_CLASS": "django_redis.client.ShardClient"},
        {"CLIENT_CLASS": "django_redis.client.HerdClient"},
        {"CONNECTION_POOL_KWARGS": {"decode_responses": True}},
        {"CONNECTION_POOL_KWARGS": {"decode_responses": True, "encoding": "latin-1"}},
        {"CONNECTION_POOL_CLASS": "redis.BlockingConnectionPool"},
        {"SERIALIZER": "django_redis.serializers.json.JSONSerializer"},
    ],
)
def test_clients_of_other_kinds_work(
    settings: Any, mount: Mount, root: Path, redis_url: str, options: dict[str, Any]
) -> None:
    servers = redis_url
    if "Shard" in str(options):
        servers = [redis_url, redis_url.replace("/0", "/1")]  # type: ignore[assignment]
    settings.CACHES = {"default": {"BACKEND": BACKEND, "LOCATION": servers, "OPTIONS": options}}
    assert wrong(mount) == []
    write(root, "Übersicht.png")
    assert counts(whole_pass(job(mount))) == {Result.UPLOADED: 1}
    assert set(dict(loop_registry(mount).names())) == {"Übersicht.png"}
    assert get_resolver().url("/media/%C3%9Cbersicht.png").startswith("http")


COMMANDS = [
    ("s3rewrite_sync",), ("s3rewrite_status",), ("s3rewrite_suspend",), ("s3rewrite_resume",),
    ("s3rewrite_rebuild", "media"), ("s3rewrite_verify",), ("s3rewrite_restore",),
    ("s3rewrite_purge", "a.txt"), ("s3rewrite_explain", "a.txt"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("configuration", "said"),
    [
        ({"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}, "is no cache in Redis"),
        ({"BACKEND": "no.such.Cache"}, "is no cache in Redis"),
        (
            {
                "BACKEND": BACKEND,
                "OPTIONS": {
                    "CONNECTION_POOL_CLASS": f"{__name__}.Decoding",
                    "CONNECTION_POOL_KWARGS": {"decode_responses": True},
                },
            },
            'take "decode_responses" out of its OPTIONS',
        ),
    ],
)
def test_what_cannot_work_is_a_sentence_and_no_traceback(
    settings: Any, mount: Mount, root: Path, redis_url: str, configuration: Any, said: str
) -> None:
    location = f"{redis_url}?client_name=other"  # a pool of its own
    settings.CACHES = {"default": {"LOCATION": location} | configuration}
    with pytest.raises(ImproperlyConfigured, match=said):
        get_client("default", 1.0)
    assert any(said in sentence for sentence in wrong(mount))
    assert said in whole_pass(job(mount)).stopped
    # Whatever else meets it goes on as without Redis.
    assert Prober(mount, threading.Event()).step() > 0
    with heartbeat([mount], 1.0):
        pass
    for command in COMMANDS:
        with suppress(CommandError, SystemExit):
            call_command(*command, stdout=StringIO(), stderr=StringIO())


def test_a_probe_of_a_working_redis_finds_nothing(mount: Mount) -> None:
    assert find_redis_problem(mount) == ""
