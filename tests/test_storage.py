import copy
import logging
from pathlib import Path
from typing import Any

import pytest
import redis
from django.core.exceptions import SuspiciousFileOperation
from django.core.files.base import ContentFile
from django.core.files.storage import (
    FileSystemStorage,
    InMemoryStorage,
    Storage,
    default_storage,
    storages,
)
from django.db import models
from django.db.migrations.writer import MigrationWriter
from django.test.utils import isolate_apps

import s3rewrite.storage
from s3rewrite import conf
from s3rewrite.core.entries import Entry
from s3rewrite.core.mounts import Mount
from s3rewrite.disk.signatures import signature
from s3rewrite.linking.resolver import get_resolver
from s3rewrite.registry import Claim, Outcome, Registry, loop_registry
from s3rewrite.registry.lease import held
from s3rewrite.storage import S3RewriteStorage, S3RewriteStorageMixin, changing
from tests.support.factories import use_mount
from tests.support.publishing import closed_clients, publish, publish_entry, published

__all__ = ["closed_clients"]

REDIS_CACHE = "django_redis.cache.RedisCache"
S3REWRITE_STORAGE = "s3rewrite.storage.S3RewriteStorage"
CDN = "https://cdn.example.com/media/"


class InMemory(S3RewriteStorageMixin, InMemoryStorage):
    """The mixin on another storage."""


class FullDisk(FileSystemStorage):
    def _save(self, name: str, content: Any) -> str:
        raise OSError("No space left on device")

    def delete(self, name: str) -> None:
        raise OSError("Read-only file system")


class OnFullDisk(S3RewriteStorageMixin, FullDisk):
    """The mixin on a storage that fails."""


class Renaming(FileSystemStorage):
    def _save(self, name: str, content: Any) -> str:
        return super()._save(f"renamed/{name}", content)


class OnRenaming(S3RewriteStorageMixin, Renaming):
    """The mixin on a storage that chooses names while saving."""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "media"


def use_storage(settings: Any, root: Path, name: str, **options: Any) -> Mount:
    """A mount on a storage class of this module, or another one."""
    backend = name if "." in name else f"{__name__}.{name}"
    default = {"BACKEND": backend, "OPTIONS": options}
    settings.STORAGES = {**settings.STORAGES, "default": default}
    return use_mount(settings, root, PUBLIC_URL=CDN, POLL_SECONDS=0)


@pytest.fixture
def mount(settings: Any, caches: None, root: Path) -> Mount:
    return use_storage(settings, root, S3REWRITE_STORAGE)


class Calls(list[tuple[Any, ...]]):
    """What happened, in order: ("withdraw", names, hint), ("save", name), ("delete", name)."""

    def of(self, kind: str) -> list[tuple[Any, ...]]:
        return [call for call in self if call[0] == kind]


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> Calls:
    """What a storage does, with no Redis."""
    found = Calls()

    def withdraw(registry: Registry, names: Any, *, hint: bool = False) -> None:
        found.append(("withdraw", list(names), hint))

    monkeypatch.setattr(Registry, "withdraw", withdraw)
    for owner in (FileSystemStorage, InMemoryStorage):
        _record(monkeypatch, found, owner)
    return found


def _record(monkeypatch: pytest.MonkeyPatch, found: Calls, owner: type) -> None:
    for name in ("_save", "delete"):
        method = getattr(owner, name)

        def recorded(
            storage: Any, its_name: str, *args: Any, method: Any = method, kind: str = name
        ) -> Any:
            result = method(storage, its_name, *args)
            found.append((kind.strip("_"), its_name))
            return result

        monkeypatch.setattr(owner, name, recorded)


# In order


@pytest.mark.parametrize("name", [S3REWRITE_STORAGE, "InMemory"])
def test_save_and_delete_withdraw_before_and_after(
    settings: Any, root: Path, calls: Calls, name: str
) -> None:
    use_storage(settings, root, name)
    assert storages["default"].save("photos/a.txt", ContentFile(b"x")) == "photos/a.txt"
    assert calls == [
        ("withdraw", ["photos/a.txt"], False),
        ("save", "photos/a.txt"),
        ("withdraw", ["photos/a.txt"], True),
    ]
    calls.clear()
    storages["default"].delete("photos/a.txt")
    assert calls == [
        ("withdraw", ["photos/a.txt"], False),
        ("delete", "photos/a.txt"),
        ("withdraw", ["photos/a.txt"], True),
    ]
    assert not storages["default"].exists("photos/a.txt")


