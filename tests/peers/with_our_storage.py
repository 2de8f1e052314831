"""Runs a script with S3RewriteStorage in place of FileSystemStorage: `SCRIPT ARGUMENTS…`.

In the environment: DJANGO_SETTINGS_MODULE, and PEERS_REDIS_URL of a Redis for the mounts.
"""

import os
import runpy
import sys
from pathlib import Path

MOUNTS = {
    "media": {"BUCKET": "uploads", "CACHE": "s3rewrite"},
    "static": {"BUCKET": "assets", "STORAGE": "staticfiles", "CACHE": "s3rewrite"},
    # As the mounts of a project look in a test that overrides STORAGES.
    "third": {"BUCKET": "others", "STORAGE": "no-such-alias", "CACHE": "s3rewrite"},
}


def use_our_storage() -> None:
    from django.conf import settings
    from django.core.files import storage
    from django.core.files.storage import filesystem

    registry = {
        "BACKEND": "django_redis.cache.RedisCache",
        "LOCATION": os.environ["PEERS_REDIS_URL"],
    }
    settings.CACHES = {**settings.CACHES, "s3rewrite": registry}
    settings.S3REWRITE = MOUNTS
    # It needs the settings.
    from s3rewrite.storage import S3RewriteStorage

    for module in (storage, filesystem):
        module.FileSystemStorage = S3RewriteStorage  # type: ignore[misc]


if __name__ == "__main__":
    sys.argv = sys.argv[1:]
    sys.path.insert(0, str(Path(sys.argv[0]).parent))
    use_our_storage()
    runpy.run_path(sys.argv[0], run_name="__main__")
