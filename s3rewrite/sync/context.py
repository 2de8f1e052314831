"""What the parts of a pass share: the mount and its services, the lease, the stop flag."""

import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import NamedTuple

from django.core.files.storage import Storage

from s3rewrite import conf
from s3rewrite.core.entries import Signature
from s3rewrite.core.mounts import Mount
from s3rewrite.core.patterns import is_excluded
from s3rewrite.disk.access import find_local_reason
from s3rewrite.disk.own_names import is_own
from s3rewrite.registry import Registry, loop_registry
from s3rewrite.registry.lease import Lease
from s3rewrite.s3.bucket import Bucket
from s3rewrite.s3.conditions import are_honoured
from s3rewrite.s3.errors import S3Error
from s3rewrite.s3.objects import SMALL, Object
from s3rewrite.sync.plan import Task
from s3rewrite.sync.published_memory import PublishedMemory
from s3rewrite.sync.reporting.progress import Progress
from s3rewrite.sync.reporting.report import Report


class LeaseLost(Exception):
    """Another pass may publish now, so this one has to end."""

    def __init__(self) -> None:
        super().__init__("the lease was lost: another pass may be running")


@dataclass(frozen=True, slots=True)
class SyncOptions:
    """Options of one pass, beyond its mount's settings."""

    force: bool = False
    """Upload everything, also what is published and unchanged."""
    delete: bool = False
    """Delete objects of files that are gone, as DELETE_MISSING does."""
    max_delete: int | str | None = None
    """The limit on deletions, in place of MAX_DELETE."""
    dry_run: bool = False


class Clearing(NamedTuple):
    """What the CDN is asked to clear now: the id that it gave, and name -> mark."""

    id: str
    marks: dict[str, str]


@dataclass
class MountMemory:
    """What passes of this process remember about a mount."""

    has_stubs: bool | None = None
    """Whether there are freed files; None until a scan has met all files."""
    compared_root: tuple[int, int] | None = None
    """The root whose files were all compared by their digests, where nothing else could tell."""
    published: PublishedMemory = field(default_factory=PublishedMemory)
    purged: dict[str, set[str]] = field(default_factory=dict)
    """Name -> the keys that were deleted, of names that are taken down."""
    next_clearing: float = 0.0
    """Monotonic seconds: not before."""
    has_no_edge: bool = False
    """Whether the registry was told that the mount names no CDN."""
    clearing: Clearing | None = None
    cdn_problem: str = ""
    failures: int = 0
    """Of the CDN, in a row."""


@dataclass
class SyncContext:
    """One mount, and everything that a pass over it needs."""

    mount: Mount
    options: SyncOptions = field(default_factory=SyncOptions)
    progress: Progress = field(default_factory=Progress)
    stop: threading.Event = field(default_factory=threading.Event)
    lease: Lease = field(default_factory=Lease)
    take_hints: Callable[[], list[str]] = list
    """Returns the hints that came since the last call; the pass answers them while it runs."""

    settle: float = 0.0
    """Seconds for which a file has to be unchanged before a scan sends it; hints do not wait."""

    edge_wait: float = 60.0
    """Seconds for which a pass waits for the CDN at its end."""

    unfreeable: set[tuple[str, Signature]] = field(default_factory=set)
    """Files whose objects hold other bytes, as a pass has read: they are not read again."""

    memory: MountMemory = field(default_factory=MountMemory)

    bucket: Bucket = field(init=False)
    """The objects. Its client, with open connections, outlives a pass."""

    def __post_init__(self) -> None:
        self.bucket = Bucket(self.mount)

    @cached_property
    def storage(self) -> Storage:
        """The files."""
        return conf.storage_of(self.mount)

    @cached_property
    def registry(self) -> Registry:
        """The published set."""
        return loop_registry(self.mount)

    @cached_property
    def former_bucket(self) -> Bucket | None:
        """Where the objects were before BUCKET, PREFIX or KEYS were changed.

        None where they were not, the service is another one, or all have been brought here.
        """
        endpoint, bucket, prefix, keys = self.registry.former_place() or ("",) * 4
        here = conf.place(self.mount)
        if endpoint != here[0] or not bucket or [endpoint, bucket, prefix, keys] == here:
            return None
        there = replace(self.mount, bucket=bucket, prefix=prefix, keys=keys)  # type: ignore[arg-type]
        former = Bucket(there)
        former.may_send = self.lease.is_valid
        return former

    @property
    def is_careful(self) -> bool:
        """Whether a key may hold the only copy of a freed file that was renamed since.

        A key with a fingerprint cannot be overwritten by other bytes.
        """
        return self.may_have_stubs and not self.mount.paths.fingerprinted

    @property
    def may_have_stubs(self) -> bool:
        """Whether there may be freed files: they are freed, or no whole pass has seen otherwise."""
        return not (self.mount.keep_local and self.memory.has_stubs is False)

    @property
    def is_overwriting(self) -> bool:
        """Whether other bytes of a name take the place of its object."""
        return not self.mount.paths.fingerprinted

    def remembered_object(self, task: Task) -> Object | None:
        """What is under the key of a published name, if this process wrote or compared it."""
        sent = self.memory.published.sent.get(task.name)
        if not (sent and task.entry and sent[0] == task.entry.fingerprint):
            return None
        return Object(*sent[1:])

    def honours_conditions(self) -> bool:
        """Whether the service is proven to honour conditions. Asked until that is known."""
        bucket = self.bucket
        if bucket.honours_conditions is None:
            with suppress(S3Error):
                bucket.honours_conditions = are_honoured(bucket)
        return bool(bucket.honours_conditions)

    def is_lookup_due(self, task: Task) -> bool:
        """Whether S3 has to be asked what is under the key of a file before it is written.

        | published | may be written on condition | its object is remembered | due |
        |-----------|-----------------------------|--------------------------|-----|
        | no        | any                         | any                      | yes |
        | yes       | no: its keys, or its size   | any                      | no  |
        | yes       | yes                         | yes                      | no  |
        | yes       | yes                         | no                       | yes |
        """
        if task.entry is None:
            return True
        may_have_condition = self.is_overwriting and task.signature.size <= SMALL
        return may_have_condition and self.remembered_object(task) is None

    def is_excluded(self, name: str) -> bool:
        """Whether the settings exclude a name, or it is one of this package's own files."""
        return is_own(name) or is_excluded(name, self.mount.exclude, self.mount.include)

    def local_reason(self, name: str) -> str:
        """Why a name must not become public; "" if it may."""
        why = find_local_reason(self.storage, self.mount, name)
        return why.reason if why else ""

    def is_kept_local(self, name: str) -> bool:
        """Whether a name is excluded, or must not become public."""
        return self.is_excluded(name) or bool(self.local_reason(name))

    def fail(self, report: Report, name: str, reason: str, kind: str = "other") -> None:
        """Count a failure, keep its reason and show it. One thread at a time calls this."""
        report.fail(name, reason, kind)
        self.progress.failed(name, reason)

    def should_continue(self) -> bool:
        """Whether a long upload should go on; a call also counts as progress."""
        self.progress.moved()
        return not self.stop.is_set()

    def with_lease(self, lease: Lease, bucket: Bucket | None = None) -> "SyncContext":
        """The same context, allowed to publish; `bucket` takes the place of its own.

        The bucket serves one lease at a time: once that is lost, it sends nothing more.
        """
        leased = replace(self, lease=lease)
        leased.bucket = bucket or self.bucket
        leased.bucket.may_send = lease.is_valid
        return leased
