"""From the return of `save()` until the picture is published, beside one PUT of its bytes.

python -m benchmarks.saves [--saves N] [--rate N] [--size BYTES]

A real `manage.py s3rewrite_loop` with real Valkey and SeaweedFS; the saves come through
S3RewriteStorage, at first so many a second, then as fast as they can. When a name was published is
what Valkey wrote down beside it (the change stream, in ms): nobody polls meanwhile.
"""

import argparse
import os
import random
import signal
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import django
from django.core.files.base import ContentFile

from benchmarks.sync_tools import ROOT, Run
from demo.servers import Process, SeaweedFS, Valkey

TIMEOUT = 120.0
"""Seconds after the last save in which everything is to be published."""

WARM_UP = 20


class Series(NamedTuple):
    """What some saves took, in seconds."""

    saves: list[float]
    until_published: list[float]


def save_all(prefix: str, count: int, rate: float, size: int) -> Series:
    """Save pictures, `rate` a second or as fast as they come, and wait until all are published."""
    from s3rewrite.storage import S3RewriteStorage

    storage = S3RewriteStorage()
    returned: dict[str, float] = {}
    saves: list[float] = []
    began = time.monotonic()
    for number in range(count):
        if rate:
            time.sleep(max(0.0, began + number / rate - time.monotonic()))
        content = ContentFile(random.randbytes(size))
        start = time.perf_counter()
        name = storage.save(f"{prefix}/{number // 100:03}/picture-{number:05}.jpg", content)
        saves.append(time.perf_counter() - start)
        returned[name] = time.time()
    published = publications(returned)
    return Series(saves, [published[name] - returned[name] for name in returned])


def publications(names: dict[str, float]) -> dict[str, float]:
    """When each of these names was published, in seconds since 1970, once all are."""
    from s3rewrite import conf
    from s3rewrite.registry import loop_registry

    registry = loop_registry(conf.mount("media"))
    until = time.monotonic() + TIMEOUT
    while len(registry.get(names)) < len(names):
        if time.monotonic() > until:
            raise SystemExit("not everything was published")
        time.sleep(0.5)
    changes: Any = registry.client.xrange(registry.keys.changes)
    # A name's last change is its publication: each is saved once.
    times = {
        fields.get(b"n", b"").decode(): int(at.split(b"-")[0]) / 1000 for at, fields in changes
    }
    return {name: times[name] for name in names}


def puts(run: Run, count: int, size: int) -> list[float]:
    """What one `put_object` after the other takes."""
    client = run.seaweedfs.client()
    seconds = []
    for number in range(count):
        content = random.randbytes(size)
        began = time.perf_counter()
        client.put_object(Bucket=run.bucket, Key=f"beside/{number}", Body=content)
        seconds.append(time.perf_counter() - began)
    client.close()
    return seconds


def row(title: str, seconds: list[float], base: float) -> str:
    """Median, 99th percentile and the longest, in ms, and the first two as multiples."""
    p50, p99 = statistics.median(seconds), statistics.quantiles(seconds, n=100)[98]
    times = "".join(f"{value * 1000:9.1f}" for value in (p50, p99, max(seconds)))
    return f"{title:34}{times}{p50 / base:9.1f}{p99 / base:9.1f}"


def tables(run: Run, options: argparse.Namespace) -> Iterator[str]:
    """The lines of the table."""
    beside = puts(run, options.saves, options.size)
    base = statistics.median(beside)
    yield f"{'ms':34}{'p50':>9}{'p99':>9}{'longest':>9}{'x PUT':>9}{'x PUT':>9}"
    yield row("one PUT, boto3", beside, base)
    for title, rate in ((f"{options.rate:g} a second", options.rate), ("as they come", 0.0)):
        found = save_all(title.replace(" ", "-"), options.saves, rate, options.size)
        yield row(f"{title}: save()", found.saves, base)
        yield row(f"{title}: until published", found.until_published, base)


def loop(run: Run, directory: Path) -> Process:
    """The loop as people run it."""
    command = [sys.executable, "-m", "django", "s3rewrite_loop", "--verbosity", "0"]
    environment = run.environment | {"PYTHONPATH": str(ROOT)}
    return Process("loop", command, directory, environment)


def arguments() -> argparse.Namespace:
    """The options of the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--saves", type=int, default=500)
    parser.add_argument("--rate", type=float, default=20.0, help="saves a second")
    parser.add_argument("--size", type=int, default=8192, help="bytes of a picture")
    return parser.parse_args()


def main() -> int:
    """Measure and print."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    options = arguments()
    with tempfile.TemporaryDirectory(prefix="s3rewrite-benchmark-") as name:
        directory = Path(name)
        (directory / "files").mkdir()
        with Valkey(directory / "valkey") as valkey, SeaweedFS(directory / "weed") as seaweedfs:
            seaweedfs.create_bucket("saves")
            run = Run(directory / "files", "saves", directory, valkey, seaweedfs)
            os.environ.update(run.environment)
            django.setup()
            with loop(run, directory):
                save_all("warm-up", WARM_UP, options.rate, options.size)
                print(
                    f"{options.saves} saves of {options.size:,} bytes each; load of the machine "
                    f"before: {os.getloadavg()[0]:.1f}"
                )
                for line in tables(run, options):
                    print(line, flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
