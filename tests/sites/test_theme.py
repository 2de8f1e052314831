"""A Bootstrap theme from npm: what its pages show comes from the bucket, all of it."""

import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.test import override_settings
from django.urls import path
from django.views.static import serve

from demo.servers import SeaweedFS, Valkey, free_ports
from s3rewrite import conf
from s3rewrite.sync.passes import whole_pass
from tests.browser.site import Visit, served
from tests.support.factories import job

PAGES = ("index", "about", "contact", "post")
HEROES = dict(zip(PAGES, ("home", "about", "contact", "post"), strict=True))
"""The picture behind the `<header>` of each page, in its `style`."""

_LOCAL = re.compile(r"""(?<=["'])(?=(?:assets|css|js)/)""")
_ELSEWHERE = re.compile(r"""<(?:script|link)[^>]*"https://[^>]*>(?:</script>)?""")


def page(request: HttpRequest, name: str) -> HttpResponse:
    """A page as a template has it after `{% static %}`; without what other sites serve."""
    from django.conf import settings

    text = (Path(settings.STATIC_ROOT) / f"{name}.html").read_text()
    return HttpResponse(_ELSEWHERE.sub("", _LOCAL.sub("/static/", text)))


def static(request: HttpRequest, name: str) -> HttpResponseBase:
    from django.conf import settings

    return serve(request, name, settings.STATIC_ROOT)


urlpatterns = [path("static/<path:name>", static), path("<name>", page)]


@pytest.fixture(scope="module")
def site(
    downloads: Path,
    session_valkey: Valkey,
    session_seaweedfs: SeaweedFS,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[str]:
    root = tmp_path_factory.mktemp("theme") / "static"
    shutil.copytree(downloads / "package" / "dist", root)
    session_seaweedfs.create_bucket("theme-static")
    settings: dict[str, Any] = {
        "ROOT_URLCONF": "tests.sites.test_theme",
        "MIDDLEWARE": [conf.MIDDLEWARE],
        "ALLOWED_HOSTS": ["127.0.0.1"],
        "CACHES": {
            "default": {
                "BACKEND": "django_redis.cache.RedisCache",
                "LOCATION": session_valkey.url,
            }
        },
        "STATIC_ROOT": root,
        "S3REWRITE": {
            "static": {
                "BUCKET": "theme-static",
                "STORAGE": "staticfiles",
                "CLIENT": session_seaweedfs.client_options,
                "CONTEXTS": ["stylesheet", "script"],
            }
        },
    }
    with override_settings(**settings):
        assert whole_pass(job(conf.mount("static"))).is_ok
        with served(free_ports(1)[0]) as url:
            yield url


@pytest.mark.parametrize("name", PAGES)
def test_all_that_a_page_shows_is_linked(
    visit: Visit, site: str, session_seaweedfs: SeaweedFS, name: str
) -> None:
    public_url = session_seaweedfs.public_url("theme-static", "static/")
    visit.open(f"{site}/{name}")
    visit.tab.wait_for_load_state("networkidle")
    asked = {url.removeprefix(public_url) for url in visit.statuses if url.startswith(public_url)}
    assert asked >= {f"assets/img/{HEROES[name]}-bg.jpg", "css/styles.css", "js/scripts.js"}
    others = {url for url in visit.statuses if not url.startswith(public_url)}
    assert others == {f"{site}/{name}"}
    assert {status for found in visit.statuses.values() for status in found} == {200}
    style = visit.tab.evaluate(
        "getComputedStyle(document.querySelector('header.masthead')).backgroundImage"
    )
    assert style == f'url("{public_url}assets/img/{HEROES[name]}-bg.jpg")'
    assert visit.tab.evaluate("[...document.images].every((image) => image.naturalWidth > 0)")
