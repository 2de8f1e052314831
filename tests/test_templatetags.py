from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.db import models
from django.db.models.fields.files import FieldFile
from django.http import HttpRequest, HttpResponse
from django.template import Context, Engine, RequestContext, Template, TemplateSyntaxError
from django.test import RequestFactory
from django.utils.functional import SimpleLazyObject, lazystr

from s3rewrite.core.mounts import Mount
from s3rewrite.linking import resolver as links
from s3rewrite.middleware import S3RewriteMiddleware
from s3rewrite.registry import loop_registry
from tests.support.factories import use_mount
from tests.support.publishing import closed_clients, publish

__all__ = ["closed_clients"]

CDN = "https://cdn.example.com/media/"
REQUEST = RequestFactory().get("/page/", headers={"host": "example.com"})


class Photo:
    """What a model's instance is to a template."""

    def __init__(self, name: str | None) -> None:
        self.image = FieldFile(None, models.FileField(), name)  # type: ignore[arg-type]


@pytest.fixture
def mount(settings: Any, caches: None, tmp_path: Path) -> Mount:
    root = tmp_path / "media"
    mount = use_mount(settings, root, PUBLIC_URL=CDN, POLL_SECONDS=0)
    publish(mount, root, "a.jpg")
    publish(mount, root, "it's.jpg")
    return mount


def render(source: str, request: HttpRequest | None = None, **values: Any) -> str:
    template = Template("{% load s3rewrite %}" + source)
    context = RequestContext(request, values) if request else Context(values)
    return template.render(context)


# {% s3_url %}


@pytest.mark.parametrize("request_", [None, REQUEST])
def test_a_file_of_a_model(mount: Mount, request_: HttpRequest | None) -> None:
    source = "{% s3_url photo.image %}"
    assert render(source, request_, photo=Photo("a.jpg")) == f"{CDN}a.jpg"
    assert render(source, request_, photo=Photo("b.jpg")) == "/media/b.jpg"


def test_a_name_and_a_url(mount: Mount) -> None:
    assert render("{% s3_url 'a.jpg' %}") == f"{CDN}a.jpg"
    assert render("{% s3_url '/media/a.jpg' %}") == f"{CDN}a.jpg"
    assert render("{% s3_url name %}", name="a.jpg") == f"{CDN}a.jpg"


def test_the_host_of_the_request(mount: Mount) -> None:
    source, url = "{% s3_url url %}", "https://example.com/media/a.jpg"
    assert render(source, REQUEST, url=url) == f"{CDN}a.jpg"
    assert render(source, url=url) == url


def test_a_variable_that_is_called_request_and_is_none(mount: Mount) -> None:
    template = Template("{% load s3rewrite %}{% s3_url 'a.jpg' %}")
    assert template.render(Context({"request": "of another kind"})) == f"{CDN}a.jpg"


@pytest.mark.parametrize("value", [None, "", Photo(None).image, Photo("").image])
def test_no_file(mount: Mount, value: Any) -> None:
    assert render("[{% s3_url value %}]", value=value) == "[]"
    assert render("[{% s3_url missing %}]") == "[]"
    assert render("[{% s3_url photo.nothing %}]", photo=Photo("a.jpg")) == "[]"


class Rendition:
    """As of Wagtail: no file, and has the URL of one."""

    def __init__(self, url: Any) -> None:
        self.url = url

    def __str__(self) -> str:
        return "a title"


@pytest.mark.parametrize("url", ["/media/a.jpg", lazystr("/media/a.jpg"), lambda: "/media/a.jpg"])
def test_what_has_a_url_and_is_no_file(mount: Mount, url: Any) -> None:
    for value in (Rendition(url), SimpleLazyObject(lambda: Rendition(url))):
        assert render("{% s3_url value %}", value=value) == f"{CDN}a.jpg"
        assert render("{{ value|s3_url }}", value=value) == f"{CDN}a.jpg"
    assert render("{% s3_url value %}", value=Rendition("/x/1/a.pdf")) == "/x/1/a.pdf"
    assert render("[{% s3_url value %}]", value=Rendition(None)) == "[]"
    assert render("[{% s3_url value %}]", value=Rendition("")) == "[]"


def test_what_is_no_file_without_a_url(mount: Mount) -> None:
    assert render("{% s3_url value %}", value=Path("a.jpg")) == f"{CDN}a.jpg"
    assert render("{% s3_url value %}", value=lazystr("a.jpg")) == f"{CDN}a.jpg"


def test_a_mount(mount: Mount) -> None:
    assert render("{% s3_url 'a.jpg' 'media' %}") == f"{CDN}a.jpg"
    assert render("{% s3_url 'a.jpg' mount='media' %}") == f"{CDN}a.jpg"
    with pytest.raises(ImproperlyConfigured, match="no mount 'other'"):
        render("{% s3_url 'a.jpg' mount='other' %}")


def test_as_a_variable(mount: Mount) -> None:
    source = "{% s3_url name as url %}[{{ url }}]"
    assert render(source, name="a.jpg") == f"[{CDN}a.jpg]"
    assert render(source, name="/x?a&b") == "[/x?a&amp;b]"
    assert render("{% s3_url name as url %}{{ url|safe }}", name="/x?a&b") == "/x?a&b"


@pytest.mark.parametrize(
    ("url", "escaped"),
    [
        ("/media/b.jpg?x=1&y='2'", "/media/b.jpg?x=1&amp;y=&#x27;2&#x27;"),
        ("/media/a.jpg?x=1&y='2'", f"{CDN}a.jpg?x=1&amp;y=&#x27;2&#x27;"),
        ("/media/it's.jpg", f"{CDN}it&#x27;s.jpg"),
        ('/x"><script>', "/x&quot;&gt;&lt;script&gt;"),
    ],
)
def test_it_is_escaped_as_the_template_is(mount: Mount, url: str, escaped: str) -> None:
    plain = url.replace("/media/", CDN) if "b.jpg" not in url else url
    for source in ("{% s3_url url %}", "{{ url|s3_url }}"):
        assert render(source, url=url) == escaped
        assert render("{% autoescape off %}" + source + "{% endautoescape %}", url=url) == plain


