"""Uploads by the workers of a task queue."""

from s3rewrite.checks.rules import Messages, Options, error, meant, on_mount, warning, where
from s3rewrite.core.mounts import Mount

UPLOADS = ("loop", "tasks")
WITHOUT_WORKERS = ("ImmediateBackend", "DummyBackend")


@on_mount
def uploads(mount: Mount, options: Options) -> Messages:
    """E031: another value than there is, or tasks that fail. W010: a backend without workers."""
    place = where(mount.alias, "UPLOADS")
    if mount.uploads not in UPLOADS:
        yield error(31, f"{place} is {mount.uploads!r}.", meant(mount.uploads, UPLOADS))
    if mount.uploads != "tasks":
        return
    try:
        from s3rewrite.sync.workers.django_tasks import backend_of  # noqa: PLC0415 - an extra

        backend = type(backend_of(mount.tasks)).__name__
    except ImportError as problem:
        hint = "Install Django 6, or the package django-tasks."
        yield error(31, f'{place} is "tasks", which needs a task framework: {problem}.', hint)
    except Exception as problem:  # of any backend's class, with any options
        message = f'{where(mount.alias, "TASKS")}: TASKS["{mount.tasks}"] fails: {problem}'
        yield error(31, message, 'Fix it, or name another alias of TASKS as "TASKS".')
    else:
        if backend in WITHOUT_WORKERS:
            message = f'TASKS["{mount.tasks}"] of mount "{mount.alias}" is {backend}: no workers.'
            hint = 'Name a backend with workers, such as django-tasks-rq, or "UPLOADS": "loop".'
            yield warning(10, message, hint)
