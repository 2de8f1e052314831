"""Looks after the only copies of freed files: once a day each stub is compared with the bucket.

A lifecycle rule, or a person, may remove an object behind our back; nothing else would notice.
"""

import time
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor

from s3rewrite.core.entries import join
from s3rewrite.disk.stubs import Stub
from s3rewrite.registry.only_copies import Looked, last_look, note_look
from s3rewrite.s3.lookup import folder_of
from s3rewrite.s3.objects import Object
from s3rewrite.sync.context import SyncContext
from s3rewrite.sync.reporting.report import Report
from s3rewrite.sync.scan import Directory
from s3rewrite.sync.upload.freed_attempt import LOST, holds

PERIOD = 86_400.0
"""Seconds between two looks at all of them. Those that were lost are looked for in each pass."""


class OnlyCopies:
    """The only copies, as a pass meets their stubs."""

    def __init__(self, job: SyncContext, report: Report) -> None:
        self._job = job
        self._report = report
        self._last: Looked | None = None
        self._lost: set[str] = set()
        self._is_due = False

    def compare(self, directories: Iterable[Directory]) -> None:
        """Compare the stubs of some directories. Raises S3Error, redis.RedisError."""
        freed = [directory for directory in directories if directory.freed]
        if not freed or self._job.choices.dry_run:
            return
        if self._last is None:
            self._last = last_look(self._job.registry)
            self._is_due = not 0 <= time.time() - self._last.at < PERIOD
        with ThreadPoolExecutor(self._job.mount.threads, "s3rewrite-only-copies") as pool:
            for lost in pool.map(self._look, freed):
                self._lost |= lost

    def close(self) -> None:
        """All directories were met. Raises redis.RedisError."""
        if self._last is None:
            return
        at = time.time() if self._is_due else self._last.at
        if self._is_due or self._lost != self._last.lost:
            note_look(self._job.registry, Looked(at, frozenset(self._lost)))

    def _look(self, directory: Directory) -> set[str]:
        """The names of stubs in a directory whose objects are not there; they are reported."""
        stubs = {join(directory.path, basename): stub for basename, stub in directory.freed.items()}
        known = self._last.lost if self._last else frozenset()
        if not self._is_due:
            stubs = {name: stub for name, stub in stubs.items() if name in known}
        here = {name: stub for name, stub in stubs.items() if self._is_in_place(name, stub)}
        if not here:
            return set()
        objects = self._job.bucket.list_folder(folder_of(self._job.bucket, directory.path))
        lost = {name for name, stub in here.items() if self._is_lost(stub, objects.get(stub.key))}
        for name in sorted(lost):
            self._tell(name, here[name])
        return lost

    def _is_in_place(self, name: str, stub: Stub) -> bool:
        """Whether its object belongs where it is: the others are copied, or found missing, then."""
        mount = self._job.mount
        place = mount.bucket, mount.paths.key(name, stub.fingerprint)
        return (stub.bucket, stub.key) == place

    def _is_lost(self, stub: Stub, found: Object | None) -> bool:
        """Whether the object is missing, or another one. An ETag alone may be another."""
        if found and holds(found, stub):
            return False
        found = self._job.bucket.head(stub.key)
        return found is None or not holds(found, stub)

    def _tell(self, name: str, stub: Stub) -> None:
        reason = LOST.format(bucket=stub.bucket, lost="not there, or another one", key=stub.key)
        self._report.fail(name, reason, "lost")
