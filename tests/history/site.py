"""The site: settings from a file, and one page that shows every file of the mount."""

import json
import os
from pathlib import Path

import django
from django.conf import settings
from django.core.handlers.wsgi import WSGIHandler
from django.core.wsgi import get_wsgi_application
from django.http import HttpRequest, HttpResponse
from django.urls import path

TOLD = json.loads(Path(os.environ["HISTORY_SITE"]).read_text())

if not settings.configured:
    settings.configure(
        SECRET_KEY="only-for-tests",
        ALLOWED_HOSTS=["*"],
        ROOT_URLCONF=__name__,
        INSTALLED_APPS=["s3rewrite"],
        MIDDLEWARE=["s3rewrite.middleware.S3RewriteMiddleware"],
        MEDIA_ROOT=TOLD["root"],
        MEDIA_URL="/media/",
        USE_TZ=True,
        STORAGES={
            "default": {
                "BACKEND": "s3rewrite.storage.S3RewriteStorage",
                "OPTIONS": {"allow_overwrite": True},
            },
            "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
        },
        CACHES={
            "default": {
                "BACKEND": "django_redis.cache.RedisCache",
                "LOCATION": TOLD["redis_url"],
            }
        },
        S3REWRITE={"media": TOLD["mount"]},
        LOGGING={"version": 1, "disable_existing_loggers": False},
    )
    django.setup()


def page(request: HttpRequest) -> HttpResponse:
    """An image for each file that there may be."""
    names = [f"{writer}/{number}.txt" for writer in range(TOLD["writers"]) for number in range(8)]
    return HttpResponse("".join(f'<img src="/media/{name}">\n' for name in names))


urlpatterns = [path("", page)]
application: WSGIHandler = get_wsgi_application()
