"""Names that no file can have, from forms and from Redis: each costs itself alone."""

import errno
import logging
import os
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from shutil import rmtree
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.exceptions import SuspiciousFileOperation
from django.core.files.storage import FileSystemStorage, storages
from django.test import Client
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from s3rewrite.core.entries import MAX_NAME_BYTES, Entry, Signature, decode_name, is_name, split
from s3rewrite.core.mounts import Mount
from s3rewrite.disk import signatures
from s3rewrite.registry import Registry
from s3rewrite.storage import S3RewriteStorage
from s3rewrite.sync.hints import WHOLE
from s3rewrite.sync.loop import MountLoop
from s3rewrite.sync.passes import whole_pass
from s3rewrite.sync.reporting.report import Report
from tests.support.commands import eventually
from tests.support.factories import job, use_mount, write

BAD = [
    "a\0b", "../../x", "/etc/passwd", "a//b", "./a", "a/..", "..", ".", "\ud800", "a/\udcff",
    "x" * (MAX_NAME_BYTES + 1), "ä" * 513,
]  # fmt: skip
NO_FILES = ["x" * 300, "a/" * 400 + "b", "a.txt/b"]
"""Names that would be ones, of files that no disk can have."""

PARTS = st.sampled_from(["a", "b.txt", "", ".", "..", "\0", "\ud800", "é", "x" * 300, "-", " "])
NAMES = st.lists(PARTS, min_size=1, max_size=5).map("/".join)


@pytest.fixture
def mount(settings: Any, root: Path, mount: Mount) -> Mount:
    settings.STORAGES = {
        **settings.STORAGES,
        "default": {"BACKEND": "s3rewrite.storage.S3RewriteStorage"},
    }
    return use_mount(settings, root, **settings.S3REWRITE["media"])


@pytest.fixture
def said() -> list[str]:
    return []


@pytest.fixture
def loop(mount: Mount, said: list[str]) -> Iterator[MountLoop]:
    """A loop that runs, with passes only where hints or failures ask for them."""
    stop = threading.Event()
    loop = MountLoop(mount, 3600.0, stop, said.append)
    thread = threading.Thread(target=loop.run)
    thread.start()
    eventually(lambda: loop.health().since_pass is not None)
    yield loop
    stop.set()
    thread.join(10)


@pytest.mark.parametrize("name", BAD)
def test_no_name(name: str) -> None:
    assert not is_name(name)
    assert decode_name(name.encode("utf-8", "surrogatepass")) is None


@given(NAMES)
def test_a_name_is_what_a_storage_takes_as_it_is(name: str) -> None:
    storage = FileSystemStorage("/srv/media")
    if is_name(name):
        assert storage.path(name) == f"/srv/media/{name}"


def publishes_soon(root: Path, registry: Registry, name: str) -> None:
    """A file that a hint speaks of is published as fast as ever."""
    write(root, name)
    registry.hints.add([name])
    began = time.monotonic()
    eventually(lambda: registry.get([name]), 10)
    assert time.monotonic() - began < 5


def test_what_a_form_sends(
    loop: MountLoop, root: Path, registry: Registry, said: list[str], caplog: Any
) -> None:
    storage = S3RewriteStorage(root)
    for name in BAD + NO_FILES:
        with suppress(SuspiciousFileOperation, ValueError, OSError):
            storage.delete(name)
    publishes_soon(root, registry, "a.txt")
    assert [line for line in said if "stopped" in line] == []
    assert [record for record in caplog.records if record.levelno >= logging.ERROR] == []


def test_what_stands_in_redis(
    loop: MountLoop, root: Path, registry: Registry, said: list[str], caplog: Any
) -> None:
    raws = [name.encode("utf-8", "surrogatepass") for name in BAD + NO_FILES]
    for raw in [
        *raws,
        b"\xff",
        b"a\xff/",
        b"../",
        b"x" * 300 + b"/",
        *(raw + b"/" for raw in raws),
    ]:
        registry.client.xadd(registry.keys.hints, {"n": raw})
    registry.client.xadd(registry.keys.hints, {"other": b"a.txt"})
    publishes_soon(root, registry, "a.txt")
    assert [line for line in said if "stopped" in line] == []
    dropped = [record for record in caplog.records if "as a hint" in record.getMessage()]
    assert len(dropped) == 1
    assert [record for record in caplog.records if record.levelno >= logging.ERROR] == []


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(names=st.lists(NAMES, max_size=8))
def test_any_names_leave_only_hints_that_are_some(
    mount: Mount, registry: Registry, names: list[str]
) -> None:
    registry.client.delete(registry.keys.hints)
    registry.hints.add(names)
    for name in names:
        with suppress(SuspiciousFileOperation, ValueError, OSError):
            storages[mount.storage].delete(name)
    _, hints = registry.hints.read("0-0", 0)
    assert all(hint == WHOLE or is_name(hint.removesuffix("/")) for hint in hints)


