"""Behind a CDN: stale bytes, what clearing costs, how long a take-down takes to be proved.

python -m benchmarks.edge history|requests|purge|linked [--changes N] [--seconds S] [--without]

nginx keeps everything for an hour, before SeaweedFS; a service clears it by
CloudFront's API, `--seconds` after each request. `--without` leaves the mount's "CDN" out.
"""

import argparse
import os
import random
import statistics
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import django
from django.conf import settings
from django.core.files.base import ContentFile

from demo.servers import SeaweedFS, Valkey
from tests.history.contents import content_of
from tests.history.judge import Change, Fetch, fault
from tests.support.edge import Clearing, Nginx

BUCKET = "edge"
NAMES = 40
READERS = 3


class World:
    """The servers, and Django's settings for them."""

    def __init__(self, stack: ExitStack, options: argparse.Namespace) -> None:
        directory = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="edge-benchmark-")))
        self.valkey = stack.enter_context(Valkey(directory / "valkey"))
        self.s3 = stack.enter_context(SeaweedFS(directory / "weed"))
        self.s3.create_bucket(BUCKET)
        nginx = Nginx(directory / "nginx", self.s3, options.negative)
        self.nginx = stack.enter_context(nginx)
        self.clearing = stack.enter_context(Clearing(nginx, options.seconds))
        self.root = directory / "media"
        self.root.mkdir()
        self.options = {
            "BUCKET": BUCKET,
            "CLIENT": self.s3.client_options,
            "PUBLIC_URL": f"{nginx.url}/{BUCKET}/media/",
            "CDN": {} if options.without else self.clearing.cloudfront,
        }
        storage = {
            "BACKEND": "s3rewrite.storage.S3RewriteStorage",
            "OPTIONS": {"allow_overwrite": True},
        }
        settings.configure(
            SECRET_KEY="only-for-benchmarks", ALLOWED_HOSTS=["*"], INSTALLED_APPS=["s3rewrite"],
            MEDIA_ROOT=str(self.root), MEDIA_URL="/media/", USE_TZ=True,
            STORAGES={"default": storage, "staticfiles": storage},
            CACHES={"default": {
                "BACKEND": "django_redis.cache.RedisCache", "LOCATION": self.valkey.url
            }},
            S3REWRITE={"media": self.options},
        )  # fmt: skip
        django.setup()

    @contextmanager
    def loop(self) -> Iterator[None]:
        """The loop, in a thread."""
        from s3rewrite import conf
        from s3rewrite.sync.loop import MountLoop

        stop = threading.Event()
        loop = MountLoop(conf.mount("media"), 60.0, stop, say=lambda _: None)
        thread = threading.Thread(target=loop.run)
        thread.start()
        try:
            yield
        finally:
            stop.set()
            thread.join()

    def url(self, name: str) -> str:
        """The link of a page that is made now; the local URL where it is none."""
        from s3rewrite.linking.resolver import get_resolver

        return get_resolver().url(f"/media/{name}")

    def linked(self, names: list[str], seconds: float = 600.0) -> float:
        """When a page links all of these names to S3 (monotonic)."""
        until = time.monotonic() + seconds
        while not all(self.url(name).startswith("http") for name in names):
            if time.monotonic() > until:
                raise SystemExit("not everything was linked")
            time.sleep(0.01)
        return time.monotonic()


def history(world: World, options: argparse.Namespace) -> None:
    """Overwrites and deletions among readers."""
    from django.core.files.storage import default_storage as storage

    changes: dict[str, list[Change]] = {f"{n}.txt": [] for n in range(NAMES)}
    fetches: list[Fetch] = []
    local: Counter[bool] = Counter()
    stop = threading.Event()

    def write() -> None:
        chance = random.Random(1)
        for number in range(options.changes):
            name = f"{chance.randrange(NAMES)}.txt"
            version, gone = len(changes[name]) + 1, chance.random() < 0.2
            before = time.monotonic()
            if gone:
                storage.delete(name)
            else:
                storage.save(name, ContentFile(content_of(name, version)))
            changes[name].append(Change(version, before, time.monotonic(), gone))
            time.sleep(chance.random() * 2 * options.pause)
            if number % 100 == 99:
                print(f"  {number + 1} changes, {len(fetches)} links fetched", flush=True)

    def read(seed: int) -> None:
        chance = random.Random(seed)
        while not stop.is_set():
            name = f"{chance.randrange(NAMES)}.txt"
            asked = time.monotonic()
            url = world.url(name)
            local[url.startswith("http")] += 1
            if url.startswith("http"):
                fetches.append(Fetch(name, asked, *fetched(url)))
            time.sleep(0.002)

    readers = [threading.Thread(target=read, args=(seed,)) for seed in range(READERS)]
    with world.loop():
        for reader in readers:
            reader.start()
        write()
        time.sleep(5 + options.seconds)
        stop.set()
        for reader in readers:
            reader.join()
    faults = Counter(fault(fetch, changes[fetch.name]).partition(":")[0] for fetch in fetches)
    print(
        f"{options.changes} changes, {len(fetches)} links fetched through nginx, {local[False]} "
        f"local: {faults['stale']} stale, {faults['broken']} broken; "
        f"{len(world.clearing.requests)} requests to the clearing service"
    )


def fetched(url: str) -> tuple[float, bytes | None]:
    """When a body had come, and the body; None for 404."""
    body = None
    try:
        with urllib.request.urlopen(url, timeout=30) as answer:
            body = answer.read()
    except urllib.error.HTTPError as error:
        if error.code not in (403, 404):
            raise
    return time.monotonic(), body


