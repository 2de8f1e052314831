"""The watch beside a running loop: real files, a real kernel, a real Redis and S3."""

import os
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from s3rewrite.core.mounts import Mount
from s3rewrite.registry import Registry
from s3rewrite.sync.loop import MountLoop, run_loops
from s3rewrite.watch import cookie as cookie_module
from s3rewrite.watch import watch as watch_module
from s3rewrite.watch.watch import Watch
from tests.support.factories import use_mount, write

INTERVAL = 3600.0
"""Seconds: what is found is found by the watch."""

PATIENCE = 15.0


class Site:
    """A loop and a watch over a mount."""

    def __init__(self, mount: Mount, root: Path, registry: Registry) -> None:
        self.mount, self.root, self.registry = mount, root, registry
        self.stop = threading.Event()
        self.said: list[str] = []
        self.loop = MountLoop(mount, INTERVAL, self.stop, self.said.append)
        self.watch = Watch(mount, self.stop, self.said.append, pause=0.1)
        self.thread = threading.Thread(target=run_loops, args=([self.loop], self.stop),
                                       kwargs={"watches": [self.watch]})  # fmt: skip

    def published(self) -> set[str]:
        return {name for name, _ in self.registry.names()}

    def comes_to(self, *names: str) -> bool:
        return eventually(lambda: self.published() == set(names))

    def has_said(self, words: str) -> bool:
        return eventually(lambda: any(words in said for said in self.said))


def eventually(fact: Callable[[], bool]) -> bool:
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        if fact():
            return True
        time.sleep(0.02)
    return fact()


@pytest.fixture
def still(mount: Mount, root: Path, registry: Registry) -> Iterator[Site]:
    """Not running yet."""
    root.mkdir(exist_ok=True)
    site = Site(mount, root, registry)
    yield site
    site.stop.set()
    if site.thread.ident:
        site.thread.join()


@pytest.fixture
def site(still: Site) -> Site:
    still.thread.start()
    assert still.has_said("changes of files are watched")
    return still


def test_what_others_write_change_and_remove(site: Site, s3_client: Any) -> None:
    path = write(site.root, "a.txt", b"one")
    assert site.comes_to("a.txt")
    path.write_bytes(b"two!")
    assert eventually(lambda: bodies(s3_client, site.mount) == {"media/a.txt": b"two!"})
    assert site.comes_to("a.txt")
    path.unlink()
    assert site.comes_to()


def bodies(s3_client: Any, mount: Mount) -> dict[str, bytes]:
    found = s3_client.list_objects_v2(Bucket=mount.bucket).get("Contents", ())
    get = s3_client.get_object
    return {o["Key"]: get(Bucket=mount.bucket, Key=o["Key"])["Body"].read() for o in found}


def test_a_tree_that_is_made_at_once_or_moved_in_renamed_and_removed(
    site: Site, tmp_path: Path
) -> None:
    for number in range(20):
        write(site.root, f"new/{number}/deep/a.txt", b"%d" % number)
    made = {f"new/{number}/deep/a.txt" for number in range(20)}
    assert site.comes_to(*made)
    write(tmp_path, "outside/b/c.txt")
    (tmp_path / "outside").rename(site.root / "in")
    assert site.comes_to(*made, "in/b/c.txt")
    (site.root / "in").rename(site.root / "moved")
    assert site.comes_to(*made, "moved/b/c.txt")
    shutil.rmtree(site.root / "new")
    assert site.comes_to("moved/b/c.txt")


def test_a_file_that_is_being_written_is_left_alone(site: Site) -> None:
    with (site.root / "film.mp4").open("wb") as film:
        until = time.monotonic() + 4 * site.mount.settle
        while time.monotonic() < until:
            film.write(b"frame")
            film.flush()
            assert site.published() == set()
            time.sleep(site.mount.settle / 10)
    assert site.comes_to("film.mp4")


def test_what_is_excluded_is_no_news(
    settings: Any, mount: Mount, root: Path, registry: Registry
) -> None:
    mount = use_mount(settings, root, **settings.S3REWRITE["media"], EXCLUDE=["*.tmp"])
    root.mkdir(exist_ok=True)
    watch = Watch(mount, threading.Event())
    for name in ("a.tmp", "b.txt"):
        watch._paths.record_change(str(write(root, name)), 0.0)
    assert watch._hints(str(root), 9.0) == ["b.txt"]


