"""Keys and passwords: wherever they are in the settings, nobody is shown them."""

import io
import json
import logging
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from botocore.config import Config
from django.core.checks import run_checks
from django.core.management import call_command
from django.test import RequestFactory
from django.views.debug import ExceptionReporter
from hypothesis import given
from hypothesis import strategies as st

from s3rewrite import conf
from s3rewrite.core.redaction import MASK, RedactedDict, redact, redacted, without_userinfo
from s3rewrite.registry import loop_registry
from s3rewrite.s3.boto3_writer import new_boto
from s3rewrite.s3.objects import Digests
from s3rewrite.sync.context import SyncContext
from s3rewrite.sync.edge import clear_edge
from s3rewrite.sync.upload.content import Payload, upload_of
from tests.support.factories import job, use_mount
from tests.support.publishing import closed_clients

__all__ = ["closed_clients"]

MARKER = "s3kr3tMARKER"
NOWHERE = "http://127.0.0.1:1"  # nothing listens there

CONFIG = Config(
    connect_timeout=1, retries={"total_max_attempts": 1}, proxies={"http": f"http://u:{MARKER}@h"}
)
KEYS = {"aws_access_key_id": MARKER, "aws_secret_access_key": MARKER, "region_name": "us-east-1"}

# Where a secret is, well or badly written.
MOUNTS: dict[str, dict[str, Any]] = {
    "keys": {"CLIENT": {**KEYS, "endpoint_url": NOWHERE}},
    "a token": {"CLIENT": {**KEYS, "aws_session_token": MARKER}},
    "a token with a newline": {
        "CLIENT": {**KEYS, "aws_session_token": f"{MARKER}\n", "endpoint_url": NOWHERE}
    },
    "keys of a wrong type": {"CLIENT": {"aws_secret_access_key": {"key": [MARKER]}}},
    "a password of the endpoint": {"CLIENT": {"endpoint_url": f"http://me:{MARKER}@127.0.0.1:1"}},
    "a user of the endpoint": {"CLIENT": {"endpoint_url": f"http://{MARKER}@127.0.0.1:1"}},
    "an endpoint that is none": {"CLIENT": {"endpoint_url": f"s3://me:{MARKER}@[x"}},
    "a proxy": {"CLIENT": {**KEYS, "config": CONFIG, "endpoint_url": NOWHERE}},
    "an unknown argument": {"CLIENT": {"aws_secret": MARKER}},
    "no dict": {"CLIENT": MARKER},
    "a list": {"CLIENT": [("aws_secret_access_key", MARKER)]},
    "a customer's key": {"OBJECT_PARAMETERS": {"SSECustomerKey": MARKER}},
    "one by a pattern": {"OBJECT_PARAMETERS": {"*.pdf": {"SSECustomerKey": MARKER}}},
    "one of a wrong type": {"OBJECT_PARAMETERS": {"SSECustomerKey": [MARKER]}},
    "parameters that are no dict": {"OBJECT_PARAMETERS": (MARKER,)},
    "PUBLIC_URL": {"PUBLIC_URL": f"https://me:{MARKER}@cdn.example.com/media/"},
    "SITE_URL": {"SITE_URL": f"https://me:{MARKER}@www.example.com"},
    "a URL as CACHE": {"CACHE": f"redis://:{MARKER}@127.0.0.1:1/0"},
    "a dict as CACHE": {"CACHE": {"LOCATION": f"redis://:{MARKER}@127.0.0.1:1/0"}},
    "REDIS": {"REDIS": f"redis://:{MARKER}@127.0.0.1:1/1"},
    "a REDIS that is none": {"REDIS": f"http://:{MARKER}/x@127.0.0.1:1/1"},
    "a REDIS with a bad port": {"REDIS": f"redis://:{MARKER}/x@127.0.0.1:1/1"},
    "a dict as REDIS": {"REDIS": {"url": MARKER}},
    "a dict as BUCKET": {"BUCKET": {"secret": MARKER}},
}
LOCATIONS = [
    f"redis://:{MARKER}@127.0.0.1:1/0",
    f"redis://me:{MARKER}@127.0.0.1:1/0",
    f"redis://127.0.0.1:1/0?password={MARKER}",
    f"redis://:{MARKER}/x@127.0.0.1:1/0",
    f"rdis://:{MARKER}@127.0.0.1:1/0",
]


