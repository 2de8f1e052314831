"""What people do not mean to publish: by every way on which a file may come to S3."""

import os
import threading
import time
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from s3rewrite.core.kept_local import (
    ALLOW_WORDS,
    HIDDEN,
    OUTSIDE,
    TEMPORARY,
    UNLINKABLE,
    UNREADABLE,
)
from s3rewrite.core.mounts import Mount
from s3rewrite.disk.signatures import signature
from s3rewrite.explain.explanation import explain_urls
from s3rewrite.explain.publication import reasons_by_name
from s3rewrite.registry import Registry
from s3rewrite.registry.lease import held
from s3rewrite.sync.loop import MountLoop
from s3rewrite.sync.passes import pass_over, whole_pass
from s3rewrite.sync.plan import Task
from s3rewrite.sync.reporting.report import Result
from s3rewrite.sync.upload.attempt import UploadResult
from s3rewrite.sync.upload.batch import UploadRequest, upload
from s3rewrite.sync.upload.references import KeptLocal
from tests.integration.conftest import mount, registry, root
from tests.integration.faulty_s3 import Exchange, faulty
from tests.integration.test_watch import eventually
from tests.support.factories import job, use_mount, write
from tests.support.passes import body, counts, keys

__all__ = ["mount", "registry", "root"]

SECRET = b"root:x:0:0"

Make = Callable[[Path], str]
"""Makes something below a root and says its name."""


def file(name: str, mode: int = 0o644) -> Make:
    def make(root: Path) -> str:
        write(root, name, SECRET).chmod(mode)
        return name

    return make


def link(name: str, target: str) -> Make:
    def make(root: Path) -> str:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.symlink_to(target)
        return name

    return make


def closed(name: str, mode: int) -> Make:
    def make(root: Path) -> str:
        path = write(root, name, SECRET)
        path.parent.chmod(mode)
        return name

    return make


def chained(*makes: Make) -> Make:
    return lambda root: [make(root) for make in makes][-1]


# What it is -> how to make it, which word keeps it local, and the name that the reason is given
# for: a directory that is not entered has one reason, however much is in it.
CASES: dict[str, tuple[Make, str, str]] = {
    "a hidden file": (file(".env"), HIDDEN, ".env"),
    "one in a directory": (file("a/.htpasswd"), HIDDEN, "a/.htpasswd"),
    "a hidden directory": (file(".git/config"), HIDDEN, ".git"),
    "one below another": (file("a/.b/c/d.txt"), HIDDEN, "a/.b"),
    "hidden in .well-known": (file(".well-known/.env"), HIDDEN, ".well-known/.env"),
    "a link to a file": (link("passwd", "/etc/passwd"), OUTSIDE, "passwd"),
    "a relative one": (link("a/secret", "../../outside/secret.txt"), OUTSIDE, "a/secret"),
    "a link to a link": (
        chained(link("b/one", "../../outside/secret.txt"), link("b/two", "one")),
        OUTSIDE,
        "b/two",
    ),
    "a link to a directory": (
        chained(link("out", "../outside"), lambda _: "out/secret.txt"), OUTSIDE, "out"
    ),
    "one by way of a link": (
        chained(
            link("c/out", "../../outside"), link("c/in", "out"), lambda _: "c/in/secret.txt"
        ),
        OUTSIDE,
        "c/in",
    ),
    "a neighbour with the same beginning": (
        link("near", "../media-private/secret.txt"), OUTSIDE, "near"
    ),
    "for its owner": (file("owner.txt", 0o600), UNREADABLE, "owner.txt"),
    "for its owner to read": (file("read.txt", 0o400), UNREADABLE, "read.txt"),
    "for its group": (file("group.txt", 0o640), UNREADABLE, "group.txt"),
    "for nobody": (file("nobody.txt", 0o000), UNREADABLE, "nobody.txt"),
    "in a closed directory": (closed("closed/a.txt", 0o700), UNREADABLE, "closed"),
    "deep in a closed directory": (
        chained(file("shut/b/c.txt"), closed("shut/x.txt", 0o700), lambda _: "shut/b/c.txt"),
        UNREADABLE,
        "shut",
    ),
    "a link into a closed directory": (
        chained(closed("locked/a.txt", 0o700), link("window", "locked/a.txt")),
        UNREADABLE,
        "window",
    ),
    "a link to a closed file": (
        chained(file("own.txt", 0o600), link("own-link", "own.txt")), UNREADABLE, "own-link"
    ),
    "of rsync": (file("a/.b.jpg.Ab3De9"), TEMPORARY, "a/.b.jpg.Ab3De9"),
    "a download": (file("film.mp4.part"), TEMPORARY, "film.mp4.part"),
    "of NFS": (file(".nfs000012ab"), TEMPORARY, ".nfs000012ab"),
    "a backslash": (file("a\\b.txt"), UNLINKABLE, "a\\b.txt"),
    "a directory with one": (file("d\\e/f.txt"), UNLINKABLE, "d\\e"),
    "a newline": (file("a\nmedia: 9 uploaded"), UNLINKABLE, "a\nmedia: 9 uploaded"),
}  # fmt: skip

