"""Makes what the measured site shows: files, rows, and a registry in which all is published."""

from hashlib import sha256
from pathlib import Path

import redis
from django.conf import settings
from django.db import connection

from benchmarks.request_site import PICTURES, PUBLISHED, Picture
from s3rewrite import conf
from s3rewrite.core.entries import FINGERPRINT_LENGTH, Entry
from s3rewrite.disk.signatures import signature
from s3rewrite.registry import Claim, loop_registry
from s3rewrite.registry.lease import held

COUNT = 1000
"""Pictures in all: a page shows the newest of them."""


def write(name: str) -> Entry:
    """Write a file; what the registry is to hold of it."""
    path = Path(settings.MEDIA_ROOT) / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(name.encode())
    digest = sha256(name.encode()).hexdigest()[:FINGERPRINT_LENGTH]
    return Entry(signature(path.stat()), digest)


def main() -> None:
    """All of it."""
    names = [f"photos/2026/{number // 100:02}/picture-{number:05}.jpg" for number in range(COUNT)]
    with connection.schema_editor() as editor:
        editor.create_model(Picture)
    Picture._default_manager.bulk_create(
        Picture(title=f"Picture {number}", image=name, width=640, height=480)
        for number, name in enumerate(names)
    )
    registry = loop_registry(conf.mount("media"))
    registry.start_epoch()
    with held(registry) as lease:
        for name in names:
            entry = write(name)
            claim = registry.claim(name, lease, entry.fingerprint)
            if isinstance(claim, Claim):
                registry.publish(claim, lease, entry)
    with redis.Redis.from_url(settings.CACHES["default"]["LOCATION"]) as client:
        client.sadd(PUBLISHED, *names)
    assert PICTURES <= COUNT


if __name__ == "__main__":
    main()
