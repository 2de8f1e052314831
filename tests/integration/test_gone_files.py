"""Files that are gone, and what passes say of what they do."""

import errno
import shutil
from collections.abc import Callable
from io import StringIO
from pathlib import Path
from typing import Any

import pytest

from s3rewrite.core.mounts import Mount
from s3rewrite.registry import Registry
from s3rewrite.sync.freeing import free
from s3rewrite.sync.passes import whole_pass
from s3rewrite.sync.reporting.progress import Progress, ProgressLines
from s3rewrite.sync.reporting.report import Result
from tests.support.commands import sync
from tests.support.factories import job, use_mount, write
from tests.support.passes import counts, keys
from tests.sync.test_scan import NOWHERE, nowhere


class AtPlanning(Progress):
    """Does something when the first file is about to be uploaded."""

    def __init__(self, action: Callable[[], object]) -> None:
        self.actions = [action]
        self.failures: list[str] = []

    def planned(self, count: int) -> None:
        if self.actions:
            self.actions.pop()()

    def failed(self, name: str, reason: str) -> None:
        self.failures.append(name)


# A link to the outside is kept local, and what is kept local is never deleted from the bucket.
@pytest.mark.parametrize("kind", [kind for kind in NOWHERE if kind != "the outside"])
def test_a_file_whose_place_a_link_to_nowhere_takes_is_gone(
    settings: Any, mount: Mount, root: Path, registry: Registry, s3_client: Any, kind: str
) -> None:
    options = settings.S3REWRITE["media"] | {"DELETE_MISSING": True, "DELETE_GRACE": 0}
    mount = use_mount(settings, root, **options)
    for name in ("a.txt", "real.txt"):
        write(root, name)
    assert counts(whole_pass(job(mount))) == {Result.UPLOADED: 2}
    (root / "a.txt").unlink()
    nowhere(kind, root / "a.txt")
    reports = [whole_pass(job(mount)), whole_pass(job(mount))]
    assert [report.failures for report in reports] == [{}, {}]
    assert all(report.is_scan_complete for report in reports)
    assert "a.txt" not in dict(registry.names())
    assert keys(s3_client, mount) == ["media/real.txt"]


@pytest.mark.parametrize("was_published", [False, True])
@pytest.mark.parametrize("kind", ["file", "directory", "a file in the directory's place"])
def test_files_that_go_between_scan_and_upload_have_not_failed(
    mount: Mount, root: Path, registry: Registry, kind: str, was_published: bool
) -> None:
    names = [f"d/{number}.txt" for number in range(20)]
    for name in names:
        write(root, name, age=100)
    if was_published:
        whole_pass(job(mount))
        for name in names:
            write(root, name, b"other bytes")

    def remove() -> None:
        if kind == "file":
            for name in names[1:]:
                (root / name).unlink(missing_ok=True)
            return
        shutil.rmtree(root / "d")
        if kind != "directory":
            write(root, "d")

    context = job(mount)
    context.progress = AtPlanning(remove)
    report = whole_pass(context)
    assert report.failures == {}
    assert report.is_ok
    whole_pass(job(mount))
    on_disk = {str(path.relative_to(root)) for path in root.rglob("*") if path.is_file()}
    assert set(dict(registry.names())) == on_disk


def test_what_a_pass_uploads_after_all_is_not_called_pending(mount: Mount, root: Path) -> None:
    """A style sheet waits for its picture; a file that has not settled is named by a hint."""
    write(root, "a.css", b"body { background: url(b.png) }", age=100)
    write(root, "b.png", age=100)
    (root / "young.txt").write_bytes(b"young")
    out, hints = StringIO(), ["young.txt"]
    context = job(mount)
    context.settle, context.progress = 60, ProgressLines(out)
    context.take_hints = lambda: [hints.pop()] if hints else []
    report = whole_pass(context)
    assert counts(report) == {Result.UPLOADED: 3}
    assert sorted(out.getvalue().splitlines()) == [
        "uploaded a.css",
        "uploaded b.png",
        "uploaded young.txt",
    ]
    assert not report.unsettled


def test_a_file_that_has_not_settled_is_pending_once(mount: Mount, root: Path) -> None:
    (root / "young.txt").write_bytes(b"young")
    context = job(mount)
    context.settle = 60
    report = whole_pass(context)
    assert counts(report) == {Result.PENDING: 1}
    assert list(report.unsettled) == ["young.txt"]


def test_a_file_that_cannot_be_freed_is_named_with_the_reason(
    settings: Any, mount: Mount, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    options = settings.S3REWRITE["media"] | {"KEEP_LOCAL": False, "FREE_AFTER": 0}
    use_mount(settings, root, **options)
    write(root, "a.png")
    sync()

    def fail(*paths: Path) -> None:
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(free, "exchange", fail)
    context = job(use_mount(settings, root, **options))
    context.progress = AtPlanning(lambda: None)
    report = whole_pass(context)
    assert report.failures == {"a.png": "not freed: [Errno 5] Input/output error"}
    assert context.progress.failures == ["a.png"]
