"""Batches that were offered to workers and are not done: which are lost. Pure; all times come in.

Times are seconds of a monotonic clock.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from uuid import uuid4

from s3rewrite.sync.upload.batch import UploadRequest

SILENCE = 20.0
"""Seconds without a message after which a worker is lost. A worker looks at the lease behind each
sign of life only, and no lease stands for so long without that: it sends nothing to S3 any more."""

PATIENCE = 120.0
"""Seconds for which a batch waits for a worker, while no worker sends anything."""


@dataclass
class PendingBatch:
    """Files that one worker uploads together."""

    requests: dict[str, UploadRequest]
    """Name -> file, of those whose outcome is not known yet."""
    offered_at: float
    offers: int = 1
    """How often these files were offered, this time included."""
    heard_at: float | None = None
    """When its worker last sent a message; None before the first one."""
    overtaken_at: float | None = None
    """When a worker claimed a later batch, though this one was free."""
    id: str = field(default_factory=lambda: uuid4().hex)

    def is_lost(self, now: float, heard_at: float) -> bool:
        """Whether to offer it again; `heard_at` is when any worker last sent a message.

        | claimed | what happened                   | lost after |
        |---------|---------------------------------|------------|
        | yes     | its worker is silent            | SILENCE    |
        | no      | a worker claimed a later one    | SILENCE    |
        | no      | all workers are silent, or busy | PATIENCE   |
        """
        since = self.overtaken_at if self.heard_at is None else self.heard_at
        if since is not None:
            return now - since > SILENCE
        return now - max(self.offered_at, heard_at) > PATIENCE


class PendingBatches:
    """The batches, in the order in which they were offered."""

    def __init__(self) -> None:
        self._batches: dict[str, PendingBatch] = {}
        self._heard_at = float("-inf")

    def __len__(self) -> int:
        return len(self._batches)

    @property
    def has_workers(self) -> bool:
        """Whether any worker ever sent a message."""
        return self._heard_at > float("-inf")

    def add(self, batch: PendingBatch) -> None:
        """Add a batch that is being offered."""
        self._batches[batch.id] = batch

    def record_message(self, batch_id: str, now: float) -> PendingBatch | None:
        """The batch whose worker sent a message; None if it is not pending any more."""
        batch = self._batches.get(batch_id)
        if batch is None:
            return None
        # Queues hand out tasks in order, more or less: an earlier batch may have been lost there.
        if batch.heard_at is None:
            for earlier in self._before(batch):
                if earlier.overtaken_at is None:
                    earlier.overtaken_at = now
        batch.heard_at = self._heard_at = now
        return batch

    def remove(self, batch: PendingBatch) -> None:
        """Remove a batch that is done, or lost."""
        self._batches.pop(batch.id, None)

    def find_lost(self, now: float) -> list[PendingBatch]:
        """The batches to offer again."""
        return [batch for batch in self._batches.values() if batch.is_lost(now, self._heard_at)]

    def requests(self) -> list[UploadRequest]:
        """All files whose outcome is not known yet."""
        return [request for batch in self._batches.values() for request in batch.requests.values()]

    def _before(self, batch: PendingBatch) -> Iterator[PendingBatch]:
        for earlier in self._batches.values():
            if earlier is batch:
                return
            yield earlier
