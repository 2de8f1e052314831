"""The only copies of freed files, whatever people and disks do: no byte is lost."""

import os
import shutil
import subprocess
import threading
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.core.management import call_command
from django.core.management.base import CommandError
from hypothesis import HealthCheck, example, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from s3rewrite import conf, freed
from s3rewrite.core.mounts import Mount
from s3rewrite.disk import exchange, freeable
from s3rewrite.freed import bring_back, stub_of
from s3rewrite.monitoring.status import Level, status_of, verdict
from s3rewrite.registry import Registry
from s3rewrite.storage import S3RewriteStorage
from s3rewrite.sync.freeing import asides, only_copies
from s3rewrite.sync.passes import pass_over, whole_pass
from s3rewrite.sync.reporting.report import Report, Result
from tests.support.factories import job, use_mount, write
from tests.support.passes import counts, keys


@pytest.fixture(params=["mirror", "fingerprint"])
def mount(
    request: pytest.FixtureRequest, settings: Any, root: Path, caches: None, bucket: str,
    client_options: dict[str, Any], monkeypatch: pytest.MonkeyPatch,
) -> Mount:  # fmt: skip
    monkeypatch.setattr(asides, "ASIDE_SECONDS", 0.0)
    settings.STORAGES = settings.STORAGES | {
        "default": {
            "BACKEND": "s3rewrite.storage.S3RewriteStorage",
            "OPTIONS": {"allow_overwrite": True},
        }
    }
    return use_mount(
        settings, root, BUCKET=bucket, CLIENT=client_options, KEYS=request.param,
        KEEP_LOCAL=False, FREE_AFTER=0, DELETE_MISSING=True, DELETE_GRACE=10, POLL_SECONDS=0,
        THREADS=4, ALLOW=["unreadable"],
    )  # fmt: skip


@pytest.fixture
def storage(mount: Mount) -> S3RewriteStorage:
    found = conf.storage_of(mount)
    assert isinstance(found, S3RewriteStorage)
    return found


def freed_files(mount: Mount, root: Path, files: dict[str, bytes]) -> None:
    """Free files."""
    for name, content in files.items():
        write(root, name, content)
    for _ in range(3):
        assert not whole_pass(job(mount)).stopped
    assert all((root / name).is_symlink() for name in files)


def read(storage: Any, name: str) -> bytes:
    with storage.open(name) as file:
        found: bytes = file.read()
        return found


def passed(mount: Mount, **choices: Any) -> Report:
    """A pass after the grace."""
    report = whole_pass(job(replace(mount, delete_grace=0), **choices))
    assert not report.stopped
    return report


