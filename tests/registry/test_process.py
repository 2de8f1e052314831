import os
import subprocess
import sys

import pytest

from s3rewrite.registry import process
from s3rewrite.registry.process import has_ended, identity

TOLD = "from s3rewrite.registry.process import identity; print(identity(), flush=True); input()"


@pytest.fixture
def other() -> subprocess.Popen[str]:
    """Another process, that ends when its input does."""
    return subprocess.Popen(
        [sys.executable, "-c", TOLD], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )


def test_this_one_runs() -> None:
    assert len(identity()) == 16
    assert not has_ended(os.getpid(), identity())


def test_another_one_ends(other: subprocess.Popen[str]) -> None:
    assert other.stdout
    told = other.stdout.readline().strip()
    assert not has_ended(other.pid, told)
    other.kill()
    os.waitid(os.P_PID, other.pid, os.WEXITED | os.WNOWAIT)
    assert has_ended(other.pid, told)  # a zombie
    other.communicate()
    assert has_ended(other.pid, told)


def test_its_pid_belongs_to_another_now() -> None:
    mine = identity()
    assert has_ended(os.getpid(), mine[:8] + "0" * 8)
    assert not has_ended(os.getpid(), mine)


@pytest.mark.parametrize("told", ["", "0" * 16, "short", "x" * 40])
def test_what_ran_elsewhere_is_unknown(told: str) -> None:
    assert not has_ended(2**22 + 1, told)


def test_one_that_proc_hides_is_unknown(
    monkeypatch: pytest.MonkeyPatch, other: subprocess.Popen[str]
) -> None:
    assert other.stdout
    told = other.stdout.readline().strip()
    monkeypatch.setattr(process, "_state", lambda pid: None)
    assert not has_ended(other.pid, told)
    other.communicate("")
    assert has_ended(other.pid, told)


def test_without_proc_nothing_is_known(monkeypatch: pytest.MonkeyPatch) -> None:
    mine = identity()
    monkeypatch.setattr(process, "_place", lambda: "")
    assert not has_ended(2**22 + 1, mine)
    monkeypatch.setattr(process, "_state", lambda pid: None)
    assert identity() == ""
