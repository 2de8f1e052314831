"""What counting for Prometheus costs a response, beside not counting.

python -m benchmarks.counting [--rounds N]

The URLs of a page, all of them published in a Valkey that the process asks once a second, are
resolved with `s3rewrite.metrics` counting and without, in turns. A figure is the median of the
rounds; every link is looked at before.
"""

import argparse
import statistics
import tempfile
import time
from hashlib import sha256
from pathlib import Path

import django
from django.conf import settings

from demo.servers import Valkey

PAGES = (1, 50, 100)  # links
CALLS = 4000  # URLs a round, or that many pages


def configure(directory: Path, redis_url: str) -> None:
    """The settings, and files that are published."""
    settings.configure(
        INSTALLED_APPS=["s3rewrite"],
        MEDIA_URL="/media/",
        MEDIA_ROOT=str(directory),
        CACHES={"default": {"BACKEND": "django_redis.cache.RedisCache", "LOCATION": redis_url}},
        S3REWRITE={"media": {"BUCKET": "uploads", "PUBLIC_URL": "https://cdn.example.com/media/"}},
    )
    django.setup()
    publish(directory, [f"{number}.jpg" for number in range(max(PAGES))])


def publish(directory: Path, names: list[str]) -> None:
    """Write these files, and publish them."""
    from s3rewrite import conf
    from s3rewrite.core.entries import FINGERPRINT_LENGTH, Entry
    from s3rewrite.disk.signatures import signature
    from s3rewrite.registry import Claim, loop_registry
    from s3rewrite.registry.lease import held

    registry = loop_registry(conf.mount("media"))
    registry.start_epoch()
    with held(registry) as lease:
        for name in names:
            (directory / name).write_bytes(name.encode())
            fingerprint = sha256(name.encode()).hexdigest()[:FINGERPRINT_LENGTH]
            claim = registry.claim(name, lease, fingerprint)
            assert isinstance(claim, Claim)
            registry.publish(claim, lease, Entry(signature((directory / name).stat()), fingerprint))


def seconds(urls: list[bytes], *, counting: bool) -> float:
    """Of one page; many are resolved."""
    from s3rewrite.core.counters import set_link_counter
    from s3rewrite.linking.resolver import get_resolver
    from s3rewrite.metrics.web import WEB

    set_link_counter(WEB if counting else None)
    found = get_resolver()
    if not all(found.resolve(urls)):
        raise SystemExit("not every URL was linked: no figure")
    calls = max(1, CALLS // len(urls))
    began = time.perf_counter()
    for _ in range(calls):
        found.resolve(urls)
    return (time.perf_counter() - began) / calls


def measure(links: int, rounds: int) -> str:
    """A line of the table."""
    urls = [b"/media/%d.jpg" % number for number in range(links)]
    times: dict[bool, list[float]] = {False: [], True: []}
    for round_ in range(rounds):
        for counting in (False, True) if round_ % 2 else (True, False):
            times[counting].append(seconds(urls, counting=counting))
    without, counted = (statistics.median(times[key]) * 1e6 for key in (False, True))
    cost = counted - without
    return f"{links:5}{without:12.2f}{counted:12.2f}{cost:+10.2f}{cost / links:+10.3f}"


def main() -> None:
    """Print a table, in microseconds."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=60)
    rounds = parser.parse_args().rounds
    with tempfile.TemporaryDirectory() as name, Valkey(Path(name) / "valkey") as valkey:
        media = Path(name) / "media"
        media.mkdir()
        configure(media, valkey.url)
        print("links     without    counting      more    a link   (microseconds a response)")
        for links in PAGES:
            print(measure(links, rounds))


if __name__ == "__main__":
    main()