MEANT: dict[str, Make] = {
    "a file": file("plain.txt"),
    "well known": file(".well-known/security.txt"),
    "a link within": chained(file("real/a.txt"), link("alias.txt", "real/a.txt")),
    "an absolute one": lambda root: link("absolute.txt", str(root / "plain.txt"))(root),
    "a linked directory": chained(link("album", "real"), lambda _: "album/a.txt"),
    "a link to a link within": chained(link("again.txt", "alias.txt")),
    "open to the group's directory": closed("group/a.txt", 0o750),
    "a dot in the middle": file("a.b.c"),
}


@pytest.fixture
def tree(mount: Mount, root: Path, tmp_path: Path) -> set[str]:
    """Every case; the names that are meant."""
    for beside in ("outside", "media-private"):
        write(tmp_path, f"{beside}/secret.txt", SECRET)
    for make, _, _ in CASES.values():
        make(root)
    names = {make(root) for make in MEANT.values()} | {"real/a.txt"}
    (root / "real/up").symlink_to("..")
    (root / "itself").symlink_to("itself")
    return names


def published(registry: Registry) -> set[str]:
    return {name for name, _ in registry.names()}


def names_of_cases(root: Path) -> dict[str, str]:
    """Name of a file -> its word."""
    found = {}
    for make, word, _ in CASES.values():
        # They are there: making them again tells their names.
        fresh = root.parent / f"names-{len(found)}"
        found[make(fresh)] = word
    return found


def test_a_pass_publishes_what_is_meant_and_gives_a_reason_for_the_rest(
    mount: Mount, root: Path, registry: Registry, s3_client: Any, tree: set[str]
) -> None:
    report = whole_pass(job(mount))
    assert report.is_ok
    assert published(registry) == tree
    assert set(keys(s3_client, mount)) == {f"media/{name}" for name in tree}
    for what, (_, word, name) in CASES.items():
        assert word in _word(report.skipped[name]), what
    assert report.skipped["itself"] == "a link to nothing"
    assert report.skipped["real/up"] == "a link to a directory that holds it"


def _word(reason: str) -> str:
    return UNLINKABLE if reason.startswith("no URL can") else reason.rpartition('ALLOW: "')[2]


def test_hints_of_names_and_of_trees_obey_the_same_rules(
    mount: Mount, root: Path, registry: Registry, s3_client: Any, tree: set[str]
) -> None:
    cases = names_of_cases(root)
    report = pass_over(job(mount), [*cases, *tree])
    assert published(registry) == tree
    for name, word in cases.items():
        assert word in _word(report.skipped[name]), name
    trees = {name.rpartition("/")[0] for name in cases} - {""}
    report = pass_over(job(mount), [f"{directory}/" for directory in trees])
    assert not report.stopped
    assert published(registry) == tree
    assert set(keys(s3_client, mount)) == {f"media/{name}" for name in tree}


