"""What the parts of a pass share: the mount and its things, the lease, the stop flag."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import cached_property

from django.core.files.storage import Storage

from s3rewrite import conf
from s3rewrite.core.entries import Signature
from s3rewrite.core.mounts import Mount
from s3rewrite.core.patterns import is_excluded
from s3rewrite.disk.ground import kept_local
from s3rewrite.disk.own_names import is_own
from s3rewrite.registry import Registry, loop_registry
from s3rewrite.registry.lease import Lease
from s3rewrite.s3.bucket import Bucket
from s3rewrite.sync.reporting.progress import Progress


class LeaseLost(Exception):
    """Another pass may publish now: this one has to end."""

    def __init__(self) -> None:
        super().__init__("the lease was lost: another pass may be running")


@dataclass(frozen=True, slots=True)
class SyncOptions:
    """What a pass is asked to do beyond its mount's settings."""

    force: bool = False
    """Upload everything, also what is published and unchanged."""
    delete: bool = False
    """Delete objects of files that are gone, as DELETE_MISSING does."""
    max_delete: int | str | None = None
    """Objects that may be deleted, in place of MAX_DELETE."""
    dry_run: bool = False


@dataclass
class MountMemory:
    """What passes of this process have found out about a mount."""

    has_stubs: bool | None = None
    """Whether a freed file was met; None as long as no scan has met all files."""


@dataclass(frozen=True)
class SyncContext:
    """One mount, and all that a pass over it needs."""

    mount: Mount
    options: SyncOptions = field(default_factory=SyncOptions)
    progress: Progress = field(default_factory=Progress)
    stop: threading.Event = field(default_factory=threading.Event)
    lease: Lease = field(default_factory=Lease)
    take_hints: Callable[[], list[str]] = list
    """Names that were changed since it was last called: they are looked at during the pass."""

    settle: float = 0.0
    """Seconds without a change after which a scan's file is sent; hints speak of finished files."""

    unfreeable: set[tuple[str, Signature]] = field(default_factory=set)
    """Files that were found to have other bytes than their objects: not looked at again."""

    memory: MountMemory = field(default_factory=MountMemory)

    @cached_property
    def storage(self) -> Storage:
        """The files."""
        return conf.storage_of(self.mount)

    @cached_property
    def registry(self) -> Registry:
        """The published set."""
        return loop_registry(self.mount)

    @cached_property
    def bucket(self) -> Bucket:
        """The objects."""
        return Bucket(self.mount)

    def is_excluded(self, name: str) -> bool:
        """Whether a name is not to be offloaded."""
        return is_own(name) or is_excluded(name, self.mount.exclude, self.mount.include)

    @property
    def is_careful(self) -> bool:
        """Whether a freed file, renamed perhaps, may have its only copy under another one's key.

        Keys that carry the fingerprint are those of the same bytes.
        """
        is_surely_whole = self.mount.keep_local and self.memory.has_stubs is False
        return not (is_surely_whole or self.mount.paths.fingerprinted)

    def is_kept_local(self, name: str) -> bool:
        """Whether a name is excluded, or not to become public."""
        return self.is_excluded(name) or bool(self.local_reason(name))

    def local_reason(self, name: str) -> str:
        """Why a name is not to become public, "" where it may."""
        why = kept_local(self.storage, self.mount, name)
        return why.reason if why else ""

    def should_continue(self) -> bool:
        """Whether a long upload is to go on; asking tells that it moves."""
        self.progress.moved()
        return not self.stop.is_set()

    def with_lease(self, lease: Lease, bucket: Bucket | None = None) -> "SyncContext":
        """The same job, allowed to publish, with that bucket in place of its own.

        The bucket's client and its connections stay.
        """
        job = replace(self, lease=lease)
        job.__dict__["bucket"] = bucket or self.bucket
        job.bucket.may_send = lease.stands
        return job
