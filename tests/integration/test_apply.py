"""What hints speak of, on real servers: names, trees, and trees that are gone."""

import shutil
from pathlib import Path
from typing import Any

import pytest

from s3rewrite.core.mounts import Mount
from s3rewrite.registry import Registry
from s3rewrite.sync import scan as scan_module
from s3rewrite.sync.passes import pass_over, whole_pass
from s3rewrite.sync.reporting.report import Result
from tests.support.factories import job, use_mount, write
from tests.support.passes import counts


def published(registry: Registry) -> set[str]:
    return {name for name, _ in registry.names()}


@pytest.fixture
def there(mount: Mount, root: Path) -> None:
    """Three published files."""
    for name in ("a/one.txt", "a/deep/two.txt", "ab/three.txt"):
        write(root, name)
    whole_pass(job(mount))


@pytest.mark.usefixtures("there")
class TestATree:
    def test_new_and_gone_below_it_and_nothing_beside_it(
        self, mount: Mount, root: Path, registry: Registry
    ) -> None:
        write(root, "a/new/four.txt", b"four")
        write(root, "b/five.txt")
        shutil.rmtree(root / "a/deep")
        shutil.rmtree(root / "ab")
        report = pass_over(job(mount), ["a/"])
        assert counts(report) == {Result.UPLOADED: 1, Result.KEPT: 1, Result.WITHDRAWN: 1}
        assert published(registry) == {"a/one.txt", "a/new/four.txt", "ab/three.txt"}

    def test_one_that_is_gone(self, mount: Mount, root: Path, registry: Registry) -> None:
        shutil.rmtree(root / "a")
        assert counts(pass_over(job(mount), ["a", "a/"])) == {Result.WITHDRAWN: 2}
        assert published(registry) == {"ab/three.txt"}

    def test_one_that_is_a_file_now(self, mount: Mount, root: Path, registry: Registry) -> None:
        shutil.rmtree(root / "a")
        write(root, "a", b"a file")
        found = counts(pass_over(job(mount), ["a", "a/"]))
        assert found == {Result.WITHDRAWN: 2, Result.UPLOADED: 1}
        assert published(registry) == {"a", "ab/three.txt"}

    def test_one_that_cannot_be_read_withdraws_nothing(
        self, mount: Mount, root: Path, registry: Registry, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        listed = scan_module.list_directory

        def refusing(path: str) -> Any:
            if path.endswith("deep"):
                raise PermissionError(13, "Permission denied")
            return listed(path)

        monkeypatch.setattr(scan_module, "list_directory", refusing)
        report = pass_over(job(mount), ["a/"])
        assert report.failures == {"a/deep": "cannot be read: Permission denied"}
        assert len(published(registry)) == 3

    def test_the_root_is_away(self, mount: Mount, root: Path, registry: Registry) -> None:
        root.rename(root.with_name("away"))
        assert "is its disk mounted" in pass_over(job(mount), ["a/"]).stopped
        assert len(published(registry)) == 3

    def test_loops_of_links_are_cut_below_it_too(
        self, mount: Mount, root: Path, registry: Registry
    ) -> None:
        (root / "a/deep/up").symlink_to("..")
        report = pass_over(job(mount), ["a/deep/"])
        assert report.skipped == {"a/deep/up": "a link to a directory that holds it"}
        assert counts(report) == {Result.KEPT: 1}


def test_a_tree_of_another_storage(settings: Any, mount: Mount, root: Path) -> None:
    settings.STORAGES = settings.STORAGES | {
        "default": {"BACKEND": "django.core.files.storage.InMemoryStorage"}
    }
    given = use_mount(settings, root, **settings.S3REWRITE["media"])
    the_job = job(given)
    for name in ("a/one.txt", "b/two.txt"):
        with the_job.storage.open(name, "w") as file:
            file.write("x")
    assert counts(pass_over(job(given), ["a/"])) == {Result.UPLOADED: 1}
