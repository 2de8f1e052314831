"""A loop is killed in the middle of a PUT, and the file is changed: seconds until it is published.

python -m benchmarks.killed [--times N] [--wait S]

From the start of the next loop, a process of its own, until Redis says that the new bytes are
published, for `--wait` seconds at most; then the PUT that was on its way is let go, and the object
looked at.
"""

import argparse
import os
import signal
import statistics
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

import django
from django.conf import settings
from django.test import override_settings

from demo.servers import SeaweedFS, Valkey
from tests.integration.faulty_s3 import Late, faulty
from tests.support.commands import Loop
from tests.support.passes import body

BUCKET = "killed"
NAME = "a.txt"
CHANGED = b"two, longer"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--times", type=int, default=50)
    parser.add_argument("--wait", type=float, default=30.0)
    options = parser.parse_args()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")
    django.setup()
    with ExitStack() as stack:
        directory = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="killed-")))
        valkey = stack.enter_context(Valkey(directory / "valkey"))
        s3 = stack.enter_context(SeaweedFS(directory / "weed"))
        measured = [
            measure(directory, valkey, s3, number, options.wait) for number in range(options.times)
        ]
    seconds = sorted(found for found, _ in measured if found is not None)
    stale = sum(is_stale for _, is_stale in measured)
    sys.stdout.write(f"{len(seconds)} of {len(measured)} published, {stale} overwritten later\n")
    if seconds:
        p99 = seconds[min(len(seconds) - 1, int(len(seconds) * 0.99))]
        sys.stdout.write(f"median {statistics.median(seconds):.2f} s, p99 {p99:.2f} s\n")


def measure(
    directory: Path, valkey: Valkey, s3: SeaweedFS, number: int, wait: float
) -> tuple[float | None, bool]:
    """Seconds until the file was published, None if it was not; whether old bytes replaced it."""
    from s3rewrite import conf
    from s3rewrite.registry import loop_registry

    root = directory / str(number) / "media"
    root.mkdir(parents=True)
    late = Late()
    s3.create_bucket(f"{BUCKET}-{number}")
    with ExitStack() as stack:
        proxy = stack.enter_context(faulty(s3))
        proxy.faults["PUT"] = [late, None]
        own = {"BUCKET": f"{BUCKET}-{number}", "CLIENT": proxy.client_options}
        caches = {"default": settings.CACHES["default"] | {"LOCATION": valkey.url}}
        given = {"MEDIA_ROOT": str(root), "S3REWRITE": {"media": own}, "CACHES": caches}
        stack.enter_context(override_settings(**given))
        mount = conf.mount("media")
        stack.callback(late.may_go.set)
        (root / NAME).write_bytes(b"one")
        first = Loop(root, mount, valkey.url)
        assert late.waits.wait(60)
        first.stop(signal.SIGKILL)
        (root / NAME).write_bytes(CHANGED)
        began = time.monotonic()
        second = Loop(root, mount, valkey.url)
        stack.callback(second.stop, signal.SIGKILL)
        while not loop_registry(mount).get([NAME]):
            if time.monotonic() - began > wait:
                return None, False
            time.sleep(0.02)
        seconds = time.monotonic() - began
        late.may_go.set()
        late.arrived.wait(20)
        client = s3.client()
        return seconds, body(client, mount, NAME) != CHANGED


if __name__ == "__main__":
    main()
