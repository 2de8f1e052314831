"""For pytest: `pytest_plugins = ["s3rewrite.testing.fixtures"]` in the topmost conftest.py."""

from collections.abc import Iterator

import pytest

from s3rewrite.testing.in_memory import FilesOnS3, in_memory


@pytest.fixture
def files_on_s3() -> Iterator[FilesOnS3]:
    """An empty S3 and an empty Redis, both in memory, for the mounts of the settings."""
    with in_memory() as files:
        yield files
