import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from s3rewrite.monitoring.probes import ALIVE, READY, notify_systemd


@pytest.fixture(params=["path", "abstract"])
def systemd(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[socket.socket]:
    """Listens as systemd does."""
    name = f"{tmp_path}/notify"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        listening.settimeout(10)
        listening.bind(name if request.param == "path" else f"\0{name}")
        given = name if request.param == "path" else f"@{name}"
        monkeypatch.setenv("NOTIFY_SOCKET", given)
        yield listening


def test_systemd_is_told(systemd: socket.socket) -> None:
    for state in (READY, ALIVE):
        notify_systemd(state)
        assert systemd.recv(100).decode() == state


@pytest.mark.parametrize("where", ["", "nonsense", "/no/such/socket"])
def test_nobody_listens(where: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NOTIFY_SOCKET", where)
    notify_systemd(READY)


def test_nobody_started_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NOTIFY_SOCKET", raising=False)
    notify_systemd(READY)
