"""Settings of a site in development: a style sheet in an app's folder and in STATIC_ROOT."""

import json
import os
from pathlib import Path

from django.http import HttpRequest, HttpResponse
from django.templatetags.static import static
from django.urls import path

TOLD = json.loads(Path(os.environ["RUNSERVER_SITE"]).read_text())

SECRET_KEY = "only-for-tests"
DEBUG = TOLD["debug"]
ALLOWED_HOSTS = ["127.0.0.1"]
ROOT_URLCONF = __name__
USE_TZ = True
INSTALLED_APPS = ["django.contrib.staticfiles", "s3rewrite"]
MIDDLEWARE = ["s3rewrite.middleware.S3RewriteMiddleware"]
STATIC_URL, STATIC_ROOT = "/static/", TOLD["static_root"]
STATICFILES_DIRS = [TOLD["sources"]]
CACHES = {
    "default": {"BACKEND": "django_redis.cache.RedisCache", "LOCATION": TOLD["redis_url"]},
}
S3REWRITE = {"static": TOLD["mount"]}


def page(request: HttpRequest) -> HttpResponse:
    return HttpResponse(f'<link rel="stylesheet" href="{static("a.css")}">')


urlpatterns = [path("", page)]
