import dataclasses
import os
import pwd
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import NoRegionError
from django.core.exceptions import ImproperlyConfigured
from django.core.files.storage import FileSystemStorage, InMemoryStorage
from django.test import override_settings

from s3rewrite import conf
from s3rewrite.core.mounts import OPTIONS, Mount
from s3rewrite.core.paths import Paths
from s3rewrite.core.presets import PRESETS

EVERY_OPTION: dict[str, Any] = {
    "PROBE_SECONDS": 3.0,
    "CDN": {"BACKEND": "s3rewrite.cdn.CloudFront", "DISTRIBUTION_ID": "E1"},
    "ACCESS": "private",
    "SIGNING": {"KEY_ID": "reader", "KEY": "secret"},
    "WINDOW": 600,
    "BUCKET": "uploads",
    "STORAGE": "staticfiles",
    "CACHE": "other",
    "PRESET": "minio",
    "REDIS": "redis://127.0.0.1:1/1",
    "PREFIX": "p/",
    "PUBLIC_URL": "https://cdn.example.com/p/",
    "CLIENT": {"endpoint_url": "http://127.0.0.1:9000"},
    "OBJECT_PARAMETERS": {"CacheControl": "max-age=86400"},
    "COMPRESS": "gzip",
    "KEYS": "fingerprint",
    "EXCLUDE": ["*.tmp", "private/*"],
    "INCLUDE": ["photos/"],
    "ALLOW": ["hidden"],
    "SETTLE": 0.5,
    "CONTEXTS": ["stylesheet"],
    "PRECONNECT": False,
    "HOSTS": ["example.com"],
    "SITE_URL": "https://www.example.com",
    "CORS": True,
    "CORP": True,
    "CHECKSUMS": True,
    "THREADS": 4,
    "RATE": 2.5,
    "BANDWIDTH": 500_000,
    "UPLOADS": "loop",
    "TASKS": "other",
    "DELETE_MISSING": True,
    "DELETE_GRACE": 60,
    "QUARANTINE": "trash/",
    "MAX_DELETE": 10,
    "MAX_STALENESS": 10,
    "POLL_SECONDS": 0.5,
    "REDIS_TIMEOUT": 0.1,
    "CHECK_LOCAL": False,
    "LINK_IN_DEBUG": True,
    "KEEP_LOCAL": False,
    "FREE_AFTER": 3600,
}


def mount(**options: Any) -> Mount:
    with override_settings(S3REWRITE={"media": {"BUCKET": "uploads", **options}}):
        return conf.mount("media")


def test_defaults() -> None:
    assert dataclasses.asdict(mount()) == {
        "alias": "media",
        "bucket": "uploads",
        "storage": "default",
        "cache": "default",
        "preset": "",
        "redis": "",
        "prefix": "media/",
        "public_url": "https://uploads.s3.us-east-1.amazonaws.com/media/",
        "client": {},
        "object_parameters": {},
        "compress": "",
        "keys": "mirror",
        "exclude": (),
        "include": (),
        "allow": (),
        "settle": 2.0,
        "contexts": (),
        "preconnect": True,
        "hosts": (),
        "site_url": "",
        "cors": False,
        "corp": False,
        "checksums": True,
        "threads": 16,
        "rate": 0.0,
        "bandwidth": 0,
        "uploads": "loop",
        "tasks": "default",
        "delete_missing": False,
        "quarantine": "",
        "delete_grace": 3600.0,
        "max_delete": 1000,
        "max_staleness": 5.0,
        "poll_seconds": 1.0,
        "redis_timeout": 0.25,
        "check_local": True,
        "link_in_debug": False,
        "keep_local": True,
        "free_after": 86_400.0,
        "probe_seconds": 2.0,
        "cdn": {},
        "access": "public",
        "signing": {},
        "window": 3600,
    }


@pytest.mark.parametrize(
    ("options", "seconds"),
    [({}, 2.0), ({"KEEP_LOCAL": False}, 0.0), ({"KEEP_LOCAL": False, "PROBE_SECONDS": 5.0}, 5.0)],
)
def test_files_that_are_kept_locally_are_probed(options: dict[str, Any], seconds: float) -> None:
    assert mount(**options).probe_seconds == seconds


