"""Names like those of the package's own files, in the hands of a visitor: files like any other."""

import os
from pathlib import Path
from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import FileSystemStorage
from hypothesis import HealthCheck, example, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from s3rewrite import conf
from s3rewrite.core.mounts import Mount
from s3rewrite.disk.own_names import (
    ASIDE,
    PART,
    START,
    WATCH,
    is_own,
    own_name,
    parse_own_name,
    token_of,
)
from s3rewrite.sync.freeing import asides
from s3rewrite.sync.passes import whole_pass
from tests.support.factories import job, use_mount, write

KINDS = (ASIDE, PART, WATCH)
HEX = "0123456789abcdef"


def passes(mount: Mount, count: int = 3) -> None:
    for _ in range(count):
        assert not whole_pass(job(mount)).stopped


def read(storage: Any, name: str) -> bytes:
    with storage.open(name) as file:
        found: bytes = file.read()
        return found


@pytest.fixture
def freeing_mount(
    settings: Any, root: Path, mount: Mount, monkeypatch: pytest.MonkeyPatch
) -> Mount:
    monkeypatch.setattr(asides, "ASIDE_SECONDS", 0.0)
    monkeypatch.setattr(asides, "LEFTOVER_SECONDS", 0.0)
    settings.STORAGES = settings.STORAGES | {
        "default": {"BACKEND": "s3rewrite.storage.S3RewriteStorage"}
    }
    options = settings.S3REWRITE["media"] | {"KEEP_LOCAL": False, "FREE_AFTER": 0}
    return use_mount(settings, root, **options)


def lookalikes(basename: str) -> list[str]:
    """Names that look as if they were made for a file, by somebody who has read our code."""
    token = token_of(basename)
    macs = ("", "0" * 32, token * 2, own_name(ASIDE, token)[-32:].swapcase())
    return [
        f".s3rewrite-aside-{basename}",
        f"{START}{basename}",
        f"{START}watch-0123456789abcdef0123456789abcdef",
        *(f"{START}{kind}-{token}-{mac}" for kind in KINDS for mac in macs),
        own_name(ASIDE, token) + ".png",
        "x" + own_name(ASIDE, token),
    ]


def test_a_freed_file_is_not_replaced(freeing_mount: Mount, root: Path, s3_client: Any) -> None:
    """Whoever saves it, with whatever storage, wherever the freed file lies."""
    storage: Any = conf.storage_of(freeing_mount)
    write(root, "photos/victim.png", b"the only copy")
    passes(freeing_mount)
    names = [f"photos/{basename}" for basename in lookalikes("victim.png")]
    for name in names:
        write(root, name, b"an upload")
    passes(freeing_mount)
    assert read(storage, "photos/victim.png") == b"the only copy"
    key = "media/photos/victim.png"
    body = s3_client.get_object(Bucket=freeing_mount.bucket, Key=key)["Body"].read()
    assert body == b"the only copy"
    assert [read(storage, name) for name in names] == [b"an upload"] * len(names)


def test_an_upload_is_not_deleted(mount: Mount, root: Path) -> None:
    """With the settings that everybody has."""
    storage = FileSystemStorage(root)
    names = [storage.save(name, ContentFile(b"an upload")) for name in lookalikes("a.png")]
    passes(mount, 2)
    assert [read(storage, name) for name in names] == [b"an upload"] * len(names)


class TestOurs:
    @pytest.mark.parametrize("kind", KINDS)
    def test_are_known_and_none_is_offloaded(self, kind: str) -> None:
        name = own_name(kind)
        parsed = parse_own_name(name)
        assert parsed
        assert parsed.kind == kind
        assert is_own(f"a/b/{name}")
        assert not is_own(f"{name}/a")

    def test_are_told_apart(self) -> None:
        assert len({own_name(PART) for _ in range(100)}) == 100
        assert own_name(ASIDE, token_of("a.png")) == own_name(ASIDE, token_of("a.png"))

    def test_fit_any_disk_however_long_a_name_is(self) -> None:
        assert len(own_name(ASIDE, token_of("x" * 255))) < 100

    def test_stay_known_when_the_key_is_renewed(self, settings: Any) -> None:
        name = own_name(ASIDE, token_of("a.png"))
        old, settings.SECRET_KEY = settings.SECRET_KEY, "another"
        assert parse_own_name(name) is None
        settings.SECRET_KEY_FALLBACKS = [old]
        assert parse_own_name(name)

    def test_that_were_left_by_who_was_killed_are_removed(
        self, freeing_mount: Mount, root: Path
    ) -> None:
        write(root, "a/b.png")
        for kind in (PART, WATCH):
            write(root, f"a/{own_name(kind)}")
        passes(freeing_mount, 1)
        assert [path.name for path in (root / "a").iterdir()] == ["b.png"]

    def test_that_are_being_written_are_not(
        self, freeing_mount: Mount, root: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(asides, "LEFTOVER_SECONDS", 3600.0)
        write(root, "b.png")
        part = write(root, own_name(PART))
        passes(freeing_mount, 1)
        assert part.exists()

    def test_are_not_listed(self, freeing_mount: Mount, root: Path) -> None:
        write(root, own_name(PART))
        assert conf.storage_of(freeing_mount).listdir("") == ([], [])


@given(
    st.sampled_from([START, ""]),
    st.sampled_from([f"{kind}-" for kind in KINDS] + [""]),
    st.text(HEX, min_size=14, max_size=18),
    st.text(HEX + "-", min_size=30, max_size=34),
)
@example(START, "aside-", token_of("a.png"), "0" * 32)
@hypothesis_settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=300)
def test_nobody_guesses_one(start: str, kind: str, token: str, mac: str) -> None:
    assert parse_own_name(f"{start}{kind}{token}-{mac}") is None


@given(st.binary(min_size=1, max_size=100))
def test_whatever_a_name_is_it_is_read(raw: bytes) -> None:
    name = os.fsdecode(raw)
    assert len(token_of(name)) == 16
    assert parse_own_name(name) is None