def requests(world: World, options: argparse.Namespace) -> None:
    """Requests of the clearing service for 1, 1,000 and more changed files."""
    with world.loop():
        for count in (1, 1000, options.changes):
            for version in (1, 2):
                before, polls = len(world.clearing.requests), world.clearing.polls
                began = time.monotonic()
                names = [f"{count}/{n // 500}/{n}.txt" for n in range(count)]
                for name in names:
                    path = world.root / name
                    path.parent.mkdir(parents=True, exist_ok=True)
                    path.write_text(f"{name} {version}")
                from s3rewrite import conf
                from s3rewrite.registry import loop_registry

                time.sleep(2.1)  # SETTLE
                loop_registry(conf.mount("media")).hints.add([f"{count}/"])
                last = [name for name in names if name.endswith("7.txt")] or names
                time.sleep(1)
                world.linked(last)
                world.linked(names)
                sent = [len(paths) for paths in world.clearing.requests[before:]]
                print(
                    f"{count} files, version {version}: {len(sent)} requests of {sent} paths, "
                    f"{world.clearing.polls - polls} polls, {time.monotonic() - began:.1f} s",
                    flush=True,
                )


def linked(world: World, options: argparse.Namespace) -> None:
    """From `save()` to the link, of names that were public before."""
    from django.core.files.storage import default_storage as storage

    seconds = []
    with world.loop():
        for number in range(options.changes):
            name = f"{number % 10}.txt"
            storage.save(name, ContentFile(os.urandom(2000)))
            began = time.monotonic()
            took = world.linked([name]) - began
            if number >= 10:  # the first ones were not public before
                seconds.append(took)
            print(f"  {took:.2f} s", flush=True)
    p99 = statistics.quantiles(seconds, n=100)[98]
    print(f"save -> linked, {len(seconds)} overwrites: median {statistics.median(seconds):.2f} s, "
          f"p99 {p99:.2f} s; {len(world.clearing.requests)} requests")  # fmt: skip


def purge(world: World, options: argparse.Namespace) -> None:  # noqa: PLR0915
    """Seconds until a take-down is proved, in five states."""
    from s3rewrite import conf
    from s3rewrite.disk.takedown import take_down
    from s3rewrite.registry import loop_registry
    from s3rewrite.sync.context import SyncContext
    from s3rewrite.sync.freeing import asides
    from s3rewrite.sync.passes import whole_pass
    from s3rewrite.tools.purge import finish

    def settled(**changed: Any) -> Any:
        from django.test import override_settings

        override_settings(S3REWRITE={"media": world.options | changed}).enable()
        return conf.mount("media")

    def run(state: str, mount: Any) -> None:
        take_down(mount, ["a.txt"], local=True)
        began = time.monotonic()
        reason = finish(SyncContext(mount), ["a.txt"], 120.0)["a.txt"]
        print(f"{state}: {time.monotonic() - began:.1f} s, {reason or 'gone'}", flush=True)

    def passes(mount: Any, count: int = 1) -> None:
        for _ in range(count):
            report = whole_pass(SyncContext(mount))
            assert report.is_ok, report

    path = world.root / "a.txt"
    asides.ASIDE_SECONDS = 0.0
    client = world.s3.client()
    for versioned in (False, True):
        if versioned:
            configuration: Any = {"Status": "Enabled"}
            client.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration=configuration)
        (world.root / "b.txt").write_text("b")
        label = "versioned, " if versioned else ""
        path.write_text("published")
        passes(mount := settled())
        urllib.request.urlopen(mount.public_url + "a.txt").read()
        run(f"{label}published", mount)
        path.write_text("pending")
        run(f"{label}pending", mount)
        path.write_text("freed")
        passes(mount := settled(KEEP_LOCAL=False, FREE_AFTER=0), 4)
        assert path.is_symlink()
        run(f"{label}freed", mount)
        path.write_text("quarantined")
        trash = {"QUARANTINE": "trash/", "DELETE_MISSING": True, "DELETE_GRACE": 10.0}
        passes(mount := settled(**trash))
        path.unlink()
        passes(mount)
        time.sleep(12)
        passes(mount)
        run(f"{label}quarantined", mount)
        mount = settled(KEYS="fingerprint")
        for content in ("1", "22", "333"):
            path.write_text(content)
            passes(mount)
        run(f"{label}old versions under fingerprint", mount)
        left: Any = client.list_object_versions(Bucket=BUCKET, Prefix="")
        names = [v["Key"] for kind in ("Versions", "DeleteMarkers") for v in left.get(kind, ())]
        print(f"  left in the bucket: {sorted({name for name in names if '/a.' in name})}")
        loop_registry(mount).client.flushall()


MEASUREMENTS: dict[str, Callable[[World, argparse.Namespace], None]] = {
    "history": history,
    "requests": requests,
    "purge": purge,
    "linked": linked,
}


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("measurement", choices=MEASUREMENTS)
    parser.add_argument("--changes", type=int, default=1000)
    parser.add_argument("--seconds", type=float, default=0.5, help="until the CDN has cleared")
    parser.add_argument("--pause", type=float, default=0.05, help="seconds between two changes")
    parser.add_argument("--negative", default="0", help="for which nginx keeps 404: 0, 10s")
    parser.add_argument("--without", action="store_true", help='without "CDN"')
    options = parser.parse_args()
    with ExitStack() as stack:
        world = World(stack, options)
        print(f"load of the machine before: {os.getloadavg()[0]:.1f}", flush=True)
        MEASUREMENTS[options.measurement](world, options)
    return 0


if __name__ == "__main__":
    sys.exit(main())