def test_many_changes_are_one_look_at_everything(still: Site) -> None:
    for number in range(1001):
        still.watch._paths.record_change(str(still.root / str(number)), 0.0)
    assert still.watch._hints(str(still.root), 0.0) == [""]


def test_a_directory_is_looked_at_twice(still: Site) -> None:
    write(still.root, "photos/a.txt")
    still.watch._paths.record_change(str(still.root / "photos"), 0.0)
    hints = [still.watch._hints(str(still.root), now) for now in (1.9, 2.1, 4.0, 4.2, 9.0)]
    assert hints == [[], ["photos/"], [], ["photos/"], []]


def test_what_changed_before_the_watch_began_is_found(still: Site, monkeypatch: Any) -> None:
    """The pass is over, and nobody has watched until then."""
    began = threading.Event()
    events = watch_module._events

    def late(*arguments: Any) -> Any:
        began.wait(PATIENCE)
        return events(*arguments)

    monkeypatch.setattr(watch_module, "_events", late)
    still.thread.start()
    assert eventually(lambda: still.loop.health().since_pass is not None)
    write(still.root, "a.txt")
    began.set()
    assert still.comes_to("a.txt")


def test_a_name_that_is_not_utf8_ends_no_watch(site: Site) -> None:
    bad = site.root / os.fsdecode(b"\xff.txt")
    bad.write_bytes(b"x")
    assert site.has_said("not watched now: Unable to decode path")
    assert eventually(lambda: site.said.count(WATCHED) == 2)
    write(site.root, "a.txt")
    assert site.comes_to("a.txt")


WATCHED = "media: changes of files are watched"


def test_events_that_stop_coming_are_noticed(still: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cookie_module, "WAIT", 0.5)
    events = watch_module._events
    is_deaf = threading.Event()
    is_deaf.set()

    def deaf(*arguments: Any) -> Any:
        for paths in events(*arguments):
            yield set() if is_deaf.is_set() else paths

    monkeypatch.setattr(watch_module, "_events", deaf)
    still.thread.start()
    assert still.has_said("not watched now: no event came in")
    assert still.said.count(WATCHED) == 0
    is_deaf.clear()
    assert still.has_said(WATCHED)
    assert sum("not watched" in said for said in still.said) == 1


def test_a_root_that_is_away_for_a_while(site: Site) -> None:
    write(site.root, "a.txt")
    assert site.comes_to("a.txt")
    site.root.rename(site.root.with_name("away"))
    assert site.has_said("is its disk mounted")
    site.root.with_name("away").rename(site.root)
    write(site.root, "b.txt")
    assert site.comes_to("a.txt", "b.txt")


def test_another_storage_and_another_machines_disk_are_left_to_the_passes(
    settings: Any, still: Site, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    mountinfo = tmp_path / "mountinfo"
    mountinfo.write_text("22 1 0:31 / / rw - nfs4 server:/ rw")
    monkeypatch.setattr(watch_module, "MOUNTINFO", mountinfo)
    still.watch.run()
    assert still.said == [
        "media: changes of files are not watched, as other machines may change what lies on nfs4; "
        "the passes find them"
    ]
    settings.STORAGES = settings.STORAGES | {
        "default": {"BACKEND": "django.core.files.storage.InMemoryStorage"}
    }
    still.said.clear()
    Watch(still.mount, still.stop, still.said.append).run()
    assert "they are kept by InMemoryStorage" in still.said[0]


def test_where_no_cookie_can_be_written(still: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuses(*_: Any, **__: Any) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "touch", refuses)
    still.thread.start()
    assert still.has_said("without a proof that events come: no file can be written there")
    with (still.root / "a.txt").open("w") as file:
        file.write("x")
    assert still.comes_to("a.txt")


def test_too_many_watches_are_said_with_what_to_do(
    still: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: Any) -> Any:
        raise OSError('OS file watch limit reached. about ["/srv"]')
        yield set()

    monkeypatch.setattr(watch_module, "_events", full)
    still.thread.start()
    assert still.has_said("sysctl fs.inotify.max_user_watches=1048576")
    assert sum("not watched" in said for said in still.said) == 1


def test_what_stays_local_is_no_news(still: Site) -> None:
    for name in (".git/config", "a.part", ".b.txt.Ab3De9", "c.txt"):
        path = write(still.root, name)
        for changed in (path.parent, path):
            if changed != still.root:
                still.watch._paths.record_change(str(changed), 0.0)
    assert still.watch._hints(str(still.root), 9.0) == ["c.txt"]
