"""A mount on real servers."""

from pathlib import Path
from typing import Any

import pytest

from s3rewrite.core.mounts import Mount
from s3rewrite.registry import Registry, loop_registry
from tests.support.commands import loop
from tests.support.factories import use_mount
from tests.support.passes import puts

__all__ = ["loop", "puts"]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """The mount's files."""
    return tmp_path / "media"


@pytest.fixture
def mount(
    settings: Any, root: Path, caches: None, bucket: str, client_options: dict[str, Any]
) -> Mount:
    """One mount, "media", from `root` to `bucket`."""
    return use_mount(settings, root, BUCKET=bucket, CLIENT=client_options)


@pytest.fixture
def registry(mount: Mount) -> Registry:
    """What the mount has published."""
    return loop_registry(mount)
