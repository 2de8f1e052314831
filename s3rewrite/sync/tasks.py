"""The task that workers run. Needs Django's task framework, or the backport of it."""

from typing import Any

from s3rewrite import conf
from s3rewrite.sync.framework import DEFAULT, queue_of, task
from s3rewrite.sync.handouts import Row
from s3rewrite.sync.taken_up import take_up

# A task has to be made for some backend of those that there are; each mount then names its own.
_ALIAS = next((m.tasks for m in conf.mounts().values() if m.uploads == "tasks"), DEFAULT)


@task(backend=_ALIAS, queue_name=queue_of(_ALIAS))
def upload_batch(mount: str, lease: str, batch: str, rows: list[Row], force: bool) -> None:
    """Upload a batch of a mount's files. Doubled, late or lost, it does no harm."""
    take_up(conf.mount(mount), lease, batch, rows, force=force)


def enqueue(backend: str, *arguments: Any) -> None:
    """Give a backend the task with these arguments. Raises whatever the backend does."""
    upload_batch.using(backend=backend, queue_name=queue_of(backend)).enqueue(*arguments)