class TestRenamed:
    """A stub under another name, and other bytes under its old one."""

    @pytest.mark.parametrize("how", ["renamed", "copied", "copied by cp -a"])
    def test_keeps_its_bytes(
        self, mount: Mount, root: Path, storage: S3RewriteStorage, how: str
    ) -> None:
        freed_files(mount, root, {"a.png": b"first"})
        (root / "archive").mkdir()
        move(root / "a.png", root / "archive/a.png", how)
        storage.save("a.png", ContentFile(b"second"))
        for _ in range(3):
            passed(mount)
            assert read(storage, "archive/a.png") == b"first"
            assert read(storage, "a.png") == b"second"

    def test_keeps_its_bytes_when_a_hint_comes_first(
        self, mount: Mount, root: Path, storage: S3RewriteStorage
    ) -> None:
        freed_files(mount, root, {"a.png": b"first"})
        move(root / "a.png", root / "b.png", "renamed")
        storage.save("a.png", ContentFile(b"second"))
        the_job = job(mount)
        report = pass_over(the_job, ["a.png"])
        if not mount.paths.fingerprinted:
            assert counts(report) == {Result.PENDING: 1}
            assert "the only copy of b.png, a freed file" in report.skipped["a.png"]
        assert read(storage, "b.png") == b"first"
        whole_pass(the_job)
        assert (read(storage, "b.png"), read(storage, "a.png")) == (b"first", b"second")
        assert whole_pass(the_job).skipped == {}

    @pytest.mark.parametrize("keep_local", [True, False])
    def test_in_a_ring_all_stay(
        self, mount: Mount, root: Path, storage: S3RewriteStorage, keep_local: bool
    ) -> None:
        """Each has the name whose key another one needs."""
        files = {f"{name}.png": name.encode() for name in "abc"}
        freed_files(mount, root, files)
        for old, new in (("a", "x"), ("b", "a"), ("c", "b"), ("x", "c")):
            move(root / f"{old}.png", root / f"{new}.png", "renamed")
        for _ in range(3):
            passed(replace(mount, keep_local=keep_local))
        assert [read(storage, f"{name}.png") for name in "abc"] == [b"b", b"c", b"a"]

    def test_forced_uploads_replace_nothing_that_is_needed(
        self, mount: Mount, root: Path, storage: S3RewriteStorage
    ) -> None:
        freed_files(mount, root, {"a.png": b"first"})
        move(root / "a.png", root / "z.png", "renamed")
        write(root, "a.png", b"other")
        pass_over(job(mount, force=True), ["a.png"])
        assert read(storage, "z.png") == b"first"

    def test_where_a_directory_cannot_be_read_nothing_is_replaced(
        self, mount: Mount, root: Path, storage: S3RewriteStorage, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        if mount.paths.fingerprinted:
            pytest.skip("keys that are never written again")
        freed_files(mount, root, {"a.png": b"first"})
        (root / "closed").mkdir()
        move(root / "a.png", root / "closed/a.png", "renamed")
        write(root, "a.png", b"second")
        from s3rewrite.sync import scan

        listed = scan.list_directory

        def refuses(path: str) -> Any:
            if path.endswith("closed"):
                raise PermissionError(13, "Permission denied", path)
            return listed(path)

        monkeypatch.setattr(scan, "list_directory", refuses)
        report = whole_pass(job(mount))
        assert "not every directory can be read" in report.skipped["a.png"]
        monkeypatch.setattr(scan, "list_directory", listed)
        assert read(storage, "closed/a.png") == b"first"


def move(old: Path, new: Path, how: str) -> None:
    if how == "renamed":
        old.rename(new)
    elif how == "copied":
        new.symlink_to(old.readlink())
    else:
        subprocess.run(["cp", "-a", str(old), str(new)], check=True)


NAMES = ["a.png", "b.png", "d/a.png"]
MOVES = st.tuples(
    st.sampled_from(
        ["displace", "move", "copy", "save", "write", "delete", "hint", "pass", "pass"]
    ),
    st.sampled_from(NAMES),
    st.sampled_from(NAMES),
)


PASSES = [("pass", "", "")] * 3


@given(moves=st.lists(MOVES, min_size=4, max_size=10))
@example([("displace", "a.png", "b.png"), ("hint", "a.png", ""), ("pass", "a.png", "")])
@example([("displace", "d/a.png", "a.png"), ("displace", "a.png", "b.png"), ("pass", "", "")])
@example([("displace", "b.png", "a.png"), *PASSES, ("displace", "a.png", "b.png")])
@hypothesis_settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    max_examples=int(os.environ.get("STUBS", "3")),
    deadline=None,
)
def test_whatever_people_do_with_stubs_each_name_has_its_bytes(
    mount: Mount, root: Path, storage: S3RewriteStorage, registry: Registry,
    moves: list[tuple[str, str, str]],
) -> None:  # fmt: skip
    """Against a model of a disk on which nothing is freed."""
    shutil.rmtree(root)
    root.mkdir()
    (root / "d").mkdir()
    registry.client.flushall()
    model = {"a.png": b"a 0", "b.png": b"b 0", "d/a.png": b"c 0", "stays.png": b"stays"}
    freed_files(mount, root, model)
    the_job = job(replace(mount, delete_grace=0))
    for number, (what, name, other) in enumerate(moves):
        act(storage, the_job, model, (what, name, other, f"{name} {number}".encode()))
        assert {n: read(storage, n) for n in model} == model, (what, name, other)
    for _ in range(3):
        assert not whole_pass(the_job).stopped
    assert {n: read(storage, n) for n in model} == model


