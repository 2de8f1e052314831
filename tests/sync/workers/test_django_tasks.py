from importlib import import_module
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured

from s3rewrite.sync.workers.django_tasks import backend_of, queue_of, task_backends

# The framework sees that settings change once its signals are there.
import_module(f"{task_backends.__module__}.signals")
DUMMY = "django_tasks.backends.dummy.DummyBackend"


@pytest.mark.parametrize(
    ("options", "queue"),
    [
        ({}, "default"),
        ({"QUEUES": []}, "default"),
        ({"QUEUES": ["a", "default"]}, "default"),
        ({"QUEUES": ["media", "mail"]}, "mail"),
    ],
)
def test_the_queue_of_a_backend(settings: Any, options: dict[str, Any], queue: str) -> None:
    settings.TASKS = {"uploads": {"BACKEND": DUMMY, **options}}
    assert queue_of("uploads") == queue


def test_an_alias_that_there_is_not(settings: Any) -> None:
    settings.TASKS = {"uploads": {"BACKEND": DUMMY}}
    with pytest.raises(ImproperlyConfigured):
        backend_of("default")
