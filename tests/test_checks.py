"""One section a rule, in the order of their numbers."""

import io
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from django.core import checks as django_checks
from django.core.checks import CheckMessage
from django.core.files.storage import FileSystemStorage, InMemoryStorage, Storage
from django.core.management import CommandError, call_command
from django.test import override_settings
from django.urls import re_path
from django.views.static import serve
from django_tasks.backends.base import BaseTaskBackend
from hypothesis import HealthCheck, example, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from s3rewrite import checks, conf
from s3rewrite.checks import policy
from s3rewrite.core.mounts import OPTIONS
from s3rewrite.rewriters.table.lookup import OPTIONAL_CONTEXTS
from s3rewrite.storage import S3RewriteStorageMixin
from s3rewrite.sync.upload import compression
from s3rewrite.sync.upload.compression import CODINGS
from s3rewrite.sync.workers.django_tasks import task_backends
from tests.test_conf import EVERY_OPTION

MIDDLEWARE = [
    "django.middleware.gzip.GZipMiddleware",
    "django.middleware.http.ConditionalGetMiddleware",
    conf.MIDDLEWARE,
    "django.middleware.cache.UpdateCacheMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.cache.FetchFromCacheMiddleware",
]


# The framework sees that settings change once its signals are there.
import_module(f"{task_backends.__module__}.signals")


@pytest.fixture(autouse=True)
def site(settings: Any, tmp_path: Path) -> None:
    """A site as the README has it; each test makes one mistake."""
    settings.MIDDLEWARE = MIDDLEWARE
    settings.MEDIA_ROOT = tmp_path / "media"
    settings.STATIC_ROOT = tmp_path / "static"
    settings.STORAGES = {
        "default": {"BACKEND": "s3rewrite.storage.S3RewriteStorage"},
        "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
    }
    settings.ALLOWED_HOSTS = ["example.com"]


def found() -> list[CheckMessage]:
    return [message for check in checks.CHECKS for message in check(app_configs=None)]


def messages(**options: Any) -> list[CheckMessage]:
    """What is found wrong with one mount, "media", of a bucket and these options."""
    with override_settings(S3REWRITE={"media": {"BUCKET": "uploads", **options}}):
        return found()


def check_ids(**options: Any) -> list[str]:
    return [str(message.id).removeprefix("s3rewrite.") for message in messages(**options)]


def only(messages: list[CheckMessage], identifier: str) -> tuple[str, str]:
    """Message and hint of the one message there is."""
    (message,) = messages
    assert message.id == f"s3rewrite.{identifier}"
    assert message.is_serious() is identifier.startswith("E")
    assert message.hint
    return message.msg, message.hint


# Nothing wrong


@pytest.mark.parametrize("mounts", [{}, {"*": {"THREADS": 4}}])
def test_without_mounts_there_is_nothing_to_say(settings: Any, mounts: Any) -> None:
    settings.MIDDLEWARE = []
    settings.S3REWRITE = mounts
    assert found() == []


def test_the_public_interface(settings: Any) -> None:
    settings.S3REWRITE = {
        "media": {
            "BUCKET": "uploads-example",
            "STORAGE": "default",
            "CACHE": "default",
            "PREFIX": "media/",
            "PUBLIC_URL": "https://cdn.example.com/media/",
            "CLIENT": {"endpoint_url": "https://s3.example.com", "region_name": "eu-west-1"},
            "OBJECT_PARAMETERS": {"CacheControl": "max-age=86400"},
            "KEYS": "mirror",
            "EXCLUDE": ["*.tmp", "private/*"],
            "DELETE_MISSING": False,
            "DELETE_GRACE": 3600,
            "MAX_STALENESS": 5.0,
            "POLL_SECONDS": 1.0,
            "CHECK_LOCAL": True,
        },
        "static": {"STORAGE": "staticfiles", "BUCKET": "static-example"},
    }
    # A CDN would show an overwritten file's old bytes for a day.
    assert [message.id for message in found()] == ["s3rewrite.W018"]


def test_every_option(settings: Any) -> None:
    other = {**settings.CACHES["default"], "LOCATION": "redis://127.0.0.1:1/1"}
    settings.CACHES = {**settings.CACHES, "other": other}
    settings.STORAGES = {
        "default": settings.STORAGES["staticfiles"],
        "staticfiles": settings.STORAGES["default"],
    }
    assert check_ids(**EVERY_OPTION | {"CHECK_LOCAL": True}) == ["W019"]


# All rules


def test_ids_are_given_once_each() -> None:
    source = "".join(path.read_text() for path in Path(checks.__file__).parent.glob("*.py"))
    for kind, word in (("E", "error"), ("W", "warning")):
        documented = [f"{kind}{number:03}" for number in range(1, 60)]
        documented = [number for number in documented if f"{number}: " in source]
        assert documented == [f"{kind}{i:03}" for i in range(1, len(documented) + 1)]
        for number in documented:
            assert source.count(f"{number}: ") == 1, f"{word} {number}"


def test_names_of_checks_are_unique() -> None:
    names = [check.__name__ for check in checks.CHECKS]
    assert len(names) == len(set(names))


def test_django_runs_them(settings: Any) -> None:
    assert set(checks.CHECKS) <= django_checks.registry.registry.registered_checks
    settings.S3REWRITE = {"media": {"BUKCET": "uploads"}}
    with pytest.raises(CommandError, match=r"s3rewrite\.E002") as raised:
        call_command("check", stderr=io.StringIO())
    assert 'Did you mean "BUCKET"?' in str(raised.value)


JUNK = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-2, 10**6)
    | st.floats()
    | st.text(max_size=8)
    | st.binary(max_size=4)
    | st.sampled_from(
        ["http://[", "https://", "https://cdn/", "//", "/", "arn:aws:s3:::b", "default", "mirror"]
    ),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.tuples(inner)
        | st.frozensets(st.text(max_size=3), max_size=2)
        | st.dictionaries(st.text(max_size=5) | st.integers(), inner, max_size=3)
    ),
    max_leaves=6,
)
OPTION_NAMES = st.sampled_from([*OPTIONS, "BUKCET", "", 3, None])
MOUNT = st.dictionaries(OPTION_NAMES, JUNK, max_size=8) | JUNK
ALIASES = st.sampled_from(["media", "static", "", "a/b", "}", "ü", 3, None, ("a",)])


@given(st.dictionaries(ALIASES, MOUNT, max_size=3) | JUNK)
@example({"media": {"BUCKET": "b", "STORAGE": []}})
@example({"media": {"BUCKET": "b", "CACHE": {}}})
@example({"media": {"BUCKET": "b", "CONTEXTS": [[]]}})
@example({"media": {"BUCKET": "b", "PREFIX": 3}, "static": {"BUCKET": "b"}})
@example({"media": {"BUCKET": "b", "PUBLIC_URL": "http://["}})
@example({"media": {"BUCKET": "b", "EXCLUDE": ["!"]}})
@hypothesis_settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_no_mistake_raises(value: Any) -> None:
    with override_settings(S3REWRITE=value):
        for message in found():
            assert str(message.id).startswith("s3rewrite.")
            assert message.hint


WELL_TYPED = {
    key: {
        str: st.text(max_size=10),
        bool: st.booleans(),
        int: st.integers(-2, 10**6),
        (int, float): st.floats(),
        (list, tuple): st.lists(st.text(max_size=5), max_size=2),
    }.get(kind, st.dictionaries(st.text(max_size=5), JUNK, max_size=2))
    for key, kind in OPTIONS.items()
}
OTHERS = {key: values for key, values in WELL_TYPED.items() if key != "BUCKET"}


@given(st.fixed_dictionaries({"BUCKET": WELL_TYPED["BUCKET"]}, optional=OTHERS))
@hypothesis_settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_no_mistake_of_the_right_type_raises(options: dict[str, Any]) -> None:
    with override_settings(S3REWRITE={"media": options}):
        assert all(message.hint for message in found())


# E001: the shape of S3REWRITE


@pytest.mark.parametrize("value", [None, [], "media", 3])
def test_s3rewrite_is_not_a_dict(settings: Any, value: Any) -> None:
    settings.S3REWRITE = value
    message, hint = only(found(), "E001")
    assert message == "S3REWRITE is not a dict of mounts."
    assert hint == 'Write S3REWRITE = {"media": {"BUCKET": "…"}}.'


@pytest.mark.parametrize(("alias", "options"), [("media", "uploads"), ("media", None)])
def test_a_mount_is_not_a_dict(settings: Any, alias: Any, options: Any) -> None:
    static = {"BUCKET": "assets", "STORAGE": "staticfiles"}
    settings.S3REWRITE = {"static": static, alias: options}
    message, hint = only(found(), "E001")
    assert message == "S3REWRITE['media'] is not a dict or URL with a name."
    assert hint.endswith('A URL is "s3://bucket/prefix/?region=…", without keys.')