def test_every_option_is_taken() -> None:
    assert set(EVERY_OPTION) == set(OPTIONS)
    found = dataclasses.asdict(mount(**EVERY_OPTION))
    del found["alias"]
    expected = {key.lower(): value for key, value in EVERY_OPTION.items()}
    expected["client"] = PRESETS["minio"]["CLIENT"] | EVERY_OPTION["CLIENT"]
    for key in ("exclude", "include", "allow", "contexts", "hosts"):
        expected[key] = tuple(expected[key])
    expected["exclude"] += ("/s3rewrite/fallback.*",)  # which comes from the site
    assert found == expected


def test_every_option_is_of_the_type_it_is_said_to_be() -> None:
    for key, value in EVERY_OPTION.items():
        assert isinstance(value, OPTIONS[key]), key


def test_an_unknown_option_is_left_to_the_checks() -> None:
    assert mount(BUKKET="x") == mount()


def test_a_mount_is_frozen_and_hashable() -> None:
    found = mount(**EVERY_OPTION)
    with pytest.raises(dataclasses.FrozenInstanceError):
        found.bucket = "other"  # type: ignore[misc]
    assert hash(found) == hash(mount(**EVERY_OPTION))
    assert found == mount(**EVERY_OPTION)
    assert found != mount(**EVERY_OPTION | {"CLIENT": {}})


def test_paths_of_a_mount() -> None:
    assert mount().paths == Paths("media/", mount().public_url, fingerprinted=False)
    assert mount(KEYS="fingerprint").paths.fingerprinted


# What defaults depend on


@pytest.mark.parametrize(
    ("options", "environment", "expected"),
    [
        pytest.param({}, {}, "https://uploads.s3.amazonaws.com/media/", id="nothing known"),
        pytest.param(
            {"CLIENT": {"region_name": "eu-west-1"}},
            {"AWS_DEFAULT_REGION": "us-west-1"},
            "https://uploads.s3.eu-west-1.amazonaws.com/media/",
            id="region of CLIENT",
        ),
        pytest.param(
            {},
            {"AWS_DEFAULT_REGION": "eu-west-1", "AWS_REGION": "us-west-1"},
            "https://uploads.s3.eu-west-1.amazonaws.com/media/",
            id="region of the environment",
        ),
        pytest.param(
            {},
            {"AWS_REGION": "eu-west-1"},
            "https://uploads.s3.eu-west-1.amazonaws.com/media/",
            id="region as the newer tools name it",
        ),
        pytest.param(
            {"CLIENT": {"endpoint_url": "http://s3.local"}},
            {"AWS_ENDPOINT_URL": "http://other.local"},
            "http://s3.local/uploads/media/",
            id="endpoint of CLIENT",
        ),
        pytest.param(
            {},
            {"AWS_ENDPOINT_URL": "http://all.local", "AWS_ENDPOINT_URL_S3": "http://s3.local"},
            "http://s3.local/uploads/media/",
            id="endpoint of the environment, for S3",
        ),
        pytest.param(
            {},
            {"AWS_ENDPOINT_URL": "http://all.local"},
            "http://all.local/uploads/media/",
            id="endpoint of the environment, for all services",
        ),
        pytest.param(
            {"PREFIX": "up/loads/"}, {}, "https://uploads.s3.amazonaws.com/up/loads/", id="PREFIX"
        ),
        pytest.param({"PREFIX": ""}, {}, "https://uploads.s3.amazonaws.com/", id="no PREFIX"),
        pytest.param({"PUBLIC_URL": "https://cdn/"}, {}, "https://cdn/", id="PUBLIC_URL"),
    ],
)
def test_public_url(
    options: dict[str, Any],
    environment: dict[str, str],
    expected: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("AWS_DEFAULT_REGION")
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert mount(**options).public_url == expected


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, True),
        ({"CLIENT": {"region_name": "eu-west-1"}}, True),
        ({"CLIENT": {"endpoint_url": None}}, True),
        ({"CLIENT": {"endpoint_url": "http://s3.local"}}, False),
        ({"CLIENT": {"endpoint_url": "http://s3.local"}, "CHECKSUMS": True}, True),
        ({"CHECKSUMS": False}, False),
    ],
)
def test_checksums_are_asked_of_aws_alone_unless_said(
    options: dict[str, Any], expected: bool
) -> None:
    assert mount(**options).checksums is expected


