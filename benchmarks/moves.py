"""A tree that was renamed: seconds, and bytes that leave the machine.

python -m benchmarks.moves [--files N] [--size BYTES] [--rounds N] [--line BYTES] [--delay SECONDS]

`s3rewrite_sync` and `rclone sync --track-renames` each have a bucket with the same tree. In each
round the tree is renamed, and each of them brings its bucket in step, with the old names deleted;
then `s3rewrite_sync --force` sends every file again, as before this was known. All requests go
through a relay, which counts the bytes on their way to the server, and with `--line` lets only so
many pass in a second, and with `--delay` lets each request wait: on this machine alone, bytes and
requests cost next to nothing.
"""

import argparse
import json
import signal
import socket
import statistics
import sys
import tempfile
import threading
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.sync import Wrong, execute, make_tree
from benchmarks.sync_tools import PREFIX, Run, Tool, ours
from demo.servers import SeaweedFS, Valkey

CHUNK = 64 * 1024
OPTIONS = {"DELETE_MISSING": True, "DELETE_GRACE": 10, "MAX_DELETE": "100%"}
"""So a pass deletes what the one before has moved away; rclone does it at once."""

Figures = dict[str, list[tuple[float, int]]]
"""Title -> seconds and bytes, of each round."""


def rclone(run: Run, *options: str) -> list[str]:
    """With the program of the tests' extra, and deletions as ours."""
    program = str(Path(sys.executable).with_name("rclone"))
    target = f"there:{run.bucket}/{PREFIX}"
    return [program, "sync", "--quiet", "--track-renames", *options, str(run.files), target]


MOVED = Tool("s3rewrite_sync, renamed", "", ours)
AGAIN = Tool("s3rewrite_sync, sent again", "", lambda run: [*ours(run), "--force"])
RENAMES = Tool("rclone --track-renames", "", rclone)
WIDE = Tool("the same, 64 transfers", "", lambda run: rclone(run, "--transfers=64"))


@dataclass
class Relay:
    """Passes on connections to a port of this machine."""

    port: int
    limit: float
    delay: float
    sent: int = 0
    """Bytes that clients have sent."""
    free_at: float = 0.0
    lock: threading.Lock = field(default_factory=threading.Lock)

    @contextmanager
    def listening(self) -> Iterator[str]:
        """The URL of the relay, until the end of the block."""
        with socket.create_server(("127.0.0.1", 0), backlog=1024) as server:
            threading.Thread(target=self._accept, args=[server], daemon=True).start()
            yield f"http://127.0.0.1:{server.getsockname()[1]}"

    def _accept(self, server: socket.socket) -> None:
        with suppress(OSError):
            while True:
                client, _ = server.accept()
                there = socket.create_connection(("127.0.0.1", self.port))
                is_asking = threading.Event()
                for pair in ((client, there), (there, client)):
                    pair[0].setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                    is_up = pair[0] is client
                    ends = [*pair, is_up, is_asking]
                    threading.Thread(target=self._pass, args=ends, daemon=True).start()

    def _pass(
        self, here: socket.socket, there: socket.socket, is_up: bool, is_asking: threading.Event
    ) -> None:
        with suppress(OSError):
            while chunk := here.recv(CHUNK):
                if is_up:
                    if not is_asking.is_set():  # the first bytes of a request
                        time.sleep(self.delay)
                        is_asking.set()
                    self._count(len(chunk))
                else:
                    is_asking.clear()
                there.sendall(chunk)
        for end in (here, there):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
                end.close()

    def _count(self, size: int) -> None:
        with self.lock:
            self.sent += size
            now = time.monotonic()
            if self.limit:
                self.free_at = max(self.free_at, now) + size / self.limit
        if self.limit:
            time.sleep(max(0.0, self.free_at - now))


