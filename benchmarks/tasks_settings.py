"""Settings of the benchmark of uploads by workers: those of `benchmarks.sync`, and RQ."""

import os

from benchmarks.sync_settings import *  # noqa: F403 - a settings module is all of its names
from benchmarks.sync_settings import S3REWRITE

INSTALLED_APPS = ["django_tasks_rq", "django_rq", "s3rewrite"]
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
RQ_QUEUES = {"default": {"URL": os.environ["BENCHMARK_REDIS_URL"]}}
TASKS = {"default": {"BACKEND": "django_tasks_rq.RQBackend"}}
S3REWRITE["media"]["UPLOADS"] = os.environ["BENCHMARK_UPLOADS"]
