"""What the command is told; what it does is in `tests/integration`."""

import sys
import threading
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from s3rewrite.core.mounts import Mount
from s3rewrite.management.commands import s3rewrite_loop
from s3rewrite.outage.prober import Prober
from s3rewrite.sync.loop import MountLoop
from s3rewrite.watch.watch import Watch
from tests.support.factories import use_mount


@pytest.fixture
def mount(settings: Any, tmp_path: Path) -> Mount:
    return use_mount(settings, tmp_path)


watched: list[list[str]] = []
"""The mounts that each run watches."""

probed: list[list[str]] = []
"""The mounts that each run probes."""


@pytest.fixture
def ran(monkeypatch: pytest.MonkeyPatch) -> list[list[MountLoop]]:
    """The loops of each run, which ends at once."""
    found: list[list[MountLoop]] = []
    watched.clear()
    probed.clear()

    def run(loops: list[MountLoop], stop: threading.Event, tick: Any, watches: list[Watch]) -> None:
        tick()
        found.append(loops)
        for runners, kind in ((watched, Watch), (probed, Prober)):
            runners.append([run.mount.alias for run in watches if isinstance(run, kind)])

    monkeypatch.setattr(s3rewrite_loop, "run_loops", run)
    return found


def say(*args: str, **options: Any) -> str:
    out = StringIO()
    call_command("s3rewrite_loop", *args, stdout=out, **options)
    return out.getvalue()


def test_what_it_says(ran: list[list[MountLoop]]) -> None:
    assert say() == (
        "s3rewrite: looping over mounts: none: S3REWRITE is empty\ns3rewrite: stopped\n"
    )
    assert say(verbosity=0) == ""
    assert ran == [[], []]


def test_one_server_for_probes_and_figures(ran: list[list[MountLoop]]) -> None:
    from demo.servers import free_ports

    (port,) = free_ports(1)
    lines = say("--health", str(port), "--metrics", f"127.0.0.1:{port}").splitlines()
    assert lines[1:-1] == [
        f"s3rewrite: serves http://127.0.0.1:{port}{path}"
        for path in ("/livez", "/readyz", "/metrics")
    ]


def test_metrics_without_the_extra(
    ran: list[list[MountLoop]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "s3rewrite.metrics.loop", None)
    with pytest.raises(CommandError, match=r"pip install 's3rewrite\[metrics\]'"):
        say("--metrics", ":0")
    assert ran == []


def test_who_watches(
    ran: list[list[MountLoop]], mount: Mount, monkeypatch: pytest.MonkeyPatch
) -> None:
    say()
    say("--no-watch")
    monkeypatch.setattr(s3rewrite_loop, "has_watchfiles", lambda: False)
    say()
    assert watched == [["media"], [], []]
    with pytest.raises(CommandError, match=r"pip install 's3rewrite\[watch\]'"):
        say("--watch")


def test_an_address_that_is_none() -> None:
    with pytest.raises(CommandError, match="argument --health: 'x' is not HOST:PORT"):
        say("--health", "x")


def test_mounts_are_probed_but_for_those_that_say_no(
    ran: list[list[MountLoop]], settings: Any, mount: Mount
) -> None:
    say()
    settings.S3REWRITE = {"media": {**settings.S3REWRITE["media"], "PROBE_SECONDS": 0}}
    say()
    settings.S3REWRITE = {"media": {"BUCKET": "uploads", "KEEP_LOCAL": False}}
    say()
    assert probed == [["media"], [], []]
