"""The demo's settings: an ordinary project, and what s3rewrite needs of it.

`demo.run` writes the URLs of the servers to `demo.json`, in DEMO_DIR or in `demo/var`.
"""

import json
import os
from pathlib import Path

DIR = Path(os.environ.get("DEMO_DIR", Path(__file__).resolve().parent / "var"))
SERVERS = json.loads((DIR / "demo.json").read_text())

SECRET_KEY = SERVERS["secret"]
DEBUG = False
ALLOWED_HOSTS = ["127.0.0.1", "localhost"]
ROOT_URLCONF = "demo.urls"
WSGI_APPLICATION = "demo.wsgi.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
USE_TZ = True
TIME_ZONE = "UTC"

INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "s3rewrite",
    "demo.gallery",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "django.middleware.gzip.GZipMiddleware",
    "django.middleware.http.ConditionalGetMiddleware",
    # Inside of those two: it sees pages uncompressed, and the ETag covers its links.
    "s3rewrite.middleware.S3RewriteMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]

DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": DIR / "db.sqlite3",
        "OPTIONS": {
            "timeout": 20,
            "transaction_mode": "IMMEDIATE",
            "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL",
        },
    }
}
CACHES = {"default": {"BACKEND": "django_redis.cache.RedisCache", "LOCATION": SERVERS["redis_url"]}}

MEDIA_URL = "/media/"
MEDIA_ROOT = DIR / "media"
STATIC_URL = "/static/"
STATIC_ROOT = DIR / "static"
STORAGES = {
    # A picture is overwritten under its own name: the hardest case for links.
    "default": {
        "BACKEND": "s3rewrite.storage.S3RewriteStorage",
        "OPTIONS": {"allow_overwrite": True},
    },
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}

S3REWRITE = {
    "media": {
        "BUCKET": SERVERS["media_bucket"],
        "PUBLIC_URL": f"{SERVERS['s3_url']}/{SERVERS['media_bucket']}/media/",
        "CLIENT": SERVERS["client"],
        "OBJECT_PARAMETERS": {"CacheControl": "no-cache"},
    },
    "static": {
        "BUCKET": SERVERS["static_bucket"],
        "STORAGE": "staticfiles",
        "PUBLIC_URL": f"{SERVERS['s3_url']}/{SERVERS['static_bucket']}/static/",
        "CLIENT": SERVERS["client"],
        "OBJECT_PARAMETERS": {"CacheControl": "max-age=3600"},
        "CONTEXTS": ["stylesheet", "script"],
    },
}

DATA_UPLOAD_MAX_NUMBER_FILES = 100

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "%(asctime)s %(levelname)s %(name)s: %(message)s"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["stderr"], "level": "INFO"},
}
