"""Looks after the only copies of freed files: once a day compares each stub with the bucket.

A lifecycle rule, or a person, may remove an object, and nothing else would notice.
"""

import time
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from itertools import chain

from s3rewrite.core.entries import join
from s3rewrite.disk.stubs import Stub
from s3rewrite.registry.only_copies import OnlyCopiesCheck, read_last_check, record_check
from s3rewrite.s3.lookup import folder_of
from s3rewrite.s3.objects import Object
from s3rewrite.sync.context import SyncContext
from s3rewrite.sync.reporting.report import Report
from s3rewrite.sync.scan import ScannedDirectory
from s3rewrite.sync.upload.freed_attempt import LOST, matches_stub

PERIOD = 86_400.0
"""Seconds between two comparisons of all stubs. Each pass compares those that were lost."""

PROBLEM = "not there, or another one"


class OnlyCopies:
    """Compares the stubs with the bucket, as a pass meets them."""

    def __init__(self, context: SyncContext, report: Report) -> None:
        self._context = context
        self._report = report
        self._last: OnlyCopiesCheck | None = None
        self._lost: set[str] = set()
        self._is_due = False

    def compare(self, directories: Iterable[ScannedDirectory]) -> None:
        """Compare the stubs of some directories. Raises S3Error, redis.RedisError."""
        with_stubs = [directory for directory in directories if directory.stubs]
        if not with_stubs or self._context.options.dry_run:
            return
        if self._last is None:
            self._last = read_last_check(self._context.registry)
            self._is_due = not 0 <= time.time() - self._last.checked_at < PERIOD
        with ThreadPoolExecutor(self._context.mount.threads, "s3rewrite-only-copies") as pool:
            lost = list(chain.from_iterable(pool.map(self._find_lost, with_stubs)))
        for name, stub in lost:
            reason = LOST.format(bucket=stub.bucket, problem=PROBLEM, key=stub.key)
            self._context.fail(self._report, name, reason, "lost")
            self._lost.add(name)

    def close(self) -> None:
        """Remember the result: all directories were compared. Raises redis.RedisError."""
        if self._last is None:
            return
        compared_at = time.time() if self._is_due else self._last.checked_at
        if self._is_due or self._lost != self._last.lost:
            check = OnlyCopiesCheck(compared_at, frozenset(self._lost))
            record_check(self._context.registry, check)

    def _find_lost(self, directory: ScannedDirectory) -> list[tuple[str, Stub]]:
        """The stubs in a directory, by name, whose objects are missing or changed."""
        stubs = {join(directory.path, basename): stub for basename, stub in directory.stubs.items()}
        lost_before = self._last.lost if self._last else frozenset()
        stubs = {
            name: stub
            for name, stub in stubs.items()
            if (self._is_due or name in lost_before) and self._is_in_place(name, stub)
        }
        if not stubs:
            return []
        bucket = self._context.bucket
        objects = bucket.list_folder(folder_of(bucket, directory.path))
        lost = (pair for pair in stubs.items() if self._is_lost(pair[1], objects.get(pair[1].key)))
        return sorted(lost)

    def _is_in_place(self, name: str, stub: Stub) -> bool:
        """Whether its object is under the key of its name. An upload handles all other stubs."""
        mount = self._context.mount
        place = mount.bucket, mount.paths.key(name, stub.fingerprint)
        return (stub.bucket, stub.key) == place

    def _is_lost(self, stub: Stub, listed: Object | None) -> bool:
        """Whether the object is missing or changed; `listed` is what the listing says of it."""
        if listed and matches_stub(listed, stub):
            return False
        # The ETag may have changed while the bytes did not: only HEAD tells their SHA-256.
        existing = self._context.bucket.head(stub.key)
        return existing is None or not matches_stub(existing, stub)