def act(
    storage: S3RewriteStorage, the_job: Any, model: dict[str, bytes],
    move: tuple[str, str, str, bytes],
) -> None:  # fmt: skip
    what, name, other, content = move
    root = Path(storage.location)
    if what in ("displace", "move", "copy") and (name not in model or other == name):
        return
    if what in ("displace", "move"):
        (root / name).rename(root / other)
        model[other] = model.pop(name)
        if what == "displace":
            write(root, name, content)
            model[name] = content
    elif what == "copy":
        if os.path.lexists(root / other):
            (root / other).unlink()
        shutil.copy2(root / name, root / other, follow_symlinks=False)
        model[other] = model[name]
    elif what == "save":
        model[storage.save(name, ContentFile(content))] = content
    elif what == "write":
        write(root, "new", content).replace(root / name)
        model[name] = content
    elif what == "delete":
        storage.delete(name)
        model.pop(name, None)
    elif what == "pass":
        whole_pass(the_job)
    else:
        pass_over(the_job, [name])


class TestVanished:
    """Stubs that are gone, and nobody said that their files are to be deleted."""

    FILES = {f"d{number % 3}/{number}.png": b"%d" % number for number in range(9)}

    @pytest.mark.parametrize("redis", ["is kept", "is lost"])
    def test_a_tree_that_was_copied_without_links_loses_nothing(
        self, settings: Any, mount: Mount, root: Path, tmp_path: Path, s3_client: Any,
        registry: Registry, redis: str,
    ) -> None:  # fmt: skip
        freed_files(mount, root, self.FILES)
        write(root, "here.png")
        whole_pass(job(mount))
        before = set(keys(s3_client, mount))
        new = tmp_path / "new"
        new.mkdir()
        for path in root.rglob("*"):
            target = new / path.relative_to(root)
            if path.is_dir():
                target.mkdir()
            elif not path.is_symlink():
                shutil.copy2(path, target)
        moved = use_mount(settings, new, **settings.S3REWRITE["media"])
        if redis == "is lost":
            registry.client.flushall()
        report = passed(moved)
        for _ in range(2):
            report = passed(moved)
        assert set(keys(s3_client, mount)) >= before
        if redis == "is kept":
            assert any("9 freed files are gone from the disk" in one for one in report.notices)
            assert any("s3rewrite_restore media" in one for one in report.notices)
        call_command("s3rewrite_restore")
        assert {name: (new / name).read_bytes() for name in self.FILES} == self.FILES

    def test_even_one_that_was_removed_by_hand_waits_for_a_word(
        self, mount: Mount, root: Path, s3_client: Any
    ) -> None:
        freed_files(mount, root, {"a.png": b"a", "b.png": b"b"})
        (root / "a.png").unlink()
        report = passed(mount)
        (notice,) = report.notices
        assert notice.startswith("1 freed file is gone from the disk")
        assert len(keys(s3_client, mount)) == 2
        assert counts(passed(mount, delete=True))[Result.DELETED] == 1
        assert len(keys(s3_client, mount)) == 1
        assert passed(mount).notices == []

    def test_what_django_deleted_goes(
        self, mount: Mount, root: Path, storage: S3RewriteStorage, s3_client: Any
    ) -> None:
        freed_files(mount, root, {"a.png": b"a", "b.png": b"b"})
        storage.delete("a.png")
        report = passed(mount)
        assert (report.notices, counts(report)[Result.DELETED]) == ([], 1)
        assert len(keys(s3_client, mount)) == 1

    def test_and_so_does_what_django_deleted_after_somebody_removed_the_stub(
        self, mount: Mount, root: Path, storage: S3RewriteStorage, s3_client: Any
    ) -> None:
        freed_files(mount, root, {"a.png": b"a", "b.png": b"b"})
        (root / "a.png").unlink()
        storage.delete("a.png")
        assert passed(mount).notices == []
        assert len(keys(s3_client, mount)) == 1

    def test_an_ordinary_file_goes_as_ever(self, mount: Mount, root: Path, s3_client: Any) -> None:
        freed_files(mount, root, {"a.png": b"a"})
        kept = replace(mount, keep_local=True)
        write(root, "b.png")
        passed(kept)
        (root / "b.png").unlink()
        assert counts(passed(kept))[Result.DELETED] == 1


