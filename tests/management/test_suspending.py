"""The red button: `s3rewrite_suspend`, `s3rewrite_resume`, and what the others say of it."""

import getpass
import json
import os
from contextlib import nullcontext
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from demo.servers import Valkey
from s3rewrite.core.mounts import Mount
from s3rewrite.management.arguments import parse_span
from s3rewrite.registry import loop_registry
from s3rewrite.registry.suspension import Suspensions
from tests.support.factories import use_mount
from tests.support.publishing import closed_clients, publish

__all__ = ["closed_clients"]


@pytest.fixture
def mount(settings: Any, caches: None, tmp_path: Path) -> Mount:
    mount = use_mount(settings, tmp_path / "media", PUBLIC_URL="https://cdn/m/", POLL_SECONDS=0.0)
    publish(mount, tmp_path / "media", "a.jpg")
    return mount


def say(*args: str, code: int = 0, **options: Any) -> str:
    out = StringIO()
    with pytest.raises(SystemExit, match=f"^{code}$") if code else nullcontext():
        call_command(*args, stdout=out, **options)
    return out.getvalue()


def test_suspend_is_shown_everywhere_and_resume_ends_it(mount: Mount) -> None:
    said = say("s3rewrite_suspend", "media", "--for", "2h", "--why", "the CDN does not answer")
    assert said.startswith("media: suspended since ")
    assert f" by {getpass.getuser()}: the CDN does not answer" in said
    assert "the CDN does not answer" in say("s3rewrite_status", code=2)
    (found,) = json.loads(say("s3rewrite_status", "--json", code=2))
    assert found["suspensions"][0]["why"] == "the CDN does not answer"
    explained = say("s3rewrite_explain", "a.jpg", code=3)
    assert "the CDN does not answer" in explained
    assert "suspended since" in explained
    assert "pages link to S3 again" in say("s3rewrite_resume")
    assert "https://cdn/m/a.jpg" in say("s3rewrite_explain", "a.jpg")
    assert "was not suspended" in say("s3rewrite_resume")


def test_without_arguments_it_is_for_all_mounts_until_resumed(mount: Mount) -> None:
    say("s3rewrite_suspend")
    (found,) = Suspensions(loop_registry(mount)).current()
    assert (found.until, found.why) == (None, "by command")


def test_an_outage_that_no_loop_watches_any_more_says_how_it_ends(mount: Mount) -> None:
    Suspensions(loop_registry(mount)).begin_outage("web1:1", "frozen")
    said = say("s3rewrite_status", code=2)
    assert "stays suspended until a loop runs and S3 answers, or s3rewrite_resume" in said


@pytest.mark.parametrize("command", ["s3rewrite_suspend", "s3rewrite_resume"])
def test_what_cannot_be(mount: Mount, valkey: Valkey, command: str) -> None:
    with pytest.raises(CommandError, match="no mount 'other'"):
        say(command, "other")
    valkey.stop()
    with pytest.raises(CommandError, match="media: "):
        say(command)


@pytest.mark.parametrize(
    ("text", "seconds"), [("90", 90), ("30s", 30), ("5m", 300), ("2h", 7200), ("1d", 86_400)]
)
def test_time_spans(text: str, seconds: float) -> None:
    assert parse_span(text) == seconds


@pytest.mark.parametrize("text", ["", "0", "-1", "2 h", "1.5h", "h", "1w", "9999999"])
def test_what_is_no_time_span(text: str) -> None:
    with pytest.raises(ValueError, match="no time span: write 90"):
        parse_span(text)


@pytest.mark.parametrize("error", [KeyError, OSError])
def test_a_user_without_a_name_may_suspend(
    mount: Mount, monkeypatch: pytest.MonkeyPatch, error: type[Exception]
) -> None:
    """As that of a container often is."""

    def fail() -> str:
        raise error

    monkeypatch.setattr(getpass, "getuser", fail)
    assert f" by uid {os.getuid()}: " in say("s3rewrite_suspend")