def test_who_asks_why_is_told_the_same_without_a_scan(
    mount: Mount, root: Path, tree: set[str]
) -> None:
    whole_pass(job(mount))
    cases = names_of_cases(root)
    found = reasons_by_name(mount, list(cases))
    assert {name: reason.code for name, reason in found.items() if reason} == cases
    (outcome,) = explain_urls_of("/media/.env")
    assert "hidden" in outcome.reasons[0].text


def explain_urls_of(url: str) -> Any:
    from django.test import RequestFactory

    return explain_urls(RequestFactory().get("/"), [url]).outcomes


def test_what_was_published_before_is_withdrawn_and_its_object_stays(
    settings: Any, mount: Mount, root: Path, registry: Registry, s3_client: Any, tree: set[str]
) -> None:
    free = use_mount(settings, root, **settings.S3REWRITE["media"], ALLOW=list(ALLOW_WORDS))
    assert not whole_pass(job(free)).stopped
    cases = {name for name, word in names_of_cases(root).items() if word != UNLINKABLE}
    assert cases <= published(registry)  # each word allows what it names
    objects = keys(s3_client, free)
    whole_pass(job(mount, delete=True))
    assert published(registry) == tree
    with registry.client.pipeline() as pipeline:  # their grace is over
        for member in registry.client.zrange(registry.keys.withdrawn, 0, -1):
            pipeline.zadd(registry.keys.withdrawn, {member: 1})
        pipeline.execute()
    whole_pass(job(mount, delete=True))
    assert keys(s3_client, free) == objects


@pytest.mark.parametrize("word", ALLOW_WORDS)
def test_a_word_allows_what_it_names_alone(
    settings: Any, mount: Mount, root: Path, registry: Registry, tree: set[str], word: str
) -> None:
    given = use_mount(settings, root, **settings.S3REWRITE["media"], ALLOW=[word])
    whole_pass(job(given))
    more = published(registry) - tree
    cases = names_of_cases(root)
    assert {cases[name] for name in more if name in cases} == {word}


def test_where_the_site_itself_gives_its_files_to_the_group_alone(
    settings: Any, mount: Mount, root: Path, registry: Registry, tree: set[str]
) -> None:
    settings.FILE_UPLOAD_PERMISSIONS = 0o640
    settings.FILE_UPLOAD_DIRECTORY_PERMISSIONS = 0o750
    whole_pass(job(use_mount(settings, root, **settings.S3REWRITE["media"])))
    assert published(registry) == tree | {"group.txt"}


def test_a_closed_directory_of_another_user_is_no_error(
    mount: Mount, root: Path, registry: Registry
) -> None:
    """It blocked all deletions, as the scan counted as incomplete."""
    write(root, "a.txt")
    closed("private/a.txt", 0o000)(root)
    report = whole_pass(job(mount))
    assert report.is_scan_complete
    assert set(report.skipped) == {"private"}


# Races