# override_settings


def test_override_settings_even_nested() -> None:
    assert conf.mounts() == {}
    with override_settings(S3REWRITE={"media": {"BUCKET": "one"}}):
        assert conf.mount("media").bucket == "one"
        with override_settings(S3REWRITE={"a": {"BUCKET": "two"}, "b": {"BUCKET": "three"}}):
            assert [*conf.mounts()] == ["a", "b"]
            assert conf.mount("b").prefix == "b/"
        assert [*conf.mounts()] == ["media"]
        assert conf.mount("media").bucket == "one"
    assert conf.mounts() == {}


def test_another_setting_leaves_the_mounts_as_they_are(settings: Any) -> None:
    settings.S3REWRITE = {"media": {"BUCKET": "one"}}
    found = conf.mounts()
    settings.LANGUAGE_CODE = "de"
    assert conf.mounts() is found


def test_without_the_setting_there_are_no_mounts(settings: Any) -> None:
    del settings.S3REWRITE
    assert conf.mounts() == {}
    assert conf.raw() == {}


def test_a_mount_as_a_url(settings: Any) -> None:
    url = "s3://uploads/photos/?region=eu-central-1&redis=redis://127.0.0.1:1/1"
    settings.S3REWRITE = {"*": {"THREADS": 4}, "media": url}
    found = conf.mounts()
    assert [*found] == ["media"]
    assert found["media"].public_url == "https://uploads.s3.eu-central-1.amazonaws.com/photos/"
    assert (found["media"].threads, found["media"].redis) == (4, "redis://127.0.0.1:1/1")
    settings.S3REWRITE = {"media": "s3://key:secret@uploads/"}
    with pytest.raises(ImproperlyConfigured, match="S3REWRITE cannot be read"):
        conf.mounts()


# Mistakes


@pytest.mark.parametrize(
    "value",
    [None, [], "media", {"media": None}, {"media": {}}, {"media": {"BUCKET": 1, "CLIENT": 2}}],
)
def test_settings_that_cannot_be_read(settings: Any, value: Any) -> None:
    settings.S3REWRITE = value
    with pytest.raises(ImproperlyConfigured, match=r"S3REWRITE cannot be read .*manage.py check"):
        conf.mounts()


def test_an_unknown_alias_names_those_there_are(settings: Any) -> None:
    settings.S3REWRITE = {"media": {"BUCKET": "one"}, "static": {"BUCKET": "two"}}
    with pytest.raises(ImproperlyConfigured, match=r"no mount 'other' \(there are: media, static"):
        conf.mount("other")
    settings.S3REWRITE = {}
    with pytest.raises(ImproperlyConfigured, match=r"no mount 'media' \(there are: none\)"):
        conf.mount("media")


# Other settings


def test_the_storage_of_a_mount(settings: Any, tmp_path: Path) -> None:
    memory = "django.core.files.storage.InMemoryStorage"
    settings.MEDIA_ROOT = tmp_path
    settings.STORAGES = {**settings.STORAGES, "memory": {"BACKEND": memory}}
    found = conf.storage_of(mount())
    assert isinstance(found, FileSystemStorage)
    assert found.location == str(tmp_path)
    assert isinstance(conf.storage_of(mount(STORAGE="memory")), InMemoryStorage)


def test_aliases_and_middleware(settings: Any) -> None:
    settings.MIDDLEWARE = ("a", "b")
    assert conf.middleware() == ["a", "b"]
    assert [*conf.aliases("STORAGES")] == ["default", "staticfiles"]
    assert [*conf.aliases("CACHES")] == ["default"]


class NotACache:
    pass