def test_a_mount_without_a_name(settings: Any) -> None:
    settings.S3REWRITE = {3: {"BUCKET": "uploads"}}
    assert only(found(), "E001")[0] == "S3REWRITE[3] is not a dict or URL with a name."


@pytest.mark.parametrize(
    "flat",
    [
        {"BUCKET": "uploads"},
        {"BUCKET": "uploads", "CLIENT": {"region_name": "x"}},
        {"media": {"BUCKET": "uploads"}, "CLIENT": {"region_name": "x"}},
    ],
)
def test_the_options_of_a_mount_without_the_mount(settings: Any, flat: dict[str, Any]) -> None:
    settings.S3REWRITE = flat
    message, hint = only(found(), "E001")
    assert message.startswith("S3REWRITE has the options of a mount itself (")
    assert "CLIENT" in message or "BUCKET" in message
    assert hint == 'Put them into a mount: S3REWRITE = {"media": {…}}.'


# E002: the bucket


@pytest.mark.parametrize("bucket", ["", None])
def test_no_bucket(bucket: Any) -> None:
    identifiers = check_ids(BUCKET=bucket)
    assert "E002" in identifiers
    message = next(found for found in messages(BUCKET=bucket) if str(found.id).endswith("E002"))
    assert message.msg == 'S3REWRITE["media"]["BUCKET"] is missing or empty.'
    assert message.hint == 'Name the bucket: S3REWRITE["media"]["BUCKET"] = "uploads-example".'


def test_bucket_left_out(settings: Any) -> None:
    settings.S3REWRITE = {"media": {}}
    only(found(), "E002")


# E003: unknown options


@pytest.mark.parametrize(
    ("key", "hint"),
    [
        ("PUBLICURL", 'Did you mean "PUBLIC_URL"?'),
        ("public_url", 'Did you mean "PUBLIC_URL"?'),
        ("CACHES", 'Did you mean "CACHE"?'),
        ("OBJECT_PARAMS", 'Did you mean "OBJECT_PARAMETERS"?'),
        ("EXCLUDES", 'Did you mean "EXCLUDE"?'),
        ("XYZ", "Known: ACCESS, ALLOW, BANDWIDTH, BUCKET, CACHE, CDN, CHECKSUMS, CHECK_LOCAL"),
    ],
)
def test_an_unknown_option(key: str, hint: str) -> None:
    message, its_hint = only(messages(**{key: 1}), "E003")
    assert message == f'S3REWRITE["media"]["{key}"]: there is no such option.'
    assert its_hint.startswith(hint)


def test_an_unknown_option_hides_no_other_mistake() -> None:
    assert sorted(check_ids(BUKCET=1, KEYS="x")) == ["E003", "E011"]


# E004: types


@pytest.mark.parametrize(
    ("options", "problem", "hint"),
    [
        ({"BUCKET": 7}, "is 7, which is not a str.", "Give it a str."),
        ({"THREADS": "16"}, "is '16', which is not a int.", "Give it a int."),
        ({"THREADS": True}, "is True, which is not a int.", "Give it a int."),
        ({"THREADS": 1.5}, "is 1.5, which is not a int.", "Give it a int."),
        ({"MAX_STALENESS": None}, "is None, which is not a int or float.", "Give it a int or"),
        ({"MAX_STALENESS": False}, "is False, which is not a int or float.", "Give it a int or"),
        ({"CORS": "yes"}, "is 'yes', which is not a bool.", "Give it a bool."),
        ({"CORS": 1}, "is 1, which is not a bool.", "Give it a bool."),
        ({"CLIENT": []}, "is a list, which is not a dict.", "Give it a dict."),
        ({"EXCLUDE": "*.tmp"}, "is '*.tmp', which is not a list or tuple.", "Give it a list or"),
        ({"EXCLUDE": ["a", 3]}, "is ['a', 3], which is not a list of strings.", "Give it strings"),
        ({"HOSTS": [None]}, "is [None], which is not a list of strings.", "Give it strings alone."),
    ],
)
def test_a_value_of_another_type(options: dict[str, Any], problem: str, hint: str) -> None:
    message, its_hint = only(messages(**options), "E004")
    assert message == f'S3REWRITE["media"]["{next(iter(options))}"] {problem}'
    assert its_hint.startswith(hint)


@pytest.mark.parametrize("options", [{"EXCLUDE": ("*.tmp",)}, {"MAX_STALENESS": 9}, {"HOSTS": []}])
def test_a_value_of_a_type_as_good(options: dict[str, Any]) -> None:
    assert check_ids(**options) == []


# E005, E006, E007: aliases


def test_an_alias_that_storages_does_not_have() -> None:
    message, hint = only(messages(STORAGE="uploads"), "E005")
    assert message.endswith("""["STORAGE"] is 'uploads', which is not an alias in STORAGES.""")
    assert hint == "STORAGES has: default, staticfiles."


def test_an_alias_that_caches_does_not_have(settings: Any) -> None:
    message, hint = only(messages(CACHE="redis"), "E006")
    assert message.endswith("""["CACHE"] is 'redis', which is not an alias in CACHES.""")
    assert hint == "CACHES has: default."


@pytest.mark.parametrize(
    "backend",
    [
        "django.core.cache.backends.locmem.LocMemCache",
        "nowhere.Cache",
    ],
)
def test_a_cache_that_is_not_in_redis(settings: Any, backend: str) -> None:
    settings.CACHES = {"default": {"BACKEND": backend, "LOCATION": "redis://127.0.0.1:1"}}
    message, hint = only(messages(), "E007")
    assert message == 'CACHES["default"] of mount "media" is not a cache in Redis.'
    assert '"REDIS": "redis://127.0.0.1:6379/1"' in hint
    assert check_ids(REDIS="redis://127.0.0.1:1/1") == []
    assert check_ids(REDIS="redis://127.0.0.1:1/1", CACHE="nowhere") == []


def test_the_cache_of_django(settings: Any) -> None:
    backend = "django.core.cache.backends.redis.RedisCache"
    settings.CACHES = {"default": {"BACKEND": backend, "LOCATION": "redis://127.0.0.1:1"}}
    assert check_ids() == []


# E008: the local URL prefix


class WithoutURL(InMemoryStorage):
    """A storage whose files have no URL."""

    base_url: Any = None

    def url(self, name: str | None) -> str:
        raise ValueError("This file is not accessible via a URL.")


class Signed(InMemoryStorage):
    """A storage that signs its URLs."""

    base_url: Any = None

    def url(self, name: str | None) -> str:
        return f"https://s3.example.com/media/{name}?signature=x"


@pytest.mark.parametrize(
    ("media_url", "prefix"),
    [
        ("/", "/"),
        ("", "/"),
        ("https://example.com", "https://example.com/"),
        ("https://example.com/", "https://example.com/"),
        ("/media?x=/", "/media?x=/"),
        ("http://[/", "http://[/"),
    ],
)
def test_a_storage_without_a_path_of_its_own(settings: Any, media_url: str, prefix: str) -> None:
    options = {"base_url": media_url} if media_url else {}
    backend = "s3rewrite.storage.S3RewriteStorage"
    settings.STORAGES = {"default": {"BACKEND": backend, "OPTIONS": options}}
    settings.MEDIA_URL = media_url
    message, hint = only(messages(), "E008")
    assert message == f"The storage of mount \"media\" has the URL prefix '{prefix}'."
    assert '"/media/"' in hint


@pytest.mark.parametrize("storage", ["WithoutURL", "Signed"])
def test_a_storage_without_urls(settings: Any, storage: str) -> None:
    settings.STORAGES = {"default": {"BACKEND": f"tests.test_checks.{storage}"}}
    assert only(messages(), "E008")[0].endswith("has the URL prefix ''.")


@pytest.mark.parametrize("media_url", ["/media/", "media/", "https://example.com/media/", "//a/b/"])
def test_a_storage_with_a_path_of_its_own(settings: Any, media_url: str) -> None:
    settings.MEDIA_URL = media_url
    assert check_ids() == []


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"bucket_name": "b"},
        {"bucket_name": "b", "location": "media", "custom_domain": "cdn.example.com"},
    ],
)
def test_a_storage_on_s3_is_left_as_it_was(settings: Any, options: dict[str, Any]) -> None:
    storage = {"BACKEND": "storages.backends.s3.S3Storage", "OPTIONS": options}
    settings.STORAGES = settings.STORAGES | {"default": storage}
    message, hint = only(messages(), "E008")
    assert message == 'S3Storage, the storage of mount "media", keeps its files elsewhere.'
    assert '"s3rewrite.storage.S3RewriteStorage"; docs/migrate.md says' in hint