def test_the_name_that_is_free_is_withdrawn(settings: Any, root: Path, calls: Calls) -> None:
    use_storage(settings, root, S3REWRITE_STORAGE)
    storages["default"].save("a.txt", ContentFile(b"x"))
    calls.clear()
    saved = storages["default"].save("a.txt", ContentFile(b"y"))
    assert saved != "a.txt"
    assert calls.of("withdraw") == [("withdraw", [saved], False), ("withdraw", [saved], True)]


def test_an_overwritten_name_is_withdrawn(settings: Any, root: Path, calls: Calls) -> None:
    use_storage(settings, root, S3REWRITE_STORAGE, allow_overwrite=True)
    for content in (b"x", b"y"):
        assert storages["default"].save("a.txt", ContentFile(content)) == "a.txt"
    assert (root / "a.txt").read_bytes() == b"y"
    assert calls.of("withdraw")[2:] == [
        ("withdraw", ["a.txt"], False),
        ("withdraw", ["a.txt"], True),
    ]


def test_the_name_that_the_storage_chose_while_saving_is_withdrawn_too(
    settings: Any, root: Path, calls: Calls
) -> None:
    use_storage(settings, root, "OnRenaming")
    assert storages["default"].save("a.txt", ContentFile(b"x")) == "renamed/a.txt"
    assert calls.of("withdraw") == [
        ("withdraw", ["a.txt"], False),
        ("withdraw", ["a.txt", "renamed/a.txt"], True),
    ]


def test_a_change_that_fails_withdraws_all_the_same(
    settings: Any, root: Path, calls: Calls
) -> None:
    use_storage(settings, root, "OnFullDisk")
    with pytest.raises(OSError, match="No space left"):
        storages["default"].save("a.txt", ContentFile(b"x"))
    with pytest.raises(OSError, match="Read-only"):
        storages["default"].delete("a.txt")
    both = [("withdraw", ["a.txt"], False), ("withdraw", ["a.txt"], True)]
    assert calls == both * 2


# Which names


def names_of(calls: Calls) -> set[str]:
    return {name for _, names, _ in calls.of("withdraw") for name in names}


@pytest.mark.parametrize("written", ["photos/a.txt", "./photos/a.txt", "photos//a.txt"])
def test_a_name_however_it_is_written(
    settings: Any, root: Path, calls: Calls, written: str
) -> None:
    use_storage(settings, root, S3REWRITE_STORAGE)
    storages["default"].delete(written)
    storages["default"].delete(str(root / written))
    assert names_of(calls) == {"photos/a.txt"}


@pytest.mark.parametrize("written", ["photos/a.txt", "photos\\a.txt", "./photos//a.txt"])
def test_a_name_of_another_storage_however_it_is_written(
    settings: Any, root: Path, calls: Calls, written: str
) -> None:
    use_storage(settings, root, "InMemory")
    with changing(storages["default"], written):
        pass
    assert names_of(calls) == {"photos/a.txt"}


def test_names_that_nobody_can_have_published(settings: Any, root: Path, calls: Calls) -> None:
    use_storage(settings, root, S3REWRITE_STORAGE)
    with pytest.raises(ValueError, match="name must be given"):
        storages["default"].delete("")
    storages["default"].delete("not-utf8-\udcff.txt")
    with pytest.raises(SuspiciousFileOperation):
        storages["default"].delete("../secret.txt")
    assert names_of(calls) == set()


# Which mounts


def test_a_storage_that_is_no_mount(
    settings: Any, root: Path, tmp_path: Path, calls: Calls
) -> None:
    use_storage(settings, root, "django.core.files.storage.FileSystemStorage")
    for other in (S3RewriteStorage(location=tmp_path / "other"), InMemory()):
        other.save("a.txt", ContentFile(b"x"))
        other.delete("a.txt")
    assert names_of(calls) == set()


def test_an_instance_of_its_own_for_the_same_files(settings: Any, root: Path, calls: Calls) -> None:
    use_storage(settings, root, "django.core.files.storage.FileSystemStorage")
    S3RewriteStorage(location=root, base_url="/other/").save("a.txt", ContentFile(b"x"))
    S3RewriteStorage(location=root / "private").save("b.txt", ContentFile(b"x"))
    assert names_of(calls) == {"a.txt", "private/b.txt"}