@pytest.fixture
def shown(caplog: pytest.LogCaptureFixture, settings: Any) -> Iterator[Callable[..., None]]:
    """Takes what somebody is shown; at the end no secret was in it, nor in any log."""
    caplog.set_level(logging.DEBUG, "s3rewrite")
    texts: list[str] = []
    yield lambda *values: texts.extend(map(str, values))
    ours = [record for record in caplog.records if record.name.startswith("s3rewrite")]
    texts += [caplog.handler.format(record) for record in ours]
    assert [text for text in texts if MARKER in text] == []


def frames_of(action: Callable[[], object]) -> str:
    """What a debug page shows of an error: its message and all frames but this module's."""
    try:
        action()
    except Exception:
        reporter = ExceptionReporter(RequestFactory().get("/"), *sys.exc_info())
    else:
        return ""
    frames = reporter.get_traceback_frames()
    theirs = [frame["vars"] for frame in frames if frame["filename"] != __file__]
    values = {key: reporter.get_traceback_data()[key] for key in ("exception_value",)}
    return f"{values} {theirs}"


@pytest.mark.parametrize("case", MOUNTS)
@pytest.mark.parametrize("debug", [True, False])
def test_a_secret_of_a_mount(
    settings: Any, shown: Callable[..., None], case: str, debug: bool
) -> None:
    settings.DEBUG = debug
    settings.S3REWRITE = {"media": {"BUCKET": "uploads", **MOUNTS[case]}}
    shown(*run_checks(), *(message.hint for message in run_checks()))
    shown(repr(conf.raw()), frames_of(conf.mounts))
    with suppress(Exception):
        mount = conf.mount("media")
        shown(repr(mount), repr(SyncContext(mount)), mount.public_url, mount.site_url)
        shown(frames_of(lambda: new_boto(mount, lambda: True)))
        digests = Digests("0" * 64, "")
        shown(repr(upload_of(mount, "a.pdf", Payload(digests, b"x", 1))))


@pytest.mark.parametrize(
    "url", [f"s3://key:{MARKER}@uploads/", f"s3://uploads?redis=redis://:{MARKER}@127.0.0.1:1/1"]
)
def test_a_secret_in_the_url_of_a_mount(
    settings: Any, shown: Callable[..., None], url: str
) -> None:
    settings.S3REWRITE = {"media": url}
    shown(*run_checks(), *(message.hint for message in run_checks()), frames_of(conf.mounts))
    with suppress(Exception):
        shown(repr(conf.mount("media")))


@pytest.mark.parametrize("location", LOCATIONS)
def test_a_password_of_a_database_of_its_own(
    settings: Any, shown: Callable[..., None], location: str
) -> None:
    settings.S3REWRITE = {"media": {"BUCKET": "uploads", "REDIS": location}}
    shown(*run_checks(), frames_of(lambda: loop_registry(conf.mount("media")).is_empty()))


@pytest.mark.parametrize("location", LOCATIONS)
def test_a_password_of_redis(settings: Any, shown: Callable[..., None], location: str) -> None:
    settings.CACHES = {
        "default": {"BACKEND": "django_redis.cache.RedisCache", "LOCATION": location}
    }
    settings.S3REWRITE = {"media": {"BUCKET": "uploads", "CLIENT": {"endpoint_url": NOWHERE}}}
    shown(*run_checks(), frames_of(lambda: loop_registry(conf.mount("media")).is_empty()))
    output = io.StringIO()
    for command in ("s3rewrite_status", "s3rewrite_sync", "s3rewrite_verify"):
        shown(frames_of(lambda command=command: _run(command, output)))  # type: ignore[misc]
    shown(output.getvalue())


def _run(command: str, output: io.StringIO, **options: Any) -> None:
    with suppress(SystemExit):
        call_command(command, stdout=output, stderr=output, **options)


@pytest.mark.parametrize(
    "case",
    ["keys", "a token with a newline", "a password of the endpoint", "a proxy",
     "one of a wrong type", "an endpoint that is none"],
)  # fmt: skip
def test_what_commands_say_of_a_service_that_is_away(
    settings: Any, shown: Callable[..., None], caches: None, tmp_path: Any, case: str
) -> None:
    options = {"CLIENT": {**KEYS, "endpoint_url": NOWHERE}, **MOUNTS[case]}
    options["CLIENT"].setdefault("config", Config(retries={"total_max_attempts": 1}))
    settings.MEDIA_ROOT = tmp_path
    (tmp_path / "a.pdf").write_bytes(b"x")
    settings.S3REWRITE = {"media": {"BUCKET": "uploads", **options}}
    output = io.StringIO()
    for command, more in (
        ("s3rewrite_sync", {}), ("s3rewrite_sync", {"json": True}), ("s3rewrite_setup", {}),
        ("s3rewrite_doctor", {}), ("s3rewrite_status", {"json": True}), ("s3rewrite_status", {}),
    ):  # fmt: skip
        with suppress(Exception):
            _run(command, output, **more)
    assert "media" in output.getvalue()
    shown(output.getvalue())


