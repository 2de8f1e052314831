"""Django's task framework: its own since Django 6, or the backport's (`django-tasks`)."""

from typing import Any

try:
    from django.tasks import task, task_backends
except ImportError:
    from django_tasks import task, task_backends  # type: ignore[assignment,no-redef]

DEFAULT = "default"
"""Django's name of the backend, and of the queue, that is used where none is named."""

__all__ = ["DEFAULT", "backend_of", "queue_of", "task", "task_backends"]


def backend_of(alias: str) -> Any:
    """The backend of an alias in TASKS. Raises ImproperlyConfigured where there is none."""
    return task_backends[alias]


def queue_of(alias: str) -> str:
    """The queue for the tasks of a backend: the default one, or else the first by name."""
    queues = backend_of(alias).queues
    return DEFAULT if not queues or DEFAULT in queues else str(min(queues))