def test_a_storage_above_the_mounts(
    settings: Any, root: Path, tmp_path: Path, calls: Calls
) -> None:
    use_storage(settings, root, S3REWRITE_STORAGE)
    above = S3RewriteStorage(location=tmp_path)
    above.save("media/a.txt", ContentFile(b"x"))
    above.save("media2/b.txt", ContentFile(b"x"))
    above.save("..media", ContentFile(b"x"))
    assert names_of(calls) == {"a.txt"}


def test_every_mount_that_shares_a_file(
    settings: Any, root: Path, tmp_path: Path, calls: Calls
) -> None:
    settings.STATIC_ROOT = tmp_path
    use_storage(settings, root, S3REWRITE_STORAGE)
    static = {"BUCKET": "assets", "STORAGE": "staticfiles"}
    settings.S3REWRITE = {**settings.S3REWRITE, "static": static}
    storages["default"].save("a.txt", ContentFile(b"x"))
    assert names_of(calls) == {"a.txt", "media/a.txt"}


def test_a_mount_without_a_directory(settings: Any, root: Path, calls: Calls) -> None:
    settings.STATIC_ROOT = None
    use_storage(settings, root, S3REWRITE_STORAGE)
    static = {"BUCKET": "assets", "STORAGE": "staticfiles"}
    settings.S3REWRITE = {"static": static, **settings.S3REWRITE}
    storages["default"].save("a.txt", ContentFile(b"x"))
    assert names_of(calls) == {"a.txt"}


def test_no_mounts_at_all(settings: Any, root: Path, calls: Calls) -> None:
    use_storage(settings, root, S3REWRITE_STORAGE)
    settings.S3REWRITE = {}
    assert storages["default"].save("a.txt", ContentFile(b"x")) == "a.txt"
    assert names_of(calls) == set()


# On a real Redis


def link(name: str) -> str:
    return get_resolver().url(f"/media/{name}")


def test_after_save_no_page_links_the_old_bytes(settings: Any, caches: None, root: Path) -> None:
    mount = use_storage(settings, root, S3REWRITE_STORAGE, allow_overwrite=True)
    publish(mount, root, "a.txt", b"old")
    assert link("a.txt") == f"{CDN}a.txt"
    default_storage.save("a.txt", ContentFile(b"new"))
    assert published(mount) == {}
    assert link("a.txt") == "/media/a.txt"


@pytest.mark.parametrize("poll_seconds", [0, 4])
def test_after_delete_no_page_of_this_process_links_it(
    settings: Any, caches: None, root: Path, poll_seconds: float
) -> None:
    mount = use_storage(settings, root, S3REWRITE_STORAGE)
    options = {"PUBLIC_URL": CDN, "POLL_SECONDS": poll_seconds, "CHECK_LOCAL": False}
    mount = use_mount(settings, root, **options)
    publish(mount, root, "a.txt")
    assert link("a.txt") == f"{CDN}a.txt"
    default_storage.delete("a.txt")
    assert published(mount) == {}
    assert link("a.txt") == "/media/a.txt"


def test_an_upload_that_began_before_is_superseded(mount: Mount, root: Path) -> None:
    registry = loop_registry(mount)
    registry.start_epoch()
    with held(registry) as lease:
        claim = registry.claim("a.txt", lease, "f" * 24)
        assert isinstance(claim, Claim)
        default_storage.save("a.txt", ContentFile(b"new"))
        entry = entry_of(root / "a.txt")
        assert registry.publish(claim, lease, entry) is Outcome.SUPERSEDED


def entry_of(path: Path) -> Entry:
    return Entry(signature(path.stat()), "f" * 24)


def test_the_loop_is_left_a_hint(mount: Mount) -> None:
    registry = loop_registry(mount)
    start = registry.hints.last_id()
    default_storage.save("photos/a.txt", ContentFile(b"x"))
    cursor, names = registry.hints.read(start, 0.1)
    assert names == ["photos/a.txt"]
    default_storage.delete("photos/a.txt")
    assert registry.hints.read(cursor, 0.1)[1] == ["photos/a.txt"]


def test_other_storages_with_the_mixin(settings: Any, caches: None, root: Path) -> None:
    mount = use_storage(settings, root, "InMemory")
    publish_entry(mount, "a.txt", entry_of(Path(__file__)))
    default_storage.save("b.txt", ContentFile(b"x"))
    assert [*published(mount)] == ["a.txt"]
    default_storage.delete("a.txt")
    assert published(mount) == {}