class Unreachable(Storage):
    """A storage that asks a service for its URLs, which does not answer."""

    def url(self, name: str | None) -> str:
        raise ConnectionError("no service")


def test_a_storage_of_a_service_that_does_not_answer(settings: Any) -> None:
    storage = {"BACKEND": "tests.test_checks.Unreachable"}
    settings.STORAGES = settings.STORAGES | {"default": storage}
    assert only(messages(), "E008")[0].startswith("Unreachable, the storage of mount")


# E009: local URLs that two mounts share


@pytest.mark.parametrize(
    ("media_url", "static_url", "overlap"),
    [
        ("/media/", "/static/", False),
        ("/media/", "/media/static/", True),
        ("/files/media/", "/files/", True),
        ("/media/", "/media2/", False),
    ],
)
def test_prefixes_that_overlap(
    settings: Any, media_url: str, static_url: str, overlap: bool
) -> None:
    settings.MEDIA_URL, settings.STATIC_URL = media_url, static_url
    settings.S3REWRITE = {
        "media": {"BUCKET": "one"},
        "static": {"BUCKET": "two", "STORAGE": "staticfiles"},
    }
    if overlap:
        message, hint = only(found(), "E009")
        assert message == (
            f'The mounts "media" ({media_url}) and "static" ({static_url}) share URLs.'
        )
        assert "none begins another" in hint
    else:
        assert found() == []


def test_two_mounts_of_one_storage(settings: Any) -> None:
    settings.S3REWRITE = {"media": {"BUCKET": "one"}, "again": {"BUCKET": "two"}}
    only(found(), "E009")


# E010: PUBLIC_URL


@pytest.mark.parametrize(
    "url",
    [
        "cdn.example.com/media/",
        "//cdn.example.com/media/",
        "/",
        "/s3/?x=/",
        "ftp://cdn.example.com/",
        "https://",
        "https:///media/",
        "https://cdn.example.com/?prefix=media/",
        "https://cdn.example.com/#media/",
        "https://cdn.example.com/my media/",
        "https://cdn.example.com/mé/",
        'https://cdn.example.com/"/',
        "http://[::1]/",
        "http://[",
        "",
    ],
)
def test_a_public_url_that_is_none(url: str) -> None:
    message, hint = only(messages(PUBLIC_URL=url), "E010")
    assert message.endswith(f"is {url!r}: not an absolute http(s) URL without query.")
    assert hint.startswith('Write it as "https://cdn.example.com/media/"; "/s3/media/" is ')


def test_a_public_url_without_a_slash() -> None:
    message, hint = only(messages(PUBLIC_URL="https://cdn.example.com/media"), "E010")
    assert message == 'S3REWRITE["media"]["PUBLIC_URL"] does not end with a slash.'
    assert hint == 'Write "https://cdn.example.com/media/".'


@pytest.mark.parametrize(
    "url",
    ["https://cdn.example.com/", "http://127.0.0.1:9000/b/media/", "HTTPS://CDN.EXAMPLE/a%20b/"],
)
def test_a_public_url_that_is_right(url: str) -> None:
    assert check_ids(PUBLIC_URL=url) == []


# E011: KEYS


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        ("fingerprints", 'Did you mean "fingerprint"?'),
        ("Mirror", 'Did you mean "mirror"?'),
        ("hash", "Known: fingerprint, mirror."),
    ],
)
def test_other_keys(keys: str, expected: str) -> None:
    message, hint = only(messages(KEYS=keys), "E011")
    assert message == f'S3REWRITE["media"]["KEYS"] is \'{keys}\'.'
    assert hint == expected


@pytest.mark.parametrize("keys", ["mirror", "fingerprint"])
def test_known_keys(keys: str) -> None:
    assert check_ids(KEYS=keys) == []


# E012, W004: CONTEXTS


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("stylesheets", 'Did you mean "stylesheet"?'),
        ("image", "Known: "),
        ("zzz", "Known: "),
    ],
)
def test_a_context_that_is_not_optional(name: str, expected: str) -> None:
    message, hint = only(messages(CONTEXTS=[name]), "E012")
    assert message == f'S3REWRITE["media"]["CONTEXTS"] has \'{name}\', which is not one.'
    assert hint.startswith(expected)


def test_every_optional_context() -> None:
    assert check_ids(CONTEXTS=sorted(OPTIONAL_CONTEXTS), CORS=True) == []
    assert check_ids(CONTEXTS=["my-card[image]", "*[data-x]:srcset", "json[photo]"]) == []


def test_a_context_that_needs_cors() -> None:
    message, hint = only(messages(CONTEXTS=["font-face", "stylesheet"]), "W004")
    assert "has 'font-face', which is fetched with CORS: nothing will be linked." in message
    assert '"CORS": True' in hint


# E013, W001: MIDDLEWARE


def test_the_middleware_is_not_there(settings: Any) -> None:
    settings.MIDDLEWARE = []
    message, hint = only(messages(), "W001")
    assert message == "MIDDLEWARE does not have S3RewriteMiddleware: no page is rewritten."
    assert '"s3rewrite.middleware.S3RewriteMiddleware"' in hint


@pytest.mark.parametrize("name", checks.project.OUTER)
def test_a_middleware_that_hides_the_body(settings: Any, name: str) -> None:
    settings.MIDDLEWARE = [conf.MIDDLEWARE, name]
    message, hint = only(messages(), "E013")
    assert message.startswith(f"{name.rpartition('.')[2]} is on the wrong side")
    assert hint == f'Move "{name}" above "{conf.MIDDLEWARE}" in MIDDLEWARE.'
    settings.MIDDLEWARE = [name, conf.MIDDLEWARE]
    assert check_ids() == []


def test_a_middleware_that_caches_links(settings: Any) -> None:
    settings.MIDDLEWARE = [checks.project.UPDATE_CACHE, conf.MIDDLEWARE]
    message, hint = only(messages(), "E013")
    assert "it would cache links to S3 that later go stale" in message
    assert hint == f'Move "{checks.project.UPDATE_CACHE}" below "{conf.MIDDLEWARE}" in MIDDLEWARE.'


# E014: PREFIX


@pytest.mark.parametrize(
    ("prefix", "good"),
    [
        ("media", "media/"),
        ("/media/", "media/"),
        ("/", ""),
        ("media//a/", "media/a/"),
        ("./media/", "media/"),
        ("media/../", "media/"),
        ("media\\a\\", "media/a/"),
        ("media/\n/", "media/"),
    ],
)
def test_a_prefix_that_is_no_folder(prefix: str, good: str) -> None:
    message, hint = only(messages(PREFIX=prefix), "E014")
    assert f"is {prefix!r}" in message
    assert f'Write "{good}"' in hint


@pytest.mark.parametrize("prefix", ["", "media/", "a/b/", ".media/", "mé dia/"])
def test_a_prefix_that_is_a_folder(prefix: str) -> None:
    assert check_ids(PREFIX=prefix) == []


# E015: keys that two mounts share


@pytest.mark.parametrize(
    ("one", "other", "overlap"),
    [
        ({}, {}, False),
        ({"PREFIX": "x/"}, {"PREFIX": "x/"}, True),
        ({"PREFIX": ""}, {}, True),
        ({"PREFIX": "x/"}, {"PREFIX": "x/y/"}, True),
        ({"PREFIX": "x/"}, {"PREFIX": "xy/"}, False),
        ({"PREFIX": "x/"}, {"PREFIX": "x/", "BUCKET": "other"}, False),
        ({"PREFIX": "x/"}, {"PREFIX": "x/", "CLIENT": {"endpoint_url": "http://s3"}}, False),
    ],
)
def test_keys_that_overlap(
    settings: Any, one: dict[str, Any], other: dict[str, Any], overlap: bool
) -> None:
    settings.S3REWRITE = {
        "media": {"BUCKET": "uploads", **one},
        "static": {"BUCKET": "uploads", "STORAGE": "staticfiles", **other},
    }
    if overlap:
        message, hint = only(found(), "E015")
        assert '"media" and "static" write to the same keys of bucket \'uploads\'' in message
        assert '"PREFIX"' in hint
    else:
        assert found() == []


