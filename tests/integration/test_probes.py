"""A real loop, asked over HTTP how it is while its servers come and go."""

import json
import re
import socket
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from demo.servers import SeaweedFS, Valkey
from s3rewrite.core.mounts import Mount
from s3rewrite.registry import Registry
from tests.support.commands import Loop, eventually
from tests.support.factories import write

OPTIONS = ("--health", "127.0.0.1:0", "--metrics", ":0", "--patience", "4")


class Answer(NamedTuple):
    status: int
    text: str

    @property
    def wrong(self) -> dict[str, str]:
        found: dict[str, str] = json.loads(self.text)["wrong"]
        return found


class Probed(Loop):
    """A loop that serves probes."""

    def ask(self, path: str) -> Answer:
        found = re.search(rf"serves (http:\S+{path})\n", self.text())
        assert found, self.text()
        try:
            with urllib.request.urlopen(found[1], timeout=10) as answer:
                return Answer(answer.status, answer.read().decode())
        except urllib.error.HTTPError as error:
            with error:
                return Answer(error.code, error.read().decode())


@pytest.fixture
def probed(mount: Mount, root: Path, redis_url: str) -> Iterator[Probed]:
    loop = Probed(root, mount, redis_url, *OPTIONS)
    yield loop
    if loop.process.poll() is None:
        loop.process.kill()
        loop.process.wait()


def served(probed: Probed) -> None:
    eventually(lambda: "/metrics\n" in probed.text())


def test_a_loop_that_is_well(probed: Probed, root: Path, registry: Registry) -> None:
    write(root, "a.txt", b"12345")
    served(probed)
    eventually(lambda: probed.ask("/readyz").status == 200)
    assert json.loads(probed.ask("/livez").text) == {"ok": True, "wrong": {}, "failed": {}}
    eventually(lambda: "s3rewrite_published_names" in probed.ask("/metrics").text)
    eventually(lambda: registry.get(["a.txt"]))
    eventually(lambda: 'uploaded_bytes_total{mount="media"} 5.0' in probed.ask("/metrics").text)
    lines = probed.ask("/metrics").text.splitlines()
    assert 's3rewrite_names_total{mount="media",result="uploaded"} 1.0' in lines
    assert 's3rewrite_loop_alive{mount="media"} 1.0' in lines
    assert 's3rewrite_redis_up{mount="media"} 1.0' in lines
    assert any(line.startswith("process_resident_memory_bytes ") for line in lines)
    assert probed.stop() == 0


def test_a_pass_that_hangs(
    probed: Probed, root: Path, registry: Registry, seaweedfs: SeaweedFS
) -> None:
    served(probed)
    eventually(lambda: probed.ask("/readyz").status == 200)
    seaweedfs.pause()
    write(root, "a.txt")
    eventually(lambda: probed.ask("/livez").status == 503)
    assert re.fullmatch(r"nothing moved for \d+ s", probed.ask("/livez").wrong["media"])
    eventually(lambda: probed.ask("/readyz").status == 503)
    seaweedfs.resume()
    eventually(lambda: probed.ask("/livez").status == 200, 70)
    eventually(lambda: probed.ask("/readyz").status == 200)


def test_s3_refuses(probed: Probed, root: Path, registry: Registry, seaweedfs: SeaweedFS) -> None:
    served(probed)
    eventually(lambda: probed.ask("/readyz").status == 200)
    seaweedfs.stop()
    write(root, "a.txt")
    eventually(lambda: probed.ask("/readyz").status == 503)
    assert "cannot be reached" in probed.ask("/readyz").wrong["media"]
    assert probed.ask("/livez").status == 200
    stopped = r'passes_total\{mount="media",outcome="stopped",over="(all|hints)"\} [1-9]'
    assert re.search(stopped, probed.ask("/metrics").text)
    seaweedfs.start()
    eventually(lambda: probed.ask("/readyz").status == 200, 60)


def test_redis_is_away(probed: Probed, valkey: Valkey) -> None:
    served(probed)
    eventually(lambda: probed.ask("/readyz").status == 200)
    valkey.stop()
    eventually(lambda: probed.ask("/readyz").status == 503)
    assert "Redis" in probed.ask("/readyz").wrong["media"]
    assert probed.ask("/livez").status == 200
    assert 's3rewrite_redis_up{mount="media"} 0.0' in probed.ask("/metrics").text
    valkey.start()
    eventually(lambda: probed.ask("/readyz").status == 200, 60)


def received(systemd: socket.socket, count: int) -> list[bytes]:
    return [systemd.recv(100) for _ in range(count)]


def test_systemd_is_told_until_a_pass_hangs(
    mount: Mount,
    root: Path,
    redis_url: str,
    tmp_path: Path,
    seaweedfs: SeaweedFS,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.settimeout(30)
        systemd.bind(str(tmp_path / "notify"))
        monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
        loop = Probed(root, mount, redis_url, "--patience", "4")
        try:
            assert systemd.recv(100) == b"READY=1"
            assert systemd.recv(100) == systemd.recv(100) == b"WATCHDOG=1"
            seaweedfs.pause()
            write(root, "a.txt")
            systemd.settimeout(5)
            with pytest.raises(TimeoutError):
                received(systemd, 30)
            seaweedfs.resume()
            systemd.settimeout(70)
            assert systemd.recv(100) == b"WATCHDOG=1"
        finally:
            loop.process.kill()
            loop.process.wait()


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--health", "nonsense"), "'nonsense' is not HOST:PORT"),
        (("--health", "192.0.2.1:0"), "Nothing can be served there"),
    ],
)
def test_where_nothing_can_be_served(
    mount: Mount, root: Path, redis_url: str, options: Any, said: str
) -> None:
    loop = Probed(root, mount, redis_url, *options)
    assert loop.process.wait(30) != 0
    assert said in loop.text()