def test_a_link_that_takes_the_place_of_a_scanned_file_is_not_sent(
    mount: Mount, root: Path, registry: Registry, tmp_path: Path, s3_client: Any
) -> None:
    """Somebody swaps file and link all the time, and forges size and time."""
    secret = write(tmp_path, "outside/secret.txt", SECRET)
    honest = write(root, "a.txt", b"0123456789"[: len(SECRET)])
    told = secret.stat()
    os.utime(honest, ns=(told.st_mtime_ns, told.st_mtime_ns))
    aside = root.parent / "aside"
    stop = threading.Event()

    def swap() -> None:
        while not stop.is_set():
            aside.symlink_to(secret)
            aside.replace(root / "a.txt")
            os.link(spare, aside)
            aside.replace(root / "a.txt")

    spare = root.parent / "spare"
    os.link(honest, spare)
    thread = threading.Thread(target=swap)
    thread.start()
    ends: list[Any] = []
    try:
        with held(registry) as lease:
            leased = job(mount).with_lease(lease)
            began = time.monotonic()
            # Until both were met: who looks too early, and the one who is caught.
            while time.monotonic() < began + 2 or not {KeptLocal, UploadResult} <= set(
                map(type, ends)
            ):
                assert time.monotonic() < began + 30, ends
                task = Task("a.txt", signature(told), None)
                ends += upload(leased, [UploadRequest(task, lambda _: None)])
                for key in keys(s3_client, mount):
                    assert body(s3_client, mount, key.removeprefix("media/")) != SECRET
    finally:
        stop.set()
        thread.join()


@pytest.mark.parametrize("swapped", ["a", "a/b"])
def test_a_directory_that_became_a_link_since_the_scan(
    mount: Mount, root: Path, registry: Registry, tmp_path: Path, swapped: str, s3_client: Any
) -> None:
    write(tmp_path, "outside/b/secret.txt", SECRET)
    write(tmp_path, "outside/secret.txt", SECRET)
    (root / swapped).parent.mkdir(parents=True, exist_ok=True)
    (root / swapped).symlink_to(tmp_path / "outside")
    name = "a/b/secret.txt"
    with held(registry) as lease:
        leased = job(mount).with_lease(lease)
        (end,) = upload(
            leased, [UploadRequest(Task(name, signature(root.stat()), None), lambda _: None)]
        )
    assert isinstance(end, KeptLocal)
    assert keys(s3_client, mount) == []


def test_hints_that_lead_out_of_the_storage(
    mount: Mount, root: Path, registry: Registry, tmp_path: Path, s3_client: Any
) -> None:
    """Whoever can write to Redis can leave any."""
    write(tmp_path, "secret.txt", SECRET)
    write(root, "a.txt")
    report = pass_over(job(mount), ["../secret.txt", "../", "/etc/passwd", "a\0b", "a.txt"])
    assert not report.stopped
    assert published(registry) == {"a.txt"}
    assert keys(s3_client, mount) == ["media/a.txt"]


# Files that grow, and files that go


def grow(path: Path, stop: threading.Event) -> threading.Thread:
    def write_on() -> None:
        with path.open("wb") as out:
            while not stop.wait(0.05):
                out.write(b"x" * 1000)
                out.flush()

    thread = threading.Thread(target=write_on)
    thread.start()
    return thread


def test_passes_leave_a_file_that_grows_until_it_is_still(
    settings: Any, mount: Mount, root: Path, registry: Registry, s3_client: Any
) -> None:
    mount = use_mount(settings, root, **settings.S3REWRITE["media"], SETTLE=0.5)
    stop, growing = threading.Event(), threading.Event()
    loop = MountLoop(mount, 0.1, stop, lambda _: None)
    writer = grow(root / "film.mp4", growing)
    write(root, "old.txt")
    thread = threading.Thread(target=loop.run)
    thread.start()
    try:
        assert eventually(lambda: published(registry) == {"old.txt"})
        until = time.monotonic() + 2
        while time.monotonic() < until:
            assert "media/film.mp4" not in keys(s3_client, mount)
            time.sleep(0.05)
        growing.set()
        assert eventually(lambda: "film.mp4" in published(registry))
    finally:
        growing.set()
        stop.set()
        writer.join()
        thread.join()
    assert published(registry) == {"old.txt", "film.mp4"}
    assert len(body(s3_client, mount, "film.mp4")) == (root / "film.mp4").stat().st_size


