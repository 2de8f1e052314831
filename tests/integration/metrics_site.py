"""A site of one page and its metrics, for gunicorn. The environment says where all is."""

import os

import django
from django.conf import settings
from django.core.handlers.wsgi import WSGIHandler
from django.http import HttpRequest, HttpResponse
from django.urls import path
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector

PAGE = '<img src="/media/a.txt"><img src="/media/new.txt">'


def page(request: HttpRequest) -> HttpResponse:
    return HttpResponse(PAGE, headers={"X-Worker": str(os.getpid())})


def metrics(request: HttpRequest) -> HttpResponse:
    registry = CollectorRegistry()
    MultiProcessCollector(registry)
    return HttpResponse(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)


urlpatterns = [path("", page), path("metrics", metrics)]

if not settings.configured:
    redis_url = os.environ["SITE_REDIS_URL"]
    settings.configure(
        SECRET_KEY="only-for-tests",
        ALLOWED_HOSTS=["*"],
        ROOT_URLCONF=__name__,
        INSTALLED_APPS=["s3rewrite", "s3rewrite.metrics"],
        MIDDLEWARE=["s3rewrite.middleware.S3RewriteMiddleware"],
        CACHES={
            "default": {"BACKEND": "django_redis.cache.RedisCache", "LOCATION": redis_url},
        },
        MEDIA_URL="/media/",
        MEDIA_ROOT=os.environ["SITE_MEDIA"],
        STORAGES={
            "default": {"BACKEND": "s3rewrite.storage.S3RewriteStorage"},
            "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
        },
        S3REWRITE={"media": {"BUCKET": "uploads", "PUBLIC_URL": "https://cdn.example.com/media/"}},
    )
    django.setup()
    application = WSGIHandler()