# E016: numbers


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ({"THREADS": 0}, "is 0, which is below 1."),
        ({"RATE": -1}, "is -1, which is below 0."),
        ({"RATE": float("nan")}, "is nan, which is below 0."),
        ({"BANDWIDTH": -1}, "is -1, which is below 0."),
        ({"MAX_DELETE": -1}, "is -1, which is below 0."),
        ({"POLL_SECONDS": -0.5}, "is -0.5, which is below 0."),
        ({"REDIS_TIMEOUT": 0}, "is 0, which is below 0.001."),
        ({"MAX_STALENESS": 1.0}, "is not above POLL_SECONDS: nothing is linked."),
        ({"DELETE_GRACE": 9}, "is below twice MAX_STALENESS."),
        ({"DELETE_GRACE": float("nan")}, "is below twice MAX_STALENESS."),
    ],
)
def test_a_number_that_cannot_work(options: dict[str, Any], problem: str) -> None:
    message, _ = only(messages(**options), "E016")
    assert message == f'S3REWRITE["media"]["{next(iter(options))}"] {problem}'


@pytest.mark.parametrize("limit", ["ten", "101%"])
def test_a_limit_that_is_none(limit: str) -> None:
    message, _ = only(messages(MAX_DELETE=limit), "E016")
    assert message.startswith(f'S3REWRITE["media"]["MAX_DELETE"]: {limit!r} is ')


@pytest.mark.parametrize(
    "options",
    [
        {"POLL_SECONDS": 0},
        {"RATE": 0.5},
        {"BANDWIDTH": 1},
        {"MAX_DELETE": 0},
        {"MAX_DELETE": "10%"},
        {"DELETE_GRACE": 10},
    ],
)
def test_a_number_that_works(options: dict[str, Any]) -> None:
    assert check_ids(**options) == []


# E017: OBJECT_PARAMETERS


@pytest.mark.parametrize(
    ("name", "expected"),
    [("Cache-Control", 'Did you mean "CacheControl"?'), ("Bucket", "Known: "), ("zzz", "Known: ")],
)
def test_an_object_parameter_that_uploads_do_not_take(name: str, expected: str) -> None:
    message, hint = only(messages(OBJECT_PARAMETERS={name: "x"}), "E017")
    assert f"has '{name}', which S3 uploads do not take." in message
    assert hint.startswith(expected)


def test_an_object_parameter_of_a_pattern() -> None:
    assert check_ids(OBJECT_PARAMETERS={"*.pdf": {"ContentDisposition": "attachment"}}) == []
    message, _ = only(messages(OBJECT_PARAMETERS={"*.pdf": {"Disposition": "x"}}), "E017")
    assert "['*.pdf'] has 'Disposition'" in message


# E018: the alias


@pytest.mark.parametrize("alias", ["", "a b", "a/b", "a}", "{a}", "..", "-x", "médias"])
def test_an_alias_that_is_no_name(settings: Any, alias: str) -> None:
    settings.S3REWRITE = {alias: {"BUCKET": "uploads", "PREFIX": "x/"}}
    message, hint = only(found(), "E018")
    assert message.startswith(f"The mount {alias!r} has a name with other than letters")
    assert '"media"' in hint


@pytest.mark.parametrize("alias", ["media", "user-uploads", "static_2", "a.b"])
def test_an_alias_that_is_a_name(settings: Any, alias: str) -> None:
    settings.S3REWRITE = {alias: {"BUCKET": "uploads"}}
    assert found() == []


# E019: a storage that fails


@pytest.mark.parametrize(
    ("configuration", "problem"),
    [
        ({"BACKEND": "nowhere.Storage"}, "Could not find backend 'nowhere.Storage'"),
        (
            {"BACKEND": "s3rewrite.storage.S3RewriteStorage", "OPTIONS": {"root": "x"}},
            "unexpected keyword argument 'root'",
        ),
    ],
)
def test_a_storage_that_fails(settings: Any, configuration: dict[str, Any], problem: str) -> None:
    settings.STORAGES = {"default": configuration}
    message, hint = only(messages(), "E019")
    assert message.startswith('STORAGES["default"] of mount "media" fails: ')
    assert problem in message
    assert '"OPTIONS"' in hint


def test_static_files_without_their_url(settings: Any) -> None:
    settings.STATIC_URL = None
    settings.STORAGES = {**settings.STORAGES}  # made anew
    assert "STATIC_URL" in only(messages(STORAGE="staticfiles"), "E019")[0]


# E020: the directory


@pytest.mark.parametrize("root", ["", None])
def test_media_root_is_not_set(settings: Any, root: Any) -> None:
    settings.MEDIA_ROOT = root
    message, hint = only(messages(), "E020")
    assert message == 'The storage of mount "media" has no directory.'
    assert "MEDIA_ROOT" in hint


def test_static_root_is_not_set(settings: Any) -> None:
    settings.STATIC_ROOT = None
    settings.STORAGES = {**settings.STORAGES}
    only(messages(STORAGE="staticfiles"), "E020")


SETTINGS_FILE = Path(sys.modules["tests.settings"].__file__ or "")


@pytest.mark.parametrize("levels", [0, 1, 2])
def test_a_directory_that_holds_the_settings(settings: Any, levels: int) -> None:
    root = settings.MEDIA_ROOT = SETTINGS_FILE.parents[levels]
    message, _ = only(messages(), "E020")
    assert f"is {root}, which holds {SETTINGS_FILE}: it would go to S3." in message


def test_a_directory_that_holds_them_by_another_path(settings: Any, tmp_path: Path) -> None:
    settings.MEDIA_ROOT = tmp_path / "link"
    (tmp_path / "link").symlink_to(SETTINGS_FILE.parent)
    only(messages(), "E020")


def test_a_directory_that_holds_a_database(
    settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.MEDIA_ROOT = tmp_path
    names = [tmp_path / "db.sqlite3", ":memory:", "file:memory?mode=memory", None]
    engine = "django.db.backends.sqlite3"
    databases = {str(i): {"ENGINE": engine, "NAME": name} for i, name in enumerate(names)}
    databases["postgres"] = {"ENGINE": "django.db.backends.postgresql", "NAME": tmp_path / "pg"}
    monkeypatch.setattr(conf.settings, "DATABASES", databases)
    message, _ = only(messages(), "E020")
    assert f"which holds {tmp_path}/db.sqlite3: it would go to S3." in message


def test_settings_without_a_file(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DJANGO_SETTINGS_MODULE")
    settings.MEDIA_ROOT = SETTINGS_FILE.parent
    assert check_ids() == []


# E021: BUCKET


@pytest.mark.parametrize(
    "bucket",
    ["s3://uploads", "uploads/media", "uploads/", "my uploads", "https://b", "ü", "-b", "b"],
)
def test_a_bucket_that_is_not_the_name_of_one(bucket: str) -> None:
    message, hint = only(messages(BUCKET=bucket), "E021")
    assert message.endswith(f"is {bucket!r}, which is not the name of a bucket.")
    assert '"PREFIX"' in hint


ACCESS_POINT = "arn:aws:s3:us-west-2:123456789012:accesspoint/uploads"


def test_an_access_point() -> None:
    message, hint = only(messages(BUCKET=ACCESS_POINT), "E021")
    assert message.endswith("is an ARN, which has no URL that pages could link.")
    assert hint == 'Set "PUBLIC_URL".'
    assert check_ids(BUCKET=ACCESS_POINT, PUBLIC_URL="https://cdn.example.com/") == []


# E022: HOSTS


@pytest.mark.parametrize(
    "host", ["https://example.com", "example.com/", "*", ".example.com", "", "a b", "*.example.com"]
)
def test_a_host_that_is_none(host: str) -> None:
    message, hint = only(messages(HOSTS=[host]), "E022")
    assert message == f'S3REWRITE["media"]["HOSTS"] has {host!r}, which is not a host.'
    assert '"www.example.com"' in hint


def test_hosts() -> None:
    assert check_ids(HOSTS=["example.com", "localhost:8000", "127.0.0.1", "[::1]:80"]) == []


# E023: EXCLUDE


@pytest.mark.parametrize("pattern", ["!", "\\", "[z-a]"])
def test_a_pattern_that_is_none(pattern: str) -> None:
    assert only(messages(INCLUDE=[pattern]), "E023")
    message, hint = only(messages(EXCLUDE=[pattern]), "E023")
    assert f"has {pattern!r}, which is no pattern: " in message
    assert ".gitignore" in hint


def test_patterns() -> None:
    assert check_ids(EXCLUDE=["*.tmp", "/private/", "!a.tmp", "a/**/b", "[ab]*"]) == []


# E024: CLIENT


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("region", 'Did you mean "region_name"?'),
        ("endpoint", 'Did you mean "endpoint_url"?'),
        ("access_key", 'Did you mean "aws_access_key_id"?'),
        ("self", "Known: "),
        ("zzz", "Known: api_version"),
    ],
)
def test_an_argument_that_clients_do_not_take(name: str, expected: str) -> None:
    message, hint = only(messages(CLIENT={name: "x"}), "E024")
    assert f"has {name!r}, which boto3.client does not take." in message
    assert hint.startswith(expected)


