"""S3 by moto, Redis by fakeredis: what the loop and the pages do, without a server."""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import boto3
from django.core.exceptions import ImproperlyConfigured
from django.core.files.storage import FileSystemStorage, storages
from django.http import HttpResponse, StreamingHttpResponse
from django.test import override_settings

import s3rewrite
from s3rewrite import conf
from s3rewrite.registry.connection import get_client
from s3rewrite.sync.context import SyncContext
from s3rewrite.sync.passes import whole_pass

try:
    from fakeredis import FakeRedisConnection
    from moto import mock_aws
except ImportError as error:
    raise ImproperlyConfigured(f"{error}: pip install 's3rewrite[testing]'") from None

CACHE = "s3rewrite-testing"
REDIS = {
    "BACKEND": "django_redis.cache.RedisCache",
    "LOCATION": "redis://in-memory/0",
    "OPTIONS": {"CONNECTION_POOL_KWARGS": {"connection_class": FakeRedisConnection}},
}
CLIENT: dict[str, Any] = {
    "endpoint_url": "https://s3.us-east-1.amazonaws.com",
    "region_name": "us-east-1",
    **dict.fromkeys(("aws_access_key_id", "aws_secret_access_key"), "testing"),
    "use_ssl": True,  # known to boto3 alone: moto does not see the requests of obstore
}
REMOVED = "CDN", "PRESET", "REDIS", "RATE", "BANDWIDTH", "UPLOADS", "TASKS"
"""Options that would ask services, or wait."""


class FilesOnS3:
    """What S3 holds, and what pages link of it. A file is a FieldFile, a name, or a URL."""

    def sync(self) -> None:
        """Upload all files, as the loop does. Raises AssertionError with what goes wrong."""
        for mount in conf.mounts().values():
            report = whole_pass(SyncContext(mount))
            if not report.is_ok:
                raise AssertionError(report.as_dict())

    def url(self, file: Any) -> str:
        """The URL of a file on S3, as pages link it; "" while they link the local one."""
        url = s3rewrite.url(file)
        mounts = conf.mounts().values()
        return url if any(url.startswith(mount.public_url) for mount in mounts) else ""

    def holds(self, file: Any) -> bool:
        """Whether S3 holds the current bytes of a file, and pages may link them."""
        return bool(self.url(file))

    def links(self, response: HttpResponse | StreamingHttpResponse, file: Any) -> bool:
        """Whether a response has the URL of a file on S3."""
        url = re.escape(self.url(file).encode())
        return bool(url and re.search(url + rb"(?![\w.%~/-])", response.getvalue()))


@contextmanager
def in_memory(mounts: Mapping[str, Any] | None = None) -> Iterator[FilesOnS3]:
    """S3 and Redis in memory, and empty directories for the files of all mounts.

    `mounts` are those of S3REWRITE; where that is {}, for example in the settings of tests, one
    mount "media". Public URLs stay as the project has them. Not to be nested, and not for threads
    side by side.
    """
    with override_settings(S3REWRITE=mounts or conf.raw() or {"media": {"BUCKET": "in-memory"}}):
        options = {alias: _in_memory(options) for alias, options in conf.raw().items()}
        for alias, mount in conf.mounts().items():
            options[alias]["PUBLIC_URL"] = mount.public_url
        stored = {mount.storage for mount in conf.mounts().values()}
    caches = {**conf.aliases("CACHES"), CACHE: REDIS}
    with (
        TemporaryDirectory() as folder,
        override_settings(S3REWRITE=options, CACHES=caches, **_files(stored, Path(folder))),
        mock_aws(),
    ):
        get_client(CACHE, 1.0).flushall()
        for bucket in {mount.bucket for mount in conf.mounts().values()}:
            boto3.client("s3", **CLIENT).create_bucket(Bucket=bucket)
        yield FilesOnS3()


def _in_memory(options: Mapping[str, Any]) -> dict[str, Any]:
    own = {"CLIENT": CLIENT, "CACHE": CACHE, "POLL_SECONDS": 0.0}
    return {key: value for key, value in options.items() if key not in REMOVED} | own


def _files(stored: set[str], folder: Path) -> dict[str, Any]:
    """Settings with which the local storages of these aliases have their files in a folder."""
    backends = conf.aliases("STORAGES")
    for alias in stored:
        if isinstance(storages[alias], FileSystemStorage):
            options = {**backends[alias].get("OPTIONS", {}), "location": str(folder / alias)}
            backends[alias] = {**backends[alias], "OPTIONS": options}
    return {"STORAGES": backends, "MEDIA_ROOT": str(folder / "default")}