class Bench:
    """The tree, and a bucket for each of the two."""

    def __init__(self, mine: Run, others: Run, relay: Relay, url: str) -> None:
        self.figures: Figures = defaultdict(list)
        self._runs = {MOVED: mine, AGAIN: mine, RENAMES: others, WIDE: others}
        self._relay = relay
        self._told = {
            "AWS_ENDPOINT_URL": url,
            "RCLONE_CONFIG_THERE_ENDPOINT": url,
            "BENCHMARK_OPTIONS": json.dumps(OPTIONS),
        }

    def run(self, tool: Tool) -> None:
        """Run a tool, and count."""
        before = self._relay.sent
        figures = execute(tool, self._runs[tool], self._told)
        sent = self._relay.sent - before
        self.figures[tool.title].append((figures.wall, sent))
        if figures.inner is not None:
            self.figures[f"{tool.title}: the pass"].append((figures.inner, sent))
        self._check(self._runs[tool])

    def _check(self, run: Run) -> None:
        """The bucket holds the tree. Raises Wrong."""
        client = run.seaweedfs.client()
        pages = client.get_paginator("list_objects_v2").paginate(Bucket=run.bucket, Prefix=PREFIX)
        found = {
            item["Key"].removeprefix(PREFIX): item["Size"]
            for page in pages
            for item in page.get("Contents", ())
        }
        client.close()
        files = [path for path in run.files.rglob("*") if path.is_file()]
        wanted = {str(path.relative_to(run.files)): path.stat().st_size for path in files}
        if not wanted.items() <= found.items():
            raise Wrong(f"the bucket holds {len(found):,} objects, and not the tree's files")


def measure(bench: Bench, files: Path, rounds: int) -> None:
    """Every round."""
    for tool in (MOVED, RENAMES):
        bench.run(tool)
    bench.figures.clear()
    for round_ in range(rounds):
        for tools in ((MOVED, RENAMES), (WIDE, MOVED)):
            (top,) = (path for path in files.iterdir() if path.name != "kept.jpg")
            top.rename(files / f"tree-{round_}-{tools[0].title[:2]}")
            for tool in tools:
                bench.run(tool)
        bench.run(AGAIN)


def table(figures: Figures, count: int) -> Iterator[str]:
    """The lines: the least of the rounds, as others use the machine, too."""
    again = min(seconds for seconds, _ in figures[AGAIN.title])
    yield f"{'':36}{'seconds':>9}{'files/s':>9}{'x sent again':>14}{'MB sent':>10}   by round"
    for title, rounds in figures.items():
        least = min(seconds for seconds, _ in rounds)
        sent = statistics.median(sent for _, sent in rounds) / 1e6
        each = " ".join(f"{seconds:.2f}" for seconds, _ in rounds)
        ratio = f"{again / least:.1f}"
        yield f"{title:36}{least:9.2f}{count / least:9,.0f}{ratio:>14}{sent:10.2f}   {each}"


def main() -> None:
    """Measure and print."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--files", type=int, default=500)
    parser.add_argument("--size", type=int, default=1_000_000, help="bytes of a file")
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--line", type=float, default=0, help="bytes a second; 0: no limit")
    parser.add_argument("--delay", type=float, default=0, help="seconds before each request")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="s3rewrite-benchmark-") as name:
        directory = Path(name)
        files = directory / "files"
        make_tree(files, options.files, options.size)
        (files / "kept.jpg").write_bytes(b"It is not renamed.")
        with Valkey(directory / "valkey") as valkey, SeaweedFS(directory / "weed") as seaweedfs:
            relay = Relay(seaweedfs.ports["s3"], options.line, options.delay)
            runs = []
            for bucket in ("ours", "rclone"):
                seaweedfs.create_bucket(bucket)
                (directory / bucket).mkdir()
                runs.append(Run(files, bucket, directory / bucket, valkey, seaweedfs))
            with relay.listening() as url:
                bench = Bench(runs[0], runs[1], relay, url)
                measure(bench, files, options.rounds)
    line = f"a line of {options.line / 1e6:.1f} MB/s" if options.line else "no line between"
    print(f"{options.files:,} files of {options.size:,} bytes, {line}, {options.delay} s a request")
    print("\n".join(table(bench.figures, options.files)))


if __name__ == "__main__":
    main()