@pytest.fixture
def unreadable(monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """Parts of paths that the disk fails to read, as a broken or far one does."""
    parts: set[str] = set()
    look = signatures._disk_signature

    def fail(path: str) -> Signature | None:
        if any(part in path for part in parts):
            raise OSError(errno.EIO, os.strerror(errno.EIO), path)
        return look(path)

    monkeypatch.setattr(signatures, "_disk_signature", fail)
    return parts


def test_a_file_that_cannot_be_looked_at_fails_alone(
    mount: Mount, root: Path, registry: Registry, unreadable: set[str]
) -> None:
    write(root, "a.txt")
    unreadable.add("/loop")
    reports: list[Report] = []
    loop = MountLoop(mount, 3600.0, threading.Event(), print, observers=[reports.append])
    loop.step()
    registry.withdraw(["a.txt"])
    registry.hints.add(["loop/x", "loop", "a.txt"])
    loop.step()
    assert set(reports[1].failures) == {"loop", "loop/x"}
    assert "Input/output error" in reports[1].failures["loop"]
    assert not reports[1].stopped
    assert registry.get(["a.txt"])


@pytest.mark.django_db
def test_the_admin_asks_for_no_such_name(mount: Mount, registry: Registry) -> None:
    User.objects.create_superuser("root", password="x")
    client = Client()
    assert client.login(username="root", password="x")
    for name in ("../x", "a\0b", "/etc/passwd"):
        page = client.post(
            "/admin/s3rewrite/mountstatus/ask/", {"mount": "media", "name": name}, follow=True
        )
        assert "No file can have the name" in page.content.decode()
        assert client.get("/admin/s3rewrite/mountstatus/", {"q": name}).status_code == 200
    assert registry.hints.read("0-0", 0)[1] == []


@pytest.mark.parametrize("name", ["loop", "loop/x", "d/loop/x/y"])
def test_what_cannot_be_looked_at_stops_no_pass(
    mount: Mount, root: Path, registry: Registry, unreadable: set[str], name: str
) -> None:
    """A name that became unreadable stands in Redis: published, withdrawn, and in doubt."""
    for file in (name, "a.txt"):
        write(root, file)
    whole_pass(job(mount))
    place = root / name.partition("loop")[0] / "loop"
    rmtree(place) if place.is_dir() else place.unlink()
    registry.withdraw([name])
    entry = Entry(Signature(5, 1), "a" * 24)
    registry.client.hset(registry.keys.directory(split(name)[0]), split(name)[1], entry.encode())
    registry.client.sadd(registry.keys.directories, split(name)[0])
    registry.client.set(registry.keys.epoch, "x@" + "0" * 40)
    unreadable.add("/loop")
    for _ in range(2):
        report = whole_pass(job(replace(mount, delete_grace=0), delete=True))
        assert report.stopped == ""
    assert registry.get([name, "a.txt"]).keys() == {"a.txt"}
    assert [found.name for found in registry.withdrawn(0)].count(name) >= 1


def test_a_young_file_that_cannot_be_looked_at_any_more_fails_alone(
    settings: Any, mount: Mount, root: Path, registry: Registry, unreadable: set[str]
) -> None:
    mount = use_mount(settings, root, **{**settings.S3REWRITE["media"], "SETTLE": 0.2})
    reports: list[Report] = []
    loop = MountLoop(mount, 3600.0, threading.Event(), print, observers=[reports.append])
    write(root, "d/young", age=0)
    write(root, "d/grown", age=0)
    loop.step()
    assert set(reports[0].unsettled) == {"d/young", "d/grown"}
    unreadable.add("/young")
    time.sleep(0.3)
    loop.step()
    assert "d/young" in reports[1].failures
    assert registry.get(["d/grown"])
