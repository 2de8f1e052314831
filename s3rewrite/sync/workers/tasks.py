"""The task that workers run. Needs Django's task framework, or the backport of it."""

from typing import Any

from s3rewrite import conf
from s3rewrite.core.mounts import Mount
from s3rewrite.sync.workers.django_tasks import DEFAULT, queue_of, task
from s3rewrite.sync.workers.messages import UploadBatch
from s3rewrite.sync.workers.worker import take_up

# A task has to be made for some backend of those that there are; each mount then names its own.
_ALIAS = next((m.tasks for m in conf.mounts().values() if m.uploads == "tasks"), DEFAULT)


@task(backend=_ALIAS, queue_name=queue_of(_ALIAS))
def upload_batch(mount: str, batch: list[Any]) -> None:
    """Upload a batch of a mount's files. Doubled, late or lost, it does no harm."""
    take_up(conf.mount(mount), UploadBatch(*batch))


def enqueue(mount: Mount, batch: UploadBatch) -> None:
    """Hand a batch to the mount's task backend. Raises whatever that does."""
    at_its_own = upload_batch.using(backend=mount.tasks, queue_name=queue_of(mount.tasks))
    at_its_own.enqueue(mount.alias, list(batch))
