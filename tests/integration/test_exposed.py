"""What is public and should not be: who says so, and for how long."""

from contextlib import suppress
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from s3rewrite.core.mounts import Mount
from s3rewrite.monitoring.status import Level, status_of, verdict
from s3rewrite.registry import Registry, loop_registry
from s3rewrite.tools.doctor import Grade, diagnose
from tests.integration.test_purge import answer, purge, with_options
from tests.support.commands import eventually, sync
from tests.support.factories import use_mount, write


@pytest.fixture
def mount(
    settings: Any, root: Path, caches: None, bucket: str, client_options: dict[str, Any]
) -> Mount:
    options = {"MAX_STALENESS": 0.2, "POLL_SECONDS": 0.05, "SETTLE": 0}
    return use_mount(settings, root, BUCKET=bucket, CLIENT=client_options, **options)


def level(mount: Mount) -> Level:
    return verdict(status_of(mount)).level


def verify(**options: Any) -> str:
    out = StringIO()
    with suppress(CommandError):
        call_command("s3rewrite_verify", stdout=out, no_color=True, **options)
    return out.getvalue()


def test_a_file_that_exclude_names_afterwards(settings: Any, mount: Mount, root: Path) -> None:
    for name in ("private/a.txt", "b.txt"):
        write(root, name)
    sync()
    assert level(mount) is Level.OK
    mount = with_options(settings, root, EXCLUDE=["private/"])
    for _ in range(2):
        _, err = sync()
        assert "public on S3, though the settings keep local: 1 name, such as private/a.txt" in err
        assert level(mount) is Level.WARNING
        assert status_of(mount).of_kind("public").keys() == {"private/a.txt"}
    found = [finding for finding in diagnose(mount) if finding.grade is Grade.WRONG]
    assert "private/a.txt" in found[-1].sentence
    assert "media/private/a.txt: public, though" in verify(public=True)
    assert purge(excluded=True) == "media: private/a.txt: gone\n"
    assert answer(mount, "media/private/a.txt") == 404
    assert (root / "private/a.txt").exists()
    sync()
    assert level(mount) is Level.OK
    # Some servers show the folder for a moment longer.
    eventually(lambda: verify(public=True) == "media: 0 differences\n")


def test_an_object_that_no_pass_has_withdrawn(
    settings: Any, mount: Mount, root: Path, s3_client: Any
) -> None:
    write(root, "a.txt")
    sync()
    s3_client.put_object(Bucket=mount.bucket, Key="media/.hidden", Body=b"from elsewhere")
    with_options(settings, root, ALLOW=["temporary"])  # rules of another kind: it lists once
    sync()
    assert status_of(mount).of_kind("public").keys() == {".hidden"}
    s3_client.delete_object(Bucket=mount.bucket, Key="media/.hidden")
    sync()
    assert level(mount) is Level.OK


def test_what_is_allowed_again(settings: Any, mount: Mount, root: Path, registry: Registry) -> None:
    write(root, "a.txt")
    write(root, "b.txt")
    sync()
    mount = with_options(settings, root, EXCLUDE=["a.txt"])
    sync()
    assert level(mount) is Level.WARNING
    mount = with_options(settings, root, EXCLUDE=[])
    sync()
    assert level(mount) is Level.OK
    assert loop_registry(mount).purges.exposed()[0] == []


def test_a_pass_that_dies_leaves_no_object_of_which_nobody_knows(
    settings: Any, mount: Mount, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(root, "a.txt")
    write(root, "b.txt")
    sync()
    mount = with_options(settings, root, EXCLUDE=["a.txt"])
    with monkeypatch.context() as patch:
        patch.setattr(Registry, "withdraw", lambda _, names, **__: [1 / 0 for _ in names])
        with pytest.raises(ZeroDivisionError):
            sync()
    assert loop_registry(mount).purges.exposed()[0] == ["a.txt"]


def test_verify_names_what_strangers_get_though_the_site_lacks_it(
    settings: Any, mount: Mount, root: Path, s3_client: Any
) -> None:
    path = write(root, "a.txt")
    write(root, "b.txt")
    sync()
    path.unlink()
    sync()
    mount = with_options(settings, root, QUARANTINE="trash/")
    s3_client.put_object(Bucket=mount.bucket, Key="trash/media/c.txt", Body=b"c")
    assert "media: media/a.txt: in the bucket only" in verify()
    out = StringIO()
    with pytest.raises(CommandError):
        call_command("s3rewrite_verify", public=True, stdout=out, no_color=True)
    assert "media/a.txt: public, though" in out.getvalue()
    assert "trash/media/c.txt: public, though" in out.getvalue()
    assert "b.txt" not in out.getvalue()
