"""`S3REWRITE = {}` turns all of it off: nothing is linked or uploaded, nothing is wrong."""

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
import redis
from django.core.checks import run_checks
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.core.management import call_command, get_commands
from django.core.management.base import CommandError
from django.http import HttpRequest, HttpResponse
from django.template import engines
from django.test import AsyncClient, Client
from django.urls import path

import s3rewrite
from s3rewrite import conf
from s3rewrite.sync.loop import run_loops

PAGE = '<img src="/media/a.jpg">'
NOTHING = "S3REWRITE has no mount, so there is nothing to do"

COMMANDS = {
    "s3rewrite_doctor": (),
    "s3rewrite_explain": ("a.jpg",),
    "s3rewrite_purge": ("--missing",),
    "s3rewrite_rebuild": (),
    "s3rewrite_restore": (),
    "s3rewrite_resume": (),
    "s3rewrite_setup": (),
    "s3rewrite_status": (),
    "s3rewrite_suspend": (),
    "s3rewrite_sync": (),
    "s3rewrite_verify": (),
}
ELSEWHERE = {"s3rewrite_init", "s3rewrite_loop"}


def page(request: HttpRequest) -> HttpResponse:
    return HttpResponse(PAGE)


urlpatterns = [path("", page)]


@pytest.fixture(params=[{}, {"*": {"BUCKET": "uploads"}}], ids=["empty", "shared options alone"])
def off(settings: Any, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    settings.ROOT_URLCONF = __name__
    settings.MIDDLEWARE = [conf.MIDDLEWARE]
    settings.MEDIA_ROOT = tmp_path
    own = {"BACKEND": "s3rewrite.storage.S3RewriteStorage", "OPTIONS": {"link_urls": True}}
    settings.STORAGES = {**settings.STORAGES, "default": own}
    settings.S3REWRITE = request.param


@pytest.fixture(autouse=True)
def no_connections(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Fails a test that connects to a Redis."""
    connected: list[str] = []
    monkeypatch.setattr(redis.Connection, "connect", lambda *_: connected.append("Redis"))
    yield
    assert connected == []


@pytest.mark.usefixtures("off")
def test_checks_are_silent() -> None:
    assert [found for found in run_checks() if str(found.id).startswith("s3rewrite")] == []


@pytest.mark.usefixtures("off")
async def test_the_middleware_leaves_pages_as_they_are() -> None:
    assert Client().get("/").content.decode() == PAGE
    assert (await AsyncClient().get("/")).content.decode() == PAGE


@pytest.mark.usefixtures("off")
def test_the_storage_is_django_s_own(caplog: pytest.LogCaptureFixture) -> None:
    assert default_storage.save("a.jpg", ContentFile(b"x")) == "a.jpg"
    assert default_storage.url("a.jpg") == "/media/a.jpg"
    with default_storage.open("a.jpg") as file:
        assert file.read() == b"x"
    default_storage.delete("a.jpg")
    assert not default_storage.exists("a.jpg")
    assert caplog.records == []


@pytest.mark.usefixtures("off")
def test_tags_and_url_give_the_local_url() -> None:
    text = (
        '{% load s3rewrite %}{% s3_url "a.jpg" %} {{ "/media/a.jpg"|s3_url }} '
        '{% s3rewrite %}<img src="/media/a.jpg">{% ends3rewrite %}'
    )
    found = engines["django"].from_string(text).render()
    assert found == f"/media/a.jpg /media/a.jpg {PAGE}"
    assert s3rewrite.url("a.jpg") == "/media/a.jpg"


def test_every_command_is_here() -> None:
    own = {name for name, app in get_commands().items() if app == "s3rewrite"}
    assert own == COMMANDS.keys() | ELSEWHERE


@pytest.mark.usefixtures("off")
@pytest.mark.parametrize("name", COMMANDS)
def test_commands_say_that_there_is_nothing_to_do(name: str) -> None:
    out, err = StringIO(), StringIO()
    call_command(name, *COMMANDS[name], stdout=out, stderr=err)
    assert NOTHING in err.getvalue()
    assert "s3rewrite_init" in err.getvalue()


@pytest.mark.usefixtures("off")
@pytest.mark.parametrize("name", ["s3rewrite_sync", "s3rewrite_status"])
def test_json_stays_json(name: str) -> None:
    out = StringIO()
    call_command(name, "--json", stdout=out, stderr=StringIO())
    assert json.loads(out.getvalue()) == []


@pytest.mark.usefixtures("off")
def test_a_take_down_is_not_said_to_be_done() -> None:
    with pytest.raises(CommandError, match="--mount"):
        call_command("s3rewrite_purge", "a.jpg", stderr=StringIO())


def test_the_loop_waits_to_be_stopped() -> None:
    """What supervises it would otherwise start it again and again."""
    stop, ticks = threading.Event(), threading.Event()
    thread = threading.Thread(target=run_loops, args=([], stop, ticks.set))
    thread.start()
    assert ticks.wait(30)
    assert thread.is_alive()
    stop.set()
    thread.join(30)
    assert not thread.is_alive()


def test_the_command_of_the_loop_ends_by_a_signal() -> None:
    code = (
        "from django.conf import settings; import tests.settings, django;"
        "from django.core.management import call_command; django.setup();"
        "call_command('s3rewrite_loop', '--interval', '1')"
    )
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "tests.settings"}
    with subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, text=True, env=environment
    ) as loop:
        assert loop.stdout is not None
        assert "looping over mounts: none" in loop.stdout.readline()
        loop.send_signal(signal.SIGTERM)
        assert loop.stdout.read() == "s3rewrite: stopped\n"
    assert loop.returncode == 0
