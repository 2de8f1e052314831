"""Killed at any moment of a pass, nothing is lost and the next one ends it.

A moment is before or after each request that leaves the process. For each one a fresh site and
bucket meet a pass that is killed there; then it is looked at what is linked and what was deleted,
and the passes that follow are.
"""

import json
import os
import random
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple, Self

import pytest

from s3rewrite.core.mounts import Mount
from s3rewrite.disk.signatures import signature_of
from s3rewrite.registry import loop_registry
from s3rewrite.sync.passes import whole_pass
from s3rewrite.sync.reporting.report import Result
from tests.support.factories import job, use_mount, write
from tests.support.passes import Puts, counts

TRASH = "trash/"
LARGE = 8 * 1024 * 1024 + 1

Objects = dict[str, bytes]
Change = tuple[dict[str, bytes], dict[str, bytes]]
"""The files before, which are published, and the files that the pass meets."""

SMALL: Change = (
    {"kept.txt": b"kept", "touched.txt": b"same", "changed.txt": b"old", "gone.txt": b"gone",
     "closed/gone.txt": b"gone too"},
    {"kept.txt": b"kept", "touched.txt": b"same", "changed.txt": b"changed", "new.txt": b"new",
     "refers.css": b"a { background: url(new.txt) }"},
)  # fmt: skip
IN_PARTS: Change = (
    {"kept.txt": b"kept", "changed.txt": b"old", "gone.txt": b"gone"},
    {"kept.txt": b"kept", "changed.txt": b"changed", "film.mp4": bytes(LARGE)},
)

MOVED: Change = (
    {"kept.txt": b"kept", "old.txt": b"moved", "changed.txt": b"old", "other.txt": b"over it",
     "gone.txt": b"gone"},
    {"kept.txt": b"kept", "new.txt": b"moved", "changed.txt": b"changed", "gone.txt": b"over it"},
)  # fmt: skip

REGISTRY = [
    "acquire",
    "epoch",
    "withdraw",
    "claim",
    "publish",
    "begin_delete",
    "confirm_write",
    "renew",
]
PARTS = ["begin parts of", "put part", "complete"]


class Scenario(NamedTuple):
    """What a pass meets, and requests that it makes: they are named as `mortal` names them."""

    change: Change
    options: dict[str, Any]
    lane: str
    requests: list[str]


SCENARIOS = {
    "mirror-obstore": Scenario(
        SMALL,
        {"KEYS": "mirror", "QUARANTINE": TRASH},
        "obstore",
        ["refresh", "list", "put by obstore media/new.txt", "copy to", "delete objects of"],
    ),
    "fingerprint-boto3": Scenario(
        SMALL,
        {"KEYS": "fingerprint", "SITE_URL": "https://example.com"},
        "boto3",
        ["refresh", "list", "put /", "delete objects of"],
    ),
    "mirror-obstore-moved": Scenario(
        MOVED,
        {"KEYS": "mirror"},
        "obstore",
        ["copy to", "put by obstore media/changed.txt", "delete objects of"],
    ),
    "fingerprint-boto3-moved": Scenario(
        MOVED, {"KEYS": "fingerprint"}, "boto3", ["copy to", "put /", "delete objects of"]
    ),
    "mirror-boto3-in-parts": Scenario(
        IN_PARTS, {"KEYS": "mirror"}, "boto3", ["head", "put /", *PARTS, "delete objects of"]
    ),
}


