"""Bytes a path in the registry, in four shapes of trees, beside a plain Set of the same names.

python -m benchmarks.registry [--names 1000000]
"""

import argparse
import tempfile
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path

import redis

from demo.servers import Valkey
from s3rewrite.core.entries import FINGERPRINT_LENGTH, Entry, Signature, split
from s3rewrite.registry.keys import MountKeys

BATCH = 10_000

SHAPES: dict[str, Callable[[int], str]] = {
    "flat": lambda n: f"IMG_{n:07}.jpg",
    "by date": lambda n: f"photos/{2010 + n % 15}/{n % 12 + 1:02}/{n % 28 + 1:02}/IMG_{n:07}.jpg",
    "a directory a user": lambda n: f"users/{n // 8:06}/picture-{n % 8}.jpg",
    "deep": lambda n: "/".join(f"{n:08}"[i : i + 2] for i in range(0, 8, 2)) + f"/{n:08}.jpg",
}


def names(shape: str, count: int) -> Iterator[list[str]]:
    found = map(SHAPES[shape], range(count))
    while batch := list(islice(found, BATCH)):
        yield batch


def fill_registry(client: redis.Redis, shape: str, count: int) -> None:
    """What `publish.lua` leaves behind, without the steps to it."""
    keys = MountKeys("media", "0a1b2c3d")
    number = 0
    for batch in names(shape, count):
        with client.pipeline(transaction=False) as pipeline:
            for name in batch:
                number += 1
                directory, basename = split(name)
                signature = Signature(20_000 + number % 80_000, 1_700_000_000_000_000_000 + number)
                entry = Entry(signature, f"{number * 2654435761:0{FINGERPRINT_LENGTH}x}")
                pipeline.hset(keys.directory(directory), basename, entry.encode())
                pipeline.sadd(keys.directories, directory)
            pipeline.execute()


def fill_set(client: redis.Redis, shape: str, count: int) -> None:
    for batch in names(shape, count):
        client.sadd("published", *batch)


def used(client: redis.Redis, fill: Callable[[redis.Redis, str, int], None], *what: object) -> int:
    client.config_set("lazyfree-lazy-user-flush", "no")
    client.flushall()
    before = client.info("memory")["used_memory"]
    fill(client, *what)  # type: ignore[arg-type]
    return int(client.info("memory")["used_memory"] - before)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--names", type=int, default=1_000_000)
    count = parser.parse_args().names
    print(f"{count:,} names{'':16}{'registry':>10}{'set':>8}{'ratio':>8}   (bytes a path)")
    with tempfile.TemporaryDirectory() as directory, Valkey(Path(directory)) as server:
        client = redis.Redis.from_url(server.url)
        for shape in SHAPES:
            own = used(client, fill_registry, shape, count) / count
            plain = used(client, fill_set, shape, count) / count
            print(f"{shape:32}{own:10.1f}{plain:8.1f}{own / plain:8.2f}")


if __name__ == "__main__":
    main()
