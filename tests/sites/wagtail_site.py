"""Settings of a small Wagtail site; SITE_JSON says where its directory and its servers are."""

import json
import os
from pathlib import Path

SITE = json.loads(os.environ["SITE_JSON"])
DIRECTORY = Path(SITE["directory"])

SECRET_KEY = "only-for-tests"
DEBUG = False
ALLOWED_HOSTS = ["127.0.0.1"]
ROOT_URLCONF = "tests.sites.wagtail_urls"
USE_TZ = True
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
WAGTAIL_SITE_NAME = "A site"
WAGTAILADMIN_BASE_URL = "http://127.0.0.1"
WAGTAIL_GRAVATAR_PROVIDER_URL, WAGTAIL_ENABLE_UPDATE_CHECK = None, False

INSTALLED_APPS = [
    *(f"wagtail.{name}" for name in "users snippets documents images search admin".split()),
    "wagtail",
    "taggit",
    *(f"django.contrib.{name}" for name in "admin auth contenttypes sessions messages".split()),
    "django.contrib.staticfiles",
    "s3rewrite",
]
MIDDLEWARE = [
    "s3rewrite.middleware.S3RewriteMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
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
DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": DIRECTORY / "db.sqlite3"}}
CACHES = {
    "default": {"BACKEND": "django_redis.cache.RedisCache", "LOCATION": SITE["redis"]},
    "renditions": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"},
}
MEDIA_URL, MEDIA_ROOT = "/media/", DIRECTORY / "media"
STATIC_URL, STATIC_ROOT = "/static/", DIRECTORY / "static"
STORAGES = {
    "default": {"BACKEND": "s3rewrite.storage.S3RewriteStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
S3REWRITE = {
    "media": {"BUCKET": SITE["bucket"], "CLIENT": SITE["client"]},
    "static": {
        "BUCKET": SITE["bucket"],
        "CLIENT": SITE["client"],
        "STORAGE": "staticfiles",
        # Its style sheet has masks, which are fetched with CORS.
        "CORS": True,
        "CONTEXTS": ["stylesheet", "script"],
    },
}
