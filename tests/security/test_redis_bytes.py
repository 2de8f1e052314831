"""Any bytes under any of our keys in Redis: commands and pages end well, the next pass heals."""

import json
import logging
import re
import threading
from io import StringIO
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import redis
from django.core.management import CommandError, call_command
from django.http import HttpResponse
from django.template.loader import render_to_string
from django.test import RequestFactory
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from s3rewrite.core.entries import Entry
from s3rewrite.core.mounts import Mount
from s3rewrite.core.paths import is_inert
from s3rewrite.metrics.collector import StatusCollector
from s3rewrite.middleware import S3RewriteMiddleware
from s3rewrite.monitoring.overview import find, overviews
from s3rewrite.registry import Registry, loop_registry
from s3rewrite.registry.task_channel import TaskChannel
from s3rewrite.sync.loop import MountLoop
from s3rewrite.sync.workers.messages import decode_outcomes
from tests.support.factories import use_mount, write
from tests.support.publishing import closed_clients

__all__ = ["closed_clients"]

NAMES = ["a.txt", "photos/b.jpg", "photos/c d.jpg"]
BODY = "".join(f'<img src="/media/{name}">' for name in ["a.txt", "photos/b.jpg", "photos/x.jpg"])


class Poison(NamedTuple):
    """What somebody writes under a key."""

    key: str
    """The name of one of ours, or a directory's path."""
    kind: str
    fields: list[bytes]
    replaces: bool
    """Whether what was there is gone."""


NASTY = st.sampled_from([
    b"", b"\xff", b"a\0b", b"../../x", b"/", b"x" * 300, b"y" * 5000, b"a.txt/", b"[" * 100_000,
    b"1,2,aa/../../../../e", b"5,9,,,,", b"NaN", b"{}", b"[1]", b'{"ended": 1e999}', b"a.txt",
    b"photos/b.jpg", b"photos", b"abc:def=99999999999999999999 ", b"12 host abc", b"9" * 30, b"nan",
    b'{"names": "\\ud800", "size": 1}', b'["failed", "\\ud800", 1]', b'["failed", "no", 1e17]',
    b"aa/../../../evil.js?12345 a.txt", b"\xff" * 24 + b" a.txt", b"<script>alert(1)</script>",
])  # fmt: skip
FIELDS = st.sampled_from(
    "ended seconds stopped by ok uploaded kept pending failed pending_since names size planned "
    "done holder interval batch ends stop".split()
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(FIELDS, inner, max_size=9),
    max_leaves=12,
).map(lambda value: json.dumps(value).encode())
BYTES = NASTY | JSON | st.binary(max_size=30)

KEYS = (
    "directories claims changes hints withdrawn unconfirmed_writes epoch seen lease fence late "
    "rules passes last problems progress loop totals suspended outage prober d: d:photos d:nowhere"
).split()
POISONS = st.builds(
    Poison,
    st.sampled_from(KEYS),
    st.sampled_from(["string", "hash", "set", "zset", "stream", "last stream", "list", "own"]),
    st.lists(BYTES, min_size=2, max_size=2),
    st.booleans(),
)


def poison(registry: Registry, wanted: Poison) -> None:
    """Write it, whatever is there."""
    client, keys = registry.client, registry.keys
    key = keys.directory(wanted.key[2:]) if wanted.key[:2] == "d:" else getattr(keys, wanted.key)
    kind = wanted.kind
    if kind == "own":
        kind = keys.types.get(key, "hash")
    if wanted.replaces or client.type(key).decode() not in ("none", kind):
        client.delete(key)
    one, other = wanted.fields
    {
        "string": lambda: client.set(key, one),
        "hash": lambda: client.hset(key, one, other),
        "set": lambda: client.sadd(key, one, other),
        "zset": lambda: client.zadd(key, {one: 1.0, other: 2.0}),
        "list": lambda: client.rpush(key, one, other),
        "stream": lambda: client.xadd(key, {b"n" if len(other) % 2 else b"pass": one}),
        "last stream": lambda: client.xadd(key, {"n": one}, id=f"{2**64 - 1}-{2**64 - 1}"),
    }[kind]()


@pytest.fixture
def mount(settings: Any, root: Path, mount: Mount) -> Mount:
    """Names are in keys, what is gone is deleted, and web processes ask Redis each time."""
    given = {"KEYS": "fingerprint", "POLL_SECONDS": 0, "DELETE_MISSING": True, "DELETE_GRACE": 0}
    return use_mount(settings, root, **settings.S3REWRITE["media"], **given)


@pytest.fixture
def entries(mount: Mount, root: Path) -> dict[str, Entry]:
    """What is published of files that nobody changes."""
    for name in NAMES:
        write(root, name, name.encode())
    call_command("s3rewrite_sync", verbosity=0)
    return dict(loop_registry(mount).names())


def run(*command: str, **options: Any) -> object:
    """Run a command; its exit code, or the sentence with which it refuses."""
    out = StringIO()
    try:
        call_command(*command, stdout=out, stderr=StringIO(), **options)
    except CommandError as error:
        return str(error)
    except SystemExit as error:
        return error.code
    return 0