# Without Redis


def test_without_redis_save_saves_and_says_so_once(
    settings: Any, root: Path, caplog: pytest.LogCaptureFixture
) -> None:
    use_storage(settings, root, S3REWRITE_STORAGE)
    assert default_storage.save("a.txt", ContentFile(b"x")) == "a.txt"
    assert (root / "a.txt").read_bytes() == b"x"
    (record,) = caplog.records
    assert record.levelno == logging.WARNING
    assert "['a.txt'] of mount 'media' could not be withdrawn" in record.getMessage()


def test_without_redis_delete_deletes_and_says_so_once(
    settings: Any, root: Path, caplog: pytest.LogCaptureFixture
) -> None:
    use_storage(settings, root, S3REWRITE_STORAGE)
    (root / "a.txt").write_bytes(b"x")
    default_storage.delete("a.txt")
    assert not (root / "a.txt").exists()
    assert len(caplog.records) == 1


def test_with_a_cache_that_is_not_redis_save_saves(
    settings: Any, root: Path, caplog: pytest.LogCaptureFixture
) -> None:
    memory = "django.core.cache.backends.locmem.LocMemCache"
    settings.CACHES = {"default": {"BACKEND": memory}}
    use_storage(settings, root, S3REWRITE_STORAGE)
    assert default_storage.save("a.txt", ContentFile(b"x")) == "a.txt"
    assert len(caplog.records) == 1


def test_redis_that_comes_back_meanwhile_is_not_worth_a_warning(
    settings: Any, root: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    use_storage(settings, root, S3REWRITE_STORAGE)
    answers = iter([redis.ConnectionError("away"), None])

    def withdraw(registry: Registry, names: Any, *, hint: bool = False) -> None:
        if error := next(answers):
            raise error

    monkeypatch.setattr(Registry, "withdraw", withdraw)
    default_storage.save("a.txt", ContentFile(b"x"))
    assert not caplog.records


# A save never fails because of us


class Broken(FileSystemStorage):
    def __init__(self, **options: Any) -> None:
        raise OSError("its disk is away")


@pytest.mark.parametrize(
    "missing",
    [
        {"STORAGES": {}},  # as override_settings(STORAGES=...) of a test, without a mount's alias
        {"STORAGES": {"other": {"BACKEND": "no.such.Storage"}}},
        {"STORAGES": {"other": {"BACKEND": f"{__name__}.Broken"}}},
        {"CACHES": {}},
        {"CACHES": {"default": {"BACKEND": "no.such.Cache"}}},
        {"CACHES": {"default": {"BACKEND": REDIS_CACHE, "LOCATION": "no-url"}}},
        {"S3REWRITE": {"media": {}}},
        {"S3REWRITE": {"media": None}},
        {"S3REWRITE": None},
    ],
)
def test_whatever_the_settings_lack_save_saves_and_delete_deletes(
    settings: Any, caches: None, root: Path, missing: dict[str, Any]
) -> None:
    use_storage(settings, root, S3REWRITE_STORAGE)
    settings.S3REWRITE |= {"other": {"BUCKET": "assets", "STORAGE": "other"}}
    for name, value in missing.items():
        kept = {"default": settings.STORAGES["default"]} if name == "STORAGES" else {}
        setattr(settings, name, kept | value if value is not None else None)
    assert default_storage.save("a.txt", ContentFile(b"x")) == "a.txt"
    default_storage.delete("a.txt")
    assert not (root / "a.txt").exists()


def test_another_mount_without_its_storage_costs_that_mount_alone(
    settings: Any, mount: Mount, root: Path, caplog: pytest.LogCaptureFixture
) -> None:
    publish_entry(mount, "a.txt", entry_of(Path(__file__)))
    settings.S3REWRITE = {"other": {"BUCKET": "assets", "STORAGE": "no"}} | settings.S3REWRITE
    default_storage.save("a.txt", ContentFile(b"x"))
    assert published(mount) == {}
    assert not caplog.records


@pytest.mark.parametrize("name", [None, ""])
@pytest.mark.parametrize("backend", [S3REWRITE_STORAGE, "InMemory"])
def test_delete_without_a_name_does_as_django_does(
    settings: Any, caches: None, root: Path, name: Any, backend: str
) -> None:
    use_storage(settings, root, backend)
    theirs: Storage = FileSystemStorage(root) if "." in backend else InMemoryStorage()
    outcomes = []
    for storage in (theirs, storages["default"]):
        try:
            outcomes.append(storage.delete(name))
        except Exception as error:  # whatever Django's own raises
            outcomes.append(str(error))
    assert outcomes[0] == outcomes[1]


# A storage as Django's


def test_its_options_are_those_of_file_system_storage(tmp_path: Path) -> None:
    found = S3RewriteStorage(tmp_path, "/x/", 0o600, 0o700, allow_overwrite=True)
    assert found.location == str(tmp_path)
    assert found.base_url == "/x/"
    assert found.file_permissions_mode == 0o600
    assert found.directory_permissions_mode == 0o700
    assert found.is_name_available("x")
    assert isinstance(found, FileSystemStorage)


def test_migrations_can_write_it() -> None:
    found = S3RewriteStorage(location="/srv/media", base_url="/media/")
    assert found.deconstruct() == (  # type: ignore[attr-defined]
        S3REWRITE_STORAGE,
        (),
        {"location": "/srv/media", "base_url": "/media/"},
    )
    code, imports = MigrationWriter.serialize(found)
    assert code.startswith("s3rewrite.storage.S3RewriteStorage(")
    assert eval(code, {"s3rewrite": s3rewrite}).location == "/srv/media"
    assert imports == {"import s3rewrite.storage"}


@isolate_apps("tests")
def test_a_field_can_have_one_of_its_own() -> None:
    found = S3RewriteStorage(location="/srv/media")

    class Photo(models.Model):  # noqa: DJ008
        image = models.FileField(storage=found)

        class Meta:
            app_label = "tests"

    _, _, _, options = Photo._meta.get_field("image").deconstruct()
    assert options["storage"] is found


@pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy])
def test_copies(copied: Any, tmp_path: Path) -> None:
    found = copied(S3RewriteStorage(location=tmp_path))
    assert type(found) is S3RewriteStorage
    assert found.location == str(tmp_path)


