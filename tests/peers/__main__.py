"""Runs them: Django's own tests of files."""

import os
import re
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path
from typing import NamedTuple

from demo.servers import Valkey
from tests.peers.expected import EXPECTED

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
_FAILED = re.compile(r"^(?:FAIL|ERROR): \S+ \((\S+)\)", re.MULTILINE)
_RAN = re.compile(r"^Ran (\d+) tests?", re.MULTILINE)


class Peer(NamedTuple):
    """A project, how its tests are started in its source, and with which settings."""

    name: str
    script: str
    arguments: tuple[str, ...]
    settings: str


DJANGO_LABELS = ("file_storage", "file_uploads", "files", "model_fields", "staticfiles_tests")

PEERS = (
    Peer(
        "django",
        "tests/runtests.py",
        (*DJANGO_LABELS, "--parallel=1"),
        "test_sqlite",
    ),
)


def download(directory: Path) -> None:
    """The sources, pinned with their checksums."""
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--no-binary=:all:"]
    requirements = ["--require-hashes", "-r", str(HERE / "requirements.txt")]
    subprocess.run([*command, *requirements, "-d", str(directory)], check=True)
    for archive in directory.glob("*.tar.gz"):
        with tarfile.open(archive) as tar:
            tar.extractall(directory, filter="data")


def run(peer: Peer, directory: Path, redis_url: str) -> bool:
    """Whether exactly the expected tests failed."""
    source = next(path for path in directory.glob(f"{peer.name}*") if path.is_dir())
    script = source / peer.script
    paths = os.pathsep.join([str(ROOT), str(source)])
    env = {
        **os.environ, "PYTHONPATH": paths, "PEERS_REDIS_URL": redis_url,
        "DJANGO_SETTINGS_MODULE": peer.settings,
    }  # fmt: skip
    command = [sys.executable, HERE / "with_our_storage.py", script, *peer.arguments]
    done = subprocess.run(
        command, cwd=script.parent, env=env, capture_output=True, text=True, check=False
    )
    failed, ran = set(_FAILED.findall(done.stderr)), _RAN.search(done.stderr)
    expected = set(EXPECTED[peer.name])
    for test in sorted(failed - expected):
        say(f"{peer.name}: {test} failed")
    for test in sorted(expected - failed):
        say(f"{peer.name}: {test} passed: take it out of expected.py")
    if failed != expected or not ran:
        say(done.stderr[-20_000:])
    count = ran[1] if ran else "no"
    say(f"{peer.name}: {count} tests, {len(failed)} failed, {len(expected)} are expected to")
    return bool(ran) and failed == expected


def say(line: str) -> None:
    sys.stdout.write(f"{line}\n")


def main() -> int:
    """The exit code: 1 if any test did not do what is expected of it."""
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        download(directory)
        (directory / "valkey").mkdir()
        with Valkey(directory / "valkey") as server:
            outcomes = [run(peer, directory, server.url) for peer in PEERS]
    return 0 if all(outcomes) else 1


if __name__ == "__main__":
    sys.exit(main())
