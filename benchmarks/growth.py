"""How costs grow: of a page and a hint over the registry's names, of a pass and a hint over files.

python -m benchmarks.growth [--names 10000000] [--files 1000000]

Real Valkey, SeaweedFS and files; each size is measured in a process of its own. A page has fifty
pictures of which its process knows nothing yet ("first"), or all ("known"). A hint is about a
changed file of 8 KB: from the beginning of its pass until it is published. The last row of a table
has the exponent k of cost = a * size ** k, by the line through all points.
"""

import argparse
import math
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import redis

from benchmarks.unchanged import BATCH, Configured, find, make_tree, passes, publish_all
from demo.servers import SeaweedFS, Valkey
from s3rewrite.core.entries import FINGERPRINT_LENGTH, Entry, Signature

PER_PAGE, PAGES, PER_DIRECTORY = 50, 20, 100
HINTS = 25
BYTES = 150
"""Of Redis for a name, at most: a larger registry than fits in half of the memory is left out."""

CDN = "https://cdn.example.com/"

Figures = dict[str, float]


def timed(action: Callable[[], object]) -> float:
    """Milliseconds."""
    began = time.perf_counter()
    action()
    return (time.perf_counter() - began) * 1000


def page(root: Path) -> Figures:
    """The median time of pages at first, and when all their names are known."""
    from django.http import HttpRequest, HttpResponse

    from s3rewrite.middleware import S3RewriteMiddleware

    names = [path.relative_to(root).as_posix() for path in sorted(root.rglob("*.jpg"))]
    # The pictures of a page are from several directories.
    bodies = ["".join(f'<img src="/media/{n}">' for n in names[at::PAGES]) for at in range(PAGES)]
    request = HttpRequest()
    request.META["HTTP_HOST"] = "localhost"
    request.path = ""
    respond: Any = S3RewriteMiddleware(lambda request: HttpResponse(request.path))

    def ask(body: str) -> None:
        request.path = body
        if respond(request).content.count(CDN.encode()) != PER_PAGE:
            raise SystemExit("a picture was not linked")

    first, *known = (
        statistics.median(timed(lambda body=body: ask(body)) for body in bodies)  # type: ignore[misc]
        for _ in range(6)
    )
    return {"first page ms": first, "known page ms": min(known)}


def hint(root: Path) -> Figures:
    """The median time of a pass over one changed file."""
    from s3rewrite import conf
    from s3rewrite.sync.context import SyncContext
    from s3rewrite.sync.passes import pass_over

    context = SyncContext(conf.mounts()["media"])
    context.memory.has_stubs = False  # as the whole pass finds with which a loop begins
    path = next(root.rglob("*.jpg"))
    name = path.relative_to(root).as_posix()
    times = []
    for number in range(HINTS):
        path.write_bytes(f"{number:08}".encode() * 1000)
        time.sleep(0.05)  # before that it would wait for a change that does not show
        times.append(timed(lambda: pass_over(context, [name])))
        if context.registry.get([name])[name].signature.size != path.stat().st_size:
            raise SystemExit("a hint's file was not published")
    return {"hint ms": statistics.median(times)}


def fill(first: int, last: int) -> None:
    """Publish so many names more, which have no files, in directories of a hundred."""
    from s3rewrite import conf
    from s3rewrite.registry import loop_registry

    registry = loop_registry(conf.mounts()["media"])
    with registry.client.pipeline(transaction=False) as pipeline:
        for start in range(first, last, PER_DIRECTORY):
            directory = f"others/{start // 100_000:05}/{start:08}"
            entries: dict[Any, Any] = {
                f"IMG_{number:08}.jpg": Entry(
                    Signature(20_000 + number % 80_000, 10**18 + number * 10**9, number + 1),
                    f"{number * 2654435761:0{FINGERPRINT_LENGTH}x}",
                ).encode()
                for number in range(start, min(start + PER_DIRECTORY, last))
            }
            pipeline.hset(registry.keys.directory(directory), mapping=entries)
            pipeline.sadd(registry.keys.directories, directory)
            if len(pipeline.command_stack) >= BATCH:
                pipeline.execute()
        pipeline.execute()


