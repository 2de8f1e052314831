import asyncio
from pathlib import Path
from typing import Any

import pytest
from django.db import models
from django.db.models.fields.files import FieldFile
from django.http import HttpRequest, HttpResponse
from django.test import AsyncClient, Client, RequestFactory
from django.urls import path
from jinja2 import ChainableUndefined, Environment, TemplateSyntaxError
from markupsafe import Markup

from s3rewrite.core.mounts import Mount
from s3rewrite.linking import resolver as links
from s3rewrite.registry import View
from tests.support.factories import use_mount
from tests.support.publishing import closed_clients, publish

__all__ = ["closed_clients"]

CDN = "https://cdn.example.com/media/"
REQUEST = RequestFactory().get("/page/", headers={"host": "example.com"})
EXTENSION = "s3rewrite.jinja2.S3RewriteExtension"
IMAGE = '<img src="/media/a.jpg">'
LINKED = f'<img src="{CDN}a.jpg">'


def page(request: HttpRequest) -> HttpResponse:
    from django.template import engines

    template = engines["jinja2"].from_string(
        "{% s3rewrite %}<img src='//{{ request.get_host() }}/media/a.jpg'>{% ends3rewrite %}"
    )
    return HttpResponse(template.render({}, request))


urlpatterns = [path("page/", page)]


@pytest.fixture(params=[False, True], ids=["sync", "async"])
def environment(request: pytest.FixtureRequest) -> Environment:
    return Environment(autoescape=True, enable_async=request.param, extensions=[EXTENSION])


@pytest.fixture
def mount(settings: Any, caches: None, tmp_path: Path) -> Mount:
    root = tmp_path / "media"
    mount = use_mount(settings, root, PUBLIC_URL=CDN, POLL_SECONDS=0)
    publish(mount, root, "a.jpg")
    return mount


def render(environment: Environment, source: str, **values: Any) -> str:
    template = environment.from_string(source)
    if environment.is_async:
        return asyncio.run(template.render_async(**values))
    return template.render(**values)


# {% s3rewrite %}


def test_a_block(mount: Mount, environment: Environment) -> None:
    source = f"{IMAGE}{{% s3rewrite %}}{IMAGE}<img src=/media/b.jpg>{{% ends3rewrite %}}{IMAGE}"
    assert render(environment, source) == f"{IMAGE}{LINKED}<img src=/media/b.jpg>{IMAGE}"


def test_what_is_in_a_block_is_escaped_once(mount: Mount, environment: Environment) -> None:
    source = "{% s3rewrite %}{{ text }}{{ html }}{% ends3rewrite %}"
    found = render(environment, source, text="<&>", html=Markup(IMAGE))
    assert found == f"&lt;&amp;&gt;{LINKED}"


def test_a_block_without_autoescape(mount: Mount, environment: Environment) -> None:
    source = "{% autoescape false %}{% s3rewrite %}{{ html }}&{% ends3rewrite %}{% endautoescape %}"
    assert render(environment, source, html=IMAGE) == f"{LINKED}&"
    plain = Environment(enable_async=environment.is_async, extensions=[EXTENSION])
    source = "{% s3rewrite %}{{ html }}<&{% ends3rewrite %}"
    assert render(plain, source, html=IMAGE) == f"{LINKED}<&"


def test_the_host_of_the_request(mount: Mount, environment: Environment) -> None:
    image = "<img src='https://example.com/media/a.jpg'>"
    source = f"{{% s3rewrite %}}{image}{{% ends3rewrite %}}"
    assert render(environment, source, request=REQUEST) == f"<img src='{CDN}a.jpg'>"
    assert render(environment, source) == image
    assert render(environment, source, request="of another kind") == image


def test_a_block_in_blocks_loops_and_macros(mount: Mount, environment: Environment) -> None:
    source = (
        "{% macro image(n) %}{% s3rewrite %}<img src='/media/{{ n }}'>{% ends3rewrite %}"
        "{% endmacro %}{% block x %}{% for n in names %}{{ loop.index }}{{ image(n) }}"
        "{% s3rewrite %}{% if loop.first %}<img src=/media/{{ n }}>{% endif %}{% ends3rewrite %}"
        "{% endfor %}{% endblock %}"
    )
    found = render(environment, source, names=["a.jpg", "b.jpg"])
    assert found == f"1<img src='{CDN}a.jpg'><img src={CDN}a.jpg>2<img src='/media/b.jpg'>"