@pytest.mark.parametrize("endpoint", ["localhost:9000", "s3.example.com", "//s3", "http://", 3])
def test_an_endpoint_that_is_no_url(endpoint: Any) -> None:
    message, hint = only(messages(CLIENT={"endpoint_url": endpoint}), "E024")
    assert f"has the endpoint_url {endpoint!r}, which is not an http(s) URL." in message
    assert hint == 'Write it as "https://s3.example.com".'


def test_arguments_of_a_client() -> None:
    assert check_ids(CLIENT={"endpoint_url": "http://[::1]:9000", "config": None}) == []
    assert check_ids(CLIENT={"endpoint_url": None, "region_name": "eu-west-1"}) == []


# E025: the same URL here and on S3


@pytest.mark.parametrize(
    ("media_url", "url", "hosts"),
    [
        ("https://cdn.example.org/media/", "https://cdn.example.org/media/", []),
        ("https://cdn.example.org/media/", "https://cdn.example.org/media/s3/", []),
        ("/media/", "https://example.com/media/", []),
        ("/media/", "http://www.example.com/media/", ["www.example.com"]),
        ("/media/", "/media/", []),
        ("/media/", "/media/s3/", []),
    ],
)
def test_a_public_url_that_is_the_local_one(
    settings: Any, media_url: str, url: str, hosts: list[str]
) -> None:
    settings.MEDIA_URL = media_url
    message, hint = only(messages(PUBLIC_URL=url, HOSTS=hosts), "E025")
    assert message.endswith(f"have the same URL here and on S3: {media_url}")
    assert "PUBLIC_URL" in hint


@pytest.mark.parametrize("url", ["https://example.com/s3/", "https://cdn.example.com/media/"])
def test_a_public_url_beside_the_local_one(url: str) -> None:
    assert "E025" not in check_ids(PUBLIC_URL=url)


# W002: the region


