"""How many files a second reach S3 through workers, beside the loop alone.

python -m benchmarks.tasks [--files N] [--size BYTES] [--rounds N] [--workers N]

The same pass, in turns: its uploads by threads of its own; by workers of RQ that fork for no
task; and by workers that do, as RQ's own. All on this machine, so that they share its processors:
it shows what handing out costs, and not what other machines bring. The workers wait already when
the pass begins. After each run the bucket is listed: a figure is of a run that brought every file.
"""

import argparse
import os
import resource
import statistics
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import NamedTuple

from benchmarks.sync import Bench, Wrong, execute, make_tree
from benchmarks.sync_tools import FAST, ROOT, Run
from demo.servers import Process, SeaweedFS, Valkey

SETTINGS = "benchmarks.tasks_settings"
RQ = "django rqworker default --job-class django_tasks_rq.Job --worker-class"


class Way(NamedTuple):
    """A way to upload: its title, and the class of its workers."""

    title: str
    worker: str = ""

    @property
    def uploads(self) -> str:
        """The mount's UPLOADS."""
        return "tasks" if self.worker else "loop"


WAYS = (
    Way("the loop alone"),
    Way("workers, no fork", "rq.worker.SimpleWorker"),
    Way("workers that fork", "rq.worker.Worker"),
)


class Figures(NamedTuple):
    """Seconds of a pass, and of processors in all processes."""

    seconds: float
    cpu: float


class Worker(Process):
    """A worker of RQ."""

    def is_ready(self) -> bool:
        """Whether it waits for tasks."""
        return "Listening on" in self.log.read_text()


def measure(bench: Bench, way: Way, workers: int) -> Figures:
    """One pass into a new bucket. Raises Wrong."""
    run = bench.fresh_run()
    told = {"DJANGO_SETTINGS_MODULE": SETTINGS, "BENCHMARK_UPLOADS": way.uploads}
    before = _cpu()
    with working(run, {**run.environment, **told}, way.worker, workers if way.worker else 0):
        figures = execute(FAST, run, told)
    bench.listed(run.bucket)
    return Figures(figures.inner or 0.0, _cpu() - before)


@contextmanager
def working(run: Run, environment: dict[str, str], kind: str, count: int) -> Iterator[None]:
    """Workers that wait for tasks."""
    command = [sys.executable, "-m", *RQ.split(), kind]
    with ExitStack() as stack:
        for number in range(count):
            worker = Worker(f"worker-{number}", command, run.home, environment)
            worker.cwd = ROOT
            stack.enter_context(worker)
        yield


def _cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def measure_all(bench: Bench, options: argparse.Namespace) -> dict[Way, list[Figures]]:
    """Every round of every way; each round begins with another one."""
    found: dict[Way, list[Figures]] = {way: [] for way in WAYS}
    for round_ in range(options.rounds):
        shift = round_ % len(WAYS)
        for way in WAYS[shift:] + WAYS[:shift]:
            print(f"Round {round_ + 1} of {options.rounds}: {way.title}", file=sys.stderr)
            found[way].append(measure(bench, way, options.workers))
    return found


def table(found: dict[Way, list[Figures]], count: int) -> Iterator[str]:
    """The medians of each way, and how many times as fast as the loop alone."""
    base = statistics.median(one.seconds for one in found[WAYS[0]])
    yield f"{'':22}{'seconds':>9}{'files/s':>10}{'x the loop':>12}{'CPU s':>8}   seconds by round"
    for way, figures in found.items():
        seconds = statistics.median(one.seconds for one in figures)
        cpu = statistics.median(one.cpu for one in figures)
        rounds = " ".join(f"{one.seconds:.2f}" for one in figures)
        rate, ratio = count / seconds, base / seconds
        yield f"{way.title:22}{seconds:9.2f}{rate:10,.0f}{ratio:12.2f}{cpu:8.2f}   {rounds}"


def arguments() -> argparse.Namespace:
    """The options of the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--files", type=int, default=3000)
    parser.add_argument("--size", type=int, default=8192, help="bytes of a file")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--workers", type=int, default=2)
    return parser.parse_args()


def main() -> int:
    """Measure and print; 1 where a run went wrong."""
    options = arguments()
    load = os.getloadavg()[0]
    with tempfile.TemporaryDirectory(prefix="s3rewrite-benchmark-") as name:
        directory = Path(name)
        tree = make_tree(directory / "files", options.files, options.size)
        with Valkey(directory / "valkey") as valkey, SeaweedFS(directory / "weed") as seaweedfs:
            try:
                found = measure_all(Bench(directory, valkey, seaweedfs, tree), options)
            except Wrong as error:
                print(f"FAILED: {error}")
                return 1
    print(
        f"{options.files:,} files of {options.size:,} bytes, {options.workers} workers of RQ "
        f"{version('rq')}, {os.cpu_count()} processors for all; median of {options.rounds} rounds; "
        f"load before: {load:.1f}"
    )
    print("\n".join(table(found, options.files)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