def test_it_is_a_storage_of_the_settings(mount: Mount) -> None:
    found = conf.storage_of(mount)
    assert type(found) is S3RewriteStorage
    assert isinstance(found, Storage)
    assert default_storage == found


# link_urls


def test_urls_of_files_are_linked_where_the_storage_says_so(
    settings: Any, caches: None, tmp_path: Path
) -> None:
    options = {"BACKEND": S3REWRITE_STORAGE, "OPTIONS": {"link_urls": True}}
    settings.STORAGES = {"default": options}
    mount = use_mount(settings, tmp_path, PUBLIC_URL=CDN, POLL_SECONDS=0)
    publish(mount, tmp_path, "a.jpg")
    assert storages["default"].url("a.jpg") == f"{CDN}a.jpg"
    assert storages["default"].url("b.jpg") == "/media/b.jpg"
    assert S3RewriteStorage().url("a.jpg") == "/media/a.jpg"


def test_a_base_url_without_a_slash_at_its_begin_ends(
    settings: Any, caches: None, tmp_path: Path
) -> None:
    options = {"link_urls": True, "base_url": "media/"}
    settings.STORAGES = {"default": {"BACKEND": S3REWRITE_STORAGE, "OPTIONS": options}}
    use_mount(settings, tmp_path, PUBLIC_URL=CDN, POLL_SECONDS=0)
    assert storages["default"].url("a.jpg") == "media/a.jpg"


# Taking down


@pytest.mark.parametrize("names", [["../../etc/x"], ["a.jpg", "../x"], [""], ["a.jpg", "/b.jpg"]])
def test_what_no_mount_has_is_not_taken_down_in_silence(
    settings: Any, caches: None, tmp_path: Path, names: list[str]
) -> None:
    mount = use_mount(settings, tmp_path, PUBLIC_URL=CDN)
    for act in (lambda: s3rewrite.purge(default_storage, names),
                lambda: s3rewrite.purge("media", names)):  # fmt: skip
        with pytest.raises(ValueError, match=r"no mount|no file can have"):
            act()
    assert loop_registry(mount).purges.read() == {}


def test_a_storage_of_no_mount_takes_nothing_down(
    settings: Any, caches: None, tmp_path: Path
) -> None:
    use_mount(settings, tmp_path / "media", PUBLIC_URL=CDN)
    with pytest.raises(ValueError, match="is in the storage of no mount"):
        s3rewrite.purge(FileSystemStorage(tmp_path / "elsewhere"), ["a.jpg"])
