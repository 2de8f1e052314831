"""The settings of every resident; SITE_JSON names it, its directory and the servers."""

import json
import os
from importlib import import_module
from pathlib import Path
from typing import Any

SITE = json.loads(os.environ["SITE_JSON"])
DIRECTORY = Path(SITE["directory"])
project: Any = import_module(f"tests.zoo.projects.{SITE['module']}")

SECRET_KEY = "only-for-tests"
DEBUG = False
ALLOWED_HOSTS = ["127.0.0.1"]
ROOT_URLCONF = "tests.zoo.shelf.urls"
USE_TZ = True
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
SILENCED_SYSTEM_CHECKS = ["admin.E408"]  # who is signed in is said by `signed_in`

INSTALLED_APPS = [
    *getattr(project, "FIRST_APPS", ()),
    *(f"django.contrib.{name}" for name in "admin auth contenttypes sessions messages".split()),
    "django.contrib.staticfiles",
    "s3rewrite",
    "tests.zoo.shelf",
    *getattr(project, "APPS", ()),
]
MIDDLEWARE = [
    "s3rewrite.middleware.S3RewriteMiddleware",
    *getattr(project, "MIDDLEWARE", ()),
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "tests.zoo.shelf.middleware.signed_in",
    *getattr(project, "MIDDLEWARE_INSIDE", ()),
]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.debug",
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                *getattr(project, "CONTEXT_PROCESSORS", ()),
            ]
        },
    }
]
DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": DIRECTORY / "db.sqlite3"}}
CACHES = {"default": {"BACKEND": "django_redis.cache.RedisCache", "LOCATION": SITE["redis"]}}
MEDIA_URL, MEDIA_ROOT = "/media/", DIRECTORY / "media"
STATIC_URL, STATIC_ROOT = "/static/", DIRECTORY / "static"
STATICFILES_DIRS = [DIRECTORY / "assets"]
STORAGES = {
    "default": {"BACKEND": "s3rewrite.storage.S3RewriteStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
S3REWRITE: dict[str, dict[str, Any]] = {
    "*": {"BUCKET": SITE["bucket"], "CLIENT": SITE["client"]},
    "media": getattr(project, "MEDIA", {}),
    "static": {"PRESET": "static", **getattr(project, "STATIC", {})},
}
PAGE = '{% for picture in pictures %}<img src="{{ picture.image.url }}">{% endfor %}'

PAGE = getattr(project, "PAGE", PAGE)
globals().update(getattr(project, "SETTINGS", {}))
