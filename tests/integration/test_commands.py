"""The commands as people run them."""

import json
import shutil
import signal
import time
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from demo.servers import SeaweedFS, Valkey
from s3rewrite.core.mounts import Mount
from s3rewrite.registry import Registry
from s3rewrite.registry.lease import held
from tests.support.commands import Loop, eventually, sync
from tests.support.factories import use_mount, write


class Terminal(StringIO):
    def isatty(self) -> bool:
        return True


def test_a_pass_says_each_change_and_a_summary(mount: Mount, root: Path) -> None:
    write(root, "a.txt", b"12345")
    out, _ = sync()
    lines = out.splitlines()
    assert lines[0] == "uploaded a.txt"
    assert lines[1].startswith("media: 1 uploaded; 5 B in")


def test_json_is_for_machines(mount: Mount, root: Path) -> None:
    write(root, "a.txt")
    (root / "broken").symlink_to("nowhere")
    out, _ = sync("media", "--json")
    (found,) = json.loads(out)
    assert found["uploaded"] == 1
    assert found["ok"] is True
    assert found["skipped"] == {"broken": "a link to nothing"}


def test_a_dry_run_says_what_would_be(mount: Mount, root: Path, registry: Registry) -> None:
    write(root, "a.txt")
    out, _ = sync("--dry-run")
    assert "uploaded a.txt" in out
    assert "a dry run; would be: media: 1 uploaded" in out
    out, _ = sync("--dry-run", verbosity=0)
    assert "uploaded a.txt" not in out
    assert registry.is_empty()


def test_force_uploads_everything(mount: Mount, root: Path) -> None:
    write(root, "a.txt")
    sync()
    assert "1 kept" in sync()[0]
    assert "1 uploaded" in sync("--force")[0]


def test_a_terminal_gets_a_bar(mount: Mount, root: Path) -> None:
    write(root, "a.txt")
    out, err = StringIO(), Terminal()
    call_command("s3rewrite_sync", stdout=out, stderr=err)
    assert "uploaded a.txt" not in out.getvalue()
    assert "media: 1 uploaded" in out.getvalue()


def test_what_is_kept_local_and_what_is_due_is_said(
    settings: Any, mount: Mount, root: Path
) -> None:
    use_mount(settings, root, **settings.S3REWRITE["media"], DELETE_GRACE=0)
    write(root, "kept.txt")
    path = write(root, "gone.txt")
    sync()
    path.unlink()
    (root / "broken").symlink_to("nowhere")
    _, err = sync("--delete", "--max-delete", "0")
    assert "media: kept local: broken: a link to nothing" in err
    assert "1 object is due for deletion" in err


def test_a_limit_that_is_none(mount: Mount) -> None:
    with pytest.raises(CommandError, match="argument --max-delete: 'x' is"):
        sync("--max-delete", "x")
    assert "nothing to do" in sync("--max-delete", "10%")[0]


def test_a_mount_that_is_not_there() -> None:
    with pytest.raises(CommandError, match="no mount 'medai'"):
        sync("medai")


def test_trouble_is_said_and_is_the_exit_code(settings: Any, mount: Mount, root: Path) -> None:
    use_mount(settings, root, **settings.S3REWRITE["media"] | {"BUCKET": "missing"})
    for number in range(3):
        write(root, f"{number}.txt")
    out, err = StringIO(), StringIO()
    with pytest.raises(CommandError, match="Not everything is in step"):
        call_command("s3rewrite_sync", stdout=out, stderr=err)
    assert "the bucket does not exist" in err.getvalue()


def test_another_pass_is_waited_for(mount: Mount, registry: Registry) -> None:
    err = StringIO()
    with held(registry), pytest.raises(CommandError):
        call_command("s3rewrite_sync", "--wait", "0.1", stdout=StringIO(), stderr=err)
    assert "another pass is running" in err.getvalue()
    assert "nothing to do" in sync()[0]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_the_loop_publishes_and_stops_cleanly(
    loop: Loop, root: Path, registry: Registry, number: int
) -> None:
    write(root, "a.txt")
    eventually(lambda: registry.get(["a.txt"]))
    assert loop.stop(number) == 0
    assert "s3rewrite: stopped" in loop.text()
    assert not registry.client.exists(registry.keys.lease, registry.keys.claims)


def test_the_loop_answers_a_hint_at_once(loop: Loop, root: Path, registry: Registry) -> None:
    write(root, "a.txt")
    eventually(lambda: registry.get(["a.txt"]))
    write(root, "b.txt")
    registry.withdraw(["b.txt"], hint=True)
    eventually(lambda: registry.get(["b.txt"]), 5)


def test_the_loop_survives_s3_and_redis(
    loop: Loop, root: Path, registry: Registry, valkey: Valkey, seaweedfs: SeaweedFS
) -> None:
    write(root, "a.txt")
    eventually(lambda: registry.get(["a.txt"]))
    seaweedfs.stop()
    write(root, "b.txt")
    eventually(lambda: "cannot be reached" in loop.text())
    time.sleep(3)
    assert loop.text().count("cannot be reached") == 1
    seaweedfs.start()
    eventually(lambda: registry.get(["b.txt"]), 60)
    valkey.stop()
    eventually(lambda: "Redis:" in loop.text())
    valkey.start()
    write(root, "c.txt")
    eventually(lambda: registry.get(["c.txt"]), 60)
    eventually(lambda: loop.text().count("continues") == 2)
    assert loop.stop() == 0


def test_a_project_without_any_file_yet(mount: Mount, root: Path) -> None:
    root.rmdir()
    out, err = sync()
    assert "media: nothing to do" in out
    assert f"media: {root} does not exist yet; the first upload makes it" in err


def test_a_disk_that_is_not_mounted(mount: Mount, root: Path, registry: Registry) -> None:
    write(root, "a.txt")
    sync()
    shutil.rmtree(root)
    out, err = StringIO(), StringIO()
    with pytest.raises(CommandError, match="Not everything is in step"):
        call_command("s3rewrite_sync", stdout=out, stderr=err)
    assert "is its disk mounted?" in err.getvalue()
    assert "media: stopped; 0 B" in out.getvalue()
    assert registry.get(["a.txt"])


@pytest.mark.parametrize("command", ["sync", "doctor", "loop", "status", "setup", "verify"])
def test_there_is_no_setting(settings: Any, command: str) -> None:
    del settings.S3REWRITE
    with pytest.raises(CommandError, match="The settings have no S3REWRITE"):
        call_command(f"s3rewrite_{command}", stdout=StringIO(), stderr=StringIO())
