"""Settings of a site whose uploads go to workers of RQ. The environment says where all is."""

import json
import os

REDIS_URL = os.environ["SITE_REDIS_URL"]

SECRET_KEY = "only-for-tests"
USE_TZ = True
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
INSTALLED_APPS = ["django_tasks", "django_tasks_rq", "django_rq", "s3rewrite"]
MIDDLEWARE = ["s3rewrite.middleware.S3RewriteMiddleware"]
MEDIA_URL = "/media/"
MEDIA_ROOT = os.environ["SITE_MEDIA"]
CACHES = {"default": {"BACKEND": "django_redis.cache.RedisCache", "LOCATION": REDIS_URL}}
TASKS = {"uploads": {"BACKEND": "django_tasks_rq.RQBackend", "QUEUES": ["media"]}}
RQ_QUEUES = {"media": {"URL": REDIS_URL}}
S3REWRITE = {
    "media": {"UPLOADS": "tasks", "TASKS": "uploads", **json.loads(os.environ["SITE_MOUNT"])}
}
