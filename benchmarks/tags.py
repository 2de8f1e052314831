"""What the template tags cost beside the middleware: the same page, linked in each way.

python -m benchmarks.tags [--rounds N]

Fifty pictures and some text, all of them published in a Valkey that the process asks once a
second. A time is that of rendering and linking; the ratio is of what linking adds, to what the
middleware adds. The ways take turns, in another order each round.
"""

import argparse
import os
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from hashlib import sha256
from pathlib import Path
from typing import Any

import django
from django.conf import settings
from django.http import HttpRequest, HttpResponse

from demo.servers import Valkey

PICTURES = 50
CDN = b"https://cdn.example.com/media/"
NAMES = [f"photos/picture-{number:05}.jpg" for number in range(PICTURES)]

CARD = """<article class="card" id="c{{ picture.pk }}"><a href="/pictures/{{ picture.pk }}/">
<img src="%s" alt="{{ picture.title }}" width="640" height="480" loading="lazy"></a>
<h2>{{ picture.title }}</h2><p>Taken by {{ picture.author }}</p></article>
"""
PAGE = """<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>Pictures</title></head>
<body><main>{%% for picture in pictures %%}%s{%% endfor %%}</main></body></html>
"""
PLAIN = PAGE % (CARD % "{{ picture.url }}")
BLOCK = "{% s3rewrite %}" + PLAIN + "{% ends3rewrite %}"
DJANGO_URL = PAGE % (CARD % "{% s3_url picture.url %}")
JINJA_URL = PAGE % (CARD % "{{ s3_url(picture.url) }}")

Way = Callable[[], bytes]


def configure(directory: Path, redis_url: str) -> None:
    """The settings, and files that are published."""
    backend = "django.template.backends"
    jinja = {"autoescape": True, "extensions": ["s3rewrite.jinja2.S3RewriteExtension"]}
    settings.configure(
        SECRET_KEY="benchmark",
        ALLOWED_HOSTS=["*"],
        INSTALLED_APPS=["s3rewrite"],
        TEMPLATES=[
            {"NAME": "django", "BACKEND": f"{backend}.django.DjangoTemplates"},
            {"NAME": "jinja2", "BACKEND": f"{backend}.jinja2.Jinja2", "OPTIONS": jinja},
        ],
        MEDIA_URL="/media/",
        MEDIA_ROOT=str(directory),
        CACHES={"default": {"BACKEND": "django_redis.cache.RedisCache", "LOCATION": redis_url}},
        S3REWRITE={"media": {"BUCKET": "b", "PUBLIC_URL": CDN.decode()}},
    )
    django.setup()


def publish(directory: Path) -> None:
    """Write the files, and publish them as the loop does."""
    from s3rewrite import conf
    from s3rewrite.core.entries import FINGERPRINT_LENGTH, Entry
    from s3rewrite.disk.signatures import signature
    from s3rewrite.registry import Claim, loop_registry
    from s3rewrite.registry.lease import held

    registry = loop_registry(conf.mount("media"))
    registry.start_epoch()
    with held(registry) as lease:
        for name in NAMES:
            path = directory / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(name.encode())
            digest = sha256(name.encode()).hexdigest()[:FINGERPRINT_LENGTH]
            claim = registry.claim(name, lease, digest)
            if isinstance(claim, Claim):
                registry.publish(claim, lease, Entry(signature(path.stat()), digest))


def ways(engine: str, url_page: str) -> dict[str, Way]:
    """The ways of linking a page of one template engine."""
    from django.template import engines
    from django.test import RequestFactory

    from s3rewrite.middleware import S3RewriteMiddleware

    request = RequestFactory().get("/")
    pictures: list[dict[str, Any]] = [
        {"url": f"/media/{name}", "pk": pk, "title": f"Picture {pk}", "author": "A. Person"}
        for pk, name in enumerate(NAMES)
    ]
    load = "{% load s3rewrite %}" if engine == "django" else ""

    def page(source: str) -> Callable[[HttpRequest], HttpResponse]:
        template = engines[engine].from_string(load + source)
        return lambda request: HttpResponse(template.render({"pictures": pictures}, request))

    def way(view: Callable[[HttpRequest], Any]) -> Way:
        return lambda: bytes(view(request).content)

    return {
        "not linked": way(page(PLAIN)),
        "middleware": way(S3RewriteMiddleware(page(PLAIN))),
        "{% s3rewrite %}": way(page(BLOCK)),
        "50 x s3_url": way(page(url_page)),
    }


def measure(found: dict[str, Way], rounds: int) -> dict[str, float]:
    """The median of the seconds that each way takes."""
    seconds: dict[str, list[float]] = {name: [] for name in found}
    order = list(found)
    for _ in range(rounds):
        random.shuffle(order)
        for name in order:
            began = time.perf_counter()
            found[name]()
            seconds[name].append(time.perf_counter() - began)
    return {name: statistics.median(times) for name, times in seconds.items()}


def report(title: str, found: dict[str, Way], rounds: int) -> None:
    """Measure and print, once each way has the links that it is to have."""
    for name, way in found.items():
        assert way().count(CDN) == (0 if name == "not linked" else PICTURES), name
    seconds = measure(found, rounds)
    plain = seconds["not linked"]
    base = seconds["middleware"] - plain
    print(f"\n{title:18}{'median ms':>11}{'linking ms':>12}{'x middleware':>14}")
    for name, took in seconds.items():
        added = took - plain
        print(f"{name:18}{took * 1e3:11.3f}{added * 1e3:12.3f}{added / base:14.2f}")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=1000)
    rounds = parser.parse_args().rounds
    print(f"Load of the machine before: {os.getloadavg()[0]:.1f}")
    with ExitStack() as stack:
        directory = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="s3rewrite-")))
        valkey = stack.enter_context(Valkey(directory / "valkey"))
        configure(directory / "files", valkey.url)
        publish(directory / "files")
        report("Django's templates", ways("django", DJANGO_URL), rounds)
        report("Jinja2", ways("jinja2", JINJA_URL), rounds)
    return 0


if __name__ == "__main__":
    sys.exit(main())