@pytest.mark.parametrize(
    ("backend", "expected"),
    [
        ("django_redis.cache.RedisCache", True),
        ("tests.test_conf.DerivedCache", True),
        ("django.core.cache.backends.redis.RedisCache", True),
        ("django.core.cache.backends.locmem.LocMemCache", False),
        ("tests.test_conf.NotACache", False),
        ("tests.test_conf.mount", False),
        ("tests.nowhere.Cache", False),
        ("nodots", False),
        ("", False),
        (None, False),
        (7, False),
    ],
)
def test_what_is_a_cache_in_redis(backend: Any, expected: bool) -> None:
    assert conf.is_redis_cache(backend) is expected


class DerivedCache(conf.RedisCache):
    pass


# Where boto3 would go, by its files


PROFILE = """
[default]
endpoint_url = http://default.local

[profile other]
region = eu-west-1
services = mine
endpoint_url = http://all.local

[profile "with blank"]
endpoint_url = http://blank.local

[profile ignoring]
ignore_configured_endpoint_urls = true
endpoint_url = http://ignored.local

[profile plain]
region = eu-central-1

[services mine]
sqs =
  endpoint_url = http://sqs.local
s3 =
  addressing_style = path
  endpoint_url = http://s3.local
"""


@pytest.mark.parametrize("profile", ["", "other", "with blank", "ignoring", "plain"])
@pytest.mark.parametrize("given", [{}, {"endpoint_url": "http://client.local"}])
@pytest.mark.parametrize(
    "environment",
    [
        {},
        {"AWS_ENDPOINT_URL": "http://env.local"},
        {"AWS_ENDPOINT_URL_S3": "http://env-s3.local", "AWS_ENDPOINT_URL": "http://env.local"},
        {"AWS_ENDPOINT_URL": "http://env.local", "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "true"},
        {"AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "True"},
        {"AWS_DEFAULT_REGION": "us-west-2"},
    ],
)
@pytest.mark.parametrize("is_ignored", [False, True])
def test_links_go_where_boto3_goes(
    profile: str,
    given: dict[str, Any],
    environment: dict[str, str],
    is_ignored: bool,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    (tmp_path / "config").write_text(PROFILE)
    monkeypatch.delenv("AWS_DEFAULT_REGION")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    for name, value in {"AWS_PROFILE": profile, **environment}.items():
        if value:
            monkeypatch.setenv(name, value)
    config = {"config": Config(ignore_configured_endpoint_urls=True)} if is_ignored else {}
    found = mount(CLIENT={**given, **config})
    try:
        client = boto3.session.Session().client("s3", **found.client)
    except NoRegionError:
        return
    expected = client.meta.endpoint_url
    if "amazonaws.com" not in expected:
        assert found.public_url == f"{expected}/uploads/media/"
        return
    region = client.meta.region_name
    is_default = region in ("us-east-1", "aws-global")
    host = "s3.amazonaws.com" if is_default else f"s3.{region}.amazonaws.com"
    assert found.public_url == f"https://uploads.{host}/media/"


def test_the_file_of_credentials_comes_first(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "credentials").write_text("[default]\nendpoint_url = http://u:p@own.local\n")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    assert mount().public_url == "http://own.local/uploads/media/"


def test_a_file_that_cannot_be_parsed_is_none(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "config").write_bytes(b"[default\n\xff")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    assert mount().public_url == "https://uploads.s3.us-east-1.amazonaws.com/media/"


def test_a_user_without_a_home_has_no_files(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_: object) -> None:
        raise KeyError

    for name in ("HOME", "AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(pwd, "getpwuid", fail)
    assert mount().public_url == "https://uploads.s3.us-east-1.amazonaws.com/media/"


def test_a_file_is_read_again_when_it_has_changed(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    file = tmp_path / "config"
    monkeypatch.setenv("AWS_CONFIG_FILE", str(file))
    for number, host in enumerate(("one.local", "two.local")):
        file.write_text(f"[default]\nendpoint_url = http://{host}\n")
        os.utime(file, (number, number))
        assert mount().public_url == f"http://{host}/uploads/media/"
