"""Settings of the smallest project with one mount: what the benchmark of uploads runs.

Where the files and the servers are, `benchmarks.sync` says in the environment; boto3 finds
endpoint and credentials there by itself.
"""

import json
import os
import sys

if os.environ.get("BENCHMARK_WITHOUT_OBSTORE"):
    sys.modules["obstore"] = None  # type: ignore[assignment]  # as if not installed

SECRET_KEY = "benchmark"
INSTALLED_APPS = ["s3rewrite"]
MIDDLEWARE = ["s3rewrite.middleware.S3RewriteMiddleware"]
USE_TZ = True

MEDIA_URL = "/media/"
MEDIA_ROOT = os.environ["BENCHMARK_FILES"]
CACHES = {
    "default": {
        "BACKEND": "django_redis.cache.RedisCache",
        "LOCATION": os.environ["BENCHMARK_REDIS_URL"],
    }
}
OPTIONS = {
    "BANDWIDTH": int(os.environ.get("BENCHMARK_BANDWIDTH", "0")),
    **json.loads(os.environ.get("BENCHMARK_OPTIONS", "{}")),
}
S3REWRITE = {"media": {"BUCKET": os.environ["BENCHMARK_BUCKET"], **OPTIONS}}
