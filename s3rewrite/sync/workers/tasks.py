"""The task that workers run. Needs Django's task framework, or the backport of it."""

from typing import Any

from s3rewrite import conf
from s3rewrite.core.mounts import Mount
from s3rewrite.sync.workers.django_tasks import DEFAULT, queue_of, task
from s3rewrite.sync.workers.messages import UploadBatch
from s3rewrite.sync.workers.worker import run_batch

# The decorator needs a backend that exists; `enqueue` then uses that of each mount.
_ALIAS = next((m.tasks for m in conf.mounts().values() if m.uploads == "tasks"), DEFAULT)


@task(backend=_ALIAS, queue_name=queue_of(_ALIAS))
def upload_batch(mount: str, batch: list[Any]) -> None:
    """Upload a batch of a mount's files. Run twice, late or never, it does no harm."""
    run_batch(conf.mount(mount), UploadBatch(*batch))


def enqueue(mount: Mount, batch: UploadBatch) -> None:
    """Give a batch to the mount's task backend. Raises whatever the backend raises."""
    mount_task = upload_batch.using(backend=mount.tasks, queue_name=queue_of(mount.tasks))
    mount_task.enqueue(mount.alias, list(batch))
