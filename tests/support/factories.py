"""What many tests make: mounts, jobs, files."""

import os
from pathlib import Path
from typing import Any

from s3rewrite import conf
from s3rewrite.core.mounts import Mount
from s3rewrite.sync.context import SyncContext, SyncOptions


def use_mount(settings: Any, root: Path, **options: Any) -> Mount:
    """Make S3REWRITE one mount, "media", whose files are in `root`."""
    root.mkdir(exist_ok=True)
    settings.MEDIA_ROOT = root
    settings.MEDIA_URL = "/media/"
    settings.S3REWRITE = {"media": {"BUCKET": "uploads", **options}}
    return conf.mount("media")


def job(mount: Mount, **choices: Any) -> SyncContext:
    """A job as commands make it."""
    return SyncContext(mount, SyncOptions(**choices))


def write(root: Path, name: str, content: bytes = b"bytes", age: float = 10.0) -> Path:
    """Write a file that was last changed `age` seconds ago."""
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    then = path.stat().st_mtime_ns - int(age * 1e9)
    os.utime(path, ns=(then, then))
    return path
