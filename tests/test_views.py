"""The view for private files; that for freed ones is in tests/integration/test_freeing.py too."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse
from django.test import RequestFactory
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from s3rewrite import conf, views
from s3rewrite.core.mounts import Mount
from s3rewrite.disk.signatures import signature
from s3rewrite.disk.stubs import Stub
from s3rewrite.linking.access import is_plain_name
from s3rewrite.linking.visits import begin_visit
from tests.linking import test_access
from tests.linking.test_access import COOKIES, RULE, asked, say
from tests.support.private import PUBLIC, Clock, clock, private

__all__ = ["clock", "private"]

Private = Callable[..., Mount]


@pytest.fixture(autouse=True)
def nobody_asked() -> Iterator[None]:
    asked.clear()
    yield
    say(None)


@pytest.fixture
def file(settings: Any, private: Private) -> Path:
    """A file "a/b.jpg" of a mount whose rule allows it."""
    private(**RULE)
    say(["a/b.jpg"])
    path = Path(settings.MEDIA_ROOT, "a", "b.jpg")
    path.parent.mkdir()
    path.write_bytes(b"a picture")
    return path


def get(name: str, view: Any = views.private, **options: Any) -> Any:
    request = RequestFactory().get("/")
    begin_visit(request)
    return view(request, name, **options)


def body(response: Any) -> bytes:
    return b"".join(response.streaming_content)


@pytest.mark.parametrize("view", [views.private, views.freed])
def test_who_may_see_a_file_gets_it(file: Path, view: Any) -> None:
    response = get("a/b.jpg", view)
    assert body(response) == b"a picture"
    assert response["Cache-Control"] == "private, no-cache"
    assert response["Content-Type"] == "image/jpeg"
    assert asked == [["a/b.jpg"]]


@pytest.mark.parametrize("said", [None, False, [], ["a/c.jpg"], PermissionDenied()])
@pytest.mark.parametrize("name", ["a/b.jpg", "a/nothing.jpg", "a"])
def test_to_all_others_nothing_is_told(file: Path, said: Any, name: str) -> None:
    say(said)
    with pytest.raises(PermissionDenied):
        get(name)


def test_a_name_that_is_none(file: Path) -> None:
    say(True)
    for name in ("a/nothing.jpg", "a"):
        with pytest.raises(Http404):
            get(name)


def test_without_a_rule_nobody_gets_anything(file: Path, private: Private) -> None:
    private()
    with pytest.raises(PermissionDenied):
        get("a/b.jpg")


def test_of_a_public_mount_nobody_does_either(file: Path, settings: Any) -> None:
    settings.S3REWRITE = {"media": {"BUCKET": "uploads"}}
    with pytest.raises(PermissionDenied):
        get("a/b.jpg")


@pytest.mark.parametrize(
    "name",
    [
        *("../a/b.jpg", "a/../a/b.jpg", "a/./b.jpg", "a//b.jpg", "/a/b.jpg", "a\\b.jpg"),
        *("a/b.jpg/", "", ".", "..", "a/b.jpg\n", "a/b.jpg\0", "a/\x85b.jpg"),
    ],
)
def test_a_name_in_another_way_is_none(file: Path, name: str) -> None:
    say(True)
    with pytest.raises(Http404):
        get(name)
    assert asked == []


@given(st.text(max_size=30))
@hypothesis_settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_what_is_asked_for_is_what_is_read(file: Path, name: str) -> None:
    """The disk reads no other file in a plain name than the rule does."""
    if is_plain_name(name):
        assert ".." not in name.split("/")
        root = conf.storage_of(conf.mount("media")).path("")  # type: ignore[attr-defined]
        assert conf.storage_of(conf.mount("media")).path(name) == f"{root.rstrip('/')}/{name}"


@pytest.mark.parametrize(
    ("options", "header", "value"),
    [
        ({"accel": "/protected/"}, "X-Accel-Redirect", "/protected/a/b%20%C3%A9.svg"),
        ({"accel": "/protected"}, "X-Accel-Redirect", "/protected/a/b%20%C3%A9.svg"),
        ({"sendfile": True}, "X-Sendfile", "/a/b%20%C3%A9.svg"),
    ],
)
def test_the_web_server_sends_it(file: Path, options: Any, header: str, value: str) -> None:
    say(True)
    file.with_name("b é.svg").write_bytes(b"<svg/>")
    response: HttpResponse = get("a/b é.svg", **options)
    assert response[header].endswith(value)
    assert response.content == b""
    assert response["Content-Type"] == "image/svg+xml"
    assert response["Content-Disposition"] == "attachment"
    assert response["Cache-Control"] == "private, no-cache"


# Freed files


def free(file: Path, mount: Mount, monkeypatch: pytest.MonkeyPatch, key: str = "") -> None:
    found = Stub("papers", key or f"{mount.prefix}a/b.jpg", signature(file.stat()), "0" * 64, "e")
    monkeypatch.setattr(views, "stub_of", lambda storage, name: found)


def test_a_freed_file_is_a_redirect_with_a_signature(
    file: Path, private: Private, monkeypatch: pytest.MonkeyPatch, clock: Clock
) -> None:
    free(file, private(**RULE), monkeypatch)
    response = get("a/b.jpg")
    assert response.status_code == 302
    assert response["Location"].startswith(f"{PUBLIC}a/b.jpg?X-Amz-Algorithm=")
    assert response["Cache-Control"] == "private, max-age=60"
    clock.now += 3490
    assert get("a/b.jpg")["Cache-Control"] == "private, max-age=10"
    say(False)
    with pytest.raises(PermissionDenied):
        get("a/b.jpg")


def test_whoever_has_a_cookie_is_sent_to_the_object(
    file: Path, private: Private, monkeypatch: pytest.MonkeyPatch
) -> None:
    free(file, private(SIGNING=COOKIES, **RULE), monkeypatch)
    say(True)
    assert get("a/b.jpg")["Location"] == f"{PUBLIC}a/b.jpg"


def test_whom_a_cookie_would_show_too_much_gets_it_from_here(
    file: Path, private: Private, monkeypatch: pytest.MonkeyPatch
) -> None:
    free(file, private(SIGNING=COOKIES, **RULE), monkeypatch)
    sent = HttpResponse(b"from S3")
    monkeypatch.setattr(views, "send_object", lambda *arguments: sent)
    response = get("a/b.jpg")
    assert response.content == b"from S3"
    assert response["Cache-Control"] == "private, no-cache"


def test_a_stub_that_was_renamed_is_not_followed(
    file: Path, private: Private, monkeypatch: pytest.MonkeyPatch
) -> None:
    free(file, private(**RULE), monkeypatch, key="media/other.jpg")
    assert get("a/b.jpg").status_code == 503
    assert test_access.asked == [["a/b.jpg"]]