def over_names(root: Path, url: str, run: Configured, sizes: list[int]) -> Iterator[Figures]:
    """Pages, hints and the memory of Redis, for each size of the registry."""
    filled = PAGES * PER_PAGE
    make_tree(root, filled, filled // PER_DIRECTORY)
    run(publish_all)
    for size in sizes:
        run(fill, filled, size)
        filled = size
        info: Any = redis.Redis.from_url(url).info("memory")
        yield run(page, root) | run(hint, root) | {"Redis MB": info["used_memory"] / 1e6}


def over_files(root: Path, run: Configured, sizes: list[int]) -> Iterator[Figures]:
    """Passes beside `find`, the peak of their memory, and hints, for each number of files."""
    made = 0
    for size in sizes:
        make_tree(root / f"{size}", size - made, (size - made) // PER_DIRECTORY)
        made = size
        run(publish_all)
        seconds, kept, _, peak = run(passes, 3)
        if kept != size:
            raise SystemExit(f"{kept} files were met, not {size}")
        figures = {"find ms": find(root, 3) * 1000, "pass ms": seconds * 1000}
        yield figures | run(hint, root) | {"peak MB": peak}


def table(title: str, sizes: list[int], rows: Iterable[Figures]) -> Iterator[str]:
    """The lines of a table, with the exponent of each column."""
    columns: dict[str, list[float]] = {}
    lines = []
    for size, row in zip(sizes, rows, strict=True):
        lines.append(f"{size:<12,}" + "".join(f"{figure:16.2f}" for figure in row.values()))
        for column, figure in row.items():
            columns.setdefault(column, []).append(figure)
    yield from (title, " " * 12 + "".join(f"{column:>16}" for column in columns), *lines)
    if len(sizes) > 1:
        slopes = (exponent(sizes, figures) for figures in columns.values())
        yield f"{'exponent':12}" + "".join(f"{round(slope, 2) + 0.0:16.2f}" for slope in slopes)
    yield ""


def exponent(sizes: Iterable[float], figures: Iterable[float]) -> float:
    """k of figure = a * size ** k, by the line through all points on logarithmic axes."""
    return statistics.linear_regression(
        [math.log(size) for size in sizes], [math.log(figure) for figure in figures]
    ).slope


def sizes_up_to(first: int, last: int, factors: tuple[int, ...]) -> list[int]:
    """The powers of ten from `first` to `last`, each times these factors."""
    found, size = [], first
    while size <= last:
        found += [size * factor for factor in factors if size * factor <= last]
        size *= 10
    return found


def main() -> int:
    """Measure, and print the figures."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--names", type=int, default=10_000_000, help="at most; 0: no such table")
    parser.add_argument("--files", type=int, default=1_000_000, help="at most; 0: no such table")
    options = parser.parse_args()
    room = os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // 2 // BYTES
    names = sizes_up_to(1000, min(options.names, room), (1,))
    files = sizes_up_to(10_000, options.files, (1, 3))
    if room < options.names:
        print(f"there is memory for {room:,} names: no registry of {options.names:,}\n")
    with tempfile.TemporaryDirectory(prefix="s3rewrite-benchmark-") as name:
        folder = Path(name)
        with SeaweedFS(folder / "weed") as seaweedfs:
            seaweedfs.create_bucket("benchmark")
            mount = {"PUBLIC_URL": CDN, "CLIENT": seaweedfs.client_options}
            if names:
                with Valkey(folder / "valkey-names") as valkey:
                    run = Configured(folder / "some", valkey.url, mount)
                    rows = over_names(folder / "some", valkey.url, run, names)
                    print(*table("Names in the registry", names, rows), sep="\n", flush=True)
            if files:
                with Valkey(folder / "valkey-files") as valkey:
                    run = Configured(folder / "many", valkey.url, mount)
                    rows = over_files(folder / "many", run, files)
                    print(*table("Files", files, rows), sep="\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
