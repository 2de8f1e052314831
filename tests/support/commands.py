"""A pass and the loop, by their commands as people run them."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command

from s3rewrite.core.mounts import Mount


def sync(*args: str, **options: Any) -> tuple[str, str]:
    out, err = StringIO(), StringIO()
    call_command("s3rewrite_sync", *args, stdout=out, stderr=err, no_color=True, **options)
    return out.getvalue(), err.getvalue()


class Loop:
    """`manage.py s3rewrite_loop` in a process of its own."""

    command = ("s3rewrite_loop", "--interval", "1")

    def __init__(self, root: Path, mount: Mount, redis_url: str, *options: str) -> None:
        client = dict(mount.client)
        settings = root.with_name("loop_settings.py")
        settings.write_text(
            "from tests.settings import *\n"
            f"MEDIA_ROOT = {str(root)!r}\n"
            f"CACHES['default']['LOCATION'] = {redis_url!r}\n"
            f"S3REWRITE = {{'media': {{'BUCKET': {mount.bucket!r}, 'CLIENT': {client!r}}}}}\n"
            f"S3REWRITE['media']['BANDWIDTH'] = {mount.bandwidth}\n"
        )
        paths = os.pathsep.join([str(settings.parent), str(Path.cwd())])
        environment = os.environ | {
            "DJANGO_SETTINGS_MODULE": "loop_settings",
            "PYTHONPATH": paths,
            "PYTHONWARNINGS": "default",
        }
        self.log = root.with_name("loop.log")
        command = [sys.executable, "-m", "django", *self.command, *options]
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                command, env=environment, stdout=log, stderr=subprocess.STDOUT
            )

    def stop(self, number: int = signal.SIGTERM) -> int:
        self.process.send_signal(number)
        return self.process.wait(20)

    def text(self) -> str:
        return self.log.read_text()


@pytest.fixture
def loop(mount: Mount, root: Path, redis_url: str) -> Iterator[Loop]:
    loop = Loop(root, mount, redis_url)
    yield loop
    if loop.process.poll() is None:
        loop.process.kill()
        loop.process.wait()


def eventually(condition: Callable[[], Any], seconds: float = 30.0) -> None:
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until, "it did not happen in time"
        time.sleep(0.05)