def test_a_young_file_waits_for_no_whole_interval(
    settings: Any, mount: Mount, root: Path, registry: Registry
) -> None:
    mount = use_mount(settings, root, **settings.S3REWRITE["media"], SETTLE=0.3)
    write(root, "a.txt", age=0)
    loop = MountLoop(mount, 3600, threading.Event(), lambda _: None)
    until = time.monotonic() + 10
    while not published(registry) and time.monotonic() < until:
        loop.step()
    assert published(registry) == {"a.txt"}


def test_sync_right_after_a_save_sends_it(mount: Mount, root: Path, registry: Registry) -> None:
    write(root, "a.txt", age=0)
    whole_pass(job(mount))
    assert published(registry) == {"a.txt"}


def test_a_large_file_that_changes_while_it_is_sent_is_sent_once_a_pass(
    settings: Any, mount: Mount, root: Path, seaweedfs: Any
) -> None:
    path = write(root, "film.mp4", b"x" * 9 * 1024 * 1024)

    def changes(exchange: Exchange) -> None:
        os.utime(path)
        exchange.reply(*exchange.forward())

    with faulty(seaweedfs) as proxy:
        proxy.faults["PUT"] = [changes]
        given = use_mount(settings, root, BUCKET=mount.bucket, CLIENT=proxy.client_options)
        report = whole_pass(job(given))
    assert counts(report) == {Result.PENDING: 1}
    assert proxy.requests.count("PUT") == 2  # its two parts


class Removing:
    """A file is gone when its object is written, and something else may happen then."""

    def __init__(self, path: Path, also: Callable[[], object] = lambda: None) -> None:
        self.path, self.also = path, also

    def __call__(self, exchange: Exchange) -> None:
        self.path.unlink(missing_ok=True)
        self.also()
        exchange.reply(*exchange.forward())


@pytest.mark.parametrize("scheme", ["mirror", "fingerprint"])
@pytest.mark.parametrize("before", ["nothing", "an object", "a publication", "its replacement"])
def test_the_object_of_a_file_that_was_gone_once_it_was_sent(
    settings: Any, mount: Mount, root: Path, seaweedfs: Any, scheme: str, before: str
) -> None:
    s3 = seaweedfs.client()
    path = write(root, "a.txt", b"first")
    with faulty(seaweedfs) as proxy:
        options = {"BUCKET": mount.bucket, "CLIENT": proxy.client_options, "KEYS": scheme}
        through = use_mount(settings, root, **options)
        if before == "a publication":
            whole_pass(job(through))
            write(root, "a.txt", b"second")
        if before == "an object":
            key = through.paths.key("a.txt", sha256(b"first").hexdigest())
            s3.put_object(Bucket=mount.bucket, Key=key, Body=b"other")
        kept = set(keys(s3, mount))
        renew = (lambda: write(root, "a.txt", b"other")) if "repl" in before else lambda: None
        proxy.faults["PUT"] = [Removing(path, renew), None]
        report = whole_pass(job(through))
    left = set(keys(s3, mount))
    if before == "nothing":
        assert left == set()
        assert counts(report) == {Result.DELETED: 1}
    elif before == "its replacement":
        assert counts(report)[Result.UPLOADED] == 1
        bodies = {body(s3, mount, key.removeprefix("media/")) for key in left}
        assert b"other" in bodies
    else:
        assert kept <= left
        assert report.counts[Result.DELETED] == 0
    s3.close()


def test_a_disk_that_goes_away_deletes_nothing(
    settings: Any, mount: Mount, root: Path, seaweedfs: Any, s3_client: Any
) -> None:
    path = write(root, "a.txt")

    def unmounted() -> None:
        root.rename(root.with_name("away"))
        root.mkdir()

    with faulty(seaweedfs) as proxy:
        proxy.faults["PUT"] = [Removing(path.with_name("no"), unmounted), None]
        through = use_mount(settings, root, BUCKET=mount.bucket, CLIENT=proxy.client_options)
        report = whole_pass(job(through))
    assert keys(s3_client, mount) == ["media/a.txt"]
    assert report.counts[Result.DELETED] == 0
