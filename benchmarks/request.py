"""What a page costs under gunicorn, with and without the middleware, and in other people's ways.

python -m benchmarks.request [--requests N] [--frozen N]

A page of fifty pictures from rows of a model (`benchmarks.request_site`). Each way is a gunicorn
of its own; one client asks them in turn, in another order each time, so that whatever the machine
does meets all. Each answer is looked at: a figure is of pages whose fifty links were right. Then
Redis is frozen (SIGSTOP) until the middleware leaves it alone, and the same is measured again.
"""

import argparse
import http.client
import os
import random
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path

import redis

from demo.servers import HOST, Process, Valkey, free_ports

SITE = "benchmarks.request_site"
PLAIN, OURS, STORAGES, SOUP = "plain Django", "s3rewrite", "django-storages", "BeautifulSoup"
WARM_UP = 50  # requests
FREEZE = 20.0  # seconds: until Redis is left alone for eight seconds at a time

Seconds = dict[str, list[float]]
"""Way -> how long each request took."""


class Wrong(Exception):
    """A page without the links that it was to have: it gives no figure."""


class Site(Process):
    """The site under gunicorn, in one way; one worker, which keeps its connection."""

    def __init__(self, way: str, directory: Path, environment: dict[str, str]) -> None:
        self.way = way
        self.port = free_ports(1)[0]
        options = ["--bind", f"{HOST}:{self.port}", "--worker-class", "gthread", "--threads", "1"]
        options += ["--keep-alive", "60", "--no-control-socket", "--log-level", "warning"]
        command = [sys.executable, "-m", "gunicorn", *options, f"{SITE}:application"]
        name = way.replace(" ", "-")
        super().__init__(name, command, directory, environment | {"BENCHMARK_WAY": way})
        self._connection = http.client.HTTPConnection(HOST, self.port, timeout=60)

    def is_ready(self) -> bool:
        """Whether it answers."""
        try:
            self.ask()
        except (OSError, http.client.HTTPException):
            self._connection.close()
            return False
        return True

    def stop(self) -> None:
        """End it, and the connection."""
        self._connection.close()
        super().stop()

    def ask(self) -> tuple[float, bytes]:
        """The seconds that the page took, and its body."""
        began = time.perf_counter()
        self._connection.request("GET", "/")
        body = self._connection.getresponse().read()
        return time.perf_counter() - began, body


def measure(sites: Sequence[Site], requests: int, links: dict[str, int]) -> Seconds:
    """Ask each site so often, in turn. Raises Wrong for a page with other links than `links`."""
    seconds: Seconds = {site.way: [] for site in sites}
    order = list(sites)
    for _ in range(requests):
        random.shuffle(order)
        for site in order:
            took, body = site.ask()
            seconds[site.way].append(took)
            found = body.count(b"https://cdn.example.com/media/photos/")
            if found != links[site.way]:
                raise Wrong(f"{site.way}: {found} links to S3, and not {links[site.way]}")
    return seconds


def table(title: str, seconds: Seconds) -> Iterator[str]:
    """The lines of one table; ratios are to the plain site."""
    yield f"\n{title:26}{'pages/s':>9}{'ratio':>8}{'p50 ms':>9}{'p99 ms':>9}{'p99 ratio':>11}"
    plain = seconds[PLAIN]
    for way, found in seconds.items():
        rate, base = len(found) / sum(found), len(plain) / sum(plain)
        p50, p99 = statistics.median(found), quantile(found, 0.99)
        yield (
            f"{way:26}{rate:9.0f}{rate / base:8.2f}{p50 * 1000:9.2f}{p99 * 1000:9.2f}"
            f"{p99 / quantile(plain, 0.99):11.2f}"
        )


def quantile(values: list[float], share: float) -> float:
    """The value below which that share of them lies."""
    return sorted(values)[int(share * (len(values) - 1))]


def arguments() -> argparse.Namespace:
    """The options of the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--requests", type=int, default=3000, help="to each site")
    parser.add_argument("--frozen", type=int, default=1500, help="to two sites, Redis frozen")
    return parser.parse_args()


def main() -> int:
    """Measure and print."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    options = arguments()
    print(f"Load of the machine before: {os.getloadavg()[0]:.1f}")
    with ExitStack() as stack:
        directory = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="s3rewrite-")))
        valkey = stack.enter_context(Valkey(directory / "valkey"))
        environment = prepared(directory, valkey)
        ways = (PLAIN, OURS, STORAGES, SOUP)
        sites = [Site(way, directory / "sites", environment) for way in ways]
        for site in sites:
            stack.enter_context(site)
        links = dict.fromkeys(ways, 50) | {PLAIN: 0}
        measure(sites, WARM_UP, links)
        print("\n".join(table("A page of 50 pictures", measure(sites, options.requests, links))))
        valkey.pause()
        stack.callback(valkey.resume)
        frozen = sites[:2]
        wait_for_breaker(frozen)
        found = measure(frozen, options.frozen, dict.fromkeys(ways, 0))
        print("\n".join(table("Redis frozen", found)))
    return 0


def wait_for_breaker(sites: Sequence[Site]) -> None:
    """Ask until what is known has grown old, and Redis is asked once in eight seconds."""
    until = time.monotonic() + FREEZE
    while time.monotonic() < until:
        for site in sites:
            site.ask()


def prepared(directory: Path, valkey: Valkey) -> dict[str, str]:
    """Files, rows and a registry in which all is published; the environment that tells of them."""
    environment = dict(os.environ) | {
        "BENCHMARK_FILES": str(directory / "files"),
        "BENCHMARK_DATABASE": str(directory / "db.sqlite3"),
        "BENCHMARK_REDIS_URL": valkey.url,
        "PYTHONPATH": str(Path(__file__).resolve().parent.parent),
    }
    command = [sys.executable, "-m", "benchmarks.request_data"]
    subprocess.run(command, check=True, env=environment | {"BENCHMARK_WAY": PLAIN})
    with redis.Redis.from_url(valkey.url) as client:
        assert client.dbsize()
    return environment


if __name__ == "__main__":
    sys.exit(main())
