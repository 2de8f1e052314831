"""A pass where nothing changed: time beside `find`, and the peak of memory.

`python -m benchmarks.unchanged [--files 100000] [--directories 1000]`: a real tree and a real
Valkey that holds an entry for each file; S3 is not asked. Each measurement is a process of its own.
"""

import argparse
import multiprocessing
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import django
from django.conf import settings

from demo.servers import Valkey
from s3rewrite.core.entries import Entry

CLIENT = {"region_name": "us-east-1"}
FINGERPRINT = "0" * 24
BATCH = 200


def configure(root: Path, url: str, options: dict[str, Any]) -> None:
    """One mount over the tree, with these options more."""
    settings.configure(
        SECRET_KEY="benchmark",
        ALLOWED_HOSTS=["*"],
        INSTALLED_APPS=["s3rewrite"],
        MEDIA_ROOT=str(root),
        MEDIA_URL="/media/",
        USE_TZ=True,
        CACHES={"default": {"BACKEND": "django_redis.cache.RedisCache", "LOCATION": url}},
        S3REWRITE={"media": {"BUCKET": "benchmark", "CLIENT": CLIENT} | options},
    )
    django.setup()


def make_tree(root: Path, files: int, directories: int) -> None:
    """Empty files, evenly in the directories."""
    for number in range(directories):
        folder = root / f"{number:05}"
        folder.mkdir(parents=True)
        for file in range(files // directories):
            (folder / f"picture-{file:05}.jpg").touch()


class Configured:
    """Runs functions one after another, each in a process of its own, with these settings."""

    def __init__(self, *settings: Any) -> None:
        self.settings = settings
        self._spawn = multiprocessing.get_context("spawn")

    def __call__(self, target: Callable[..., Any], *arguments: Any) -> Any:
        """What a function returns. Raises SystemExit where it fails."""
        results = self._spawn.Queue()
        process = self._spawn.Process(target=self._run, args=(results, target, *arguments))
        process.start()
        process.join()
        if process.exitcode:
            raise SystemExit(process.exitcode)
        return results.get()

    def _run(self, results: Any, target: Callable[..., Any], *arguments: Any) -> None:
        configure(*self.settings)
        results.put(target(*arguments))

    def __getstate__(self) -> dict[str, Any]:
        return {"settings": self.settings}


def publish_all() -> None:
    """The registry holds an entry for each file, as after a first pass."""
    from s3rewrite import conf
    from s3rewrite.registry import loop_registry
    from s3rewrite.sync.context import SyncContext
    from s3rewrite.sync.scan import Findings, scan
    from s3rewrite.sync.upload.content_rules import rules

    mount = conf.mounts()["media"]
    job, registry = SyncContext(mount), loop_registry(mount)
    registry.start_epoch()
    registry.set_rules(rules(mount, [mount]))
    with registry.client.pipeline(transaction=False) as pipeline:
        for directory in scan(job.storage, mount, Findings()):
            entries: dict[Any, Any] = {
                basename: Entry(signature, FINGERPRINT).encode()
                for basename, signature in directory.files.items()
            }
            if entries:
                pipeline.hset(registry.keys.directory(directory.path), mapping=entries)
                pipeline.sadd(registry.keys.directories, directory.path)
            if len(pipeline.command_stack) >= BATCH:
                pipeline.execute()
        pipeline.execute()


def passes(rounds: int) -> tuple[float, int, float, float]:
    """The best of some passes, in seconds, and the peak of memory before and after, in MB."""
    from s3rewrite import conf
    from s3rewrite.sync.context import SyncContext
    from s3rewrite.sync.passes import whole_pass

    mount = conf.mounts()["media"]
    before = peak()
    seconds, kept = [], 0
    for _ in range(rounds):
        began = time.perf_counter()
        report = whole_pass(SyncContext(mount))
        seconds.append(time.perf_counter() - began)
        kept = sum(report.counts.values())
        if not report.is_ok:
            raise SystemExit(report.stopped or "the pass failed")
    return min(seconds), kept, before, peak()


def peak() -> float:
    """The most memory that this process has had, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def find(root: Path, rounds: int) -> float:
    """The best time of `find -printf` over the tree, in seconds."""
    seconds = []
    for _ in range(rounds):
        began = time.perf_counter()
        command = ["find", str(root), "-type", "f", "-printf", "%s %T@ %p\\n"]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        seconds.append(time.perf_counter() - began)
    return min(seconds)


def main() -> int:
    """Measure, and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--files", type=int, default=100_000)
    parser.add_argument("--directories", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name, Valkey(Path(name) / "valkey") as valkey:
        root = Path(name) / "media"
        make_tree(root, options.files, options.directories)
        run = Configured(root, valkey.url, {})
        run(publish_all)
        seconds, kept, before, after = run(passes, options.rounds)
        base = find(root, options.rounds)
    sys.stdout.write(
        f"{kept} files in {options.directories} directories, nothing to do\n"
        f"find -printf {base:8.2f} s\n"
        f"a pass       {seconds:8.2f} s  {seconds / base:.2f} x find\n"
        f"memory       {after:8.0f} MB at most, {before:.0f} of them before the pass\n"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
