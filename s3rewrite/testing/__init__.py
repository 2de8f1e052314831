"""For the tests of projects: S3 and Redis in memory, and empty directories for files.

`in_memory()` gives a `FilesOnS3`; `pytest_plugins = ["s3rewrite.testing.fixtures"]` has a fixture
of it. Needs the extra `testing`: moto and fakeredis.
"""

from s3rewrite.testing.in_memory import FilesOnS3, in_memory

__all__ = ["FilesOnS3", "in_memory"]