def test_a_bucket_on_aws_without_a_region(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_DEFAULT_REGION")
    message, hint = only(messages(), "W002")
    assert "links to https://uploads.s3.amazonaws.com/media/, which only us-east-1" in message
    assert '"region_name"' in hint
    assert check_ids(CLIENT={"region_name": "eu-west-1"}) == []
    assert check_ids(CLIENT={"endpoint_url": "https://s3.example.com"}) == []
    assert check_ids(PUBLIC_URL="https://cdn.example.com/") == []


# W003: http


def test_http_in_pages_of_https(settings: Any) -> None:
    assert check_ids(PUBLIC_URL="http://cdn.example.com/") == []
    settings.SECURE_SSL_REDIRECT = True
    message, hint = only(messages(PUBLIC_URL="http://cdn.example.com/"), "W003")
    assert "links to http://cdn.example.com/ from pages served over HTTPS." in message
    assert "https" in hint
    assert check_ids(PUBLIC_URL="https://cdn.example.com/") == []


# W016: a header that S3 does not send


def test_corp_without_a_cdn() -> None:
    assert check_ids(CORP=True, PUBLIC_URL="https://cdn.example.com/") == []
    message, hint = only(messages(CORP=True), "W016")
    assert 'S3REWRITE["media"]["CORP"] is True, and S3 sends no such header' in message
    assert "PUBLIC_URL" in hint


# W005: overwritten files that nothing would see


def test_neither_the_file_is_looked_at_nor_the_storage_says(settings: Any) -> None:
    assert check_ids(CHECK_LOCAL=False) == []
    plain = {"BACKEND": "django.core.files.storage.FileSystemStorage"}
    settings.STORAGES = {**settings.STORAGES, "default": plain}
    message, hint = only(messages(CHECK_LOCAL=False), "W005")
    assert "may link to the old bytes of a file that was overwritten." in message
    assert "s3rewrite.storage.S3RewriteStorage" in hint
    assert check_ids(CHECK_LOCAL=True) == ["W013"]


# I001, W017: static files while DEBUG is on


@pytest.mark.parametrize("backend", ["StaticFilesStorage", "ManifestStaticFilesStorage"])
def test_static_files_in_development(settings: Any, backend: str) -> None:
    storage = f"django.contrib.staticfiles.storage.{backend}"
    settings.STORAGES = {**settings.STORAGES, "staticfiles": {"BACKEND": storage}}
    assert check_ids(STORAGE="staticfiles") == []
    settings.DEBUG = True
    message, hint = only(messages(STORAGE="staticfiles"), "I001")
    assert "stay local: Django serves what the finders find" in message
    assert "LINK_IN_DEBUG" in hint
    message, hint = only(messages(STORAGE="staticfiles", LINK_IN_DEBUG=True), "W017")
    assert "S3 has copies of STATIC_ROOT" in message
    assert check_ids() == ["W014"]


# W006: Content Security Policy

DJANGO_CSP = "django.middleware.csp.ContentSecurityPolicyMiddleware"
CSP_PACKAGE = "csp.middleware.CSPMiddleware"
PUBLIC_URL = "https://cdn.example.com/media/"


def test_a_policy_of_django_that_blocks(settings: Any) -> None:
    settings.MIDDLEWARE = [DJANGO_CSP, *MIDDLEWARE]
    settings.SECURE_CSP = {"default-src": ["'self'"], "img-src": ["'self'", "data:"]}
    message, hint = only(messages(PUBLIC_URL=PUBLIC_URL), "W006")
    assert message.endswith("blocks what mount \"media\" links: ['img-src', 'media-src'].")
    assert hint == 'Add "https://cdn.example.com" to img-src, media-src.'
    settings.MIDDLEWARE = MIDDLEWARE
    assert check_ids(PUBLIC_URL=PUBLIC_URL) == []


def test_fonts_only_where_they_are_linked(settings: Any) -> None:
    settings.MIDDLEWARE = [DJANGO_CSP, *MIDDLEWARE]
    settings.SECURE_CSP = {"font-src": ["'self'"]}
    assert check_ids(PUBLIC_URL=PUBLIC_URL) == []
    asked = messages(PUBLIC_URL=PUBLIC_URL, CONTEXTS=["font-face"], CORS=True)
    assert only(asked, "W006")[1] == 'Add "https://cdn.example.com" to font-src.'


@pytest.mark.parametrize(
    ("sources", "expected"),
    [
        (["https://cdn.example.com"], []),
        (("https://cdn.example.com",), []),
        ({"https://cdn.example.com"}, []),
        ([], ["W006"]),
        (True, ["W006"]),
        (False, []),
        (None, []),
    ],
)
def test_how_django_lets_sources_be_written(
    settings: Any, sources: Any, expected: list[str]
) -> None:
    settings.MIDDLEWARE = [DJANGO_CSP, *MIDDLEWARE]
    settings.SECURE_CSP = {"img-src": sources}
    assert check_ids(PUBLIC_URL=PUBLIC_URL) == expected
    settings.SECURE_CSP = {"img-src": sources, "default-src": ["'self'"], "media-src": ["*"]}
    assert check_ids(PUBLIC_URL=PUBLIC_URL) == (expected if sources else ["W006"])


@pytest.mark.parametrize("policy", [None, {}])
def test_no_policy_of_django(settings: Any, policy: Any) -> None:
    settings.MIDDLEWARE = [DJANGO_CSP, *MIDDLEWARE]
    settings.SECURE_CSP = policy
    assert check_ids(PUBLIC_URL=PUBLIC_URL) == []


@pytest.mark.parametrize(
    ("policy", "expected"),
    [
        (None, []),
        ({}, []),
        ({"DIRECTIVES": {}}, ["W006"]),
        ({"EXCLUDE_URL_PREFIXES": ["/admin"]}, ["W006"]),
        ({"DIRECTIVES": {"script-src": ["'self'"]}}, ["W006"]),
        ({"DIRECTIVES": {"default-src": None}}, []),
        ({"DIRECTIVES": {"default-src": ["'self'"]}}, ["W006"]),
        ({"DIRECTIVES": {"default-src": ["'self'", "https://cdn.example.com"]}}, []),
    ],
)
def test_a_policy_of_django_csp(settings: Any, policy: Any, expected: list[str]) -> None:
    settings.MIDDLEWARE = [CSP_PACKAGE, *MIDDLEWARE]
    settings.CONTENT_SECURITY_POLICY = policy
    settings.CONTENT_SECURITY_POLICY_REPORT_ONLY = {"DIRECTIVES": {"default-src": ["'none'"]}}
    assert check_ids(PUBLIC_URL=PUBLIC_URL) == expected


CSP_WORDS = ["'self'", "'none'", "'nonce-x'", "https:", "*", "https://cdn.example.com", "HTTPS://x"]
CSP_VALUES = st.none() | st.just(True) | st.sampled_from(CSP_WORDS)
CSP_VALUES |= st.lists(st.sampled_from(CSP_WORDS), min_size=1, max_size=3)
CSP_NAMES = st.sampled_from(
    ["default-src", *policy.DIRECTIVES, "style-src-elem", "script-src-elem"]
)
CSP_VALUES |= CSP_VALUES.map(lambda value: tuple(value) if isinstance(value, list) else value)
CSP_DICTS = st.dictionaries(CSP_NAMES, CSP_VALUES)


def effective(header: str, name: str) -> list[str]:
    """The sources that hold for a directive of a header. CSP3, 6.8.3"""
    words = [directive.lower().split() for directive in header.split(";") if directive.strip()]
    directives = {first: rest for first, *rest in words}
    elem = [f"{name}-elem"] if name in ("style-src", "script-src") else []
    return next((directives[n] for n in (*elem, name, "default-src") if n in directives), ["*"])


@pytest.mark.parametrize("middleware", [DJANGO_CSP, CSP_PACKAGE])
def test_a_policy_is_read_as_it_is_sent(settings: Any, middleware: str) -> None:
    """By what really writes the header: Django 6, or django-csp 4."""
    module = pytest.importorskip("django.utils.csp" if middleware == DJANGO_CSP else "csp.utils")

    @given(CSP_DICTS)
    @hypothesis_settings(max_examples=200, suppress_health_check=list(HealthCheck), deadline=None)
    def agrees(directives: dict[str, Any]) -> None:
        django_csp = {"CONTENT_SECURITY_POLICY": {"DIRECTIVES": directives}}
        given_settings = {"SECURE_CSP": directives} if middleware == DJANGO_CSP else django_csp
        with override_settings(MIDDLEWARE=[middleware], **given_settings):
            header = module.build_policy(directives if middleware == DJANGO_CSP else None)
            read = conf.content_security_policy()
            for name in policy.DIRECTIVES:
                assert set(policy._sources(read, name)) == set(effective(header, name))

    agrees()


@pytest.mark.parametrize(
    ("contexts", "directives"),
    [
        ([], []),
        (["stylesheet"], ["style-src"]),
        (["import"], ["style-src"]),
        (["script", "modulepreload"], ["script-src"]),
        (["font-preload"], ["font-src"]),
        (["fetch-preload"], ["connect-src"]),
        (["playlist"], ["connect-src"]),
        (["embed"], ["object-src"]),
        (["manifest"], ["manifest-src"]),
        (["json", "css", "data", "*[x]"], []),
        (["script", "stylesheet", "embed"], ["style-src", "script-src", "object-src"]),
    ],
)
def test_the_directives_follow_from_the_contexts(
    settings: Any, contexts: list[str], directives: list[str]
) -> None:
    settings.MIDDLEWARE = [DJANGO_CSP, *MIDDLEWARE]
    settings.SECURE_CSP = {"default-src": ["'self'"], "img-src": "*", "media-src": "*"}
    options = {"PUBLIC_URL": PUBLIC_URL, "CONTEXTS": contexts, "CORS": True}
    asked = [message for message in messages(**options) if message.id == "s3rewrite.W006"]
    assert bool(asked) is bool(directives)
    if directives:
        assert asked[0].hint == f'Add "https://cdn.example.com" to {", ".join(directives)}.'
    for name in directives:  # as the hint asks
        settings.SECURE_CSP[name] = ["'self'", "https://cdn.example.com"]
    assert check_ids(**options) == []


def test_each_context_is_thought_of() -> None:
    named = {name for contexts in policy.DIRECTIVES.values() for name in contexts}
    # Images, whatever a script makes of them, and where a redirect leads.
    others = {"css", "data", "json", "json-script", "location", "srcdoc"}
    assert named | others == OPTIONAL_CONTEXTS
    assert not named & others


@pytest.mark.parametrize(
    ("directive", "sources", "contexts", "is_fine"),
    [
        ("script-src", ["'nonce-x'", "'strict-dynamic'"], ["script"], True),
        ("script-src", ["'self'", "'strict-dynamic'", "'nonce-x'"], ["script"], True),
        ("script-src", ["'nonce-x'"], ["script"], True),
        ("script-src", ["<CSP_NONCE_SENTINEL>"], ["script"], True),
        ("script-src", ["'self'", "<CSP_NONCE_SENTINEL>"], ["script"], False),
        ("script-src", ["'self'"], ["script"], False),
        ("script-src-elem", ["'self'"], ["script"], False),
        ("style-src", ["'nonce-x'"], ["stylesheet"], True),
        # What is imported has no nonce: it is blocked wherever it is.
        ("style-src", ["'nonce-x'"], ["stylesheet", "import"], True),
        ("style-src", ["'self'", "'strict-dynamic'"], ["stylesheet"], False),
        ("style-src", ["'self'", "'unsafe-inline'"], ["stylesheet"], False),
        ("style-src-elem", ["https://cdn.example.com"], ["stylesheet"], True),
        ("img-src", ["'nonce-x'"], [], False),
    ],
)
def test_what_nonces_allow(
    settings: Any, directive: str, sources: list[str], contexts: list[str], is_fine: bool
) -> None:
    settings.MIDDLEWARE = [DJANGO_CSP, *MIDDLEWARE]
    settings.SECURE_CSP = {directive: sources}
    found_ids = check_ids(PUBLIC_URL=PUBLIC_URL, CONTEXTS=contexts)
    assert found_ids == ([] if is_fine else ["W006"])


def test_the_nonce_of_django_csp(settings: Any) -> None:
    constants = pytest.importorskip("csp.constants")
    settings.MIDDLEWARE = [CSP_PACKAGE, *MIDDLEWARE]
    sources = {"default-src": "*", "script-src": [constants.NONCE]}
    settings.CONTENT_SECURITY_POLICY = {"DIRECTIVES": sources}
    assert check_ids(PUBLIC_URL=PUBLIC_URL, CONTEXTS=["script"]) == []


@pytest.mark.parametrize(
    ("url", "hosts", "is_fine"),
    [
        ("https://example.com/s3/", [], True),
        ("https://EXAMPLE.com/s3/", [], True),
        ("https://www.example.com/s3/", [], False),
        ("https://www.example.com/s3/", ["www.example.com"], True),
        ("https://example.com:8443/s3/", [], False),
        ("https://example.com:8443/s3/", ["example.com:8443"], True),
    ],
)
def test_a_public_url_at_the_sites_own_host(
    settings: Any, url: str, hosts: list[str], is_fine: bool
) -> None:
    settings.MIDDLEWARE = [DJANGO_CSP, *MIDDLEWARE]
    settings.SECURE_CSP = {"default-src": ["'self'"]}
    assert ("W006" not in check_ids(PUBLIC_URL=url, HOSTS=hosts)) is is_fine


@pytest.mark.parametrize(
    ("source", "allowed"),
    [
        ("*", True),
        ("https:", True),
        ("http:", True),
        ("https://cdn.example.com", True),
        ("HTTPS://CDN.example.com", True),
        ("http://cdn.example.com", True),
        ("cdn.example.com", True),
        ("cdn.example.com:443", True),
        ("cdn.example.com:*", True),
        ("https://cdn.example.com/", True),
        ("https://cdn.example.com/media/", True),
        ("*.example.com", True),
        ("'self' *.example.com", True),
        ("https://cdn.example.com/media", False),
        ("https://cdn.example.com/media/a.jpg", False),
        ("https://cdn.example.com/static/", False),
        ("cdn.example.com:8443", False),
        ("*.cdn.example.com", False),
        ("example.com", False),
        ("data:", False),
        ("'self'", False),
        ("'none'", False),
        ("", False),
    ],
)
def test_what_a_source_allows(settings: Any, source: str, allowed: bool) -> None:
    settings.MIDDLEWARE = [DJANGO_CSP, *MIDDLEWARE]
    settings.SECURE_CSP = {"img-src": source}
    assert (check_ids(PUBLIC_URL=PUBLIC_URL) == []) is allowed


def test_a_source_on_a_port(settings: Any) -> None:
    settings.MIDDLEWARE = [DJANGO_CSP, *MIDDLEWARE]
    url = "http://127.0.0.1:9000/b/media/"
    settings.SECURE_CSP = {"img-src": ["http://127.0.0.1:9000"]}
    assert check_ids(PUBLIC_URL=url) == []
    settings.SECURE_CSP = {"img-src": ["http://127.0.0.1"]}
    assert check_ids(PUBLIC_URL=url) == ["W006"]
    settings.SECURE_CSP = {"img-src": ["*"]}
    assert check_ids(PUBLIC_URL=url) == []


# Speed


def test_boto3_is_not_imported_without_need(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "boto3", None)
    assert check_ids() == []


# E026: SITE_URL


@pytest.mark.parametrize("url", ["", "https://www.example.com", "http://127.0.0.1:8000"])
def test_a_site(url: str) -> None:
    assert "s3rewrite.E026" not in [message.id for message in messages(SITE_URL=url)]


@pytest.mark.parametrize(
    "url", ["www.example.com", "https://x.example/", "https://x.example/a", "//x", "https://ü.de"]
)
def test_what_is_no_site(url: str) -> None:
    message, hint = only(messages(SITE_URL=url), "E026")
    assert repr(url) in message
    assert "without a path" in hint


# E027: QUARANTINE


@pytest.mark.parametrize("folder", ["trash", "/trash/", "a//b/"])
def test_a_quarantine_that_is_no_folder(folder: str) -> None:
    assert "not a folder" in only(messages(QUARANTINE=folder), "E027")[0]


@pytest.mark.parametrize("folder", ["media/", "media/trash/"])
def test_a_quarantine_among_the_objects(folder: str) -> None:
    assert "inside of PREFIX" in only(messages(QUARANTINE=folder), "E027")[0]


@pytest.mark.parametrize("folder", ["", "trash/", "old/media/"])
def test_a_good_quarantine(folder: str) -> None:
    assert check_ids(QUARANTINE=folder) == []


# E029: freed files


def test_freed_files_need_a_storage_that_opens_them(settings: Any) -> None:
    assert check_ids(KEEP_LOCAL=False) == []
    storage = {"BACKEND": "django.core.files.storage.FileSystemStorage"}
    settings.STORAGES = settings.STORAGES | {"default": storage}
    message, hint = only(messages(KEEP_LOCAL=False), "E029")
    assert "FileSystemStorage cannot open" in message
    assert 'STORAGES["default"]' in hint
    assert check_ids() == ["W013"]


def test_freed_files_need_pages_that_look_at_the_disk() -> None:
    assert "CHECK_LOCAL" in only(messages(KEEP_LOCAL=False, CHECK_LOCAL=False), "E029")[0]


# E030: freed files of two mounts


def test_freed_files_of_two_buckets() -> None:
    mounts = {"media": {"BUCKET": "one", "KEEP_LOCAL": False}, "copy": {"BUCKET": "two"}}
    with override_settings(S3REWRITE=mounts):
        ids = [message.id for message in found()]
    assert "s3rewrite.E030" in ids


# W009: freed files that are deleted


def test_freed_files_whose_only_copy_may_be_deleted() -> None:
    options = {"KEEP_LOCAL": False, "DELETE_MISSING": True}
    assert "QUARANTINE" in only(messages(**options), "W009")[1]
    assert check_ids(**options, QUARANTINE="trash/") == []


# E028, W007, W008: COMPRESS


@pytest.mark.parametrize("coding", ["", "gzip", "br", "zstd"])
def test_a_good_coding(coding: str) -> None:
    assert check_ids(COMPRESS=coding) == []


def test_a_coding_that_there_is_not() -> None:
    message, hint = only(messages(COMPRESS="gzipp"), "E028")
    assert "'gzipp'" in message
    assert 'Did you mean "gzip"?' in hint


@pytest.mark.parametrize(
    ("coding", "modules"), [("br", ["brotli"]), ("zstd", list(CODINGS["zstd"].modules))]
)
def test_a_coding_without_its_library(
    monkeypatch: pytest.MonkeyPatch, coding: str, modules: list[str]
) -> None:
    for name in modules:
        monkeypatch.setitem(sys.modules, name, None)
    compression._module.cache_clear()
    message, hint = only(messages(COMPRESS=coding), "E028")
    assert "no library" in message
    assert hint == f"pip install 's3rewrite[{coding}]'"


@pytest.mark.parametrize("coding", ["br", "zstd"])
def test_what_browsers_take_over_https_only(coding: str) -> None:
    url = "http://files.example.com/media/"
    assert "HTTPS only" in only(messages(COMPRESS=coding, PUBLIC_URL=url), "W007")[0]
    assert check_ids(COMPRESS="gzip", PUBLIC_URL=url) == []


@pytest.mark.parametrize("host", ["localhost", "localhost:8333", "127.0.0.1:8333"])
def test_this_machine_is_as_good_as_https(host: str) -> None:
    assert check_ids(COMPRESS="br", PUBLIC_URL=f"http://{host}/b/media/") == []


def test_a_coding_and_another_encoding() -> None:
    given = {"ContentEncoding": "gzip"}
    assert check_ids(OBJECT_PARAMETERS=given) == []
    assert "does nothing" in only(messages(COMPRESS="gzip", OBJECT_PARAMETERS=given), "W008")[0]


# E031, W010: UPLOADS and TASKS


def test_uploads_by_tasks(settings: Any) -> None:
    settings.TASKS = {"default": {"BACKEND": f"{__name__}.Workers"}}
    assert check_ids(UPLOADS="tasks") == []
    assert check_ids(UPLOADS="loop", TASKS="no-such") == []


class Workers(BaseTaskBackend):
    """Stands in for a backend with workers."""

    def enqueue(self, *given: Any, **named: Any) -> Any:
        raise NotImplementedError


def test_uploads_elsewhere() -> None:
    message, hint = only(messages(UPLOADS="task"), "E031")
    assert message == """S3REWRITE["media"]["UPLOADS"] is 'task'."""
    assert hint == 'Did you mean "tasks"?'


def test_tasks_without_a_framework(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "s3rewrite.sync.workers.django_tasks", None)
    message, hint = only(messages(UPLOADS="tasks"), "E031")
    assert "needs a task framework" in message
    assert "django-tasks" in hint


@pytest.mark.parametrize(
    "tasks", [{"default": {"BACKEND": f"{__name__}.Workers"}}, {"uploads": {"BACKEND": "no.such"}}]
)
def test_tasks_of_a_backend_that_fails(settings: Any, tasks: Any) -> None:
    settings.TASKS = tasks
    message, _ = only(messages(UPLOADS="tasks", TASKS="uploads"), "E031")
    assert message.startswith('S3REWRITE["media"]["TASKS"]: TASKS["uploads"] fails: ')


@pytest.mark.parametrize("name", ["immediate.ImmediateBackend", "dummy.DummyBackend"])
def test_tasks_without_workers(settings: Any, name: str) -> None:
    settings.TASKS = {"default": {"BACKEND": f"django_tasks.backends.{name}"}}
    message, _ = only(messages(UPLOADS="tasks"), "W010")
    assert message.endswith(f"is {name.split('.')[1]}: no workers.")


def test_without_the_setting_there_are_no_workers() -> None:
    assert check_ids(UPLOADS="tasks") == ["W010"]


# E032


def test_a_word_that_allows_nothing() -> None:
    message, hint = only(messages(ALLOW=["hiden", "outside"]), "E032")
    assert message == 'S3REWRITE["media"]["ALLOW"] has \'hiden\', which allows nothing.'
    assert hint == 'Did you mean "hidden"?'


@pytest.mark.parametrize("seconds", [-1, float("nan")])
def test_a_settle_that_is_no_time(seconds: float) -> None:
    assert check_ids(SETTLE=seconds) == ["E016"]


# E033


@pytest.mark.parametrize("key", ["PUBLIC_URL", "SITE_URL", "CLIENT"])
@pytest.mark.parametrize("user", ["user", "user:password", ":p@ss", "user:"])
def test_a_url_with_userinfo(key: str, user: str) -> None:
    url = f"https://{user}@h.example.com" + ("/m/" if key == "PUBLIC_URL" else "")
    message, hint = only(
        messages(**{key: {"endpoint_url": url} if key == "CLIENT" else url}), "E033"
    )
    assert message.endswith("has a user's name or a password before its host.")
    assert key in message
    assert "aws_access_key_id" in hint
    assert not {user, f"{user}@"} & set(message.split())


# W011


@pytest.mark.parametrize(
    ("url", "options"),
    [
        ("https://example.com/cdn/", {}),
        ("https://EXAMPLE.com:8443/cdn/", {}),
        ("https://www.example.com/cdn/", {"HOSTS": ["www.example.com:8000"]}),
        ("/s3/media/", {}),
    ],
)
def test_uploads_at_the_sites_own_host(url: str, options: dict[str, Any]) -> None:
    message, hint = only(messages(PUBLIC_URL=url, **options), "W011")
    assert "this site's own host" in message
    assert "PUBLIC_URL" in hint


@pytest.mark.parametrize("setting", ["SESSION_COOKIE_DOMAIN", "CSRF_COOKIE_DOMAIN"])
@pytest.mark.parametrize("domain", ["example.com", ".example.com", "Example.com"])
def test_uploads_where_cookies_of_a_domain_go(settings: Any, setting: str, domain: str) -> None:
    setattr(settings, setting, domain)
    message, _ = only(messages(PUBLIC_URL="https://cdn.example.com/media/"), "W011")
    assert "gets the cookies of example.com" in message
    assert check_ids(PUBLIC_URL="https://cdn.notexample.com/media/") == []
    assert check_ids(PUBLIC_URL="https://example.com.evil.org/media/") == []


@pytest.mark.parametrize("hosts", [["example.com"], [".example.com"], ["*"], []])
def test_uploads_beside_the_site_get_no_cookie_of_its_host(settings: Any, hosts: list[str]) -> None:
    settings.ALLOWED_HOSTS = hosts
    assert check_ids(PUBLIC_URL="https://cdn.example.com/media/") == []


def test_the_projects_own_files_are_no_uploads() -> None:
    assert check_ids(STORAGE="staticfiles", PUBLIC_URL="https://example.com/cdn/") == []


FRONT = {"BACKEND": "s3rewrite.cdn.CloudFront", "DISTRIBUTION_ID": "E1"}
FLARE = {"BACKEND": "s3rewrite.cdn.Cloudflare", "ZONE": "z", "TOKEN": "very-secret"}


@pytest.mark.parametrize("cdn", [{}, FRONT, FLARE])
def test_a_cdn(settings: Any, cdn: dict[str, str]) -> None:
    assert check_ids(CDN=cdn) == []


@pytest.mark.parametrize(
    "cdn",
    [
        {"DISTRIBUTION_ID": "E1"},
        {"BACKEND": "s3rewrite.cdn.Akamai"},
        {"BACKEND": "s3rewrite.cdn.CloudFront"},
        FLARE | {"TOKENS": "very-secret"},
        {"BACKEND": 1},
    ],
)
def test_what_makes_no_cdn(settings: Any, cdn: dict[str, Any]) -> None:
    assert check_ids(CDN=cdn) == ["E036"]
    assert "very-secret" not in str(messages(CDN=cdn))


@pytest.mark.parametrize(
    ("options", "is_warned"),
    [
        ({"OBJECT_PARAMETERS": {"CacheControl": "public, max-age=86400"}}, True),
        ({"OBJECT_PARAMETERS": {"*.jpg": {"CacheControl": "s-maxage=86400, max-age=0"}}}, True),
        ({"OBJECT_PARAMETERS": {"CacheControl": "public, max-age=60"}}, False),
        ({"OBJECT_PARAMETERS": {"CacheControl": "max-age=86400"}, "CDN": FRONT}, False),
        ({"OBJECT_PARAMETERS": {"CacheControl": "max-age=86400"}, "KEYS": "fingerprint"}, False),
        ({}, False),
    ],
)
def test_what_a_cdn_keeps(settings: Any, options: dict[str, Any], is_warned: bool) -> None:
    assert check_ids(**options) == ["W018"] * is_warned


# W012: no S3REWRITE


def test_there_is_no_setting(settings: Any) -> None:
    del settings.S3REWRITE
    message, hint = only(found(), "W012")
    assert message == "The settings have no S3REWRITE: nothing goes to S3."
    assert hint.startswith("manage.py s3rewrite_init writes one.")


@pytest.mark.parametrize("name", ["S3_REWRITE", "S3REWRITES", "S3REWRTE", "S3REWIRTE"])
def test_a_typo_in_the_name_of_the_setting(settings: Any, name: str) -> None:
    del settings.S3REWRITE
    setattr(settings, name, {"media": {"BUCKET": "uploads"}})
    assert only(found(), "W012")[1].startswith(f'Is "{name}" meant to be it?')


# W013: changes that nobody tells of


class OwnStorage(FileSystemStorage):
    """A project's own storage."""


class OwnStorageThatTells(S3RewriteStorageMixin, FileSystemStorage):
    """The same with the mixin."""


@pytest.mark.parametrize(
    ("backend", "expected"),
    [
        ("django.core.files.storage.FileSystemStorage", ["W013"]),
        ("tests.test_checks.OwnStorage", ["W013"]),
        ("tests.test_checks.OwnStorageThatTells", []),
        ("django.core.files.storage.InMemoryStorage", []),
        ("django.contrib.staticfiles.storage.ManifestStaticFilesStorage", []),
    ],
)
def test_a_storage_that_tells_nobody(settings: Any, backend: str, expected: list[str]) -> None:
    settings.STORAGES = settings.STORAGES | {"default": {"BACKEND": backend}}
    assert check_ids() == expected
    if expected:
        message, hint = only(messages(), "W013")
        name = backend.rpartition(".")[2]
        assert message.startswith(f'The {name} of mount "media" does not tell the loop')
        assert hint.endswith('to "s3rewrite.storage.S3RewriteStorage".')


# W014: local files that nothing serves


def test_local_files_that_nothing_serves(settings: Any) -> None:
    assert check_ids() == []
    settings.DEBUG = True
    message, hint = only(messages(), "W014")
    assert message == "No URL pattern serves /media/: a file is 404 until it is on S3."
    assert 'urlpatterns += static("/media/", document_root=settings.MEDIA_ROOT)' in hint
    assert check_ids(STORAGE="staticfiles") == ["I001"]
    settings.MEDIA_URL = "https://media.example.com/"
    assert "W014" not in check_ids()


def test_local_files_that_a_pattern_serves(settings: Any) -> None:
    settings.DEBUG, settings.ROOT_URLCONF = True, "tests.test_checks"
    assert check_ids() == []


urlpatterns = [re_path(r"^media/(?P<path>.*)$", serve, {"document_root": "/nowhere"})]


# W015: the bucket's name in the endpoint


@pytest.mark.parametrize(
    ("endpoint", "good"),
    [
        ("https://account.r2.cloudflarestorage.com/uploads", "account.r2.cloudflarestorage.com"),
        ("https://account.r2.cloudflarestorage.com/uploads/", "account.r2.cloudflarestorage.com"),
        ("https://uploads.s3.eu-west-1.amazonaws.com", "s3.eu-west-1.amazonaws.com"),
        ("https://uploads.fra1.digitaloceanspaces.com/", "fra1.digitaloceanspaces.com"),
    ],
)
def test_the_bucket_in_the_endpoint(endpoint: str, good: str) -> None:
    message, hint = only(messages(CLIENT={"endpoint_url": endpoint}), "W015")
    assert message.startswith('S3REWRITE["media"]["CLIENT"] has the bucket in its endpoint_url: ')
    assert hint.startswith(f'Write "https://{good}" if that is the service')


@pytest.mark.parametrize(
    "endpoint",
    ["http://uploads:9000", "https://x.supabase.co/storage/v1/s3", "https://my-uploads.x"],
)
def test_an_endpoint_that_is_like_the_bucket(endpoint: str) -> None:
    assert check_ids(CLIENT={"endpoint_url": endpoint}) == []


# E034: presets


def test_an_unknown_preset() -> None:
    message, hint = only(messages(PRESET="hetzer"), "E034")
    assert message == 'S3REWRITE["media"]["PRESET"] is \'hetzer\'.'
    assert hint == 'Did you mean "hetzner"?'


def test_a_preset_without_its_region() -> None:
    message, hint = only(messages(PRESET="b2"), "E034")
    assert message.endswith("is 'b2', which needs a region.")
    assert '"region_name"' in hint
    assert check_ids(PRESET="b2", CLIENT={"region_name": "us-west-004"}) == []
    assert check_ids(PRESET="static", CLIENT={"region_name": "x"}) == []


# E035: REDIS


@pytest.mark.parametrize(
    "url", ["redis://h:1/1", "rediss://u:p@h/2", "unix:///run/redis.sock?db=1"]
)
def test_a_database_of_its_own(url: str) -> None:
    assert check_ids(REDIS=url) == []


@pytest.mark.parametrize("url", ["127.0.0.1:6379", "http://:secret@h/1", "redis"])
def test_a_redis_that_is_no_url(url: str) -> None:
    message, hint = only(messages(REDIS=url), "E035")
    assert message == 'S3REWRITE["media"]["REDIS"] is not a URL of a Redis.'
    assert "redis://127.0.0.1:6379/1" in hint