class Mortal:
    """Runs passes in processes of their own, which are killed."""

    def __init__(self, settings: Any, directory: Path, redis_url: str, *options: str) -> None:
        text = (
            "from tests.settings import *\n"
            f"MEDIA_ROOT = {str(settings.MEDIA_ROOT)!r}\n"
            f"STORAGES = {settings.STORAGES!r}\n"
            f"CACHES['default']['LOCATION'] = {redis_url!r}\n"
            f"S3REWRITE = {settings.S3REWRITE!r}\n"
        )
        (directory / "mortal_settings.py").write_text(text)
        paths = os.pathsep.join([str(directory), str(Path.cwd())])
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.integration.mortal", *options],
            env=os.environ | {"DJANGO_SETTINGS_MODULE": "mortal_settings", "PYTHONPATH": paths},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def dies(self, moment: str) -> tuple[list[str], bool]:
        """Run a pass that dies at that moment. The moments it met, and whether it did."""
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(f"{moment}\n")
        self._process.stdin.flush()
        met, is_killed = json.loads(self._process.stdout.readline())
        return met, is_killed

    def lives(self) -> list[str]:
        """Run a pass to its end. The moments it met."""
        met, is_killed = self.dies("")
        assert not is_killed
        return met

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        with self._process:  # the end of its standard input is its own
            pass


class Site:
    """A mount with its files, its objects and its passes."""

    def __init__(self, mount: Mount, root: Path, client: Any, puts: Puts) -> None:
        self.mount, self.root, self.puts = mount, root, puts
        self._client = client
        self._job = job(mount)
        self.registry = loop_registry(mount)

    def becomes(self, change: Change) -> None:
        """Publish the files before, and then put the others in their place."""
        self._empty()
        before, after = change
        for name, content in before.items():
            write(self.root, name, content, age=1000)
        self.completes()
        for name in before.keys() - after.keys():
            (self.root / name).unlink()
        for path in [path for path in self.root.iterdir() if path.is_dir()]:
            path.rmdir()
        for name, content in after.items():
            if before.get(name) != content or name == "touched.txt":
                write(self.root, name, content)

    def completes(self) -> dict[Result, int]:
        """A whole pass, here; what it did."""
        report = whole_pass(self._job)
        assert report.is_ok, report
        return counts(report)

    def files(self) -> dict[str, tuple[bytes, int]]:
        """Name -> bytes and time, of the files on disk."""
        paths = [path for path in self.root.rglob("*") if path.is_file()]
        return {
            str(path.relative_to(self.root)): (path.read_bytes(), path.stat().st_mtime_ns)
            for path in paths
        }

    def objects(self) -> Objects:
        """Key -> bytes, of what the bucket holds."""
        found = self._client.list_objects_v2(Bucket=self.mount.bucket).get("Contents", ())
        return {item["Key"]: self._body(item["Key"]) for item in found}

    def linked(self) -> dict[str, str]:
        """Name -> key, of those whose file is as its entry says."""
        return {
            name: self.mount.paths.key(name, entry.fingerprint)
            for name, entry in self.registry.names()
            # A stub has neither inode nor ctime.
            if (found := signature_of(self._job.storage, name))
            and found in (entry.signature, entry.signature.plain)
        }

    def end_lease(self) -> None:
        """As fifteen seconds without a renewal would do."""
        self.registry.client.delete(self.registry.keys.lease)

    def _body(self, key: str) -> bytes:
        found = self._client.get_object(Bucket=self.mount.bucket, Key=key)["Body"].read()
        assert isinstance(found, bytes)
        return found

    def _empty(self) -> None:
        self.registry.client.flushall()
        if keys := [{"Key": key} for key in self.objects()]:
            self._client.delete_objects(Bucket=self.mount.bucket, Delete={"Objects": keys})
        for path in self.root.rglob("*.*"):
            path.unlink()


@pytest.fixture(params=SCENARIOS)
def scenario(request: pytest.FixtureRequest) -> Scenario:
    return SCENARIOS[request.param]