def page(mount: Mount) -> list[str]:
    """The URLs of a page."""
    middleware = S3RewriteMiddleware(lambda request: HttpResponse(BODY))
    response = middleware(RequestFactory().get("/"))
    assert response.status_code == 200
    return re.findall('src="(.*?)"', response.content.decode())  # type: ignore[attr-defined]


def assert_true(mount: Mount, urls: list[str], entries: dict[str, Entry]) -> None:
    """Each URL is local, or that of the object that S3 holds."""
    public = [mount.paths.url(name, entry.fingerprint) for name, entry in entries.items()]
    assert all(is_inert(url) for url in urls)
    assert all(url.startswith("/media/") or url in public for url in urls), urls


def look(mount: Mount, entries: dict[str, Entry]) -> None:
    """Whatever only looks."""
    assert_true(mount, page(mount), entries)
    for options in (("--json",), ("--all",)):
        assert run("s3rewrite_status", *options) in (0, 1, 2, 3)
    assert run("s3rewrite_explain", "photos/b.jpg") in (0, 3)
    text = render_to_string("s3rewrite/admin/mounts.html", {"mounts": overviews()})
    assert text.encode()
    assert find("a.txt")
    assert list(StatusCollector().collect())


@settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(POISONS)
@example(Poison("hints", "stream", [b"a\0b", b"x"], replaces=False))
@example(Poison("hints", "stream", [b"../../x", b"x"], replaces=False))
@example(Poison("hints", "stream", [b"\xff", b"x"], replaces=False))
@example(Poison("hints", "last stream", [b"a.txt", b"x"], replaces=True))
@example(Poison("changes", "last stream", [b"a.txt", b"x"], replaces=False))
@example(Poison("changes", "stream", [b"\xff", b"x"], replaces=False))
@example(Poison("directories", "string", [b"x", b"x"], replaces=True))
@example(Poison("lease", "own", [b"nobody", b"x"], replaces=True))
@example(Poison("withdrawn", "own", [b"\xff", b"x" * 24 + b" a.txt"], replaces=True))
@example(Poison("last", "own", [b'{"ended": 1}', b"x"], replaces=True))
@example(Poison("d:", "own", [b"a.txt", b"1,2,aa/../../../../e"], replaces=False))
def test_any_bytes_under_any_key(
    mount: Mount,
    registry: Registry,
    entries: dict[str, Entry],
    caplog: pytest.LogCaptureFixture,
    wanted: Poison,
) -> None:
    caplog.clear()
    poison(registry, wanted)
    look(mount, entries)
    loop = MountLoop(mount, 0.05, threading.Event(), lambda said: None)
    for _ in range(3):
        assert loop.step() <= 1.0
    look(mount, entries)
    assert run("s3rewrite_sync", "--wait", "0") == 0
    assert dict(registry.names()) == entries
    assert page(mount)[:2] == [
        mount.paths.url(name, entries[name].fingerprint) for name in NAMES[:2]
    ]
    assert all(
        registry.client.type(key).decode() in ("none", kind)
        for key, kind in registry.keys.types.items()
    )
    assert [r.getMessage() for r in caplog.records if r.levelno >= logging.ERROR] == []


@pytest.mark.parametrize(
    "key", ["directories", "epoch", "d:photos", "last", "lease", "unconfirmed_writes"]
)
def test_a_rebuild_leaves_nothing_of_it(
    mount: Mount, registry: Registry, entries: dict[str, Entry], key: str
) -> None:
    for kind in ("list", "own"):
        poison(registry, Poison(key, kind, [b"\xff", b"\xff"], replaces=True))
        registry.client.set(f"{registry.keys.tag}:unheard-of", b"\xff")
        assert isinstance(run("s3rewrite_verify"), (int, str))
        assert run("s3rewrite_rebuild") == 0
        assert dict(registry.names()) == entries
        assert not registry.client.exists(f"{registry.keys.tag}:unheard-of")


def test_what_is_dropped_is_logged_once(
    mount: Mount, registry: Registry, entries: dict[str, Entry], caplog: pytest.LogCaptureFixture
) -> None:
    for number in range(5):
        registry.client.xadd(registry.keys.hints, {"n": b"\xff%d" % number})
        registry.hints.read("0-0", 0)
    (record,) = caplog.records
    assert record.getMessage().startswith(
        "What Redis holds for mount 'media' as a hint does not have the expected form"
    )


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(told=st.lists(BYTES, min_size=1, max_size=5))
def test_what_workers_tell(registry: Registry, told: list[bytes]) -> None:
    desk = TaskChannel(registry, "1 host abc")
    registry.client.rpush(registry.keys.messages("1 host abc"), *told)
    for message in desk.receive(0):
        decode_outcomes(message)


@given(
    st.dictionaries(
        FIELDS, st.recursive(st.none() | st.floats() | st.text(), st.lists, max_leaves=9)
    )
)
def test_what_workers_tell_is_an_end_or_none(message: dict[str, Any]) -> None:
    assert decode_outcomes(message) is None or isinstance(decode_outcomes(message), list)


def test_other_errors_of_redis_are_no_absence(registry: Registry) -> None:
    def refuse() -> None:
        raise redis.ResponseError("NOPERM this user has no permissions")

    with pytest.raises(redis.ResponseError, match="NOPERM"):
        registry.replies.read("rules", refuse, None)
