"""Killed at any moment while files are freed: there is a copy of each, and it goes on."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from s3rewrite import conf
from s3rewrite.core.mounts import Mount
from s3rewrite.freed import stub_of
from s3rewrite.sync.freeing import asides
from s3rewrite.sync.reporting.report import Result
from tests.integration.test_killed import Change, Mortal, Site, explained, pick
from tests.support.factories import use_mount
from tests.support.passes import Puts

FILES: Change = ({}, {"a.png": b"one", "photos/b.png": b"two"})


@pytest.fixture(params=["mirror", "fingerprint"])
def site(
    request: pytest.FixtureRequest, settings: Any, root: Path, mount: Mount, s3_client: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> Site:  # fmt: skip
    monkeypatch.setattr(asides, "ASIDE_SECONDS", 0.0)
    settings.STORAGES = settings.STORAGES | {
        "default": {"BACKEND": "s3rewrite.storage.S3RewriteStorage"}
    }
    options = settings.S3REWRITE["media"] | {
        "KEYS": request.param, "KEEP_LOCAL": False, "FREE_AFTER": 0, "DELETE_MISSING": True,
        "DELETE_GRACE": 0, "QUARANTINE": "trash/", "THREADS": 1,
    }  # fmt: skip
    return Site(use_mount(settings, root, **options), root, s3_client, Puts(monkeypatch))


@pytest.fixture
def mortal(site: Site, settings: Any, tmp_path: Path, redis_url: str) -> Iterator[Mortal]:
    with Mortal(settings, tmp_path, redis_url, "--obstore", "--impatient") as mortal:
        yield mortal


@pytest.mark.parametrize("passes_before", [0, 1], ids=["begins", "ends"])
def test_there_is_a_copy_at_any_moment_and_the_next_passes_end_it(
    site: Site, mortal: Mortal, passes_before: int
) -> None:
    for _ in range(2):  # after the first one the server knows each script
        prepare(site, mortal, passes_before)
        moments = mortal.lives()
    wanted = ["unlink", "head"] if passes_before else ["symlink", "exchange", "head"]
    for what in wanted:
        assert any(moment.startswith(f"after {what}") for moment in moments), moments
    for moment in pick(moments):
        prepare(site, mortal, passes_before)
        _, is_killed = mortal.dies(moment)
        with explained(moment):
            assert is_killed
            check(site)
            check_next(site)


def prepare(site: Site, mortal: Mortal, passes: int) -> None:
    for path in site.root.rglob("*.*"):
        path.unlink()
    site.becomes(FILES)
    site.end_lease()
    assert site.completes() == {Result.UPLOADED: len(FILES[1])}
    for _ in range(passes):
        mortal.lives()


def check(site: Site) -> None:
    """Each file is in its place; or a stub is, and S3 has the bytes."""
    objects, storage = site.objects(), conf.storage_of(site.mount)
    for name, content in FILES[1].items():
        path = site.root / name
        if path.is_symlink():
            stub = stub_of(storage, name)
            assert stub
            assert objects[stub.key] == content
        else:
            assert path.read_bytes() == content
        assert name in site.linked()


def check_next(site: Site) -> None:
    """A few passes later all is freed, nothing lies aside, and nothing was sent again."""
    site.end_lease()
    site.puts.keys.clear()
    for _ in range(3):
        site.completes()
    assert site.puts.keys == []
    assert site.files() == {}
    storage = conf.storage_of(site.mount)
    for name, content in FILES[1].items():
        with storage.open(name) as file:
            assert file.read() == content
    left = [path.name for path in site.root.rglob("*") if not path.is_dir()]
    assert sorted(left) == ["a.png", "b.png"]
    check(site)