@pytest.mark.parametrize("source", ["{% s3_url %}", "{% s3_url 'a' 'b' 'c' %}"])
def test_another_number_of_arguments(source: str) -> None:
    with pytest.raises(TemplateSyntaxError):
        render(source)


# {{ url|s3_url }}


def test_the_filter(mount: Mount) -> None:
    assert render("{{ '/media/a.jpg'|s3_url }}") == f"{CDN}a.jpg"
    assert render("{{ photo.image|s3_url }}", photo=Photo("a.jpg")) == f"{CDN}a.jpg"
    assert render("[{{ photo.image|s3_url }}]", photo=Photo(None)) == "[]"
    assert render("{{ url|s3_url }}", url="/media/b.jpg") == "/media/b.jpg"
    assert render("[{{ missing|s3_url }}]") == "[]"


# {% s3rewrite %}…{% ends3rewrite %}


def test_the_block(mount: Mount) -> None:
    source = '{% s3rewrite %}<img src="{{ url }}" alt="{{ text }}">{% ends3rewrite %}'
    expected = f'<img src="{CDN}a.jpg" alt="&lt;b&gt;">'
    assert render(source, url="/media/a.jpg", text="<b>") == expected
    assert render(source, REQUEST, url="/media/a.jpg", text="<b>") == expected
    absolute = "https://example.com/media/a.jpg"
    assert render(source, REQUEST, url=absolute, text="<b>") == expected
    assert absolute in render(source, url=absolute, text="<b>")


def test_the_block_reads_what_was_escaped(mount: Mount) -> None:
    source = '{% s3rewrite %}<img src="{{ url }}">{% ends3rewrite %}'
    expected = f'<img src="{CDN}it&#x27;s.jpg?a&amp;b">'
    assert render(source, url="/media/it's.jpg?a&b") == expected


def test_the_block_links_only_what_it_holds(mount: Mount) -> None:
    image = '<img src="/media/a.jpg">'
    found = render(image + "{% s3rewrite %}" + image + "{% ends3rewrite %}" + image)
    assert found == image + image.replace("/media/", CDN) + image


def test_blocks_of_templates_and_of_ours_nest(mount: Mount) -> None:
    templates = {
        "base": "{% load s3rewrite %}{% s3rewrite %}{% block body %}{% endblock %}"
        "{% ends3rewrite %}",
        "page": "{% extends 'base' %}{% block body %}<img src='/media/a.jpg'>{% endblock %}",
        "twice": "{% load s3rewrite %}{% s3rewrite %}{% include 'page' %}{% ends3rewrite %}",
    }
    loaders = [("django.template.loaders.locmem.Loader", templates)]
    libraries = {"s3rewrite": "s3rewrite.templatetags.s3rewrite"}
    engine = Engine(loaders=loaders, libraries=libraries)
    for name in ("page", "twice"):
        assert engine.get_template(name).render(Context()) == f"<img src='{CDN}a.jpg'>"


def test_an_empty_block(mount: Mount) -> None:
    assert render("[{% s3rewrite %}{% ends3rewrite %}]") == "[]"


@pytest.mark.parametrize("arguments", ["media", "'media'", "as x", "a=b"])
def test_the_block_takes_no_arguments(arguments: str) -> None:
    with pytest.raises(TemplateSyntaxError, match="takes no arguments"):
        render("{% s3rewrite " + arguments + " %}{% ends3rewrite %}")


def test_a_block_without_an_end() -> None:
    with pytest.raises(TemplateSyntaxError, match="ends3rewrite"):
        render("{% s3rewrite %}")


# Cached fragments


def test_the_middleware_sees_cached_fragments_and_the_tag_does_not(mount: Mount) -> None:
    """Why the README says: tags outside of `{% cache %}`."""
    plain = "{% load cache %}{% cache 60 plain %}<img src='/media/a.jpg'>{% endcache %}"
    tagged = "{% load cache %}{% cache 60 tagged %}{% s3_url 'a.jpg' %}{% endcache %}"
    middleware = S3RewriteMiddleware(lambda request: HttpResponse(render(plain, request)))

    def page() -> str:
        response: Any = middleware(REQUEST)
        return str(response.content.decode())

    assert (page(), render(tagged)) == (f"<img src='{CDN}a.jpg'>", f"{CDN}a.jpg")
    loop_registry(mount).withdraw(["a.jpg"])
    assert page() == "<img src='/media/a.jpg'>"
    assert render(tagged) == f"{CDN}a.jpg"


# Mistakes of ours


def test_a_mistake_of_ours_leaves_a_template_as_it_was(
    mount: Mount, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def explode(mount: Mount) -> None:
        raise RuntimeError("a mistake of ours")

    monkeypatch.setattr(links, "view_of", explode)
    source = "{% s3rewrite %}<img src='/media/a.jpg'>{% ends3rewrite %}"
    assert render(source, REQUEST) == "<img src='/media/a.jpg'>"
    assert render("{% s3_url 'a.jpg' %}{{ 'a.jpg'|s3_url }}") == "/media/a.jpg" * 2
    assert len(caplog.records) == 1  # of one kind, and so logged once


def test_the_script_that_heals_pages(settings: Any) -> None:
    text = Template("{% load s3rewrite %}{% s3rewrite_fallback %}").render(Context())
    assert text.startswith('<script src="/static/s3rewrite/fallback.js" data-mounts="')
