"""`s3rewrite_status` after real passes: what a monitor sees."""

import json
import signal
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from demo.servers import SeaweedFS, Valkey
from s3rewrite.core.mounts import Mount
from s3rewrite.registry import Registry
from tests.support.commands import Loop, eventually, sync
from tests.support.factories import use_mount, write


def status(*args: str) -> tuple[int, str]:
    """The exit code and what was said."""
    out = StringIO()
    try:
        call_command("s3rewrite_status", *args, stdout=out, no_color=True)
    except SystemExit as stop:
        return int(stop.code or 0), out.getvalue()
    return 0, out.getvalue()


def test_before_any_pass(mount: Mount) -> None:
    code, text = status()
    assert code == 2
    assert "no pass was ever made" in text


def test_all_is_well(mount: Mount, root: Path) -> None:
    write(root, "a.txt", b"12345")
    (root / "broken").symlink_to("nowhere")
    sync()
    code, text = status()
    assert code == 0
    assert "media: OK" in text
    assert "published: 1 (5 B)" in text
    assert "kept local: broken: a link to nothing" in text
    (found,) = json.loads(status("--json")[1])
    assert found["level"] == "OK"
    assert found["last"]["uploaded"] == 1
    assert found["kept_local"]["broken"]["reason"] == "a link to nothing"


def test_many_names_are_listed_on_demand(mount: Mount, root: Path) -> None:
    root.mkdir(exist_ok=True)
    for number in range(25):
        (root / f"broken{number}").symlink_to("nowhere")
    sync()
    assert "kept local: and 5 more (--all)" in status()[1]
    assert status("--all")[1].count("a link to nothing") == 25


def test_a_file_that_failed(mount: Mount, root: Path, settings: Any) -> None:
    write(root, "a.txt")
    parameters = {"OBJECT_PARAMETERS": {"StorageClass": "NO_SUCH_CLASS", "ACL": "no-such-acl"}}
    use_mount(settings, root, **settings.S3REWRITE["media"] | parameters)
    with pytest.raises(CommandError):
        sync()
    code, text = status()
    assert code == 1
    assert "1 failed, such as a.txt" in text
    use_mount(settings, root, **settings.S3REWRITE["media"] | {"OBJECT_PARAMETERS": {}})
    sync()
    assert status()[0] == 0


def test_s3_refuses(mount: Mount, root: Path, settings: Any) -> None:
    # For one file alone the server would make the bucket.
    for number in range(3):
        write(root, f"{number}.txt")
    use_mount(settings, root, **settings.S3REWRITE["media"] | {"BUCKET": "missing"})
    with pytest.raises(CommandError):
        sync()
    code, text = status()
    assert code == 2
    assert "the last pass stopped: bucket missing: the bucket does not exist" in text


def test_the_loop_is_killed(loop: Loop, root: Path, registry: Registry) -> None:
    write(root, "a.txt")
    eventually(lambda: registry.get(["a.txt"]))
    eventually(lambda: status()[0] == 0 and json.loads(status("--json")[1])[0]["last"])
    (found,) = json.loads(status("--json")[1])
    assert found["loop"]["interval"] == 1.0
    assert found["last"]["by"] == "loop"
    loop.process.send_signal(signal.SIGKILL)
    loop.process.wait()
    # As twenty seconds without a word would do.
    registry.client.delete(registry.keys.loop)
    code, text = status()
    assert code == 2
    assert "no loop runs, and the last pass ended" in text


def test_s3_goes_and_comes(
    loop: Loop, root: Path, registry: Registry, seaweedfs: SeaweedFS
) -> None:
    write(root, "a.txt")
    eventually(lambda: registry.get(["a.txt"]))
    seaweedfs.stop()
    write(root, "b.txt")
    eventually(lambda: status()[0] == 2)
    assert "cannot be reached" in status()[1]
    seaweedfs.start()
    eventually(lambda: status()[0] == 0, 60)


def test_redis_is_away(mount: Mount, valkey: Valkey) -> None:
    valkey.stop()
    code, text = status()
    assert code == 3
    assert "Redis does not answer" in text