class TestLost:
    """An object that somebody else removed, a lifecycle rule perhaps."""

    def test_is_noticed_within_a_day_and_told_until_it_is_back(
        self, mount: Mount, root: Path, registry: Registry, s3_client: Any,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:  # fmt: skip
        freed_files(mount, root, {"a.png": b"a", "d/b.png": b"b", "d/c.png": b"c"})
        stub = stub_of(conf.storage_of(mount), "d/b.png")
        assert stub
        s3_client.delete_object(Bucket=mount.bucket, Key=stub.key)
        assert whole_pass(job(mount)).is_ok  # it was looked at a moment ago
        now = only_copies.time.time()
        with monkeypatch.context() as patch:
            patch.setattr(only_copies.time, "time", lambda: now + only_copies.PERIOD)
            report = whole_pass(job(mount))
        assert list(report.failures) == ["d/b.png"]
        assert "the only copy of a freed file is not there" in report.failures["d/b.png"]
        again = whole_pass(job(mount))
        assert list(again.failures) == ["d/b.png"]
        metadata = {"s3rewrite-sha256": stub.sha256}
        s3_client.put_object(Bucket=mount.bucket, Key=stub.key, Body=b"b", Metadata=metadata)
        assert whole_pass(job(mount)).is_ok

    def test_is_a_trouble_for_the_status(
        self, mount: Mount, root: Path, registry: Registry, s3_client: Any
    ) -> None:
        freed_files(mount, root, {"a.png": b"a"})
        (key,) = keys(s3_client, mount)
        s3_client.delete_object(Bucket=mount.bucket, Key=key)
        registry.client.delete(registry.keys.only_copies)
        with pytest.raises(CommandError):
            call_command("s3rewrite_sync")
        judged = verdict(status_of(mount))
        assert judged.level is Level.WARNING
        assert "the only copy of a freed file is not there" in judged.sentences[0]

    def test_a_look_costs_a_listing_a_directory_once_a_day(
        self, mount: Mount, root: Path, registry: Registry, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        from s3rewrite.s3.bucket import Bucket

        freed_files(mount, root, {"a.png": b"a", "d/b.png": b"b", "d/c.png": b"c"})
        registry.client.delete(registry.keys.only_copies)
        listed: list[str] = []
        list_folder = Bucket.list_folder
        monkeypatch.setattr(
            Bucket, "list_folder",
            lambda bucket, prefix: listed.append(prefix) or list_folder(bucket, prefix),
        )  # fmt: skip
        for _ in range(3):
            whole_pass(job(mount))
        assert sorted(listed) == ["media/", "media/d/"]

    @pytest.mark.parametrize("value", [b"", b"{", b"null", b"[]", b'["x"]', b"[1e999]", b"\xff"])
    def test_what_somebody_else_wrote_there_is_nothing(
        self, mount: Mount, root: Path, registry: Registry, value: bytes
    ) -> None:
        freed_files(mount, root, {"a.png": b"a"})
        registry.client.set(registry.keys.only_copies, value)
        assert whole_pass(job(mount)).is_ok


class TestWrites:
    """Writes that do not come to their end: the stub stays, or the old file."""

    @pytest.fixture
    def small_disk(self, root: Path) -> Iterator[None]:
        """The files lie on a disk of 64 KB."""
        root.mkdir(exist_ok=True)
        command = ["mount", "-t", "tmpfs", "-o", "size=64k,nr_inodes=64", "tmpfs", str(root)]
        if subprocess.run(command, check=False, capture_output=True).returncode:
            pytest.skip("nothing may be mounted here")
        yield
        subprocess.run(["umount", "-l", str(root)], check=True)

    def fill(self, root: Path) -> None:
        """Leave no room on the disk, and no inode."""
        with suppress(OSError), (root / "full.bin").open("wb", buffering=0) as file:
            while file.write(b"x" * 4096):
                pass
        with suppress(OSError):
            for number in range(100):
                (root / f"full-{number}.bin").touch()
        with pytest.raises(OSError, match="No space left"):
            (root / "one-more.bin").touch()

    @pytest.mark.parametrize("how", ["save", "w", "wb", "a", "r+", "restore"])
    def test_on_a_full_disk(
        self, small_disk: None, mount: Mount, root: Path, storage: S3RewriteStorage,
        s3_client: Any, how: str,
    ) -> None:  # fmt: skip
        freed_files(mount, root, {"a.bin": b"the only copy" * 500})
        self.fill(root)
        before = os.readlink(root / "a.bin")  # noqa: PTH115
        with pytest.raises(OSError, match="No space left"):
            attempt(storage, "a.bin", how)
        assert os.readlink(root / "a.bin") == before  # noqa: PTH115
        for path in root.glob("full*"):
            path.unlink()
        passed(mount)
        assert read(storage, "a.bin") == b"the only copy" * 500

    def test_an_ordinary_file_stays_as_it_was(
        self, small_disk: None, mount: Mount, root: Path, storage: S3RewriteStorage
    ) -> None:
        path = write(root, "a.bin", b"old" * 100)
        path.chmod(0o640)
        self.fill(root)
        with pytest.raises(OSError, match="No space left"):
            storage.save("a.bin", ContentFile(b"new" * 10_000))
        assert path.read_bytes() == b"old" * 100
        assert path.stat().st_mode & 0o777 == 0o640

    def test_an_error_of_who_writes_leaves_the_stub(
        self, mount: Mount, root: Path, storage: S3RewriteStorage
    ) -> None:
        freed_files(mount, root, {"a.bin": b"the only copy"})
        with suppress(ZeroDivisionError), storage.open("a.bin", "wb") as file:
            file.write(b"half of")
            _ = 1 / 0
        assert read(storage, "a.bin") == b"the only copy"
        assert [path.name for path in root.iterdir()] == ["a.bin"]

    def test_new_bytes_are_seen_when_they_are_closed(
        self, mount: Mount, root: Path, storage: S3RewriteStorage
    ) -> None:
        freed_files(mount, root, {"a.txt": b"old"})
        file = storage.open("a.txt", "w")
        file.write("new")
        assert read(storage, "a.txt") == b"old"
        file.close()
        file.close()
        assert (root / "a.txt").read_bytes() == b"new"

    @pytest.mark.parametrize("how", ["bring back", "a", "w", "save"])
    def test_mode_and_owner_come_back(
        self, settings: Any, mount: Mount, root: Path, storage: S3RewriteStorage, how: str
    ) -> None:
        settings.FILE_UPLOAD_PERMISSIONS = None
        uid = 12345 if os.geteuid() == 0 else os.geteuid()
        modes = (0o600, 0o640, 0o664, 0o755)
        paths = {write(root, f"{mode:o}.bin"): mode for mode in modes}
        for path, mode in paths.items():
            path.chmod(mode)
            os.chown(path, uid, -1)
        freed_files(mount, root, {})
        for path, mode in paths.items():
            assert path.is_symlink()
            assert path.lstat().st_uid == uid
            change(storage, path.name, how)
            assert (path.stat().st_mode & 0o7777, path.stat().st_uid) == (mode, uid)


def attempt(storage: S3RewriteStorage, name: str, how: str) -> None:
    content = b"new bytes" * 10_000
    if how == "save":
        storage.save(name, ContentFile(content))
    elif how == "restore":
        stub = stub_of(storage, name)
        assert stub
        bring_back(storage, name, stub)
    else:
        with storage.open(name, how if "b" in how else f"{how}b") as file:
            file.write(content)


def change(storage: S3RewriteStorage, name: str, how: str) -> None:
    if how == "save":
        storage.save(name, ContentFile(b"new"))
    elif how == "bring back":
        stub = stub_of(storage, name)
        assert stub
        bring_back(storage, name, stub)
    else:
        with storage.open(name, f"{how}b") as file:
            file.write(b"new")


class TestInBetween:
    """Two who change the same name at the same moment."""

    def test_a_file_that_is_put_back_while_it_is_opened_is_found(
        self, mount: Mount, root: Path, storage: S3RewriteStorage, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        freed_files(mount, root, {"a.bin": b"bytes"})
        for ask in (storage.open, storage.size, storage.get_modified_time):
            stub = stub_of(storage, "a.bin")
            assert stub
            once = iter([True])

            def stub_at(path: str, stub: Any = stub, once: Iterator[bool] = once) -> Any:
                if next(once, False):
                    bring_back(storage, "a.bin", stub)
                return freed.stub_at(path)

            with monkeypatch.context() as patch:
                patch.setattr(freeable, "stub_at", stub_at)
                found: Any = ask("a.bin")
            if ask == storage.open:
                found.close()
            freed_files(mount, root, {"a.bin": b"bytes"})

    def test_a_save_while_a_file_is_brought_back_stays(
        self, mount: Mount, root: Path, storage: S3RewriteStorage, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        freed_files(mount, root, {"a.bin": b"old"})
        stub = stub_of(storage, "a.bin")
        assert stub
        real = exchange.exchange

        def late(one: Path, other: Path) -> None:
            monkeypatch.setattr(exchange, "exchange", real)
            storage.save("a.bin", ContentFile(b"new"))
            real(one, other)

        monkeypatch.setattr(exchange, "exchange", late)
        with pytest.raises(OSError, match="was changed while it was brought back"):
            bring_back(storage, "a.bin", stub)
        assert [path.name for path in root.iterdir()] == ["a.bin"]
        assert read(storage, "a.bin") == b"new"

    def test_many_at_once(self, mount: Mount, root: Path, storage: S3RewriteStorage) -> None:
        """Passes that free, and people who open, save and bring back: nobody sees other bytes."""
        freed_files(mount, root, {"a.bin": b"0" * 100})
        together = Together()

        def look() -> None:
            content = read(storage, "a.bin")
            assert len(set(content)) == 1
            assert len(content) == 100

        def save() -> None:
            digit = os.urandom(1)
            storage.save("a.bin", ContentFile(digit * 100))

        def bring() -> None:
            if stub := stub_of(storage, "a.bin"):
                bring_back(storage, "a.bin", stub)

        together.run([look, look, save, bring, lambda: whole_pass(job(mount))], seconds=4.0)
        assert together.errors == []
        look()


class Together:
    """Does several things at once, again and again."""

    def __init__(self) -> None:
        self.errors: list[Exception] = []
        self._done = threading.Event()

    def run(self, actions: list[Any], seconds: float) -> None:
        threads = [threading.Thread(target=self._repeat, args=(action,)) for action in actions]
        for thread in threads:
            thread.start()
        self._done.wait(seconds)
        self._done.set()
        for thread in threads:
            thread.join()

    def _repeat(self, action: Any) -> None:
        while not self._done.is_set():
            try:
                action()
            except freed.FreedFileError:
                pass  # its object is another one already: said so, and no other bytes
            except Exception as error:
                self.errors.append(error)
                return
