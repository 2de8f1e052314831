"""Real servers as fixtures, started by the first test that asks for one; marks by directory."""

import os
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import redis
from django.core.signals import request_finished
from django.db import close_old_connections

from demo.servers import SeaweedFS, Valkey
from s3rewrite.linking import errors
from s3rewrite.registry.replies import forget_logged
from tests.support.private_buckets import make_private

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

TESTS = Path(__file__).resolve().parent
MARKED_DIRECTORIES = {
    "integration": pytest.mark.integration,
    "browser": pytest.mark.browser,
    "security": pytest.mark.security,
}

# Whatever the machine knows of AWS and of proxies is not for the tests.
ISOLATED_ENVIRONMENT = {
    "AWS_ACCESS_KEY_ID": "testing",
    "AWS_SECRET_ACCESS_KEY": "testing",
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_EC2_METADATA_DISABLED": "true",
    "AWS_CONFIG_FILE": os.devnull,
    "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    "NO_PROXY": "127.0.0.1,localhost",
    "no_proxy": "127.0.0.1,localhost",
}


def pytest_configure() -> None:
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        del os.environ[name]
    os.environ.update(ISOLATED_ENVIRONMENT)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        directory = item.path.relative_to(TESTS).parts[0]
        if mark := MARKED_DIRECTORIES.get(directory):
            item.add_marker(mark)


@pytest.fixture(autouse=True)
def unknown_errors() -> None:
    """No error was logged before."""
    errors._repeats.forget()
    forget_logged()


@pytest.fixture(autouse=True)
def kept_connections() -> Iterator[None]:
    """A response that a test closes ends no request, and so no connection of other tests."""
    is_there = request_finished.disconnect(close_old_connections)
    yield
    if is_there:
        request_finished.connect(close_old_connections)


@pytest.fixture(scope="session")
def session_valkey(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Valkey]:
    with Valkey(tmp_path_factory.mktemp("valkey")) as server:
        yield server


@pytest.fixture(scope="session")
def session_seaweedfs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SeaweedFS]:
    with SeaweedFS(tmp_path_factory.mktemp("seaweedfs")) as server:
        yield server


@pytest.fixture(scope="session")
def strict_seaweedfs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SeaweedFS]:
    """A second SeaweedFS: its buckets are private until a policy makes them public, as on AWS."""
    with SeaweedFS(tmp_path_factory.mktemp("strict"), public=False) as server:
        yield server


@pytest.fixture
def valkey(session_valkey: Valkey) -> Iterator[Valkey]:
    """The session's Valkey, empty; a test may pause, stop and start it as it likes."""
    session_valkey.resume()
    session_valkey.start()
    with redis.Redis.from_url(session_valkey.url) as client:
        client.flushall()
    yield session_valkey
    session_valkey.resume()


@pytest.fixture
def seaweedfs(session_seaweedfs: SeaweedFS) -> Iterator[SeaweedFS]:
    """The session's SeaweedFS; a test may pause, stop and start it as it likes."""
    session_seaweedfs.resume()
    session_seaweedfs.start()
    yield session_seaweedfs
    session_seaweedfs.resume()


@pytest.fixture
def redis_url(valkey: Valkey) -> str:
    """The URL of an empty database."""
    return valkey.url


@pytest.fixture
def redis_client(redis_url: str) -> Iterator["redis.Redis[bytes]"]:
    """A client of the database at `redis_url`, beside those of the package."""
    with redis.Redis.from_url(redis_url) as client:
        yield client


@pytest.fixture
def caches(settings: Any, redis_url: str) -> None:
    """`CACHES["default"]` is django-redis at `redis_url`."""
    default = {"BACKEND": "django_redis.cache.RedisCache", "LOCATION": redis_url}
    settings.CACHES = {"default": default}


@pytest.fixture
def client_options(seaweedfs: SeaweedFS) -> dict[str, Any]:
    """A mount's CLIENT for the session's SeaweedFS."""
    return seaweedfs.client_options


@pytest.fixture
def s3_client(seaweedfs: SeaweedFS) -> Iterator["S3Client"]:
    """A client of the session's SeaweedFS, beside those of the package."""
    client = seaweedfs.client()
    yield client
    client.close()


@pytest.fixture
def bucket(seaweedfs: SeaweedFS) -> str:
    """The name of a new, empty bucket that anybody may read."""
    name = f"test-{uuid.uuid4().hex[:16]}"
    seaweedfs.create_bucket(name)
    return name


@pytest.fixture
def private_bucket(seaweedfs: SeaweedFS, bucket: str) -> str:
    """The name of a new, empty bucket that nobody may read without a signature."""
    make_private(seaweedfs, bucket)
    return bucket
