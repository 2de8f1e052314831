"""The loop's host has no network at all: visitors may still reach S3, so links stay."""

import shutil
import subprocess
import sys

import pytest

UNSHARE = ["unshare", "--map-root-user", "--net"]
PROBES = "from s3rewrite.outage.probe import probe; print(probe('https://cdn.example.com/a.jpg'))"


def can_unshare() -> bool:
    """Whether a process without a network can be made here."""
    if not shutil.which(UNSHARE[0]):
        return False
    return subprocess.run([*UNSHARE, "true"], check=False, capture_output=True).returncode == 0


@pytest.mark.skipif(not can_unshare(), reason="no network namespaces here")
def test_it_proves_nothing() -> None:
    found = subprocess.run(
        [*UNSHARE, sys.executable, "-c", PROBES], check=True, capture_output=True, text=True
    )
    assert "UNKNOWN" in found.stdout, found
