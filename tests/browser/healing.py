"""A site with a page of everything that `{% s3rewrite_fallback %}` heals, under a strict policy."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.template import Context, Engine
from django.test import override_settings
from django.urls import path
from django.views.static import serve
from playwright.sync_api import Page

from demo.servers import SeaweedFS, Valkey, free_ports
from s3rewrite import conf
from s3rewrite.sync.passes import whole_pass
from tests.browser import files
from tests.browser.site import served, write_files
from tests.outage.doors import Door
from tests.support.factories import job

PICTURES = 30
STATIC = Path(conf.__file__).parent / "static"

PAGE = """<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>x</title>{{ fallback }}
<link rel="icon" href="/media/icon.png"><link rel="stylesheet" href="/media/paint.css">
<script src="/media/script.js" defer></script><script src="/other/last.js"></script></head><body>
<h1 class="paint">Pictures</h1>
{% for number in numbers %}<img src="/media/{{ number }}.png" width="9" height="9">{% endfor %}
<img src="/prints/a b.png?v=1">
<img srcset="/media/x1.png 1x, /prints/x2.png 2x" src="/media/x0.png">
<picture><source srcset="/media/wide.png" media="(min-width: 1px)"><img src="/media/narrow.png">
</picture>
<video src="/media/clip.webm" poster="/media/poster.png" preload="metadata"></video>
<video preload="metadata"><source src="/prints/clip.webm" type="video/webm"></video>
<audio src="/media/sound.wav" preload="metadata"></audio><input type="image" src="/media/input.png">
<div style="height: 20000px"></div><img class="lazy" loading="lazy" src="/media/lazy.png">
</body></html>"""

NAMES = [
    *(f"{number}.png" for number in range(PICTURES)), "icon.png", "paint.css", "script.js",
    "a b.png", "x0.png", "x1.png", "x2.png", "wide.png", "narrow.png", "clip.webm", "poster.png",
    "sound.wav", "input.png", "lazy.png",
]  # fmt: skip

STATE = """() => ({
  pictures: [...document.images].filter((i) => !i.matches(".lazy"))
    .filter((i) => !(i.complete && i.naturalWidth)).map((i) => i.currentSrc || i.src),
  media: [...document.querySelectorAll("video, audio")].filter((m) => !m.readyState)
    .map((m) => m.currentSrc),
  isPainted: getComputedStyle(document.querySelector("h1")).color === "rgb(1, 2, 3)",
  ran: window.ran ?? [],
})"""


@dataclass
class Healing:
    """The site, and the door through which visitors come to its bucket."""

    url: str
    door: Door

    def state(self, tab: Page) -> dict[str, Any]:
        """What is missing on the page."""
        return dict(tab.evaluate(STATE))

    def is_whole(self, tab: Page) -> bool:
        """Whether nothing is missing."""
        state = self.state(tab) if tab.query_selector("input") else {"pictures": ["all"]}
        return not state["pictures"] and not state["media"] and bool(state["isPainted"])

    def wait_until_whole(self, tab: Page, seconds: float = 20) -> None:
        """Wait until nothing is missing."""
        for _ in range(int(10 * seconds)):
            if self.is_whole(tab):
                return
            tab.wait_for_timeout(100)
        raise AssertionError(self.state(tab))


def page(request: HttpRequest) -> HttpResponse:
    """The page; with `?plain`, without the script; with `?only`, one element alone."""
    from s3rewrite.linking.fragments import fallback_script

    fallback = "" if "plain" in request.GET else fallback_script(request)
    template = Engine().from_string(request.GET.get("only", PAGE))
    values = {"numbers": range(PICTURES), "fallback": fallback}
    response = HttpResponse(template.render(Context(values)))
    origin = settings.DOOR
    response["Content-Security-Policy"] = (
        f"default-src 'none'; base-uri 'none'; script-src 'self' {origin}; "
        f"img-src 'self' {origin}; style-src-elem 'self' {origin}; style-src-attr 'unsafe-inline'; "
        f"media-src 'self' {origin}"
    )
    return response


def file(request: HttpRequest, prefix: str, name: str) -> HttpResponseBase:
    if prefix == "other":
        return HttpResponse(b"(window.ran ??= []).push('last')", content_type="text/javascript")
    return serve(request, name, STATIC if prefix == "static" else settings.MEDIA_ROOT)


urlpatterns = [path("", page), path("<prefix>/<path:name>", file)]


@contextmanager
def healing_site(root: Path, valkey: Valkey, seaweedfs: SeaweedFS) -> Iterator[Healing]:
    """The site, with all its files on S3."""
    bucket = f"healing-{root.name.replace('_', '-')}".lower()
    seaweedfs.create_bucket(bucket)
    write_files(root, {name: files.content(name) for name in NAMES})
    storage = "django.core.files.storage.FileSystemStorage"
    with Door(seaweedfs.ports["s3"]) as door:
        mounts = {
            name: {
                "BUCKET": bucket, "STORAGE": name, "CLIENT": seaweedfs.client_options,
                "PUBLIC_URL": f"{door.url}/{bucket}/{name}/", "CONTEXTS": ["stylesheet", "script"],
                "OBJECT_PARAMETERS": {"CacheControl": "no-store"}, "KEYS": keys,
            }
            for name, keys in (("media", "mirror"), ("prints", "fingerprint"))
        }  # fmt: skip
        places = {"default": "/media/", "media": "/media/", "prints": "/prints/"}
        storages = {
            name: {"BACKEND": storage, "OPTIONS": {"location": root, "base_url": url}}
            for name, url in {**places, "staticfiles": "/static/"}.items()
        }
        cache = {"BACKEND": "django_redis.cache.RedisCache", "LOCATION": valkey.url}
        with override_settings(
            ROOT_URLCONF=__name__, MIDDLEWARE=[conf.MIDDLEWARE], ALLOWED_HOSTS=["127.0.0.1"],
            CACHES={"default": cache}, MEDIA_ROOT=root, DOOR=door.url, S3REWRITE=mounts,
            STORAGES=storages,
        ):  # fmt: skip
            for mount in conf.mounts().values():
                assert whole_pass(job(mount)).is_ok
            with served(free_ports(1)[0]) as url:
                yield Healing(url, door)