def test_a_check_says_which_url_has_a_password(settings: Any) -> None:
    secret = f"https://me:{MARKER}@h.example.com"
    settings.S3REWRITE = {
        "media": {
            "BUCKET": "uploads", "PUBLIC_URL": f"{secret}/media/", "SITE_URL": secret,
            "CLIENT": {"endpoint_url": secret},
        }
    }  # fmt: skip
    found = [message for message in run_checks() if message.id == "s3rewrite.E033"]
    assert [message.msg.partition(" has ")[0] for message in found] == [
        'S3REWRITE["media"]["PUBLIC_URL"]',
        'S3REWRITE["media"]["SITE_URL"]',
        'S3REWRITE["media"]["CLIENT"]["endpoint_url"]',
    ]
    mount = conf.mount("media")
    assert mount.public_url == "https://h.example.com/media/"
    assert mount.client["endpoint_url"] == mount.site_url == "https://h.example.com"


def test_an_endpoint_of_the_environment(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", f"https://me:{MARKER}@s3.example.com")
    settings.S3REWRITE = {"media": {"BUCKET": "uploads"}}
    assert conf.mount("media").public_url == "https://s3.example.com/uploads/media/"


# Values

LEAVES = st.just(MARKER) | st.integers() | st.none()
LISTS = st.lists(LEAVES, max_size=3) | st.tuples(LEAVES)
DICTS = st.dictionaries(st.sampled_from("abc"), LEAVES | LISTS)
INNER = LEAVES | LISTS | DICTS | st.lists(DICTS, max_size=2)


@given(st.dictionaries(st.sampled_from("abcd"), INNER))
def test_a_veiled_dict_is_what_it_was_and_shows_its_keys_alone(value: dict[str, Any]) -> None:
    found = redacted(value)
    assert found == value
    assert MARKER not in f"{found!r} {found}"
    assert json.dumps(found) == json.dumps(value)


def test_a_veiled_dict_names_its_keys() -> None:
    assert repr(RedactedDict(a=1, b="x")) == f"{{'a': {MASK}, 'b': {MASK}}}"


PRINTED = st.characters(min_codepoint=33, max_codepoint=126, exclude_characters="\"'<>")


@given(st.text(PRINTED, min_size=1), st.sampled_from(["http", "redis"]))
def test_a_message_with_a_url_shows_no_password(password: str, scheme: str) -> None:
    text = f'Could not connect to "{scheme}://me:{MARKER}{password}@host:1/x" now'
    assert redact(text) == f'Could not connect to "{scheme}://{MASK}@host:1/x" now'


@given(st.text(".:@/[]ab?#", max_size=20))
def test_a_url_without_userinfo_is_left_as_it_is(rest: str) -> None:
    found = without_userinfo(f"https://{rest}")
    if "@" not in rest:
        assert found == f"https://{rest}"
    assert without_userinfo(found) == found


class LeakyCDN:
    """As http.client does where a token has a line break."""

    def __init__(self, public_url: str, token: str) -> None:
        self.token = token

    def clear(self, paths: list[str]) -> str:
        raise ValueError(f"Invalid header value {f'Bearer {self.token}'.encode()!r}")

    def is_clear(self, clearing: str) -> bool:
        return True


def test_what_a_cdn_says_of_itself(
    settings: Any, caches: None, tmp_path: Path, bucket: str, client_options: dict[str, Any]
) -> None:
    cdn = {"BACKEND": "tests.security.test_secrets.LeakyCDN", "TOKEN": f"{MARKER}\n"}
    options = {"BUCKET": bucket, "CLIENT": client_options, "CDN": cdn}
    context = job(use_mount(settings, tmp_path, **options))
    context.registry.edge.mark(["a.txt"])
    assert clear_edge(context) == []
    assert "the CDN was not cleared" in context.memory.cdn_problem
    assert MARKER not in context.memory.cdn_problem
