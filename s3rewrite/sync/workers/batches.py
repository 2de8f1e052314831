"""Batches that were handed out and have not ended: which are lost. Pure; seconds come in."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from uuid import uuid4

from s3rewrite.sync.upload.batch import UploadRequest

SILENCE = 20.0
"""Seconds after which a worker that told nothing is lost: for so long no lease stands that it has
not looked at, so it can send nothing to S3 any more."""

PATIENCE = 120.0
"""Seconds for which a batch waits to be taken up, while nobody tells anything."""


@dataclass
class Batch:
    """Names that one worker takes up together."""

    left: dict[str, UploadRequest]
    """Name -> file, of those that have not ended."""
    handed_at: float
    times: int = 1
    """How often these names were handed out."""
    heard_at: float | None = None
    """When its worker was heard last; None where nobody has taken it up."""
    overtaken_at: float | None = None
    """When a later one was taken up before it."""
    id: str = field(default_factory=lambda: uuid4().hex)

    def is_lost(self, now: float, heard_at: float) -> bool:
        """Whether it is to be handed out again; `heard_at`: when any worker was heard last.

        | taken up | what happened                               | lost after |
        |----------|---------------------------------------------|------------|
        | yes      | its worker is silent                        | SILENCE    |
        | no       | one that was handed out later was taken up  | SILENCE    |
        | no       | all workers are silent, or busy elsewhere   | PATIENCE   |
        """
        since = self.overtaken_at if self.heard_at is None else self.heard_at
        if since is not None:
            return now - since > SILENCE
        return now - max(self.handed_at, heard_at) > PATIENCE


class PendingBatches:
    """The batches, in the order in which they were handed out."""

    def __init__(self) -> None:
        self._batches: dict[str, Batch] = {}
        self._heard_at = float("-inf")

    def __len__(self) -> int:
        return len(self._batches)

    @property
    def was_heard(self) -> bool:
        """Whether any worker was ever heard."""
        return self._heard_at > float("-inf")

    def add(self, batch: Batch) -> None:
        """A batch is handed out."""
        self._batches[batch.id] = batch

    def heard(self, identifier: str, now: float) -> Batch | None:
        """The batch of which a worker told something; None where it is not awaited any more."""
        batch = self._batches.get(identifier)
        if batch is None:
            return None
        if batch.heard_at is None:
            for earlier in self._before(batch):
                if earlier.overtaken_at is None:
                    earlier.overtaken_at = now
        batch.heard_at = self._heard_at = now
        return batch

    def remove(self, batch: Batch) -> None:
        """A batch has ended, or is lost."""
        self._batches.pop(batch.id, None)

    def lost(self, now: float) -> list[Batch]:
        """The batches that are to be handed out again."""
        return [one for one in self._batches.values() if one.is_lost(now, self._heard_at)]

    def left(self) -> list[UploadRequest]:
        """All files that have not ended."""
        return [wanted for batch in self._batches.values() for wanted in batch.left.values()]

    def _before(self, batch: Batch) -> Iterable[Batch]:
        for earlier in self._batches.values():
            if earlier is batch:
                return
            yield earlier