@pytest.mark.parametrize(
    "source", ["{% s3rewrite %}", "{% s3rewrite x %}{% ends3rewrite %}", "{% ends3rewrite %}"]
)
def test_a_block_that_is_not_written_so(environment: Environment, source: str) -> None:
    with pytest.raises(TemplateSyntaxError):
        environment.from_string(source)


def test_html_of_a_variable(mount: Mount, environment: Environment) -> None:
    assert render(environment, "{{ html|safe|s3rewrite }}", html=IMAGE) == LINKED
    found = render(environment, "{{ html|s3rewrite }}", html=IMAGE)
    assert found == str(Markup.escape(LINKED))
    assert render(environment, "[{{ nothing|s3rewrite }}]") == "[]"


# s3_url


class Photo:
    image = FieldFile(None, models.FileField(), "a.jpg")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "source",
    [
        "{{ s3_url(photo.image) }}",
        "{{ photo.image|s3_url }}",
        "{{ s3_url('a.jpg') }}",
        "{{ s3_url('/media/a.jpg', mount='media') }}",
        "{{ 'a.jpg'|s3_url('media') }}",
        "{{ ['a.jpg']|map('s3_url')|join }}",
        "{% set url = s3_url('a.jpg') %}{{ url }}",
        "{{ s3_url('//example.com/media/a.jpg') }}",
    ],
)
def test_a_file(mount: Mount, environment: Environment, source: str) -> None:
    assert render(environment, source, photo=Photo(), request=REQUEST) == f"{CDN}a.jpg"


def test_a_file_that_is_not_published(mount: Mount, environment: Environment) -> None:
    assert render(environment, "{{ s3_url('b.jpg') }}") == "/media/b.jpg"
    assert render(environment, "{{ s3_url('/media/b.jpg?a&b') }}") == "/media/b.jpg?a&amp;b"


def test_no_file(mount: Mount, environment: Environment) -> None:
    assert render(environment, "[{{ s3_url(none) }}{{ s3_url(missing) }}]") == "[]"
    loose = environment.overlay(undefined=ChainableUndefined)
    assert render(loose, "[{{ s3_url(a.b.c) }}]") == "[]"


def test_a_mistake_of_ours_leaves_all_as_it_was(
    mount: Mount, environment: Environment, monkeypatch: pytest.MonkeyPatch
) -> None:
    def explode(mount: Mount) -> None:
        raise RuntimeError("a mistake of ours")

    monkeypatch.setattr(links, "view_of", explode)
    source = f"{{% s3rewrite %}}{IMAGE}{{% ends3rewrite %}}{{{{ s3_url('a.jpg') }}}}"
    assert render(environment, source) == f"{IMAGE}/media/a.jpg"


# With Django


@pytest.fixture
def site(settings: Any, mount: Mount) -> None:
    settings.ROOT_URLCONF = __name__
    settings.ALLOWED_HOSTS = ["*"]
    backend = "django.template.backends.jinja2.Jinja2"
    options = {"extensions": [EXTENSION]}
    settings.TEMPLATES = [{"NAME": "jinja2", "BACKEND": backend, "OPTIONS": options}]


def test_djangos_backend(site: None) -> None:
    response = Client(headers={"host": "www.example.org"}).get("/page/")
    assert response.content.decode() == f"<img src='{CDN}a.jpg'>"


async def test_djangos_backend_in_an_async_site(site: None) -> None:
    response = await AsyncClient().get("/page/")
    assert response.content.decode() == f"<img src='{CDN}a.jpg'>"


async def test_the_event_loop_does_not_wait_for_redis(
    mount: Mount, monkeypatch: pytest.MonkeyPatch
) -> None:
    import threading

    threads: list[str] = []
    get_many = View.get_many

    def noted(view: View, names: Any) -> Any:
        threads.append(threading.current_thread().name)
        return get_many(view, names)

    monkeypatch.setattr(View, "get_many", noted)
    environment = Environment(enable_async=True, extensions=[EXTENSION])
    source = f"{{% s3rewrite %}}{IMAGE}{{% ends3rewrite %}}{{{{ s3_url('a.jpg') }}}}"
    assert await environment.from_string(source).render_async() == f"{LINKED}{CDN}a.jpg"
    assert len(threads) == 2
    assert threading.main_thread().name not in threads


def test_the_script_that_heals_pages(environment: Environment, mount: Mount) -> None:
    template = environment.from_string("{{ s3rewrite_fallback() }}")
    text = (
        asyncio.run(template.render_async(request=REQUEST))
        if environment.is_async
        else template.render(request=REQUEST)
    )
    assert text.startswith('<script src="/static/s3rewrite/fallback.js" data-mounts="')