@pytest.fixture
def site(
    settings: Any, scenario: Scenario, root: Path, mount: Mount, s3_client: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> Site:  # fmt: skip
    given = settings.S3REWRITE["media"] | {"DELETE_MISSING": True, "DELETE_GRACE": 0}
    # One thread: what is one request, and how many there are, hardly depends on time then.
    options = given | {"THREADS": 1} | scenario.options
    return Site(use_mount(settings, root, **options), root, s3_client, Puts(monkeypatch))


@pytest.fixture
def mortal(
    site: Site, settings: Any, scenario: Scenario, tmp_path: Path, redis_url: str
) -> Iterator[Mortal]:
    with Mortal(settings, tmp_path, redis_url, f"--{scenario.lane}") as mortal:
        yield mortal


def test_killed_at_any_moment_nothing_is_lost_and_the_next_pass_ends_it(
    site: Site, mortal: Mortal, scenario: Scenario
) -> None:
    moments, wanted = undisturbed(site, mortal, scenario)
    killed_at = []
    picked = pick(moments)
    for moment in picked:
        site.becomes(scenario.change)
        before = site.files(), site.objects()
        met, is_killed = mortal.dies(moment)
        if is_killed:
            killed_at.append(moment)
            assert met[-1] == moment
        with explained(moment):
            check(site, *before)
            check_next(site, wanted)
    assert {moment for moment in picked if moment.endswith("#1")} <= set(killed_at)
    assert_all_are_met(moments, scenario.requests)


def pick(moments: list[str]) -> list[str]:
    """A third of them, by chance; all of them for `make long`."""
    return moments if "EVERY_MOMENT" in os.environ else moments[random.randrange(3) :: 3]


def undisturbed(site: Site, mortal: Mortal, scenario: Scenario) -> tuple[list[str], Objects]:
    """The moments of a pass that nobody kills, and the objects that there are after it."""
    for _ in range(2):  # after the first one the server knows each script
        site.becomes(scenario.change)
        moments = mortal.lives()
    linked, objects = site.linked(), site.objects()
    check(site, site.files(), {})
    assert linked.keys() == scenario.change[1].keys()
    assert {key for key in objects if not key.startswith(TRASH)} == set(linked.values())
    return moments, objects


@contextmanager
def explained(moment: str) -> Iterator[None]:
    """Name the moment in the failure."""
    try:
        yield
    except Exception as error:
        error.add_note(f"Killed {moment}")
        raise


def check(site: Site, files: dict[str, tuple[bytes, int]], before: Objects) -> None:
    """Nothing was lost: the files are as they were, and a link leads to the file's bytes."""
    assert site.files() == files
    objects, linked = site.objects(), site.linked()
    for name, key in linked.items():
        assert is_sent_for(objects[key], files[name][0]), name
    needed = {
        site.mount.paths.key(name, entry.fingerprint) for name, entry in site.registry.names()
    }
    vanished = before.keys() - objects.keys()
    assert not vanished & needed
    if not site.mount.paths.fingerprinted:
        assert not vanished & {site.mount.paths.key(name, "") for name in files}
    if site.mount.quarantine:
        assert {key: objects[TRASH + key] for key in vanished} == {
            key: before[key] for key in vanished
        }


def is_sent_for(sent: bytes, content: bytes) -> bool:
    """Whether these bytes are sent for a file: its own, unless it refers to the site."""
    return sent in (content, content.replace(b"url(", b"url(https://example.com/media/"))


def check_next(site: Site, wanted: Objects) -> None:
    """The next pass brings the rest, and sends nothing that has arrived; then all is done."""
    arrived = site.objects()
    site.end_lease()
    site.puts.keys.clear()
    site.completes()
    assert [key for key in site.puts.keys if arrived.get(key) == wanted[key]] == []
    assert site.objects() == wanted
    assert site.linked().keys() == site.files().keys()
    assert site.registry.withdrawn(0) == []
    assert site.completes() == {Result.KEPT: len(site.files())}


def assert_all_are_met(moments: list[str], requests: list[str]) -> None:
    """There are moments before and after every request that there must be.

    How often one is made may depend on which files were in time to share it; the first is made.
    """
    for request in REGISTRY + requests:
        for when in ("before", "after"):
            assert any(moment.startswith(f"{when} {request}") for moment in moments), request
