"""A site of one page, for any web server: settings from a file, views sync and async.

Each answer says which process gave it (`X-Worker`), and what that process, or the master from
which it was forked, had linked when this module was imported (`X-Warm`).
"""

import asyncio
import json
import os
import time
from pathlib import Path

import django
from django.conf import settings
from django.core.asgi import get_asgi_application
from django.core.handlers.asgi import ASGIHandler
from django.core.handlers.wsgi import WSGIHandler
from django.core.wsgi import get_wsgi_application
from django.http import HttpRequest, HttpResponse
from django.test import Client
from django.urls import path

TOLD = json.loads(Path(os.environ["WEB_SITE"]).read_text())
BODY = "".join(f'<img src="/media/{name}">' for name in TOLD["names"])
PAUSE = 0.01
"""Seconds that a view takes, so that requests meet."""

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
        CACHES={
            "default": {
                "BACKEND": "django_redis.cache.RedisCache",
                "LOCATION": TOLD["redis_url"],
            }
        },
        S3REWRITE={"media": TOLD["mount"]},
    )
    django.setup()


def _answer() -> HttpResponse:
    return HttpResponse(BODY, headers={"X-Worker": str(os.getpid()), "X-Warm": WARM})


def page(request: HttpRequest) -> HttpResponse:
    time.sleep(PAUSE)
    return _answer()


async def apage(request: HttpRequest) -> HttpResponse:
    await asyncio.sleep(PAUSE)
    return _answer()


urlpatterns = [path("", page), path("async/", apage)]


def _warmed() -> str:
    """Render the page once, so that this process's view is warm; who did it and what it linked."""
    linked = Client().get("/").content.count(TOLD["mount"]["PUBLIC_URL"].encode())
    return f"{os.getpid()} {linked}"


WARM = ""
if TOLD["warm"]:
    WARM = _warmed()

application: WSGIHandler = get_wsgi_application()
asgi_application: ASGIHandler = get_asgi_application()
