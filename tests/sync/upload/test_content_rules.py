from pathlib import Path
from typing import Any

import pytest

from s3rewrite.core.mounts import Mount
from s3rewrite.sync.upload.content_rules import affected_by, rules
from tests.support.factories import use_mount

NAMES = {"a.css", "a.svg", "a.m3u8", "a.txt", "a.jpg", "a.js.gz"}
REFERRING = {"a.css", "a.svg", "a.m3u8"}
COMPRESSIBLE = {"a.css", "a.svg", "a.txt"}


@pytest.fixture
def mount(settings: Any, tmp_path: Path) -> Mount:
    return use_mount(settings, tmp_path / "media")


@pytest.mark.parametrize(
    ("before", "now", "expected"),
    [
        pytest.param("1", "1", set(), id="the same"),
        pytest.param("1 gzip", "1 gzip", set(), id="the same, with a coding"),
        pytest.param("1", "2", REFERRING, id="other references"),
        pytest.param("1 br", "2 br", REFERRING, id="other references, with a coding"),
        pytest.param("1", "1 gzip", COMPRESSIBLE, id="switched on"),
        pytest.param("1 gzip", "1", COMPRESSIBLE, id="switched off"),
        pytest.param("1 gzip", "1 zstd", COMPRESSIBLE, id="changed"),
        pytest.param("1 gzip", "2", REFERRING | COMPRESSIBLE, id="both"),
        pytest.param("", "1", REFERRING | COMPRESSIBLE, id="not known"),
    ],
)
def test_the_files_that_a_change_concerns(before: str, now: str, expected: set[str]) -> None:
    found = affected_by(before, now)
    assert {name for name in NAMES if found and found(name)} == expected
    assert bool(found) is bool(expected)


def test_they_change_with_the_settings(settings: Any, mount: Mount, tmp_path: Path) -> None:
    def now(**options: Any) -> str:
        found = use_mount(settings, tmp_path / "media", **options)
        return rules(found, [found])

    before = rules(mount, [mount])
    own = {"ContentEncoding": "gzip"}
    assert now() == before
    assert now(SITE_URL="https://www.example.com") != before
    assert now(COMPRESS="gzip") == f"{before} gzip"
    assert now(COMPRESS="br", OBJECT_PARAMETERS=own) == before


def test_another_mount_changes_references_alone(mount: Mount) -> None:
    other = Mount(alias="x", bucket="x", prefix="x/", public_url="https://x/", compress="gzip")
    before, after = rules(mount, [mount]), rules(mount, [mount, other])
    assert before != after
    assert " " not in after
