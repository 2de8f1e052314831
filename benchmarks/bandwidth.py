"""How exactly BANDWIDTH is kept: bytes a second that come to the server, in any ten seconds.

python -m benchmarks.bandwidth [--rate BYTES] [--large BYTES]

`s3rewrite_sync` sends to SeaweedFS through a relay that notes when which bytes of bodies came:
files of 8 KB with obstore and with boto3, files of 300 KB, and a large one in parts.
"""

import argparse
import os
import random
import socket
import socketserver
import tempfile
import threading
import time
from bisect import bisect_left
from collections.abc import Iterator
from contextlib import closing, contextmanager
from itertools import accumulate
from pathlib import Path

from benchmarks.sync import execute, make_tree
from benchmarks.sync_tools import FAST, PLAIN, Run, Tool
from demo.servers import HOST, SeaweedFS, Valkey

WINDOW = 10.0
SECONDS = 13.0
METHODS = (b"PUT ", b"POST ", b"GET ", b"HEAD ", b"DELETE ")

Notes = list[tuple[float, int]]
"""When how many bytes of bodies came."""


class Relay(socketserver.ThreadingTCPServer):
    """Passes on what a client sends to the server, and notes it."""

    daemon_threads = True
    request_queue_size = 64

    def __init__(self, port: int) -> None:
        super().__init__((HOST, 0), Pass)
        self.behind = port
        self.notes: Notes = []


class Pass(socketserver.BaseRequestHandler):
    """One connection."""

    server: Relay

    def handle(self) -> None:
        """Pass bytes on, in both directions, until one of them ends."""
        with closing(socket.create_connection((HOST, self.server.behind))) as there:
            back = threading.Thread(target=self._answer, args=(there,), daemon=True)
            back.start()
            while data := self.request.recv(1 << 16):
                body = data.partition(b"\r\n\r\n")[2] if data.startswith(METHODS) else data
                self.server.notes.append((time.monotonic(), len(body)))
                there.sendall(data)

    def _answer(self, there: socket.socket) -> None:
        try:
            while data := there.recv(1 << 16):
                self.request.sendall(data)
        except OSError:
            return


@contextmanager
def relayed(port: int) -> Iterator[Relay]:
    """A relay before that port."""
    with Relay(port) as relay:
        threading.Thread(target=relay.serve_forever, daemon=True).start()
        yield relay
        relay.shutdown()


def extremes(notes: Notes) -> tuple[float, float, float]:
    """Bytes a second: over all, and the least and the most in any ten seconds of it."""
    notes = sorted(note for note in notes if note[1])
    times = [at for at, _ in notes]
    totals = [0, *accumulate(count for _, count in notes)]
    windows = [
        (totals[bisect_left(times, at + WINDOW)] - totals[index]) / WINDOW
        for index, at in enumerate(times)
        if at + WINDOW <= times[-1]
    ]
    return totals[-1] / (times[-1] - times[0]), min(windows), max(windows)


def measure(
    directory: Path, valkey: Valkey, seaweedfs: SeaweedFS, case: tuple[Tool, int, int]
) -> str:
    """Send as many files of a size as take some time: a line of the table."""
    tool, size, rate = case
    bucket = f"benchmark-{random.randbytes(8).hex()}"
    seaweedfs.create_bucket(bucket)
    make_tree(directory / bucket, max(1, round(rate * SECONDS / size)), size)
    run = Run(directory / bucket, bucket, directory, valkey, seaweedfs)
    with relayed(seaweedfs.ports["s3"]) as relay:
        url = f"http://{HOST}:{relay.server_address[1]}"
        execute(tool, run, {"AWS_ENDPOINT_URL": url, "BENCHMARK_BANDWIDTH": str(rate)})
    shares = "".join(f"{found / rate - 1:>+11.2%}" for found in extremes(relay.notes))
    return f"{tool.title:24}{size:>15,}{rate:>13,}{shares}"


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rate", type=int, default=1_000_000, help="bytes a second")
    parser.add_argument("--large", type=int, default=1_000_000_000, help="bytes of a large file")
    options = parser.parse_args()
    small, large = options.rate, round(options.large / SECONDS)
    cases = [
        (FAST, 8192, small),
        (PLAIN, 8192, small),
        (FAST, 300_000, small),
        (FAST, options.large, large),
    ]
    print(f"Load of the machine before: {os.getloadavg()[0]:.1f}")
    heads = f"{'bytes a file':>15}{'BANDWIDTH':>13}{'over all':>11}{'least':>11}{'most':>11}"
    print(f"{'':24}{heads}   in ten seconds")
    with tempfile.TemporaryDirectory(prefix="s3rewrite-benchmark-") as name:
        directory = Path(name)
        with Valkey(directory / "valkey") as valkey, SeaweedFS(directory / "weed") as seaweedfs:
            for case in cases:
                print(measure(directory, valkey, seaweedfs, case), flush=True)


if __name__ == "__main__":
    main()
