"""The site whose pages are measured: fifty pictures from rows of a model, served in several ways.

`benchmarks.request` runs it under gunicorn, once a way, and says in the environment which one
and where files, database and Redis are.
"""

import os
import re
from functools import lru_cache
from typing import Any

import django
import redis
from bs4 import BeautifulSoup
from django.conf import settings
from django.core.handlers.wsgi import WSGIHandler
from django.core.wsgi import get_wsgi_application
from django.http import HttpRequest, HttpResponse
from django.template import engines

PICTURES = 50
PREFIX = "/media/"
CDN = "cdn.example.com"
PUBLISHED = "benchmark:published"
"""A Set of the names that S3 holds, for the way that asks for each link."""

MOUNT = {"BUCKET": "b", "PUBLIC_URL": f"https://{CDN}/media/"}

STORAGE = "django.core.files.storage.FileSystemStorage"
S3_STORAGE = "storages.backends.s3.S3Storage"
OURS = "s3rewrite.middleware.S3RewriteMiddleware"
SOUP = "benchmarks.request_site.SoupMiddleware"


def signed(backend: str, **signing: str) -> dict[str, Any]:
    """The way of a private mount."""
    names = {"BACKEND": f"s3rewrite.signing.{backend}", "KEY_ID": "K1", **signing}
    return {"MIDDLEWARE": [OURS], "MOUNT": {"ACCESS": "private", "SIGNING": names}}


WAYS: dict[str, dict[str, Any]] = {
    "plain Django": {},
    "s3rewrite": {"MIDDLEWARE": [OURS]},
    "private, cookies": signed("cookies", KEY_VARIABLE="BENCHMARK_KEY", DOMAIN="example.com"),
    "private, CloudFront URLs": signed("urls", KEY_VARIABLE="BENCHMARK_KEY"),
    "private, S3 URLs": signed("sigv4", KEY="secret"),
    "django-storages": {"STORAGE": S3_STORAGE, "OPTIONS": {"custom_domain": f"{CDN}/media"}},
    "BeautifulSoup": {"MIDDLEWARE": [SOUP]},
}
"""What people do today, beside us, and we with private files; by what each changes in settings."""

PAGE = """<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>Pictures</title>
<link rel="stylesheet" href="/static/site.css"></head><body><header><nav><ul>
{% for section in sections %}<li><a href="/{{ section }}/">{{ section }}</a></li>{% endfor %}
</ul></nav></header><main>
{% for picture in pictures %}<article class="card" id="c{{ picture.pk }}">
<a href="/pictures/{{ picture.pk }}/"><img src="{{ picture.image.url }}" alt="{{ picture.title }}"
 width="{{ picture.width }}" height="{{ picture.height }}" loading="lazy"></a>
<h2>{{ picture.title }}</h2><p>{{ picture.created|date:"j F Y" }}</p></article>
{% endfor %}</main><footer><p>{{ pictures|length }} pictures</p></footer></body></html>
"""


def configure() -> None:
    """The settings of the way that the environment names."""
    way = WAYS[os.environ["BENCHMARK_WAY"]]
    storage = {"BACKEND": way.get("STORAGE", STORAGE), "OPTIONS": way.get("OPTIONS", {})}
    if storage["BACKEND"] == S3_STORAGE:
        storage["OPTIONS"] = {**storage["OPTIONS"], "bucket_name": "b", "querystring_auth": False}
    settings.configure(
        SECRET_KEY="benchmark",
        ALLOWED_HOSTS=["*"],
        ROOT_URLCONF=__name__,
        INSTALLED_APPS=["s3rewrite"],
        MIDDLEWARE=way.get("MIDDLEWARE", []),
        TEMPLATES=[{"BACKEND": "django.template.backends.django.DjangoTemplates"}],
        DATABASES={
            "default": {
                "ENGINE": "django.db.backends.sqlite3",
                "NAME": os.environ["BENCHMARK_DATABASE"],
                "CONN_MAX_AGE": None,
            }
        },
        DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
        USE_TZ=True,
        MEDIA_URL=PREFIX,
        MEDIA_ROOT=os.environ["BENCHMARK_FILES"],
        STORAGES={"default": storage},
        CACHES={
            "default": {
                "BACKEND": "django_redis.cache.RedisCache",
                "LOCATION": os.environ["BENCHMARK_REDIS_URL"],
            }
        },
        S3REWRITE={"media": {**MOUNT, **way.get("MOUNT", {})}},
    )
    django.setup()


if not settings.configured:
    configure()

from django.db import models  # noqa: E402 - needs the settings
from django.urls import path  # noqa: E402


class Picture(models.Model):
    """A row of the page."""

    title = models.CharField(max_length=80)
    image = models.ImageField(upload_to="photos")
    width = models.PositiveIntegerField()
    height = models.PositiveIntegerField()
    created = models.DateTimeField(auto_now_add=True)

    class Meta:
        app_label = "benchmark"

    def __str__(self) -> str:
        return self.title


@lru_cache(maxsize=1)
def template() -> Any:
    """The page's template, compiled once."""
    return engines["django"].from_string(PAGE)


def page(request: HttpRequest) -> HttpResponse:
    """Fifty pictures from the database."""
    pictures = Picture._default_manager.order_by("-pk")[:PICTURES]
    sections = ["news", "sports", "arts", "science", "travel", "food"]
    text = template().render({"pictures": pictures, "sections": sections}, request)
    response = HttpResponse(text)
    response.s3rewrite_private = True  # type: ignore[attr-defined]
    return response


class SoupMiddleware:
    """The way that comes to mind first: parse, ask Redis for each link, and serialise."""

    def __init__(self, get_response: Any) -> None:
        self.get_response = get_response
        self.client = redis.Redis.from_url(
            os.environ["BENCHMARK_REDIS_URL"], socket_timeout=0.25, retry=None
        )

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response: HttpResponse = self.get_response(request)
        soup = BeautifulSoup(response.content, "html.parser")
        for image in soup.find_all("img", src=re.compile(f"^{PREFIX}")):
            name = str(image["src"]).removeprefix(PREFIX)
            if self._is_published(name):
                image["src"] = f"https://{CDN}/media/{name}"
        response.content = soup.encode()
        return response

    def _is_published(self, name: str) -> bool:
        try:
            return bool(self.client.sismember(PUBLISHED, name))
        except redis.RedisError:
            return False


urlpatterns = [path("", page)]
application: WSGIHandler = get_wsgi_application()
